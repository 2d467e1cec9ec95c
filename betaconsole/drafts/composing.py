"""From a draft to what can be planned: everything parsed and checked, or a list of what stands in the way."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from betaconsole.claude import jsontext
from betaconsole.claude.endpoints import MAX_BODY_BYTES, Endpoint, EndpointError, check_endpoint
from betaconsole.claude.headers import HeaderError, check_extra_header, check_version, join_betas
from betaconsole.claude.multipart import PartError
from betaconsole.library.cases import CaseRow
from betaconsole.library.stubs import MAX_TURNS, StubError, read_stubs
from betaconsole.library.variables import defaults_of

from . import uploads
from .case_values import value_rows
from .columns import MAX_CELLS, MAX_COLUMNS, MAX_REPEATS, Column, baselines, letter
from .endpoint_choice import has_model, takes
from .facts import BETAS_IN_BODY, betas_inside_message
from .kept_files import missing, whole
from .labels import labels
from .models import CaseSet, Draft, Engine, OwnBody
from .shaping import Changes, ChangesError, read_changes, usable_changes

CONFIRM = "confirm"  # where a problem is that pressing Run once more answers
OVER_BUDGET = "over_budget"  # and one that an admin may answer with a button of its own


@dataclass(frozen=True)
class Problem:
    """Something that keeps a draft from being run.

    `where` is `body`, `version`, `repeats`, `columns`, `endpoint`, `parts`, `engine`, `tool_stubs`, `max_turns` or a
    column's key.
    """

    where: str
    message: str


class NotReady(Exception):
    """The draft cannot be run; `problems` says why, all at once."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("; ".join(problem.message for problem in problems))
        self.problems = problems


@dataclass(frozen=True)
class ComposedColumn:
    """One column, parsed. `changes` holds everything it changes in the body (or in `own_body`) but its model."""

    column: Column
    letter: str
    label: str
    betas: tuple[str, ...]
    header: str
    version: str
    model: str  # empty: as the body says
    changes: Changes | None
    own_body: Any  # None: the draft's body
    baseline_label: str | None
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Composed:
    """A draft that can be planned. `body` is a jsontext document; `stream` is what it says.

    Where the endpoint takes no body, `body` is None and `content_type` empty; an upload has no `body` but `raw_body`, and
    its `content_type` names the boundary. `tool_stubs` are in their written form (library.stubs).
    """

    body: Any
    columns: list[ComposedColumn]
    version: str
    repeats: int
    stream: bool
    title: str
    endpoint: Endpoint = Endpoint.MESSAGES
    raw_body: bytes | None = None
    content_type: str = "application/json"
    tool_stubs: list[dict[str, Any]] = field(default_factory=list)
    max_turns: int | None = None
    engine: Engine = Engine.LIVE
    separate_caches: bool = False
    case_set: CaseSet | None = None
    defaults: Mapping[str, str] = field(default_factory=dict)  # of variables, by name

    @cached_property
    def cases(self) -> list[tuple[str, Any]]:
        """Name and body of each case, parsed when they are asked for; none where the draft's own body is what runs."""
        if self.case_set is None or self.case_set.kind == CaseSet.Kind.VALUES:
            return []
        return [(row.name, jsontext.loads(row.text)) for row in self.case_set.bodies.all()]

    @cached_property
    def values(self) -> list[CaseRow]:
        """Values for the variables of the body, case by case; each has the defaults of what it leaves open.

        One case without values where there are neither cases nor defaults.
        """
        rows = value_rows(self.case_set) if self.case_set and self.case_set.kind == CaseSet.Kind.VALUES else [CaseRow()]
        return [CaseRow(row.name, {**self.defaults, **row.values}) for row in rows]

    @property
    def is_trace(self) -> bool:
        """Whether the cases are turns of a recorded conversation: in order, all columns in step."""
        return self.case_set is not None and self.case_set.kind == CaseSet.Kind.TRACE


