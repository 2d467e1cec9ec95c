"""Reading stored responses again: derived columns are rebuilt from the raw bytes, the state itself never changes. The version of
an exchange moves with them, so that what other processes have made of the columns before is made anew.

How a call ended is not always in its bytes: a cut, a deadline, a stop are words of the connection, and stay as they are.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import F

from betaconsole.claude.errors import CallError, Cancelled, Incomplete
from betaconsole.runs.models import Exchange, ToIndex, VerdictDue
from betaconsole.runs.states import FINAL, State
from betaconsole.storage.fields import damaged_columns

from . import judging
from .deriving import derived_fields, read_stored

# Kinds of failure that the bytes themselves tell; every other kind comes from the connection.
TOLD_BY_BYTES = {"", "http_error", "stream_error", "protocol"}
ERROR_FIELDS = ("error_type", "error_message", "error_code", "refused_betas", "retry_after_s")
TOLD_BY_HEADERS = ("request_id", "retry_after_s")
SEARCHED_FIELDS = {"text", "error_type", "error_message", "request_id"}
BATCH = 200


@dataclass
class Counts:
    """`read` exchanges, of which columns of `changed` ones were rebuilt. `other`: read as another state than stored."""

    read: int = 0
    changed: int = 0
    other: int = 0
    last_id: int = 0


@dataclass(frozen=True)
class Rebuilt:
    """The columns that differ, with their new values; and whether the bytes speak of another state than the stored one."""

    fields: dict[str, Any]
    is_other_state: bool


def next_batch(*, after: int, size: int = BATCH) -> list[Exchange]:
    """The next ended exchanges that have a response, in the order of their ids."""
    found = Exchange.objects.filter(pk__gt=after, state__in=FINAL).exclude(response_body=None)
    return list(found.select_related("response_body").order_by("pk")[:size])


def reparse(exchanges: Iterable[Exchange], counts: Counts) -> None:
    """Rebuild these and count them."""
    read = [(exchange, rebuilt(exchange)) for exchange in exchanges]
    changed: set[int] = set()
    comparisons: set[int] = set()
    with transaction.atomic():
        for exchange, found in read:
            counts.read += 1
            counts.other += found.is_other_state
            counts.last_id = max(counts.last_id, exchange.pk)
            if not found.fields:
                continue
            same = Exchange.objects.filter(pk=exchange.pk, version=exchange.version)
            if same.update(version=F("version") + 1, **found.fields):
                changed.add(exchange.pk)
                comparisons.add(exchange.comparison_id)
            if SEARCHED_FIELDS & found.fields.keys():
                ToIndex.objects.create(comparison_id=exchange.comparison_id, exchange=exchange)
        # What the list says of a comparison is written when it is indexed.
        ToIndex.objects.bulk_create(ToIndex(comparison_id=pk) for pk in comparisons)
        VerdictDue.objects.bulk_create(VerdictDue(comparison_id=pk) for pk in comparisons)
    # After the columns they are read from. The baseline's, which stands before, is read anew already.
    counts.changed += len(changed | judging.rebuild([exchange.pk for exchange, _ in read]))


def rebuilt(exchange: Exchange) -> Rebuilt:
    """What the stored bytes of an ended exchange say that its columns do not."""
    data = exchange.response_body.data if exchange.response_body else b""
    result = read_stored(exchange, data, failure=_ended_by(exchange))
    fields = derived_fields(result, model=exchange.model, in_batch=exchange.batch_id is not None)
    is_same = result.state == exchange.state
    if result.kind not in TOLD_BY_BYTES or not (is_same or exchange.state == State.INTERRUPTED):
        fields = {name: value for name, value in fields.items() if name not in ERROR_FIELDS}
    if result.kind not in TOLD_BY_BYTES or not is_same:
        del fields["failure_kind"]
    damaged = damaged_columns(exchange)
    if "response_headers" in damaged:
        fields = {name: value for name, value in fields.items() if name not in TOLD_BY_HEADERS}
    different = {name: value for name, value in fields.items() if name in damaged or getattr(exchange, name) != value}
    return Rebuilt(different, is_other_state=not is_same and exchange.state in (State.SUCCEEDED, State.FAILED))


def _ended_by(exchange: Exchange) -> CallError | None:
    """What the connection said at the end; None where the bytes decide."""
    if exchange.state == State.CANCELLED:
        return Cancelled()
    return Incomplete() if exchange.state in (State.INCOMPLETE, State.INTERRUPTED) else None
