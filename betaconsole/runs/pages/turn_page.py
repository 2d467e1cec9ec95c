"""An exchange as one turn of its cell: what it added to the conversation, and the ways to the other turns and attempts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from betaconsole.runs.models import Continues, Exchange
from betaconsole.runs.sending.turns import calls_of
from betaconsole.runs.states import State
from betaconsole.runs.stored import read_added
from betaconsole.storage.fields import showable

from .conversation import content_text, who_of

MAX_ADDED = 20_000


@dataclass(frozen=True)
class Added:
    """One thing that this turn's request added: the result of a tool call, or a message. `cut`: characters not shown."""

    label: str
    text: str
    is_error: bool = False
    cut: int = 0


@dataclass(frozen=True)
class TurnPart:
    """Where an exchange stands in its cell. `turns`: each by its last attempt; `attempts`: of this turn, when several.

    `why` says how this turn came about, empty for a first one; `added` is what its request brought beside the reply before.
    """

    number: int
    turns: list[Exchange]
    attempts: list[Exchange]
    why: str
    added: list[Added]
    can_go_on: bool  # whether a composer can be opened with the answer in its history

    @property
    def count(self) -> int:
        return len(self.turns)

    @property
    def previous(self) -> Exchange | None:
        return next((turn for turn in self.turns if turn.turn == self.number - 1), None)

    @property
    def next(self) -> Exchange | None:
        return next((turn for turn in self.turns if turn.turn == self.number + 1), None)


def turn_part(
    exchange: Exchange, message: Mapping[str, Any] | None, beside: Sequence[Exchange], *, viewer_id: int | None
) -> TurnPart:
    """`beside`: every exchange of the same case and repeat, in the order of turns and attempts."""
    own = [other for other in beside if other.variant_id == exchange.variant_id]
    attempts = [other for other in own if other.turn == exchange.turn]
    return TurnPart(
        number=exchange.turn,
        turns=list({other.turn: other for other in own}.values()),
        attempts=attempts if len(attempts) > 1 else [],
        why=_why(exchange, viewer_id),
        added=_added(exchange, own),
        can_go_on=exchange.state == State.SUCCEEDED and message is not None and exchange.answers_message,
    )


def _why(exchange: Exchange, viewer_id: int | None) -> str:
    match exchange.continues:
        case Continues.STUBS:
            return "Stubs answered every tool call of the turn before."
        case Continues.RESULTS:
            return f"Results given by {who_of(exchange, viewer_id)} answered the tool calls of the turn before."
        case Continues.PAUSE:
            return "The turn before paused: its reply went back as it was."
        case Continues.MESSAGE:
            return f"A next message by {who_of(exchange, viewer_id)}."
    return ""


def _added(exchange: Exchange, own: Sequence[Exchange]) -> list[Added]:
    content = read_added(exchange.added)
    if content is None:
        return []
    if not isinstance(content, list):
        return [_shown("Message", content_text(content))]
    names = _names(exchange, own)
    return [
        _shown(
            f"Result of {names.get(block.get('tool_use_id'), 'a call')}",
            content_text(block.get("content")),
            is_error=block.get("is_error") is True,
        )
        if isinstance(block, dict) and block.get("type") == "tool_result"
        else _shown("Message", content_text([block]))
        for block in content
    ]


def _names(exchange: Exchange, own: Sequence[Exchange]) -> Mapping[Any, str]:
    """By the id of a call which tool the turn before called."""
    before = next((other for other in reversed(own) if other.turn == exchange.turn - 1), None)
    if before is None:
        return {}
    said = read_added(Exchange.objects.values_list("message", flat=True).get(pk=before.pk))
    return {call.id: showable(call.name) for call in calls_of(said if isinstance(said, dict) else None)}


def _shown(label: str, text: str, *, is_error: bool = False) -> Added:
    text = showable(text)
    return Added(label, text[:MAX_ADDED], is_error, max(0, len(text) - MAX_ADDED))