def plan_inputs(draft: Draft) -> Composed:
    """Everything a plan needs, parsed and checked. Raises `NotReady` with every problem found.

    Stubs, turns and the ways to send messages belong to messages: other endpoints are planned without them.
    """
    cases = draft.case_set.count if draft.case_set else 1
    problems = [
        *shape_problems(draft.sheet, draft.repeats, cases),
        *endpoint_problems(draft.endpoint),
        *batch_problems(draft),
        *_problems(draft),
    ]
    takes_json = takes(draft.endpoint) == "json"
    body, found = read_body(_own_text(draft)) if takes_json else (None, [])
    problems += [Problem("body", message) for message in found]
    raw_body, content_type, found = _upload(draft)
    problems += [Problem("parts", message) for message in found]
    bodies = {row.digest: whole(draft, row.text) for row in _own_bodies(draft)}
    columns, found_in_columns = _columns(draft, body, bodies)
    if problems or found_in_columns:
        raise NotReady(problems + found_in_columns)
    composed = Composed(
        body=body,
        columns=columns,
        version=draft.version,
        repeats=draft.repeats,
        stream=isinstance(body, dict) and body.get("stream") is True,
        title=draft.title,
        endpoint=draft.endpoint,
        raw_body=raw_body,
        content_type="application/json" if takes_json else content_type,
        case_set=draft.case_set if takes_json else None,
        defaults=defaults_of(draft.prompt_version.variables) if takes_json and draft.prompt_version else {},
    )
    return _with_ways_to_send(composed, draft) if draft.endpoint.is_messages else composed


def _own_text(draft: Draft) -> str:
    """The body as it is sent; of recorded requests the last turn, or the first case, to stand for them all."""
    if draft.recorded is None:
        return whole(draft, draft.body_text)
    bodies = draft.recorded.bodies.order_by("-position" if draft.recorded.kind == CaseSet.Kind.TRACE else "position")
    return bodies[0].text


def _own_bodies(draft: Draft) -> Iterable[OwnBody]:
    return draft.own_bodies.all() if any(column.own_body for column in draft.sheet) else ()


def _upload(draft: Draft) -> tuple[bytes | None, str, list[str]]:
    """Body and content type of an upload, and what is wrong with its parts; nothing where the endpoint takes none."""
    if takes(draft.endpoint) != "multipart":
        return None, "", []
    rows = uploads.load(draft.parts)
    files = draft.uploads.filter(digest__in=[row.file for row in rows if row.is_file])
    try:
        return *uploads.encoded(rows, {file.digest: bytes(file.data) for file in files}), []
    except PartError as error:
        return None, "", [str(error)]


def _with_ways_to_send(composed: Composed, draft: Draft) -> Composed:
    return replace(
        composed,
        tool_stubs=draft.tool_stubs,
        max_turns=draft.max_turns,
        engine=Engine(draft.engine),
        separate_caches=draft.separate_caches,
    )


def shape_problems(columns: list[Column], repeats: int, cases: int = 1) -> list[Problem]:
    """Counts that no run may pass."""
    problems = []
    if not columns:
        problems.append(Problem("columns", "Add at least one column."))
    if len(columns) > MAX_COLUMNS:
        problems.append(Problem("columns", f"{len(columns)} columns; at most {MAX_COLUMNS} are possible."))
    if not 1 <= repeats <= MAX_REPEATS:
        problems.append(Problem("repeats", f"{repeats} repeats; choose 1 to {MAX_REPEATS}."))
    if (cells := len(columns) * repeats * cases) > MAX_CELLS:
        problems.append(Problem("repeats", f"{cells:,} requests; one comparison holds at most {MAX_CELLS:,}."))
    return problems


def endpoint_problems(endpoint: Endpoint) -> list[Problem]:
    """What keeps requests from going there."""
    try:
        check_endpoint(endpoint.method, endpoint.path, endpoint.query)
    except EndpointError as error:
        return [Problem("endpoint", str(error))]
    return []


