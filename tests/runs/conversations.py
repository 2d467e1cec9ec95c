"""Cells of several turns, as the engine leaves them: calls, results, waits."""

import json
from collections.abc import Sequence
from typing import Any

from betaconsole.runs.models import Comparison, Exchange, Variant, Wait
from tests.builders import make_exchange, message

STUBS = [{"tool": "lookup_order", "result": '{"status": "delivered"}'}]
THOUGHT = {"type": "thinking", "thinking": "I need the order first.", "signature": "s"}


def call(call_id: str = "toolu_1", name: str = "lookup_order", **given: Any) -> dict[str, Any]:
    return {"type": "tool_use", "id": call_id, "name": name, "input": given or {"order_id": "A-1043"}}


def calls(*blocks: Any) -> dict[str, Any]:
    """A message that ends with tool calls."""
    return message(*(blocks or (call(),)), stop_reason="tool_use")


def result(content: Any, call_id: str = "toolu_1", **fields: Any) -> dict[str, Any]:
    return {"type": "tool_result", "tool_use_id": call_id, "content": content, **fields}


def make_turn(
    comparison: Comparison, variant: Variant, turn: int, answer: Any = None, *, added: Any = None, **values: Any
) -> Exchange:
    """One turn. `added`: the content of the user message it added."""
    usual = {"continues": "stubs" if turn > 1 else "", "added": None if added is None else json.dumps(added).encode()}
    return make_exchange(comparison, variant, turn=turn, answer=answer, **{**usual, **values})


def make_conversation(
    comparison: Comparison, variant: Variant, answers: Sequence[Any], **values: Any
) -> list[Exchange]:
    """A whole cell: each answer but the last is a call that a stub answered."""
    return [
        make_turn(
            comparison, variant, turn, answer, added=[result(f"found {turn - 1}")] if turn > 1 else None, **values
        )
        for turn, answer in enumerate(answers, start=1)
    ]


def make_waiting(comparison: Comparison, variant: Variant, *blocks: Any, **values: Any) -> Exchange:
    """A cell whose first turn ended with calls that nothing answers."""
    exchange = make_turn(comparison, variant, 1, calls(*blocks), **values)
    Wait.objects.create(comparison=comparison, exchange=exchange, reason=Wait.Reason.RESULT)
    return exchange
