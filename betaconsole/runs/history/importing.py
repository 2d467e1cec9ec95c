"""Comparisons out of an exported file into a team's history: all of them or none, in short transactions.

The file is read twice. First every line is looked at, and nothing is written where one of them is bad. Then rows are made,
hidden like deleted ones, and shown together at the end by one UPDATE: what a process left half done is purged a day later.
Ids are never taken over. A comparison that came from this team, or was imported here before, is left as it is.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import IO, Any
from urllib.parse import urlsplit

from django.db import transaction
from django.utils import timezone

from betaconsole.claude.errors import CallError, Cancelled, Incomplete
from betaconsole.runs.models import (
    Body,
    Case,
    Comparison,
    ComparisonBeta,
    Exchange,
    ExchangeBeta,
    Import,
    Imported,
    PackedBody,
    ToIndex,
    Variant,
    VerdictDue,
)
from betaconsole.runs.sending.batch_lines import result_of
from betaconsole.runs.sending.deriving import derived_fields, read_stored
from betaconsole.runs.sending.reparsing import ERROR_FIELDS, TOLD_BY_BYTES
from betaconsole.runs.states import State
from betaconsole.storage.fields import showable
from betaconsole.teams.models import Connection, Team, TeamClosed, User

from .import_reading import (
    BAD,
    BodyLine,
    ComparisonLine,
    ExchangeLine,
    ImportRefused,
    LeftOutLine,
    Line,
    Reader,
    lines,
)

MOST_PROBLEMS = 50
AT_ONCE, AT_ONCE_BYTES = 50, 8_000_000  # exchanges and bytes of one transaction
CONNECTION = "Imported comparisons"
BATCHES_PATH = "/v1/messages/batches"
DEFAULT_BASE_URL = "https://api.anthropic.com"


@dataclass
class Report:
    """What came of a file."""

    comparisons: int = 0
    exchanges: int = 0
    here_already: int = 0
    left_out: int = 0  # damaged where the file comes from
    keys_taken_out: int = 0
    first: Comparison | None = None

    @property
    def counts(self) -> dict[str, int]:
        return {"comparisons": self.comparisons, "exchanges": self.exchanges, "here already": self.here_already}


def import_history(file: IO[bytes], *, name: str, team: Team, author: User) -> Report:
    """Everything in the file. Raises `ImportRefused` with every bad line, and then nothing was kept."""
    keys = _look_through(file)
    file.seek(0)
    source = Import.objects.create(team=team, author=author, file_name=showable(name)[:200] or "a file")
    run = _Import(source, connection_of(team))
    reader = Reader()
    try:
        for _, line in lines(file):
            run.take(reader.read(line))
        run.write()
    except TeamClosed as error:
        raise ImportRefused(str(error)) from error
    report = run.report
    report.keys_taken_out = keys
    _show(source, report)
    return report


def _look_through(file: IO[bytes]) -> int:
    """How many keys were found. Raises `ImportRefused`."""
    reader, problems = Reader(), []
    for number, line in lines(file):
        try:
            reader.read(line)
        except BAD as error:
            problems.append((number, showable(str(error))[:500]))
            if len(problems) == MOST_PROBLEMS:
                break
    if problems:
        count = f"{len(problems)} lines{' or more' if len(problems) == MOST_PROBLEMS else ''}"
        said = "One line" if len(problems) == 1 else count
        raise ImportRefused(f"{said} cannot be taken, so nothing was imported.", problems)
    if not reader.ids:
        raise ImportRefused("There is no comparison in that file.")
    return reader.keys.count


def _show(source: Import, report: Report) -> None:
    with transaction.atomic():
        brought = Comparison.objects.filter(imported__source=source)
        brought.update(deleted_at=None)
        VerdictDue.objects.bulk_create(VerdictDue(comparison_id=pk) for pk in brought.values_list("pk", flat=True))
        Import.objects.filter(pk=source.pk).update(finished_at=timezone.now())
        report.first = brought.order_by("-pk").first()


@dataclass
class _Import:
    """One import as it goes. `waiting` are lines that no transaction has written yet."""

    source: Import
    connection: Connection
    report: Report = field(default_factory=Report)
    waiting: list[Line] = field(default_factory=list)
    size: int = 0
    bodies: dict[str, int] = field(default_factory=dict)  # key of each body, by the digest it has in the file
    place: "_Place | None" = None  # of the lines that follow; None where the comparison is here already

    def take(self, line: Line) -> None:
        if isinstance(line, LeftOutLine):
            self.report.left_out += 1
            return
        self.waiting.append(line)
        self.size += len(line.data) if isinstance(line, BodyLine) else 0
        if len(self.waiting) >= AT_ONCE or self.size >= AT_ONCE_BYTES:
            self.write()

    def write(self) -> None:
        """What waits, in one transaction; the bodies are packed and read before it."""
        given = {line.digest: line.data for line in self.waiting if isinstance(line, BodyLine)}
        packed = {digest: PackedBody.of(data) for digest, data in given.items()}
        read = {
            index: self._read(line, given) for index, line in enumerate(self.waiting) if isinstance(line, ExchangeLine)
        }
        with transaction.atomic():
            keys = Body.keep_all(self.source.team_id, list(packed.values()))
            self.bodies |= dict(zip(packed, keys, strict=True))
            for index, line in enumerate(self.waiting):
                if isinstance(line, ComparisonLine):
                    self.place = self._begun(line)
                elif isinstance(line, ExchangeLine) and self.place is not None:
                    self._add(self.place, line, read[index])
        self.waiting, self.size = [], 0

    def _read(self, line: ExchangeLine, given: Mapping[str, bytes]) -> dict[str, Any]:
        """The derived columns, from the response's bytes."""
        if line.response is None:
            return {}
        data = given.get(line.response)
        if data is None:
            data = bytes(Body.objects.get(pk=self.bodies[line.response]).data)
        return _derived(line, data)

    def _begun(self, line: ComparisonLine) -> "_Place | None":
        team = self.source.team
        if _is_here(line.id, team):
            self.report.here_already += 1
            return None
        comparison = Comparison.objects.create(
            **line.fields,
            team=team,
            author=self.source.author,
            number=team.take_comparison_number(),
            connection=self.connection,
            body_id=self.bodies[line.body],
            created_at=line.created_at,
            finished_at=line.finished_at,
            deleted_at=self.source.created_at,
        )
        origin = {"origin_id": line.id, "number": line.number, "author": line.author}
        Imported.objects.create(comparison=comparison, source=self.source, **origin)
        self.report.comparisons += 1
        ToIndex.objects.create(comparison=comparison)
        betas = sorted({beta for column in line.columns for beta in column["betas"]})
        ComparisonBeta.objects.bulk_create(ComparisonBeta(comparison=comparison, beta=beta) for beta in betas)
        return _Place(comparison, _variants(comparison, line), self._cases(comparison, line))

    def _cases(self, comparison: Comparison, line: ComparisonLine) -> list[Case]:
        bodies = [None if digest is None else self.bodies[digest] for digest in line.bodies]
        return Case.objects.bulk_create(
            Case(comparison=comparison, position=position, body_id=body, **case)
            for position, (case, body) in enumerate(zip(line.cases, bodies, strict=True))
        )

    def _add(self, place: "_Place", line: ExchangeLine, derived: dict[str, Any]) -> None:
        variant = place.variants[line.column]
        values = {**line.fields, **derived}
        row = Exchange.objects.create(
            **{**values, "created_at": values["created_at"] or place.comparison.created_at},
            team_id=self.source.team_id,
            author=self.source.author,
            comparison=place.comparison,
            variant=variant,
            case=place.cases[line.case],
            connection=self.connection,
            request_body_id=self.bodies[line.request] if line.request else None,
            response_body_id=self.bodies[line.response] if line.response else None,
        )
        ExchangeBeta.objects.bulk_create(ExchangeBeta(exchange=row, beta=beta) for beta in dict.fromkeys(variant.betas))
        ToIndex.objects.create(comparison=place.comparison, exchange=row)
        self.report.exchanges += 1


