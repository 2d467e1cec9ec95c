"""The three questions of the first visit. Each is answered by one press of Run, on the simulator.

In the first one stubs answer the tool calls, turn by turn. In the others the calls and their results already stand in the
conversation, so that one request to a column is enough; the signature of their thinking block is made up: the real API would
refuse it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from betaconsole.claude.headers import DEFAULT_VERSION

MODEL = "claude-sonnet-4-6"
INTERLEAVED = "interleaved-thinking-2025-05-14"
MISSPELT = "interleaved-thinking-2025-04-14"  # a slip from real life: the wrong month
BUILT_IN = "token-efficient-tools-2025-02-19"
CONTEXT_MANAGEMENT = "context-management-2025-06-27"
SIX_HEADERS = {
    "context-1m-2025-08-07": "1m",
    INTERLEAVED: "think",
    CONTEXT_MANAGEMENT: "ctx",
    "fine-grained-tool-streaming-2025-05-14": "fine",
    "prompt-caching-2024-07-31": "cache",
    BUILT_IN: "tok",
}

Json = dict[str, Any]


@dataclass(frozen=True)
class Column:
    """One column of an example: its betas and what it changes in the shared body (a JSON merge patch)."""

    label: str
    betas: tuple[str, ...] = ()
    changes: Json | None = None
    version: str = DEFAULT_VERSION


@dataclass(frozen=True)
class Example:
    """A comparison that answers `title`. `blurb` says in one line what will run."""

    slug: str
    title: str
    blurb: str
    look_for: str
    body: Json
    columns: tuple[Column, ...]
    repeats: int
    tool_stubs: tuple[Json, ...] = ()  # library.stubs, in their written form


@cache
def examples() -> tuple[Example, ...]:
    """All of them, in the order they are offered."""
    return (_thinking_between_tools(), _wrong_header(), _six_headers())


def find_example(slug: str) -> Example | None:
    """The example with this slug."""
    return next((example for example in examples() if example.slug == slug), None)


def _thinking_between_tools() -> Example:
    return Example(
        slug="thinking-between-tools",
        title="Does thinking between tool calls change the answer?",
        blurb="Two columns, two tools with a stub each, sonnet-4-6 on the simulator.",
        look_for="Look for thinking between the tool calls in column B only, and at what it does to tokens, time and cost.",
        body=_body(
            [ORDER, POLICY],
            [
                {
                    "role": "user",
                    "content": "Order A-1043 arrived damaged. Look the order up, then our policy for damaged goods, and tell "
                    "me what I can offer the customer.",
                }
            ],
        ),
        columns=(Column("Baseline"), Column("+ interleaved thinking", (INTERLEAVED,))),
        repeats=3,
        tool_stubs=(
            {"tool": ORDER.tool, "result": '{"status": "delivered", "days_since_delivery": 8, "total": "84.50 EUR"}'},
            {
                "tool": POLICY.tool,
                "result": '{"rule": "Within 30 days of delivery the customer chooses between a full refund and a replacement."}',
            },
        ),
    )


def _wrong_header() -> Example:
    return Example(
        slug="wrong-header",
        title="What does a wrong header look like?",
        blurb="One correct, one misspelt, one retired.",
        look_for="The misspelt name is refused. The retired one is taken, and changes nothing: a 200 does not mean it worked.",
        body=_refund_body([ORDER]),
        columns=(Column("Correct", (INTERLEAVED,)), Column("Misspelt", (MISSPELT,)), Column("Retired", (BUILT_IN,))),
        repeats=1,
    )


def _six_headers() -> Example:
    return Example(
        slug="six-headers",
        title="Which of six headers still matter?",
        blurb="Leave one out, three repeats each.",
        look_for="Compare each column with the one that has all six: where nothing differs, the header left out can go.",
        body=_refund_body([ORDER, HISTORY, POLICY]),
        columns=(
            Column("none"),
            _column("all six", list(SIX_HEADERS)),
            *(
                _column(f"−{short}", [name for name in SIX_HEADERS if name != left])
                for left, short in SIX_HEADERS.items()
            ),
        ),
        repeats=3,
    )


def _column(label: str, betas: Sequence[str]) -> Column:
    """A column that uses context editing only where its header allows the field."""
    return Column(label, tuple(betas), CLEAR_OLD_RESULTS if CONTEXT_MANAGEMENT in betas else None)


@dataclass(frozen=True)
class _Lookup:
    """One finished tool call: what was asked and what came back."""

    tool: str
    description: str
    key: str
    value: str
    result: str


ORDER = _Lookup(
    tool="lookup_order",
    description="Finds an order by its number",
    key="order_id",
    value="A-1043",
    result=(
        '{"order_id": "A-1043", "status": "delivered", "days_since_delivery": 8, "total": "84.50 EUR", "items": '
        '[{"sku": "LAMP-22", "name": "Desk lamp, brass", "quantity": 1, "price": "59.00 EUR"}, '
        '{"sku": "BULB-07", "name": "Warm bulb, pack of three", "quantity": 1, "price": "25.50 EUR"}], '
        '"paid_with": "card", "gift": false, "notes": "Customer asked for delivery to the back door."}'
    ),
)
HISTORY = _Lookup(
    tool="lookup_customer",
    description="Finds the earlier orders of a customer",
    key="order_id",
    value="A-1043",
    result=json.dumps(
        {
            "customer_since": "2019-03-02",
            "orders": [
                {"order_id": f"A-{number}", "total": f"{number % 90 + 20}.00 EUR", "complaints": int(number == 731)}
                for number in range(413, 1043, 18)
            ],
        }
    ),
)
POLICY = _Lookup(
    tool="lookup_policy",
    description="Finds the rule for a kind of complaint",
    key="topic",
    value="damaged",
    result=(
        '{"topic": "damaged", "rule": "Within 30 days of delivery the customer chooses between a full refund and a '
        'replacement. No photo is needed below 100 EUR."}'
    ),
)
CLEAR_OLD_RESULTS: Json = {
    "context_management": {
        "edits": [
            {
                "type": "clear_tool_uses_20250919",
                "trigger": {"type": "tool_uses", "value": 2},
                "keep": {"type": "tool_uses", "value": 1},
            }
        ]
    }
}


def _refund_body(lookups: Sequence[_Lookup]) -> Json:
    """A conversation that ends with the result of the last lookup, so that the answer is due."""
    messages: list[Json] = [{"role": "user", "content": "Order A-1043 arrived broken. What can you do for me?"}]
    first_thought = {
        "type": "thinking",
        "thinking": "I should look the order up before I promise anything.",
        "signature": "c2ltdWxhdGVk",
    }
    for number, lookup in enumerate(lookups, start=1):
        call_id = f"toolu_example{number}"
        call = {"type": "tool_use", "id": call_id, "name": lookup.tool, "input": {lookup.key: lookup.value}}
        result = {"type": "tool_result", "tool_use_id": call_id, "content": lookup.result}
        messages.append({"role": "assistant", "content": [first_thought, call] if number == 1 else [call]})
        messages.append({"role": "user", "content": [result]})
    return _body(lookups, messages)


def _body(lookups: Sequence[_Lookup], messages: list[Json]) -> Json:
    return {
        "model": MODEL,
        "max_tokens": 4096,
        "system": "You triage refund requests for a lamp shop. Use the tools before you answer.",
        "thinking": {"type": "enabled", "budget_tokens": 2048},
        "tools": [_tool(lookup) for lookup in lookups],
        "messages": messages,
        "stream": True,
    }


def _tool(lookup: _Lookup) -> Json:
    schema = {"type": "object", "properties": {lookup.key: {"type": "string"}}, "required": [lookup.key]}
    return {"name": lookup.tool, "description": lookup.description, "input_schema": schema}
