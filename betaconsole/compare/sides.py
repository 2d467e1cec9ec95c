"""The two sides of a difference: two columns' cells turn by turn, or two exchanges from anywhere, with all there is to read."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from betaconsole.diffing.requests import Sent
from betaconsole.runs.models import Exchange, Variant
from betaconsole.runs.pages.block_views import pretty
from betaconsole.runs.pages.exchange_page import request_bytes
from betaconsole.runs.pages.wording import Pill, error_of, note, pill
from betaconsole.runs.stored import read_message
from betaconsole.storage.fields import undamaged

from .pairs import Pair

MAX_CHARACTERS = 1_000_000  # of a text that are compared on a page


@dataclass(frozen=True)
class Side:
    """One side. `letter` and `label` name it; `turns` in order, nothing where nothing was asked."""

    letter: str
    label: str
    turns: Sequence[Exchange]


@dataclass(frozen=True)
class Told:
    """How an exchange ended, where that is not with an answer."""

    pill: Pill
    error: str
    note: str


@dataclass(frozen=True)
class TurnPair:
    """The turns of both sides with one number; None on the side that has none."""

    number: int
    left: Exchange | None
    right: Exchange | None


@dataclass(frozen=True)
class Sides:
    """What is compared: the right side with the left one."""

    left: Side
    right: Side

    @property
    def turns(self) -> list[TurnPair]:
        """Turn beside turn, by their numbers."""
        both = zip_longest(self.left.turns, self.right.turns)
        return [TurnPair(number, left, right) for number, (left, right) in enumerate(both, 1)]


def sides_of_pair(pair: Pair) -> Sides | None:
    """The sides of two columns, loaded in one query; None where there are no two."""
    if pair.left is None or pair.right is None:
        return None
    found = whole([*(turn.pk for turn in pair.left_turns), *(turn.pk for turn in pair.right_turns)])
    left, right = (
        [found[turn.pk] for turn in turns if turn.pk in found] for turns in (pair.left_turns, pair.right_turns)
    )
    return Sides(_side(pair.left, left), _side(pair.right, right))


def sides_of_exchanges(left: Exchange, right: Exchange) -> Sides:
    """The sides of two exchanges, each with one turn."""
    found = whole([left.pk, right.pk])
    if left.comparison_id == right.comparison_id and left.variant_id != right.variant_id:
        return Sides(*(_side(one.variant, [found[one.pk]]) for one in (left, right)))
    sides = zip("12", (left, right), strict=True)
    return Sides(
        *(Side(mark, f"{one.variant.label} · #{one.comparison.number}", [found[one.pk]]) for mark, one in sides)
    )


def whole(ids: Collection[int]) -> dict[int, Exchange]:
    """These exchanges with their messages, headers and request bodies, by key."""
    rows = Exchange.objects.filter(pk__in=ids).defer("timeline", "added")
    return {row.pk: row for row in rows.select_related("comparison", "connection", "variant", "case", "request_body")}


def said(exchange: Exchange | None) -> str:
    """What an answer says: its text; of one that is no message, its JSON. Nothing where there is none."""
    if exchange is None:
        return ""
    if exchange.text or exchange.answers_message:
        return exchange.text
    message = read_message(exchange.message)
    return pretty(message) if message else ""


def told(exchange: Exchange | None) -> Told | None:
    """How an exchange ended, where there is something to say of it."""
    if exchange is None:
        return None
    error = error_of(exchange)
    sentence = note(exchange, kept_bytes=None)
    if error is None and not sentence and exchange.is_final:
        return None
    return Told(pill(exchange, done=1, total=1), error.message if error else "", sentence)


def sent(exchange: Exchange) -> Sent:
    """An exchange's request as it was sent. Raises `DamagedValue`."""
    return Sent(exchange.method, exchange.url, undamaged(exchange.request_headers), request_bytes(exchange))


def _side(variant: Variant, turns: Sequence[Exchange]) -> Side:
    return Side(variant.letter, variant.label, turns)
