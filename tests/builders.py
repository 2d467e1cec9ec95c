"""Builders for rows: a comparison with its columns and exchanges, in whatever state a test needs.

Ann, Bo and Eve are fixtures (`tests/conftest.py`); these builders take whoever asks for them.
"""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone

from betaconsole.claude.headers import DEFAULT_VERSION, join_betas, request_headers
from betaconsole.runs.models import Body, Case, Comparison, ComparisonBeta, Exchange, ToIndex, Variant
from betaconsole.runs.states import FINAL, IN_FLIGHT, State
from betaconsole.teams.models import Connection, Membership, Team, User
from betaconsole.teams.solo import make_connections

MODEL = "claude-sonnet-4-6"
THINKING = "interleaved-thinking-2025-05-14"
CONTEXT = "context-management-2025-06-27"
SENT_AT = datetime(2026, 11, 21, 9, 14, 3, tzinfo=UTC)
BODY: dict[str, Any] = {
    "model": MODEL,
    "max_tokens": 1024,
    "stream": True,
    "messages": [{"role": "user", "content": "Order A-1043 arrived broken."}],
}


def make_team(name: str = "Team", *, owner: User | None = None) -> Team:
    """A team with its simulator connection and an owner."""
    owner = owner or User.objects.create_user(f"owner-of-{name.lower().replace(' ', '-')}@example.com", name="Ann")
    team = Team.objects.create(name=name)
    Membership.objects.create(user=owner, team=team, role="owner")
    make_connections(team, author=owner)
    return team


def make_comparison(
    team: Team,
    author: User,
    *,
    betas: Sequence[Sequence[str]] = ((), (THINKING,)),
    labels: Sequence[str] = (),
    repeats: int = 1,
    cases: Sequence[str] = ("",),
    title: str = "Does it help?",
    body: Any = BODY,
    exchanges: bool = True,
    **values: Any,
) -> Comparison:
    """A comparison with one column per element of `betas`, compared with the first; queued exchanges for every cell."""
    connection = values.pop("connection", None) or Connection.objects.get(team=team, kind="simulator")
    comparison = Comparison.objects.create(
        team=team,
        author=author,
        number=team.take_comparison_number(),
        title=title,
        connection=connection,
        simulated=connection.is_simulator,
        body_id=Body.keep(team.pk, json.dumps(body).encode()),
        anthropic_version=DEFAULT_VERSION,
        repeats=repeats,
        **values,
    )
    for names in betas:
        make_variant(comparison, names, label=labels[comparison.variants.count()] if labels else "")
    Case.objects.bulk_create(
        Case(comparison=comparison, position=position, name=name) for position, name in enumerate(cases)
    )
    ToIndex.objects.create(comparison=comparison)
    if exchanges:
        for repeat in range(1, repeats + 1):
            for case in comparison.cases.all():
                for variant in comparison.variants.all():
                    make_exchange(comparison, variant, case=case, repeat=repeat, state=State.QUEUED)
    return comparison


def make_variant(comparison: Comparison, betas: Sequence[str] = (), *, label: str = "", **values: Any) -> Variant:
    """One more column, compared with the first one."""
    position = comparison.variants.count()
    variant = Variant.objects.create(
        comparison=comparison,
        position=position,
        label=label or ("Baseline" if not position else f"Column {position}"),
        betas=list(betas),
        header=join_betas(betas) if betas else "",
        anthropic_version=values.pop("anthropic_version", DEFAULT_VERSION),
        model=values.pop("model", MODEL),
        baseline=values.pop("baseline", comparison.variants.order_by("position").first()),
        **values,
    )
    for beta in betas:
        ComparisonBeta.objects.get_or_create(comparison=comparison, beta=beta)
    return variant


