"""Lines of an exported file → what they say, checked alone and beside the lines before them. Writes nothing.

A request may only have gone where the operator of this console lets requests go: its address stands in code that people
copy. Keys do not come in, wherever they stand (`import_keys`). What was damaged where it comes from is damaged here too,
but for what the bytes of a response say again.
"""

import base64
import binascii
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import IO, Any
from urllib.parse import urlsplit

from django.db.models import Model

from betaconsole.checks.checks import CheckError, read_checks
from betaconsole.claude.endpoints import MAX_BODY_BYTES, EndpointError, check_endpoint
from betaconsole.claude.headers import (
    KEY_REFERENCE,
    MAX_BETAS,
    HeaderError,
    check_beta,
    check_extra_header,
    check_version,
)
from betaconsole.drafts.columns import MAX_CELLS, MAX_COLUMNS
from betaconsole.drafts.models import Engine
from betaconsole.library.stubs import MAX_TURNS, StubError, read_stubs
from betaconsole.runs.models import ColumnRole, Comparison, Continues, Exchange
from betaconsole.runs.states import FINAL
from betaconsole.storage.fields import Damaged, showable, stand_ins
from betaconsole.teams.origins import is_allowed_origin, origin_of
from betaconsole.teams.solo import SIMULATOR_URL
from betaconsole.web.redaction import redact

from .import_keys import Keys, without_secrets
from .import_values import Bad, Values, parsed, timeline_of
from .records import (
    BODY,
    BRITTLE_OF_COMPARISON,
    BRITTLE_OF_EXCHANGE,
    COMPARISON,
    DERIVED,
    KINDS,
    LEFT_OUT,
    VERSION,
)

MAX_FILE_BYTES = 500_000_000
MAX_LINE_BYTES = 90_000_000  # a body of 64 MB as base64
MAX_LINES = 300_000
MOST_CASES, MOST_EXCHANGES = 2_000, 100_000  # of one comparison
BAD = (Bad, CheckError, EndpointError, HeaderError, StubError)


class ImportRefused(ValueError):
    """A file from which nothing was taken; `problems` are (line, why)."""

    def __init__(self, message: str, problems: list[tuple[int, str]] | None = None) -> None:
        super().__init__(message)
        self.problems = problems or []


@dataclass(frozen=True)
class BodyLine:
    """`digest` is the one the file gives it; keys in it were taken out."""

    digest: str
    data: bytes


@dataclass(frozen=True)
class ComparisonLine:
    """`columns` and `cases` are fields of rows; `baselines` the place of each column's baseline, `bodies` digests."""

    id: str
    number: int
    author: str
    created_at: datetime
    finished_at: datetime
    fields: dict[str, Any]
    body: str
    columns: list[dict[str, Any]]
    baselines: list[int | None]
    cases: list[dict[str, Any]]
    bodies: list[str | None]


@dataclass(frozen=True)
class ExchangeLine:
    column: int
    case: int
    fields: dict[str, Any]
    request: str | None
    response: str | None

    @property
    def cell(self) -> tuple[Any, ...]:
        return (self.column, self.case, *(self.fields[name] for name in ("repeat", "attempt", "turn")))


@dataclass(frozen=True)
class LeftOutLine:
    """A comparison that could not be read where the file comes from."""


Line = BodyLine | ComparisonLine | ExchangeLine | LeftOutLine