def batch_problems(draft: Draft) -> list[Problem]:
    """What a Message Batch cannot do; nothing is read where none is asked for."""
    if draft.engine != Engine.BATCH or not draft.endpoint.is_messages:
        return []
    problems = []
    if draft.tool_stubs or draft.max_turns not in (None, 1):
        problems.append(
            Problem("engine", "A Message Batch answers each request once: tool stubs and turns need live sending.")
        )
    if draft.case_set and draft.case_set.kind == CaseSet.Kind.TRACE:
        problems.append(
            Problem("engine", "A Message Batch keeps no order: a recorded conversation needs live sending.")
        )
    return problems


def _problems(draft: Draft) -> list[Problem]:
    """What is wrong with the version, the stubs and the turns."""
    problems = []
    try:
        check_version(draft.version)
    except HeaderError as error:
        problems.append(Problem("version", str(error)))
    try:
        read_stubs(draft.tool_stubs)
    except StubError as error:
        problems.append(Problem("tool_stubs", str(error)))
    if draft.max_turns is not None and not 1 <= draft.max_turns <= MAX_TURNS:
        problems.append(Problem("max_turns", f"{draft.max_turns} turns; choose 1 to {MAX_TURNS}."))
    return problems


def read_body(text: str) -> tuple[Any, list[str]]:
    """The document and what is wrong with it; the document is None where it is not a JSON object."""
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > MAX_BODY_BYTES:
        return None, [f"The body has {size:,} bytes; the API takes at most {MAX_BODY_BYTES:,} (32 MB)."]
    try:
        body = jsontext.loads(text)
    except jsontext.JsonError as error:
        return None, [f"The body is not JSON: {error}"]
    if not isinstance(body, dict):
        return None, ["The body is not a JSON object: a request body stands between { and }."]
    found = [betas_inside_message(name) for name in BETAS_IN_BODY if name in body]
    found += [
        f"The file {name} that the body refers to is not in this draft: attach it again." for name in missing(text)
    ]
    return body, found


def _columns(draft: Draft, body: Any, bodies: Mapping[str, str]) -> tuple[list[ComposedColumn], list[Problem]]:
    columns = draft.sheet
    names = dict(zip((column.key for column in columns), labels(columns), strict=True))
    compared = baselines(columns)
    done: list[ComposedColumn] = []
    problems: list[Problem] = []
    for position, column in enumerate(columns):
        baseline = compared[column.key]
        try:
            header, changes, own = _parsed(column, body, bodies, takes_json=takes(draft.endpoint) == "json")
        except (HeaderError, ChangesError) as error:
            problems.append(Problem(column.key, f"Column {letter(position)}: {error}"))
            continue
        done.append(
            ComposedColumn(
                column=column,
                letter=letter(position),
                label=names[column.key],
                betas=column.betas,
                header=header,
                version=column.version or draft.version,
                model=column.model if has_model(draft.endpoint) else "",
                changes=changes,
                own_body=own,
                baseline_label=names[baseline] if baseline else None,
                headers=column.headers,
            )
        )
    return done, problems


def _parsed(
    column: Column, body: Any, bodies: Mapping[str, str], *, takes_json: bool
) -> tuple[str, Changes | None, Any]:
    """Header line, changes and own body of one column. Raises `HeaderError` or `ChangesError`."""
    header = join_betas(column.betas)
    if column.version:
        check_version(column.version)
    for name, value in column.headers:
        check_extra_header(name, value)
    if not takes_json:
        return header, None, None
    own = None
    if column.own_body:
        own, found = read_body(bodies.get(column.own_body, ""))
        if found:
            raise ChangesError(" ".join(found))
    base = body if own is None else own
    if base is None:
        return header, read_changes(column.changes_text), own
    return header, usable_changes(column, base), own
