"""From one exchange to a draft that goes on from its answer: "continue from here"."""

from collections.abc import Mapping
from typing import Any

from betaconsole.claude import jsontext
from betaconsole.drafts import starting
from betaconsole.drafts.columns import Column, new_key
from betaconsole.drafts.models import Draft
from betaconsole.library.stubs import find
from betaconsole.runs.models import Exchange, Variant
from betaconsole.runs.sending.turns import UNFINISHED_REPLY, Next, Result, TurnError, calls_of, next_turn, with_message
from betaconsole.runs.stored import read_message, stubs_of
from betaconsole.teams.models import User

NOT_WHOLE = "Only an exchange that was answered whole can be continued."


def draft_after(exchange: Exchange, author: User) -> Draft:
    """A new draft: the request as sent, the reply as it came, and an empty next message (or the results that are due).

    It has this exchange's column and, where the two differ in nothing but headers and model, the one it is compared with.
    Raises `TurnError` where there is nothing to go on from.
    """
    message = read_message(exchange.message)
    if message is None or exchange.request_body is None or not exchange.answers_message:
        raise TurnError(NOT_WHOLE)
    comparison, variant = exchange.comparison, exchange.variant
    body = _read(_following(exchange, bytes(exchange.request_body.data), message).body)
    return starting.from_comparison_parts(
        comparison.team,
        author,
        body_text=jsontext.dumps(without_nonce(body, variant.cache_nonce), indent=2),
        columns=_columns(variant, version=comparison.anthropic_version),
        version=comparison.anthropic_version,
        repeats=1,
        connection=comparison.connection,
        title=f"After turn {exchange.turn} of {variant.letter} in #{comparison.number}",
        endpoint=comparison.endpoint,
        tool_stubs=comparison.tool_stubs,
        max_turns=comparison.max_turns if comparison.tool_stubs else None,
        separate_caches=comparison.separate_caches,
    )


def _read(body: bytes) -> Any:
    try:
        return jsontext.loads(body.decode())
    except jsontext.JsonError as error:
        raise TurnError(f"The reply holds what the composer cannot edit: {error.message}.") from error


def _following(exchange: Exchange, body: bytes, message: Mapping[str, Any]) -> Next:
    calls = calls_of(message)
    if not calls and message.get("stop_reason") not in UNFINISHED_REPLY:
        return with_message(body, message, "")
    stubs = stubs_of(exchange.comparison)
    found = {call.id: find(stubs, call.name, call.input) for call in calls}
    results = [Result(key, stub.content if stub else "", bool(stub and stub.is_error)) for key, stub in found.items()]
    step = next_turn(body, message, stubs=(), turn=1, max_turns=2, results=results)
    if not isinstance(step, Next):
        raise TurnError(NOT_WHOLE)
    return step


def _columns(variant: Variant, *, version: str) -> list[Column]:
    """The column of the request, in which its changes stand already, and the one it is compared with."""
    own = _column(variant, version=version)
    baseline = variant.baseline
    if baseline is None or (baseline.changes, baseline.own_body) != (variant.changes, variant.own_body):
        return [own]
    # What the body says is this column's model.
    model = baseline.model if baseline.model != variant.model else ""
    return [_column(baseline, version=version, model=model), own]


def _column(variant: Variant, *, version: str, model: str = "") -> Column:
    return Column(
        key=new_key(),
        name=variant.label,
        betas=tuple(variant.betas),
        model=model,
        version="" if variant.anthropic_version == version else variant.anthropic_version,
        headers=tuple((name, value) for name, value in variant.headers),
    )


def without_nonce(body: dict[str, Any], nonce: str) -> dict[str, Any]:
    """The body without the line that kept its column's cache apart (runs.separate_caches): a new run has its own."""
    line = f"[separate cache {nonce}]\n"
    system = body.get("system")
    if not nonce or not system:
        return body
    if isinstance(system, str):
        return _with_system(body, system.removeprefix(line))
    blocks = [_without_line(block, line) for block in system] if isinstance(system, list) else system
    return _with_system(body, [block for block in blocks if block is not None])


def _with_system(body: dict[str, Any], system: Any) -> dict[str, Any]:
    return {**body, "system": system} if system else {name: value for name, value in body.items() if name != "system"}


def _without_line(block: Any, line: str) -> Any:
    """The block without the line at its start; None where it was nothing else."""
    text = block.get("text") if isinstance(block, dict) else None
    if not isinstance(text, str) or not text.startswith(line):
        return block
    return {**block, "text": text.removeprefix(line)} if text != line else None
