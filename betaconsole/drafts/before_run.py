"""What is known of a draft before it is sent: what preflight says of its columns as the requests they would be, and what
earlier probes of its connection do, told once for all columns it is true of.

The body is looked at through its outline, which stands beside the draft: a tick reads no megabytes. What was found is kept
in memory for as long as nothing that it depends on has changed.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from typing import Any

from django.utils import timezone

from betaconsole.availability.expecting import model_in, refusals_expected
from betaconsole.availability.standings import Stand, stands_on
from betaconsole.catalogue.betas import MADE_UP
from betaconsole.catalogue.preflight import ColumnRequest, Finding, Fix, Level, preflight
from betaconsole.claude.endpoints import Endpoint

from .columns import Column, letter
from .controls import MADE_UP_BETA
from .endpoint_choice import has_model, takes
from .facts import Facts
from .models import Draft, Engine
from .shaping import Changes, ChangesError, applied, changes_of

BATCHES = "/v1/messages/batches"
IN_BATCH, IN_BATCH_POINTER = "requests.0.params", "/requests/0/params"
MOST_ACCEPTED = 100
LONGEST_READ = 100_000  # characters of a column's changes; what is longer is not tried on with every edit


@dataclass(frozen=True)
class Inputs:
    """All that the findings depend on. `outlines` are those of the draft's body (under "") and of own bodies, by digest;
    `stands` is how the connection last answered the betas that are ticked."""

    columns: tuple[Column, ...]
    outlines: tuple[tuple[str, str], ...]
    endpoint: Endpoint
    version: str
    is_batch: bool
    keeps_caches_apart: bool
    stands: tuple[Stand, ...]
    today: date


@dataclass(frozen=True)
class Told:
    """A finding and the columns it is true of, by key and letter; `everywhere` where that is all of several."""

    finding: Finding
    keys: tuple[str, ...]
    letters: tuple[str, ...]
    everywhere: bool

    @property
    def id(self) -> str:
        """What the finding is, wherever it stands in the list."""
        return _id(self.finding)

    @property
    def title(self) -> str:
        """Which columns, in a word or two."""
        return (
            "All columns"
            if self.everywhere
            else f"Column{'s' if len(self.letters) > 1 else ''} {', '.join(self.letters)}"
        )


def told_of(draft: Draft, columns: Sequence[Column], facts: Facts) -> list[Told]:
    """The findings of all columns, each once: column by column, what stands most in the way first."""
    has_bodies = takes(draft.endpoint) == "json" and draft.recorded is None
    inputs = Inputs(
        columns=tuple(replace(column, name="", baseline="") for column in columns),
        outlines=tuple(outlines_of(draft, columns, facts).items()) if has_bodies else (),
        endpoint=draft.endpoint,
        version=draft.version,
        is_batch=draft.engine == Engine.BATCH and draft.endpoint.is_messages,
        keeps_caches_apart=draft.separate_caches,
        stands=stands_on(draft.connection_id, {beta for column in columns for beta in column.betas}),
        today=timezone.now().date(),
    )
    return list(_told(inputs))


def outlines_of(draft: Draft, columns: Sequence[Column], facts: Facts) -> dict[str, str]:
    """The outlines of the draft's body (under "") and of the columns' own bodies, by digest."""
    outlines = {"": facts.outline}
    if digests := [column.own_body for column in columns if column.own_body]:
        rows = draft.own_bodies.filter(digest__in=digests).values_list("digest", "facts")
        outlines |= {digest: Facts.load(stored).outline for digest, stored in rows}
    return outlines


def errors_of(draft: Draft) -> list[Told]:
    """What Run asks about before it sends this draft."""
    facts = Facts.load(draft.facts)
    return errors_not_accepted(told_of(draft, draft.sheet, facts), facts)


def accept(draft: Draft, errors: Sequence[Told]) -> None:
    """Remember that these are sent anyway, so that Run asks about each only once."""
    facts = Facts.load(draft.facts)
    accepted = dict.fromkeys([*facts.accepted, *(error.id for error in errors)])
    draft.facts = replace(facts, accepted=tuple(accepted)[-MOST_ACCEPTED:]).dump()
    Draft.objects.filter(pk=draft.pk, revision=draft.revision).update(facts=draft.facts)


def errors_not_accepted(told: Sequence[Told], facts: Facts) -> list[Told]:
    """What Run asks about: errors that this person has not sent anyway before."""
    return [each for each in told if each.finding.level is Level.ERROR and each.id not in facts.accepted]


def shaped_outline(draft: Draft, column: Column) -> Any:
    """The outline of the body the column sends, None where it is not known."""
    stored = Facts.load(draft.facts).outline
    if column.own_body:
        row = draft.own_bodies.filter(digest=column.own_body).only("facts").first()
        stored = Facts.load(row.facts).outline if row else ""
    return shaped(column, stored, model=column.model if has_model(draft.endpoint) else "")


@lru_cache(maxsize=128)
def _told(inputs: Inputs) -> tuple[Told, ...]:
    requests = [_request(inputs, column) for column in inputs.columns]
    found: dict[str, tuple[Finding, list[int]]] = {}
    for position, findings in enumerate(preflight(requests, today=inputs.today)):
        request = requests[position]
        expected = refusals_expected(request.betas, model_in(request.body), inputs.stands)
        for finding in map(_unwrapped, (*findings, *expected)):
            if _is_worth_saying(finding, inputs, inputs.columns[position]):
                found.setdefault(_id(finding), (finding, []))[1].append(position)
    told = [_about(finding, positions, inputs.columns) for finding, positions in found.values()]
    return tuple(sorted(told, key=lambda each: (not each.everywhere, each.letters, each.finding.level.rank)))


def _is_worth_saying(finding: Finding, inputs: Inputs, column: Column) -> bool:
    """Whether a person can do something about it: not where the draft took care of it, or a control is meant so."""
    if column.role == MADE_UP_BETA and MADE_UP in finding.message:
        return False
    return not (inputs.keeps_caches_apart and finding.code == "shared_cache") and not _is_blank(finding)


def _is_blank(finding: Finding) -> bool:
    """Whether it is about the only message, which nobody has written yet: that can be seen without a word."""
    return finding.code == "empty_turn" and finding.fix is None


def _id(finding: Finding) -> str:
    said = f"{finding.code}|{finding.path}|{finding.message}"
    return hashlib.sha256(said.encode("utf-8", "replace")).hexdigest()[:16]


def _about(finding: Finding, positions: Sequence[int], columns: Sequence[Column]) -> Told:
    return Told(
        finding=finding,
        keys=tuple(columns[position].key for position in positions),
        letters=tuple(letter(position) for position in positions),
        everywhere=len(positions) == len(columns) > 1,
    )


def _request(inputs: Inputs, column: Column) -> ColumnRequest:
    outline = dict(inputs.outlines).get(column.own_body, "")
    body = shaped(column, outline, model=column.model if has_model(inputs.endpoint) else "")
    is_object = isinstance(body, dict)
    is_stream = is_object and body.get("stream") is True and not inputs.is_batch
    if inputs.is_batch and is_object:
        params = {name: value for name, value in body.items() if name != "stream"}
        body = {"requests": [{"custom_id": "one", "params": params}]}
    return ColumnRequest(
        label=column.key,
        method=inputs.endpoint.method,
        path=BATCHES if inputs.is_batch else inputs.endpoint.path,
        betas=column.betas,
        version=column.version or inputs.version,
        body=body,
        extra_headers=column.headers,
        is_stream=is_stream,
    )


def shaped(column: Column, outline: str, *, model: str) -> Any:
    """The outline with what the column changes; None where there is none, or the changes do not fit it."""
    if not outline or len(column.changes_text) > LONGEST_READ:
        return None
    body = json.loads(outline)
    try:
        changes: Changes | None = changes_of(column, body)
        body = applied(body, changes)
    except ChangesError:
        return None
    return {**body, "model": model} if model and isinstance(body, dict) else body


def _unwrapped(finding: Finding) -> Finding:
    """A finding about the only request of a batch as one about that request."""
    if not finding.path.startswith(IN_BATCH):
        return finding
    path = finding.path.removeprefix(IN_BATCH).removeprefix(".")
    return replace(finding, path=path, fix=_fix_inside(finding.fix), other=_fix_inside(finding.other))


def _fix_inside(fix: Fix | None) -> Fix | None:
    if fix is None:
        return None
    return replace(fix, path=fix.path.removeprefix(IN_BATCH_POINTER), to=fix.to.removeprefix(IN_BATCH_POINTER))
