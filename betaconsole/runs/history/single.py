"""Single exchanges of a team that match a query, newest first."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from django.utils import timezone

from betaconsole.runs.fulltext import SLOT_BITS, Wanted, index
from betaconsole.runs.models import Exchange
from betaconsole.teams.models import Team, User

from .filters import sought
from .listing import MORE_AT_ONCE, ROUNDS
from .typed_query import Ignored, Query


@dataclass(frozen=True)
class ExchangePage:
    """Some exchanges. `ignored` is what was typed and does nothing. `next_before` is the public id of the last one where older ones follow."""

    rows: list[Exchange]
    next_before: str | None
    ignored: Sequence[Ignored] = ()


def found_exchanges(user: User, team: Team, query: Query, *, before: str = "", size: int) -> ExchangePage:
    """Exchanges that have ended and match, the newest comparison's first; those after `before` where given.

    Raises `Exchange.DoesNotExist` where `before` names none of the team's.
    """
    asked = sought(query, user=user, team=team, now=timezone.now(), exchanges=True)
    assert asked.wanted is not None
    if asked.ignored:
        return ExchangePage([], None, asked.ignored)
    wanted = asked.wanted
    visible = Exchange.objects.visible_to(user).filter(team=team).select_related("variant", "comparison", "author")
    if before:
        wanted = replace(wanted, before=_document(visible.get(public_id=before)))
    found: list[Exchange] = []
    limit = (size + 1) * (MORE_AT_ONCE if asked.exact_exchange else 1)
    for _ in range(ROUNDS):
        keys, last = _keys(wanted, limit)
        rows = {row.pk: row for row in visible.filter(asked.exact_exchange, pk__in=keys)}
        found += [rows[key] for key in keys if key in rows]
        if len(found) > size:
            return ExchangePage(found[:size], found[size - 1].public_id)
        if len(keys) < limit:
            return ExchangePage(found, None)
        wanted, limit = replace(wanted, before=last), (size + 1) * MORE_AT_ONCE
    return ExchangePage(found, Exchange.objects.values_list("public_id", flat=True).get(pk=keys[-1]))


def _keys(wanted: Wanted, limit: int) -> tuple[list[int], int]:
    hits = index().hits(wanted, limit)
    return [hit.exchange for hit in hits if hit.exchange is not None], hits[-1].document if hits else 0


def _document(exchange: Exchange) -> int:
    """Where the exchange stands in the index."""
    slot = Exchange.objects.filter(comparison=exchange.comparison_id, pk__lte=exchange.pk).count()
    return (exchange.comparison_id << SLOT_BITS) | slot
