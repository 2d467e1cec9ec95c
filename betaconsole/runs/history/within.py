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
    """One exchange. `words`: how its answer or error begins."""

    exchange: Exchange
    letter: str
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
    asked = sought(query, user=user, team=team, now=now, exchanges=True)
    keys: list[int] = []
    if asked.wanted is not None:
        wanted = replace(asked.wanted, above=comparison.pk - 1, below=comparison.pk + 1)
        keys = [hit.exchange for hit in index().hits(wanted, SHOWN + 1) if hit.exchange is not None]
    found = comparison.exchanges.only(*LISTED).select_related("variant", "case")
    if keys and (matching := list(found.filter(asked.exact_exchange, pk__in=keys).order_by(*PLACE))):
        return Lines([line(one) for one in matching[:SHOWN]], is_all=False, are_matches=True)
    first = list(found.order_by(*PLACE)[: SHOWN + 1])
    return Lines([line(one) for one in first[:SHOWN]], is_all=len(first) <= SHOWN, are_matches=False)


def line(exchange: Exchange) -> Line:
    """How a list says one exchange."""
    words = exchange.text or exchange.error_message
    return Line(
        exchange,
        exchange.variant.letter,
        pill(exchange, done=1, total=1),
        " ".join(showable(words[: WORDS_CHARS * 2]).split())[:WORDS_CHARS],
    )
