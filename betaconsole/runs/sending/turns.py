"""From a reply to the next request of the same cell. Pure: no database, no clock.

A conversation is sent as a whole each time: the request before, the reply as it came, and what a person or the stubs
say to it. Nothing of a reply is changed: thinking and its signature, citations and blocks of unknown types go back
as they are, because the API checks some of them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from betaconsole.claude import jsontext
from betaconsole.claude.endpoints import MAX_BODY_BYTES
from betaconsole.library.stubs import ToolStub, find
from betaconsole.runs.models import Continues

# The reply is unfinished and is sent back for the API to go on with.
UNFINISHED_REPLY = frozenset({"pause_turn", "compaction"})


class TurnError(ValueError):
    """A next request that cannot be made: its text says why, for the person who asked for it."""


@dataclass(frozen=True)
class Call:
    """A tool call that the one who asked has to answer."""

    id: str
    name: str
    input: Any


@dataclass(frozen=True)
class Result:
    """The answer to a call. `content` is text or content blocks (library.stubs.result_content)."""

    tool_use_id: str
    content: Any
    is_error: bool = False

    @property
    def block(self) -> dict[str, Any]:
        told = {"type": "tool_result", "tool_use_id": self.tool_use_id, "content": self.content}
        return {**told, "is_error": True} if self.is_error else told


@dataclass(frozen=True)
class Next:
    """The next request: its whole body, and what it adds after the reply (None: nothing, the reply is sent back)."""

    body: bytes
    added: Any
    continues: Continues
    delay_ms: int = 0


@dataclass(frozen=True)
class Missing:
    """Calls that nothing answers, and what the stubs say to the others."""

    calls: tuple[Call, ...]
    answered: tuple[Result, ...]


def calls_of(message: Mapping[str, Any] | None) -> list[Call]:
    """The calls that wait for an answer, in their order; none where the stop reason is not tool_use.

    Calls of server tools are not among them: the API runs those itself.
    """
    if message is None or message.get("stop_reason") != "tool_use":
        return []
    return [
        Call(block["id"], block["name"], block.get("input"))
        for block in _content(message)
        if isinstance(block, dict)
        and block.get("type") == "tool_use"
        and isinstance(block.get("id"), str)
        and isinstance(block.get("name"), str)
    ]


def unanswered(message: Mapping[str, Any] | None, stubs: Sequence[ToolStub]) -> list[Call]:
    """The calls that no stub answers."""
    return [call for call in calls_of(message) if find(stubs, call.name, call.input) is None]


def next_turn(
    body: bytes,
    message: Mapping[str, Any],
    *,
    stubs: Sequence[ToolStub],
    turn: int,
    max_turns: int,
    results: Sequence[Result] = (),
) -> Next | Missing | None:
    """What follows turn number `turn`, whose request was `body` and whose reply is `message`.

    None where the cell has ended: any other stop reason, or as many turns as it may have. Calls are answered all
    together; a result wins over a stub. Raises `TurnError`.
    """
    if turn >= max_turns:
        return None
    reason = message.get("stop_reason")
    if reason in UNFINISHED_REPLY:
        return _unless_it_would_pause_again(body, message)
    calls = calls_of(message)
    if not calls:
        return None
    given = {result.tool_use_id: result for result in results}
    found = [None if call.id in given else find(stubs, call.name, call.input) for call in calls]
    answers = [
        given.get(call.id) or (Result(call.id, stub.content, stub.is_error) if stub else None)
        for call, stub in zip(calls, found, strict=True)
    ]
    if missing := tuple(call for call, answer in zip(calls, answers, strict=True) if answer is None):
        return Missing(missing, tuple(answer for answer in answers if answer is not None))
    blocks = [answer.block for answer in answers if answer is not None]
    delay_ms = max((stub.delay_ms for stub in found if stub), default=0)  # tools run side by side
    return _following(body, message, blocks, Continues.RESULTS if given else Continues.STUBS, delay_ms)


def with_message(body: bytes, message: Mapping[str, Any], content: Any) -> Next:
    """The next request where a person goes on with a message of their own. Raises `TurnError`."""
    if calls_of(message):
        raise TurnError("The model waits for the results of its tool calls: answer them first.")
    return _following(body, message, content, Continues.MESSAGE)


def _unless_it_would_pause_again(body: bytes, message: Mapping[str, Any]) -> Next | None:
    # A request that itself asks for a compaction would be answered with one more.
    if message.get("stop_reason") == "compaction" and "compaction" in _request(body):
        return None
    return _following(body, message, None, Continues.PAUSE)


def _following(body: bytes, message: Mapping[str, Any], added: Any, continues: Continues, delay_ms: int = 0) -> Next:
    request = _request(body)
    turns = [{"role": "assistant", "content": _as_received(message)}]
    if added is not None:
        turns.append({"role": "user", "content": added})
    request = {**request, **_container(request, message), "messages": [*request["messages"], *turns]}
    try:
        grown = jsontext.dumps(request).encode()
    except (ValueError, TypeError, RecursionError) as error:
        raise TurnError("The reply holds something that cannot be written as JSON again.") from error
    if len(grown) > MAX_BODY_BYTES:
        raise TurnError(
            f"The next request would have {len(grown):,} bytes; the API takes at most {MAX_BODY_BYTES:,} (32 MB)."
        )
    return Next(grown, added, continues, delay_ms)


def _request(body: bytes) -> dict[str, Any]:
    try:
        request = jsontext.loads(body.decode())
    except (UnicodeDecodeError, jsontext.JsonError) as error:
        raise TurnError(f"The request of this turn cannot be read as JSON: {error}.") from error
    if not isinstance(request, dict) or not isinstance(request.get("messages"), list):
        raise TurnError("The request of this turn has no list of messages to go on from.")
    return request


def _content(message: Mapping[str, Any]) -> list[Any]:
    content = message.get("content")
    return content if isinstance(content, list) else []


def _as_received(message: Mapping[str, Any]) -> list[Any]:
    """The content as the API sent it: without what claude.message notes in it under names of its own."""
    return [
        {name: value for name, value in block.items() if name not in ("_deltas", "_partial_json")}
        if isinstance(block, dict)
        else block
        for block in _content(message)
    ]


def _container(request: Mapping[str, Any], message: Mapping[str, Any]) -> dict[str, Any]:
    """A code-execution container is kept: the API refuses a reply from one without its id, where none was asked for."""
    used, asked = message.get("container"), request.get("container")
    used_id = used.get("id") if isinstance(used, dict) else None
    if not isinstance(used_id, str):
        return {}
    if asked is None:
        return {"container": used_id}
    return {"container": {**asked, "id": used_id}} if isinstance(asked, dict) and not asked.get("id") else {}
