"""Rows for further turns: the exchange that follows another one in its cell, complete before anything is sent."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from django.utils import timezone

from betaconsole.runs.models import Body, Exchange, ExchangeBeta, PackedBody
from betaconsole.storage.fields import PackedBytesField, Stored, undamaged
from betaconsole.teams.models import User

from .turns import Next

SET_ON_THE_WIRE = {"host", "content-length", "connection"}


@dataclass(frozen=True)
class Ready:
    """A next turn with everything packed that is stored packed: what takes time is done, outside of any transaction."""

    body: PackedBody
    added: Stored | None
    continues: str
    delay_ms: int

    @classmethod
    def of(cls, turn: Next) -> "Ready":
        # ASCII: lone surrogates stand as escapes.
        added = None if turn.added is None else PackedBytesField.at_rest(json.dumps(turn.added).encode())
        return cls(PackedBody.of(turn.body), added, turn.continues, turn.delay_ms)

    def kept_as(self, body_id: int) -> "Turn":
        """The same with its body stored."""
        send_after = timezone.now() + timedelta(milliseconds=self.delay_ms) if self.delay_ms else None
        return Turn(body_id, self.added, self.continues, send_after)


class Turn(NamedTuple):
    """A next turn whose body is stored."""

    body_id: int
    added: bytes | None
    continues: str
    send_after: datetime | None = None


def kept(team_id: int, turns: Mapping[int, Ready]) -> dict[int, Turn]:
    """The turns with their bodies stored."""
    body_ids = Body.keep_all(team_id, [turn.body for turn in turns.values()]) if turns else []
    return {key: turn.kept_as(body_id) for (key, turn), body_id in zip(turns.items(), body_ids, strict=True)}


def queue_turns(turns: Mapping[int, Turn], *, worker: str = "", author: User | None = None) -> list[Exchange]:
    """Queued exchanges for these turns, by the id of the exchange each one follows. Call inside a transaction.

    `worker`: the process that queues them by itself; after its death they are not sent before a person says so.
    `author`: the person who asked for them, where one did; else whoever asked for the exchange before.
    """
    before = Exchange.objects.filter(pk__in=turns).only(*COPIED).order_by("pk")
    rows = Exchange.objects.bulk_create(
        [_following(exchange, turns[exchange.pk], worker=worker, author=author) for exchange in before]
    )
    copy_betas({exchange.pk: row for exchange, row in zip(before, rows, strict=True)})
    return rows


def unsent_headers(exchange: Exchange) -> list[list[str]]:
    """The headers to ask for again: those we set, without what the connection adds on the wire. Raises `DamagedValue`."""
    return [[name, value] for name, value in undamaged(exchange.request_headers) if name.lower() not in SET_ON_THE_WIRE]


def copy_betas(rows: Mapping[int, Exchange]) -> None:
    """Give each exchange the betas of the one it follows, whose id is the key."""
    sent = ExchangeBeta.objects.filter(exchange_id__in=rows).order_by("pk").values_list("exchange_id", "beta")
    ExchangeBeta.objects.bulk_create(ExchangeBeta(exchange=rows[earlier], beta=beta) for earlier, beta in sent)


def last_of_cells(exchanges: Iterable[Exchange]) -> dict[tuple[int, int, int], Exchange]:
    """For each cell (variant id, case id, repeat) the exchange it stands at: of its last turn the last attempt."""
    cells: dict[tuple[int, int, int], Exchange] = {}
    for exchange in exchanges:
        cell = (exchange.variant_id, exchange.case_id, exchange.repeat)
        earlier = cells.get(cell)
        if earlier is None or (exchange.turn, exchange.attempt) > (earlier.turn, earlier.attempt):
            cells[cell] = exchange
    return cells


COPIED: Sequence[str] = (
    "team_id", "author_id", "comparison_id", "variant_id", "case_id", "repeat", "turn", "connection_id", "method", "url",
    "request_headers", "stream", "model",
)  # fmt: skip


def _following(exchange: Exchange, turn: Turn, *, worker: str, author: User | None) -> Exchange:
    return Exchange(
        team_id=exchange.team_id,
        author_id=author.pk if author else exchange.author_id,
        comparison_id=exchange.comparison_id,
        variant_id=exchange.variant_id,
        case_id=exchange.case_id,
        repeat=exchange.repeat,
        turn=exchange.turn + 1,
        connection_id=exchange.connection_id,
        worker=worker,
        send_after=turn.send_after,
        continues=turn.continues,
        added=turn.added,
        method=exchange.method,
        url=exchange.url,
        request_headers=unsent_headers(exchange),
        request_body_id=turn.body_id,
        stream=exchange.stream,
        model=exchange.model,
    )
