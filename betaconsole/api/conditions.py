"""Conditions on a verdict, as a command line names them: `output_tokens.relative > 0.1`, `not trusted`. Pure; nothing is evaluated
that is not in this small grammar:

    condition  term { "and" term }
    term       [ "not" ] ( "refused" | "trusted" | "enough" )
               [ column "." ] figure "." field  ( ">" | ">=" | "<" | "<=" | "==" | "!=" )  number [ "%" ]
    column     a letter, or a label
    field      one of FIELDS

A name with spaces or dots stands in double quotes: `"check:valid JSON".value < 0.9`. Without a column a condition is true where it is
true of any column, all of its terms of the same one.
"""

import math
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from betaconsole.drafts.columns import letter
from betaconsole.statistics.figures import MEASURED, REFUSAL
from betaconsole.statistics.results import Result

FIELDS = {
    "value": "value",
    "baseline": "baseline_value",
    "difference": "difference",
    "relative": "relative",
    "low": "low",
    "high": "high",
    "relative_low": "relative_low",
    "relative_high": "relative_high",
    "p": "p",
    "p_corrected": "p_corrected",
    "n": "n",
    "excluded": "excluded",
}
# Figures by their keys, and kinds of figures that have a name of their own behind a colon.
ALWAYS = (*(figure.key for figure in MEASURED), REFUSAL.key)
NAMED = ("check", "stop_reason", "block", "blocks", "field")
WORDS = ("refused", "trusted", "enough")
COMPARE: Mapping[str, Callable[[float, float], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
}
_TOKEN = re.compile(
    r'\s*(?:(?P<quoted>"[^"]*")|(?P<compare>[<>]=?|[=!]=)|(?P<dot>\.(?=["A-Za-z_]))|(?P<percent>%)'
    r"|(?P<number>[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?(?![\w:]))|(?P<name>[^\s\".<>=!%]+))"
)


class ConditionError(ValueError):
    """A condition that cannot be read, or that names what the comparison does not have; its text says what is wrong."""


class Untold(Exception):
    """Whether a condition is true cannot be told: a figure it asks for is not known."""


@dataclass(frozen=True)
class Word:
    """One of WORDS; of one column where `column` names it."""

    word: str
    is_negated: bool
    column: str = ""


@dataclass(frozen=True)
class Bound:
    """A field of a figure beside a number."""

    figure: str
    field: str
    compare: str
    number: float
    column: str = ""


@dataclass(frozen=True)
class Condition:
    """All of its terms have to be true. `text`: as it was given."""

    text: str
    terms: tuple[Word | Bound, ...]


@dataclass(frozen=True)
class ColumnTold:
    """One column that stands beside another one. `results`: by figure."""

    letter: str
    label: str
    is_refused: bool
    results: Mapping[str, Result]

    def is_named(self, name: str) -> bool:
        return not name or name in (self.letter, self.label)


@dataclass(frozen=True)
class Told:
    """What conditions are about."""

    trusted: bool
    enough: bool
    columns: Sequence[ColumnTold]


def read_condition(text: str) -> Condition:
    """Raises `ConditionError`."""
    terms: list[Word | Bound] = []
    rest: Sequence[Token] = _tokens(text)
    while True:
        term, rest = _term(text, rest)
        terms.append(term)
        if not rest:
            return Condition(text, tuple(terms))
        if rest[0] != ("name", "and"):
            raise ConditionError(
                f"{text!r}: there is something after the end, {rest[0][1]!r}; terms are joined with and"
            )
        rest = rest[1:]


Token = tuple[str, str]


def _tokens(text: str) -> list[Token]:
    found, at = [], 0
    while at < len(text.rstrip()):
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            raise ConditionError(f"{text!r}: cannot be read from {text[at:]!r} on")
        found.append((match.lastgroup, match[match.lastgroup]))
        at = match.end()
    return found


def _term(text: str, tokens: Sequence[Token]) -> tuple[Word | Bound, Sequence[Token]]:
    is_negated = bool(tokens) and tokens[0] == ("name", "not")
    path, rest = _path(tokens[is_negated:])
    if not path:
        raise ConditionError(f"{text!r}: a figure and its field are missing, such as output_tokens.relative > 0.1")
    if path[-1] in WORDS and len(path) <= 2 and (not rest or rest[0][0] != "compare"):
        if len(path) == 2 and path[-1] != "refused":
            raise ConditionError(f"{text!r}: {path[-1]} is said of the whole comparison, not of a column")
        return Word(path[-1], is_negated, path[0] if len(path) == 2 else ""), rest
    if is_negated:
        raise ConditionError(f"{text!r}: not stands before {', '.join(WORDS)} only")
    if len(path) not in (2, 3) or path[-1] not in FIELDS:
        raise ConditionError(f"{text!r}: {'.'.join(path)} is no figure with a field; fields are {', '.join(FIELDS)}")
    if len(rest) < 2 or rest[0][0] != "compare" or rest[1][0] != "number":
        raise ConditionError(f"{text!r}: after {'.'.join(path)} comes one of {' '.join(COMPARE)} and a number")
    number = float(rest[1][1])
    is_percent = len(rest) > 2 and rest[2][0] == "percent"
    if not math.isfinite(number):
        raise ConditionError(f"{text!r}: {rest[1][1]} is no number")
    column = path[0] if len(path) == 3 else ""
    bound = Bound(path[-2], FIELDS[path[-1]], rest[0][1], number / 100 if is_percent else number, column)
    return bound, rest[3 if is_percent else 2 :]


def _path(tokens: Sequence[Token]) -> tuple[list[str], Sequence[Token]]:
    """Names with dots between them, and what follows."""
    path: list[str] = []
    at = 0
    while at < len(tokens) and tokens[at][0] in ("name", "quoted"):
        path.append(tokens[at][1].strip('"'))
        at += 1
        if at >= len(tokens) or tokens[at][0] != "dot":
            break
        at += 1
    return path, tokens[at:]


def check_planned(condition: Condition, *, labels: Sequence[str], checks: Sequence[str]) -> None:
    """Raises `ConditionError` where it names a figure that no comparison has, a check that is not asked for or a column that
    is not planned: before anything is sent. `labels`: of the columns in their order."""
    letters = [letter(place) for place in range(len(labels))]
    for term in condition.terms:
        if term.column and term.column not in (*letters, *labels):
            raise ConditionError(
                f"{condition.text!r}: no column {term.column} is planned; these are: {', '.join(letters)}"
            )
        if isinstance(term, Bound):
            _check_figure(condition, term.figure, checks)


def _check_figure(condition: Condition, figure: str, checks: Sequence[str]) -> None:
    kind, colon, name = figure.partition(":")
    if kind == "check" and colon and name not in checks:
        raise ConditionError(
            f"{condition.text!r}: no check {name} is asked for; these are: {', '.join(checks) or 'none'}"
        )
    if figure not in ALWAYS and not (kind in NAMED and name):
        known = ", ".join([*ALWAYS, *(f"{one}:NAME" for one in NAMED)])
        raise ConditionError(f"{condition.text!r}: {figure} is no figure; figures are: {known}")


def is_true(condition: Condition, told: Told) -> bool:
    """Whether it is true of any column. Raises `Untold`, and `ConditionError` where it names what is not there."""
    _check(condition, told)
    untold = ""
    columns: Sequence[ColumnTold | None] = told.columns or [None]
    for column in columns:
        try:
            if all(_holds(term, column, told) for term in condition.terms):
                return True
        except Untold as missing:
            untold = str(missing)
    if untold:
        raise Untold(untold)
    return False


def _check(condition: Condition, told: Told) -> None:
    for term in condition.terms:
        named = [column for column in told.columns if column.is_named(term.column)]
        if term.column and not named:
            names = ", ".join(column.letter for column in told.columns) or "none"
            raise ConditionError(f"{condition.text!r}: no column {term.column} is compared; these are: {names}")
        measured = sorted({figure for column in named for figure in column.results})
        if isinstance(term, Bound) and measured and term.figure not in measured:
            raise ConditionError(
                f"{condition.text!r}: {term.figure} was not measured; these were: {', '.join(measured)}"
            )


def _holds(term: Word | Bound, column: ColumnTold | None, told: Told) -> bool:
    if isinstance(term, Word) and term.word != "refused":
        return (told.trusted if term.word == "trusted" else told.enough) != term.is_negated
    if column is None:
        raise Untold("no column is compared")
    if not column.is_named(term.column):
        return False
    if isinstance(term, Word):
        return column.is_refused != term.is_negated
    result = column.results.get(term.figure)
    value = None if result is None else getattr(result, term.field)
    if value is None:
        raise Untold(f"{term.figure} of {column.letter} has no {term.field.removesuffix('_value')}")
    return COMPARE[term.compare](value, term.number)
