"""Imported bodies in the database: a case set is written in one go, and swept once nothing names it."""

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.db import transaction

from betaconsole.storage.fields import ExactTextField, Stored, showable

from .importing import Recording, described
from .models import CaseBody, CaseSet, Draft

IN_MEMORY_BYTES = 16_000_000
AT_ONCE_BYTES = 8_000_000
AT_ONCE = 200


class Spool:
    """Bodies on their way: packed as they come, in a temporary file once they are many, so that memory stays bounded.

    Packing takes time, and inside the transaction it would hold the database's lock.
    """

    def __init__(self) -> None:
        self._file = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY_BYTES)  # noqa: SIM115 - closed by __exit__
        self._places: list[tuple[str, int]] = []

    def __enter__(self) -> "Spool":
        return self

    def __exit__(self, *error: object) -> None:
        self._file.close()

    def keep(self, name: str, text: str) -> None:
        data = ExactTextField.at_rest(text)
        self._file.write(data)
        self._places.append((name, len(data)))

    def rows(self) -> Iterator[tuple[str, Stored]]:
        """Name and packed text of each, in order; may be asked for again."""
        self._file.seek(0)
        for name, length in self._places:
            yield name, Stored(self._file.read(length))


def add(draft: Draft, recording: Recording, source: str, spool: Spool) -> CaseSet:
    """The recording as a case set of the draft, which does not name it yet. Call it inside the transaction that does."""
    made = CaseSet.objects.create(
        draft=draft,
        kind=recording.kind,
        source=showable(source)[:200],
        count=recording.count,
        size_bytes=recording.size_bytes,
        notes=recording.notes,
        summary=recording.summary(),
    )
    waiting: list[CaseBody] = []
    waiting_bytes = 0
    for position, (name, text) in enumerate(spool.rows()):
        waiting.append(CaseBody(case_set=made, position=position, name=showable(name)[:200], text=text))  # type: ignore[misc]
        waiting_bytes += len(text)
        if waiting_bytes > AT_ONCE_BYTES or len(waiting) == AT_ONCE:
            CaseBody.objects.bulk_create(waiting)
            waiting, waiting_bytes = [], 0
    CaseBody.objects.bulk_create(waiting)
    return made


def add_bodies(draft: Draft, bodies: Sequence[tuple[str, str]], *, source: str, is_trace: bool) -> CaseSet:
    """Bodies that were run before, name and JSON text each, as the case set that the draft runs."""
    recording = described(bodies)
    recording.kind = CaseSet.Kind.TRACE if is_trace else CaseSet.Kind.CASES
    with Spool() as spool, transaction.atomic():
        for name, text in bodies:
            spool.keep(name, text)
        draft.case_set = add(draft, recording, source, spool)
        draft.save(update_fields=["case_set"])
    return draft.case_set


def sweep(draft: Draft, *, but: Iterable[CaseSet] = ()) -> None:
    """Drop the case sets that neither the draft nor a step to undo names."""
    named: set[Any] = {draft.case_set_id, *(kept.pk for kept in but)}
    named |= {before.get("case_set_id") for before in draft.steps.values_list("before", flat=True)}
    CaseSet.objects.filter(draft=draft).exclude(pk__in=named - {None}).delete()