@dataclass
class Reader:
    """What the lines so far make of those that follow."""

    sizes: dict[str, int] = field(default_factory=dict)  # of bodies, by digest
    comparison: ComparisonLine | None = None
    ids: set[str] = field(default_factory=set)
    cells: set[tuple[Any, ...]] = field(default_factory=set)
    keys: Keys = field(default_factory=Keys)

    def read(self, line: bytes) -> Line:
        """Raises one of `BAD`."""
        value = parsed(line)
        if value.get("kind") not in KINDS:
            raise Bad(f"Its kind is none of ours: {', '.join(KINDS)}. The short export of the list is not imported.")
        if value.get("version") != VERSION:
            raise Bad(f"Its version is not {VERSION}: it comes from another version of the console.")
        if value["kind"] == BODY:
            return self._body(Values(value))
        if value["kind"] == LEFT_OUT:
            self.comparison = None
            return LeftOutLine()
        values = Values(self.keys.masked_in(value, line))
        return self._comparison(values) if value["kind"] == COMPARISON else self._exchange(values)

    def _body(self, values: Values) -> BodyLine:
        digest, data = values.digest("sha256"), _data(values)
        if hashlib.sha256(data).hexdigest() != digest:
            raise Bad("sha256: the body is another one: the file was changed or cut.")
        self.sizes[digest] = len(data)
        return BodyLine(digest, self.keys.masked(data))

    def _known(self, digest: str | None, name: str) -> str | None:
        if digest is not None and digest not in self.sizes:
            raise Bad(f"{name}: the line of this body does not stand above it.")
        return digest

    def _comparison(self, values: Values) -> ComparisonLine:
        known = values.id("id")
        if known in self.ids:
            raise Bad("id: this comparison stands in the file twice.")
        created_at, finished_at = values.moment("created_at"), values.moment("finished_at")
        if created_at is None or finished_at is None:
            raise Bad("finished_at: only what has finished is imported.")
        columns = values.objects("columns", MAX_COLUMNS)
        cases = values.objects("cases", MOST_CASES)
        if not columns or not cases:
            raise Bad("columns, cases: at least one of each.")
        rows = [_column(column) for column in columns]
        if len({row["label"] for row in rows}) != len(rows):
            raise Bad("columns: two have the same label.")
        self.comparison = ComparisonLine(
            id=known,
            number=values.number("number", 0, 2**31 - 1),
            author=values.said("author", 400)[:200],
            created_at=created_at,
            finished_at=finished_at,
            fields={**_comparison_fields(values), **_damaged(values, Comparison, BRITTLE_OF_COMPARISON)},
            body=self._known(values.digest("body"), "body") or "",
            columns=rows,
            baselines=[column.number_or_none("baseline", 0, len(rows) - 1) for column in columns],
            cases=[_case(case) for case in cases],
            bodies=[self._known(case.digest_or_none("body"), "cases: body") for case in cases],
        )
        self.ids.add(known)
        self.cells = set()
        return self.comparison

    def _exchange(self, values: Values) -> ExchangeLine:
        if self.comparison is None:
            raise Bad("Its comparison does not stand above it.")
        found = ExchangeLine(
            column=values.number("column", 0, len(self.comparison.columns) - 1),
            case=values.number("case", 0, len(self.comparison.cases) - 1),
            fields=_exchange_fields(values),
            request=self._known(values.digest_or_none("request_body"), "request_body"),
            response=self._known(values.digest_or_none("response_body"), "response_body"),
        )
        if found.fields["repeat"] > self.comparison.fields["repeats"]:
            raise Bad("repeat: the comparison has fewer repeats.")
        if found.cell in self.cells or len(self.cells) >= MOST_EXCHANGES:
            raise Bad("This column, case, repeat, attempt and turn stand above it already, or there are too many.")
        self.cells.add(found.cell)
        size = self.sizes.get(found.response or "", 0)
        found.fields["timeline"] = timeline_of(values.value.get("timeline"), size=size)
        found.fields.update(_damaged(values, Exchange, BRITTLE_OF_EXCHANGE))
        return found