@dataclass(frozen=True)
class _Place:
    """Where exchanges of a file go."""

    comparison: Comparison
    variants: list[Variant]
    cases: list[Case]


def _is_here(known: str, team: Team) -> bool:
    """Whether the comparison is this team's own, or was brought here before."""
    ours = Comparison.objects.filter(team=team, deleted_at=None)
    return ours.filter(public_id=known).exists() or ours.filter(imported__origin_id=known).exists()


def _variants(comparison: Comparison, line: ComparisonLine) -> list[Variant]:
    rows = Variant.objects.bulk_create(
        Variant(comparison=comparison, position=position, **column) for position, column in enumerate(line.columns)
    )
    for row, baseline in zip(rows, line.baselines, strict=True):
        row.baseline = None if baseline is None or baseline == row.position else rows[baseline]
    Variant.objects.bulk_update(rows, ["baseline"])
    return rows


def _derived(line: ExchangeLine, data: bytes) -> dict[str, Any]:
    """What the bytes say. How a call ended is the file's word only where it is no matter of its bytes."""
    fields = line.fields
    in_batch = urlsplit(fields["url"]).path.endswith(BATCHES_PATH)
    failure = _ended_by(fields["state"])
    if in_batch:
        result = result_of(data)
    else:
        named = ("method", "url", "status", "response_headers", "model", "stream")
        result = read_stored(Exchange(**{name: fields[name] for name in named}), data, failure=failure)
    derived = derived_fields(result, model=fields["model"], in_batch=in_batch)
    if fields["failure_kind"] not in TOLD_BY_BYTES or failure is not None:
        return {name: value for name, value in derived.items() if name not in (*ERROR_FIELDS, "failure_kind")}
    return {**derived, "state": result.state}


def _ended_by(state: str) -> CallError | None:
    if state == State.CANCELLED:
        return Cancelled()
    return Incomplete() if state in (State.INCOMPLETE, State.INTERRUPTED) else None


def connection_of(team: Team) -> Connection:
    """What imported comparisons hang on: nothing can be sent on it, and no list shows it."""
    known = {"team": team, "kind": Connection.Kind.KEY, "name": CONNECTION, "sealed_key": ""}
    found = Connection.objects.filter(**known, archived_at__isnull=False).order_by("pk").first()
    return found or Connection.objects.create(**known, base_url=DEFAULT_BASE_URL, archived_at=timezone.now())
