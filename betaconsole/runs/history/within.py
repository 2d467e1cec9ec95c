"""The exchanges of one comparison as history shows them under its row: those that match first of all."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from betaconsole.runs.fulltext import index
from betaconsole.runs.models import Comparison, Exchange
from betaconsole.runs.pages.wording import Pill, pill
from betaconsole.storage.fields import showable
from betaconsole.teams.models import Team, User

from .filters import sought
from .typed_query import Query

SHOWN = 24
WORDS_CHARS = 160
LISTED = (
    *(
        "public_id",
        "state",
        "status",
        "repeat",
        "turn",
        "attempt",
        "error_type",
        "error_message",
        "failure_kind",
        "batch_id",
    ),
    *("output_tokens", "total_ms", "cost_usd", "text", "refused_betas", "retry_after_s", "model", "comparison_id"),
    *("variant__position", "variant__label", "case__position", "case__name", "sent_at"),
)

PLACE = ("repeat", "turn", "attempt", "case__position", "variant__position")  # requests are sent in a drawn order


@dataclass(frozen=True)
class Line:
    """One exchange. `place`: what tells it from the others of its column. `words`: how its answer or error begins."""

    exchange: Exchange
    letter: str
    place: str
    pill: Pill
    words: str


@dataclass(frozen=True)
class Lines:
    """Some exchanges of a comparison. `is_all`: there are no others; `are_matches`: they are what was looked for."""

    lines: Sequence[Line]
    is_all: bool
    are_matches: bool


def lines_of(comparison: Comparison, query: Query, *, user: User, team: Team, now: datetime) -> Lines:
    """At most `SHOWN` of the comparison's exchanges: those the query finds, else the first ones."""
    found = comparison.exchanges.only(*LISTED).select_related("variant", "case")
    keys = _matching(comparison, query, user=user, team=team, now=now) if query.asks else []
    if keys and (matching := list(found.filter(pk__in=keys).order_by(*PLACE))):
        return Lines([line(one, comparison) for one in matching[:SHOWN]], is_all=False, are_matches=True)
    first = list(found.order_by(*PLACE)[: SHOWN + 1])
    return Lines([line(one, comparison) for one in first[:SHOWN]], is_all=len(first) <= SHOWN, are_matches=False)


def _matching(comparison: Comparison, query: Query, *, user: User, team: Team, now: datetime) -> list[int]:
    """The exchanges of the comparison that the query finds."""
    asked = sought(query, user=user, team=team, now=now, exchanges=True)
    if asked.wanted is None:
        return []
    wanted = replace(asked.wanted, above=comparison.pk - 1, below=comparison.pk + 1)
    keys = [hit.exchange for hit in index().hits(wanted, SHOWN + 1) if hit.exchange is not None]
    return list(comparison.exchanges.filter(asked.exact_exchange, pk__in=keys).values_list("pk", flat=True))


def line(exchange: Exchange, comparison: Comparison) -> Line:
    """How a list says one exchange."""
    words = exchange.text or exchange.error_message
    return Line(
        exchange,
        exchange.variant.letter,
        place_of(exchange, has_repeats=comparison.repeats > 1),
        pill(exchange, done=1, total=1),
        " ".join(showable(words[: WORDS_CHARS * 2]).split())[:WORDS_CHARS],
    )


def place_of(exchange: Exchange, *, has_repeats: bool) -> str:
    """What tells it from the others of its column: `× 2, Ann, turn 3`; empty where there is no other."""
    case = exchange.case
    said = [
        f"× {exchange.repeat}" if has_repeats else "",
        str(case) if case and (case.name or case.position) else "",
        f"turn {exchange.turn}" if exchange.turn > 1 else "",
        f"attempt {exchange.attempt}" if exchange.attempt > 1 else "",
    ]
    return showable(", ".join(part for part in said if part))
