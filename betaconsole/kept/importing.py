"""Our own export in again: every line is checked before any is kept, and what is here already is left as it is.

Things are told apart by their public id: a second import of the same file changes nothing. An id that another team has
gets a new one here, and is still known by the old one.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import IO, Any

from django.db import transaction
from django.utils import timezone

from betaconsole.claude.endpoints import MAX_BODY_BYTES
from betaconsole.claude.headers import HeaderError, check_beta, join_betas
from betaconsole.library.cases import MAX_CASES, CaseRow, CasesRefused, checked_row
from betaconsole.library.models import Combination, Kept, KeptQuerySet, Prompt
from betaconsole.library.names import BadName, checked_name, checked_note, tags_of
from betaconsole.library.patches import BadPatch, checked_patch
from betaconsole.library.reading import searchable_words
from betaconsole.library.stubs import MAX_TURNS, StubError, read_stubs
from betaconsole.library.variables import VariableError, read_described, written
from betaconsole.runs.history.import_keys import Keys
from betaconsole.runs.history.import_values import Bad, parsed
from betaconsole.storage.fields import showable
from betaconsole.teams.models import Team, User
from betaconsole.web.paging import identifier

from .exporting import COMBINATION, COMBINATION_VERSION, PROMPT, VERSION

MAX_FILE_BYTES = 200_000_000
MAX_LINE_BYTES = 64_000_000
MAX_LINES = 100_000
MOST_PROBLEMS = 50
MOST_SAID = 500
KINDS = (PROMPT, VERSION, COMBINATION, COMBINATION_VERSION)
Value = Mapping[str, Any]
BAD = (Bad, BadName, BadPatch, HeaderError, StubError, VariableError, CasesRefused)


class ImportRefused(ValueError):
    """A file from which nothing was taken; `problems` are (line, why)."""

    def __init__(self, message: str, problems: list[tuple[int, str]] | None = None) -> None:
        super().__init__(message)
        self.problems = problems or []


@dataclass
class Report:
    """What came of each line: (line, what was done); the first of them, and all of them counted."""

    said: list[tuple[int, str]] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    keys_taken_out: int = 0

    def note(self, line: int, what: str, name: str) -> None:
        self.counts[what] = self.counts.get(what, 0) + 1
        if len(self.said) < MOST_SAID:
            self.said.append((line, f"{name}: {what}"))

    @property
    def left_out(self) -> int:
        return sum(self.counts.values()) - len(self.said)


def import_lines(file: IO[bytes], *, team: Team, author: User) -> Report:
    """Everything in the file, in one transaction. Raises `ImportRefused` with every bad line, and then nothing was kept."""
    run = _Import(team, author)
    problems: list[tuple[int, str]] = []
    with transaction.atomic():
        for number, line in _lines(file):
            try:
                run.take(run.keys.masked_in(_read(line), line), number)
            except BAD as error:
                problems.append((number, str(error)))
            if len(problems) == MOST_PROBLEMS:
                break
        problems += run.without_versions() if not problems else []
        run.give_first_versions()
        if problems:
            raise ImportRefused(_refusal(problems), problems)
        if not run.report.counts:
            raise ImportRefused("There is no line in that file.")
    run.report.keys_taken_out = run.keys.count
    return run.report


def _refusal(problems: list[tuple[int, str]]) -> str:
    count = len(problems)
    said = "One line" if count == 1 else f"{count} lines" if count < MOST_PROBLEMS else f"{count} lines or more"
    return f"{said} cannot be taken, so nothing was imported."


def _lines(file: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    number = 0
    while line := file.readline(MAX_LINE_BYTES + 1):
        number += 1
        if len(line) > MAX_LINE_BYTES:
            raise ImportRefused(f"Line {number} is longer than {MAX_LINE_BYTES // 1_000_000} MB. Nothing was imported.")
        if number > MAX_LINES:
            raise ImportRefused(f"That file has more than {MAX_LINES:,} lines. Nothing was imported.")
        if line.strip():
            yield number, line


def _read(line: bytes) -> Value:
    value = parsed(line)
    if value.get("kind") not in KINDS:
        raise Bad(f"Its kind is none of ours: {', '.join(KINDS)}.")
    return value


class _Import:
    """One import as it goes: what each id in the file is here."""

    def __init__(self, team: Team, author: User) -> None:
        self.team = team
        self.author = author
        self.report = Report()
        self.keys = Keys()
        self.prompts: dict[str, Prompt] = {}
        self.combinations: dict[str, Combination] = {}
        self.made: dict[int, int] = {}  # key of each prompt that was added → its line

    def take(self, value: Value, line: int) -> None:
        {
            PROMPT: self._prompt,
            VERSION: self._version,
            COMBINATION: self._combination,
            COMBINATION_VERSION: self._combination_version,
        }[value["kind"]](value, line)

    def _prompt(self, value: Value, line: int) -> None:
        known = _id(value, "id")
        name, tags = _name(value), tags_of(",".join(_texts(value, "tags")))
        cases = _cases(value)
        if found := self._here(self.team.prompts.all(), known):
            self.prompts[known] = found
            self.report.note(line, "already here", name)
            return
        made = Prompt.objects.create(**self._fields(Prompt, value, known, name))
        made.set_tags(tags)
        made.set_cases(cases)
        self.prompts[known] = made
        self.made[made.pk] = line
        self.report.note(line, "prompt added", name)

    def without_versions(self) -> list[tuple[int, str]]:
        """The lines of prompts that the file gives no version: there would be nothing to show or to open."""
        empty = self.team.prompts.filter(pk__in=self.made, versions=None).values_list("pk", flat=True)
        return [(self.made[key], "No version of this prompt stands below it.") for key in empty]

    def give_first_versions(self) -> None:
        """To combinations of a file that is older than their versions: what they are is their first."""
        for one in self.team.combinations.filter(versions=None):
            one.add_version(author=one.author, betas=one.betas, patch=one.patch)

    def _version(self, value: Value, line: int) -> None:
        prompt = self.prompts.get(_id(value, "prompt"))
        if prompt is None:
            raise Bad("Its prompt does not stand above it in the file.")
        state = _state(value)
        if self._becomes_newest(value, line, prompt, state, other="another text"):
            words = searchable_words(showable(state["body_text"]))
            Prompt.objects.filter(pk=prompt.pk).update(words=words, updated_at=timezone.now())

    def _combination(self, value: Value, line: int) -> None:
        known, name = _id(value, "id"), _name(value)
        state, note = _combination_state(value), checked_note(_text(value, "note"))
        if found := self._here(self.team.combinations.all(), known):
            self.combinations[known] = found
            self.report.note(line, "already here", name)
            return
        made = Combination.objects.create(**self._fields(Combination, value, known, name), note=note, **state)
        self.combinations[known] = made
        self.report.note(line, "combination added", name)

    def _combination_version(self, value: Value, line: int) -> None:
        combination = self.combinations.get(_id(value, "combination"))
        if combination is None:
            raise Bad("Its combination does not stand above it in the file.")
        state = _combination_state(value)
        if self._becomes_newest(value, line, combination, state, other="other betas"):
            Combination.objects.filter(pk=combination.pk).update(updated_at=timezone.now(), **state)

    def _becomes_newest(
        self, value: Value, line: int, kept: Prompt | Combination, state: dict[str, Any], *, other: str
    ) -> bool:
        """Keep a version where it is not here already; whether it is the newest then."""
        number = _number(value, "number")
        name = f"{kept.name} v{number}"
        if standing := kept.versions.filter(number=number).first():
            if standing.state != state and Keys().out_of(standing.state) != state:
                raise Bad(f"{name} is here already with {other}: versions never change. Take this line out.")
            self.report.note(line, "already here", name)
            return False
        made_at, note = _moment(value), checked_note(_text(value, "note"))
        kept.versions.create(number=number, author=self.author, note=note, created_at=made_at, **state)
        self.report.note(line, "version added", name)
        return not kept.versions.filter(number__gt=number).exists()

    def _here(self, rows: KeptQuerySet, known: str) -> Any:
        return rows.known_as(known).order_by("pk").first()

    def _fields(self, kind: type[Kept], value: Value, known: str, name: str) -> dict[str, Any]:
        """What prompts and combinations have in common. An id that is taken, by whom ever, stays with its owner."""
        made_at = _moment(value)
        fields = {"team": self.team, "author": self.author, "name": name, "origin_id": known, "created_at": made_at}
        if not kind.objects.filter(public_id=known).exists():
            fields["public_id"] = known
        if value.get("archived") is True:
            fields["archived_at"] = timezone.now()
        return fields


def _state(value: Value) -> dict[str, Any]:
    """A version's own part, as `PromptVersion.state` has it."""
    body_text = value.get("body_text")
    if not isinstance(body_text, str):
        raise Bad("body_text: the body as a text.")
    if len(body_text.encode("utf-8", "surrogatepass")) > MAX_BODY_BYTES:
        raise Bad(f"body_text: more than {MAX_BODY_BYTES:,} bytes, the most that the API takes.")
    stubs, max_turns = value.get("tool_stubs", []), value.get("max_turns")
    read_stubs(stubs)
    if max_turns is not None and _number(value, "max_turns") > MAX_TURNS:
        raise Bad(f"max_turns: 1 to {MAX_TURNS}.")
    described = written(read_described(value.get("variables", [])), body_text)
    return {"body_text": body_text, "tool_stubs": stubs, "max_turns": max_turns, "variables": described}


