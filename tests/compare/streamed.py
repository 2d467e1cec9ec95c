"""Comparisons whose answers have a recorded stream with moments of its own."""

import json
from collections.abc import Callable, Sequence
from typing import Any

from betaconsole.runs.models import Body, Comparison, Exchange
from tests.builders import make_exchange
from tests.diffing.recorded_times import recorded


def give_stream(exchange: Exchange, body: bytes, *, at: Callable[[int], float] = lambda number: 100.0 * number) -> None:
    """Lay a stream into an exchange as if its n-th event had come at `at(n)` ms."""
    kept = recorded(body, at=at)
    Exchange.objects.filter(pk=exchange.pk).update(
        timeline=json.dumps(kept.timeline).encode(),
        response_body=Body.keep(exchange.team_id, body),
        first_byte_ms=kept.timeline[0][0],
        total_ms=kept.timeline[-1][0],
        stream=True,
    )


def streamed(comparison: Comparison, letter: str, bodies: Sequence[bytes], **values: Any) -> list[Exchange]:
    """A cell of the first case and repeat whose turns answered with these streams."""
    variant = next(one for one in comparison.variants.all() if one.letter == letter)
    at = values.pop("at", lambda number: 100.0 * number)
    turns = []
    for turn, body in enumerate(bodies, start=1):
        exchange = make_exchange(comparison, variant, turn=turn, **values)
        give_stream(exchange, body, at=at)
        turns.append(exchange)
    return turns