def lines(file: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    """Numbered lines of bounded length. Raises `ImportRefused`."""
    number = 0
    while line := file.readline(MAX_LINE_BYTES + 1):
        number += 1
        if len(line) > MAX_LINE_BYTES:
            raise ImportRefused(f"Line {number} is longer than {MAX_LINE_BYTES // 1_000_000} MB. Nothing was imported.")
        if number > MAX_LINES:
            raise ImportRefused(f"That file has more than {MAX_LINES:,} lines. Nothing was imported.")
        if line.strip():
            yield number, line


def _data(values: Values) -> bytes:
    encoded = values.text_or_none("base64", MAX_LINE_BYTES)
    try:
        if encoded is not None:
            return base64.b64decode(encoded, validate=True)
        return values.text("text", MAX_LINE_BYTES).encode()
    except (binascii.Error, UnicodeEncodeError) as error:
        raise Bad("text, base64: the body as one of both.") from error


def _comparison_fields(values: Values) -> dict[str, Any]:
    method, path, query = values.said("method", 8), values.said("path", 2000), values.said("query", 2000)
    check_endpoint(method, path, query)
    stubs, checks = list(values.items("tool_stubs", 1000)), list(values.items("checks", 1000))
    read_stubs(stubs)
    read_checks(checks)
    engine = values.text("engine", 8) or Engine.LIVE
    if engine not in Engine.values:
        raise values.bad("engine", f"one of {', '.join(Engine.values)}")
    return {
        "title": values.said("title", 200),
        "simulated": values.flag("simulated"),
        "content_type": values.said("content_type", 200),
        "anthropic_version": check_version(values.text("anthropic_version", 10)),
        "repeats": values.number("repeats", 1, MAX_CELLS),
        "method": method,
        "path": path,
        "query": query,
        "engine": engine,
        "tool_stubs": stubs,
        "max_turns": values.number("max_turns", 1, MAX_TURNS),
        "is_trace": values.flag("is_trace"),
        "separate_caches": values.flag("separate_caches"),
        "seed": values.number_or_none("seed", -(2**63), 2**63 - 1),
        "planned_repeats": values.number_or_none("planned_repeats", 1, MAX_CELLS),
        "preset": values.said("preset", 24),
        "checks": checks,
        "tags": [tag[:40] for tag in values.texts("tags", 20, 200)] or None,
    }


def _damaged(values: Values, model: type[Model], known: Sequence[str]) -> dict[str, Damaged]:
    """What stands in for the columns that the line says are damaged, but for those that are read from the bytes."""
    names = values.texts("damaged", len(known), 100)
    if not set(names) <= set(known):
        raise values.bad("damaged", f"names out of {', '.join(known)}")
    return stand_ins(model, set(names) - set(DERIVED))


def _column(values: Values) -> dict[str, Any]:
    role = values.text("role", 12)
    if role and role not in ColumnRole.values:
        raise values.bad("role", f"one of {', '.join(ColumnRole.values)}")
    headers = values.pairs("headers")
    for name, value in headers:
        check_extra_header(name, value)
    label = values.said("label", 200)
    if not label:
        raise values.bad("label", "a text")
    return {
        "label": label,
        "betas": [check_beta(beta) for beta in values.texts("betas", MAX_BETAS, 200)],
        "header": values.said("header", 20_000),
        "anthropic_version": check_version(values.text("anthropic_version", 10)),
        "model": values.said("model", 200),
        "model_override": values.said("model_override", 200),
        "changes": _json_or_none(values, "changes"),
        "own_body": _json_or_none(values, "own_body"),
        "headers": headers,
        "cache_nonce": values.said("cache_nonce", 40),
        "role": role,
    }


def _json_or_none(values: Values, name: str) -> str | None:
    text = values.text_or_none(name, MAX_BODY_BYTES)
    if text is not None:
        parsed(b'{"value":' + text.encode("utf-8", "surrogatepass") + b"}")
    return text


def _case(values: Values) -> dict[str, Any]:
    variables = values.value.get("variables") or {}
    if not isinstance(variables, dict) or len(variables) > 1000:
        raise values.bad("variables", "an object")
    return {"name": values.said("name", 200), "variables": variables}


def _exchange_fields(values: Values) -> dict[str, Any]:
    state, continues = values.text("state", 16), values.text("continues", 8)
    if state not in FINAL:
        raise values.bad("state", f"one of {', '.join(FINAL)}")
    if continues and continues not in Continues.values:
        raise values.bad("continues", f"one of {', '.join(Continues.values)}")
    added = _json_or_none(values, "added")
    return {
        **{name: values.number(name, 1, 10_000) for name in ("repeat", "attempt", "turn")},
        "state": state,
        "continues": continues,
        "added": added.encode() if added else None,
        "waited": values.flag("waited"),
        "method": values.said("method", 8),
        "url": _url(values),
        "request_headers": _request_headers(values),
        "stream": values.flag("stream"),
        "model": values.said("model", 200),
        "status": values.number_or_none("status", 0, 999),
        "response_headers": without_secrets(values.pairs("response_headers")) or None,
        **{name: values.ms(name) for name in ("connect_ms", "queue_ms", "first_byte_ms", "first_text_ms", "total_ms")},
        "created_at": values.moment("created_at"),
        "sent_at": values.moment("sent_at"),
        "ended_at": values.moment("ended_at"),
        "failure_kind": values.said("failure_kind", 40),
        "error_type": values.said("error_type", 100),
        "error_message": values.text("error_message", 100_000),
        "error_code": values.said("error_code", 100),
    }


def _url(values: Values) -> str:
    url = values.said("url", 8000)
    try:
        origin, is_there = origin_of(url), bool(urlsplit(url).hostname)
    except ValueError as error:
        raise values.bad("url", "an address") from error
    if not is_there or not (origin == SIMULATOR_URL or is_allowed_origin(origin)):
        raise values.bad(
            "url", f"this console lets nothing go to {showable(origin)[:100]} (BETACONSOLE_ALLOWED_BASE_URLS)"
        )
    return redact(url)


def _request_headers(values: Values) -> list[list[str]]:
    """The header lines of a request; of a key stands, as ever, only what it is called."""
    found = values.pairs("request_headers")
    named = [[name, KEY_REFERENCE] if name.lower() == "x-api-key" else [name, value] for name, value in found]
    return [pair for pair in named if pair[1] == KEY_REFERENCE or without_secrets([pair])]