def _combination_state(value: Value) -> dict[str, Any]:
    """The same of a version of a combination, as `CombinationVersion.state` has it."""
    betas = [check_beta(beta) for beta in _texts(value, "betas")]
    if not betas or len(set(betas)) != len(betas):
        raise Bad("betas: a list of names, each once.")
    join_betas(betas)
    return {"betas": betas, "patch": checked_patch(_text(value, "patch"))}


def _cases(value: Value) -> list[CaseRow]:
    given = value.get("cases", [])
    if not isinstance(given, list) or len(given) > MAX_CASES:
        raise Bad(f"cases: a list of at most {MAX_CASES:,}.")
    rows = []
    for case in given:
        variables = case.get("variables") if isinstance(case, dict) else None
        if not isinstance(variables, dict) or not all(isinstance(text, str) for text in variables.values()):
            raise Bad("cases: each is {name, variables}, and the variables are texts.")
        rows.append(checked_row(str(case.get("name") or ""), variables.items()))
    return rows


def _id(value: Value, name: str) -> str:
    found = value.get(name)
    if not isinstance(found, str) or not identifier(found) or len(found) > 24:
        raise Bad(f"{name}: no id of ours.")
    return found


def _name(value: Value) -> str:
    return checked_name(_text(value, "name"))


def _text(value: Value, name: str) -> str:
    found = value.get(name, "")
    if not isinstance(found, str):
        raise Bad(f"{name}: a text.")
    return found


def _texts(value: Value, name: str) -> list[str]:
    found = value.get(name, [])
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        raise Bad(f"{name}: a list of texts.")
    return found


def _number(value: Value, name: str) -> int:
    found = value.get(name)
    if isinstance(found, bool) or not isinstance(found, int) or not 1 <= found <= 1_000_000:
        raise Bad(f"{name}: a whole number from 1.")
    return found


def _moment(value: Value) -> datetime:
    """When it was made; now where that is not said, not to be believed or in the future."""
    try:
        found = datetime.fromisoformat(value["created_at"])
    except (KeyError, TypeError, ValueError):
        return timezone.now()
    return min(found, timezone.now()) if found.tzinfo and found.year >= 2000 else timezone.now()