def message(*content: Any, **fields: Any) -> dict[str, Any]:
    """A message of the API; strings become text blocks."""
    blocks = [{"type": "text", "text": block} if isinstance(block, str) else block for block in content]
    usage = {"input_tokens": 2604, "output_tokens": 455, "cache_read_input_tokens": 0, "cache_creation_input_tokens": 0}
    fields = {"stop_reason": "end_turn", "model": MODEL, "usage": usage, **fields}
    return {"id": "msg_1", "type": "message", "role": "assistant", "content": blocks, **fields}


def make_exchange(
    comparison: Comparison, variant: Variant, *, state: str = State.SUCCEEDED, answer: Any = None, **values: Any
) -> Exchange:
    """One exchange of a column; a succeeded one has an answer and figures. `answer`: a message, or its text."""
    case = values.pop("case", None) or comparison.cases.first()
    defaults: dict[str, Any] = {
        "repeat": 1,
        "stream": True,
        "model": variant.model,
        "url": f"{comparison.connection.base_url}/v1/messages",
    }
    if state == State.SUCCEEDED:
        defaults |= succeeded_fields(
            comparison.team_id, answer if isinstance(answer, dict) else message(answer or "Hello.")
        )
    elif state in FINAL:
        defaults |= {"ended_at": SENT_AT}
    elif state in IN_FLIGHT:
        defaults |= {"worker": "a-process", "lease_until": timezone.now() + timedelta(minutes=5)}
    headers = request_headers(betas=variant.betas, version=variant.anthropic_version, stream=True)
    body = Body.keep(comparison.team_id, json.dumps({**BODY, "model": variant.model}).encode())
    return Exchange.objects.create(
        team_id=comparison.team_id,
        author_id=comparison.author_id,
        comparison=comparison,
        variant=variant,
        case=case,
        connection_id=comparison.connection_id,
        request_headers=[list(pair) for pair in headers],
        request_body_id=body,
        state=state,
        **{**defaults, **values},
    )


def succeeded_fields(team_id: int, answer: dict[str, Any]) -> dict[str, Any]:
    """What a whole answer leaves in an exchange's columns, its event stream included."""
    data, timeline = event_stream(answer)
    usage = answer["usage"]
    texts = [block.get("text", "") for block in answer["content"] if isinstance(block, dict)]
    return {
        "status": 200,
        "response_headers": [["content-type", "text/event-stream"], ["request-id", "req_011CTexample"]],
        "response_body_id": Body.keep(team_id, data),
        "timeline": json.dumps(timeline).encode(),
        "sent_at": SENT_AT,
        "ended_at": SENT_AT + timedelta(seconds=6),
        "connect_ms": 31.0,
        "queue_ms": 2.0,
        "first_byte_ms": 640.0,
        "first_text_ms": 812.0,
        "total_ms": 6420.0,
        "message": json.dumps(answer).encode(),
        "text": "".join(text for text in texts if isinstance(text, str)),
        "model_used": MODEL,
        "stop_reason": answer["stop_reason"],
        "usage": usage,
        "input_tokens": usage.get("input_tokens"),
        "output_tokens": usage.get("output_tokens"),
        "cache_read_tokens": usage.get("cache_read_input_tokens"),
        "cache_write_tokens": usage.get("cache_creation_input_tokens"),
        "cost_usd": Decimal("0.0146"),
        "request_id": "req_011CTexample",
    }


def event_stream(answer: dict[str, Any]) -> tuple[bytes, list[list[Any]]]:
    """The answer as a stream of few events, and their timeline."""
    events = [("message_start", {"message": {**answer, "content": []}})]
    for index, block in enumerate(answer["content"]):
        events.append(("content_block_start", {"index": index, "content_block": block}))
        events.append(("content_block_stop", {"index": index}))
    events += [("message_delta", {"delta": {"stop_reason": answer["stop_reason"]}}), ("message_stop", {})]
    data, timeline = b"", []
    for number, (name, fields) in enumerate(events):
        data += f"event: {name}\ndata: {json.dumps({'type': name, **fields})}\n\n".encode()
        timeline.append([640.0 + number * 180.5, len(data), name])
    return data, timeline
