"""Exchanges as `diffing.timing` reads them."""

import json
from collections.abc import Iterable, Sequence

from betaconsole.diffing.timing import Recorded
from betaconsole.runs.models import Exchange
from betaconsole.runs.states import State

NEEDED = (
    *("timeline", "response_body__data", "first_byte_ms", "total_ms", "stream", "batch_id", "state"),
    *("public_id", "variant_id", "turn"),
)


def recorded_of(exchange: Exchange) -> Recorded:
    """The recorded stream of an exchange that has ended."""
    body = exchange.response_body
    return Recorded(
        timeline=json.loads(exchange.timeline) if exchange.timeline else [],
        received=bytes(body.data) if body and exchange.timeline else b"",
        first_byte_ms=exchange.first_byte_ms,
        total_ms=exchange.total_ms,
        is_streamed=exchange.stream,
        in_batch=exchange.batch_id is not None,
        is_whole=exchange.state == State.SUCCEEDED,
    )


def recorded_turns(cells: Iterable[Sequence[Exchange]]) -> list[list[Recorded]]:
    """The recorded streams of several cells, each from its turns, in one query. Turns that have not ended are left out."""
    cells = list(cells)
    wanted = [turn.pk for turns in cells for turn in turns if turn.is_final]
    loaded = Exchange.objects.filter(pk__in=wanted).select_related("response_body").only(*NEEDED)
    found = {exchange.pk: recorded_of(exchange) for exchange in loaded}
    return [[found[turn.pk] for turn in turns if turn.pk in found] for turns in cells]
