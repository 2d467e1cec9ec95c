"""Cases as a small table of fields: `name-3` and `value-3-country`. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from betaconsole.storage.fields import showable

from .cases import CaseRow, checked_row, names_in

TYPED_CASES = 50  # more than this are a file, not something to type
TYPED_CELLS = 400
LONGEST_TYPED = 2_000  # characters of a value that a small field can hold
SHOWN_CASES = 10  # of those that are not typed
SHOWN_CHARACTERS = 200


@dataclass(frozen=True)
class CaseLine:
    """One row of the table; `cells` are (variable, value)."""

    number: int
    name: str
    cells: list[tuple[str, str]]


@dataclass(frozen=True)
class CaseTable:
    """Cases under the names of the variables. Where they are too many to type, the first are shown."""

    names: list[str]
    lines: list[CaseLine]
    count: int
    is_typed: bool

    @property
    def left_out(self) -> int:
        return max(0, self.count - len(self.lines))


def case_table(rows: Sequence[CaseRow], names: Sequence[str], *, count: int) -> CaseTable:
    """The first cases, of `count`, under the variables of the prompt and then under what only the cases name.

    A table to type in ends with an empty row.
    """
    columns = list(dict.fromkeys([*names, *names_in(rows)]))
    longest = max((len(value) for row in rows for value in row.values.values()), default=0)
    is_typed = count <= TYPED_CASES and len(rows) * len(columns) <= TYPED_CELLS and longest <= LONGEST_TYPED
    shown = [*rows, CaseRow()] if is_typed else rows[:SHOWN_CASES]
    most = LONGEST_TYPED if is_typed else SHOWN_CHARACTERS
    lines = [
        CaseLine(number, row.name, [(name, showable(row.values.get(name, ""))[:most]) for name in columns])
        for number, row in enumerate(shown, start=1)
    ]
    return CaseTable(columns, lines, count, is_typed)


def typed_rows(post: Mapping[str, str]) -> list[CaseRow]:
    """The rows that a form posts; one without any text is dropped. Raises `CasesRefused`."""
    rows = [checked_row(name, values) for name, values in _cells(post)]
    return [row for row in rows if row.name or row.values]


def raw_rows(post: Mapping[str, str]) -> list[CaseRow]:
    """The same as typed, to be shown again beside what is wrong with it."""
    return [CaseRow(name, dict(values)) for name, values in _cells(post) if name or any(text for _, text in values)]


def _cells(post: Mapping[str, str]) -> list[tuple[str, list[tuple[str, str]]]]:
    names: dict[int, str] = {}
    values: dict[int, list[tuple[str, str]]] = {}
    for key, text in post.items():
        field, _, rest = key.partition("-")
        row, _, variable = rest.partition("-")
        if not (row.isascii() and row.isdecimal()) or len(row) > 4:
            continue
        if field == "name":
            names[int(row)] = text
        elif field == "value":
            values.setdefault(int(row), []).append((variable, text.replace("\r\n", "\n")))
    return [(names.get(row, ""), values.get(row, [])) for row in sorted({*names, *values})]
