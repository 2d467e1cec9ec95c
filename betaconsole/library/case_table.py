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
    """Cases under the names of the variables; `unknown` are those that only cases name. Where they are too many to type,
    the first are shown."""

    names: list[str]
    unknown: list[str]
    lines: list[CaseLine]
    count: int
    is_typed: bool

    @property
    def left_out(self) -> int:
        return max(0, self.count - len(self.lines))


def case_table(rows: Sequence[CaseRow], names: Sequence[str], *, count: int, empty: int = 1) -> CaseTable:
    """The first cases, of `count`, under the variables of the prompt and then under what only the cases name.

    A table to type in ends with `empty` rows for more.
    """
    columns = list(dict.fromkeys([*names, *names_in(rows)]))
    longest = max((len(value) for row in rows for value in row.values.values()), default=0)
    is_typed = count <= TYPED_CASES and len(rows) * len(columns) <= TYPED_CELLS and longest <= LONGEST_TYPED
    shown = [*rows, *[CaseRow()] * empty] if is_typed else rows[:SHOWN_CASES]
    most = LONGEST_TYPED if is_typed else SHOWN_CHARACTERS
    lines = [
        CaseLine(number, row.name, [(name, showable(row.values.get(name, ""))[:most]) for name in columns])
        for number, row in enumerate(shown, start=1)
    ]
    return CaseTable(columns, columns[len(set(names)) :], lines, count, is_typed)


def typed_rows(post: Mapping[str, str]) -> list[CaseRow]:
    """The rows that a form posts; one without any text is dropped. Raises `CasesRefused`."""
    rows = [checked_row(name, values) for _, name, values in _lines(post)]
    return [row for row in rows if row.name or row.values]


def raw_rows(post: Mapping[str, str]) -> list[CaseRow]:
    """The same as typed, to be shown again beside what is wrong with it."""
    return [CaseRow(name, dict(values)) for _, name, values in _lines(post) if name or any(text for _, text in values)]


def line_after(post: Mapping[str, str]) -> CaseLine | None:
    """The empty row that follows those posted; None while their last one is empty, or where no more may be typed."""
    lines = _lines(post)
    if not lines:
        return None
    number, name, values = lines[-1]
    is_empty = not name and not any(text for _, text in values)
    if is_empty or number >= TYPED_CASES or (number + 1) * len(values) > TYPED_CELLS:
        return None
    return CaseLine(number + 1, "", [(variable, "") for variable, _ in values])


def _lines(post: Mapping[str, str]) -> list[tuple[int, str, list[tuple[str, str]]]]:
    """(number, name, values) of each row posted, in their order."""
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
    return [(row, names.get(row, ""), values.get(row, [])) for row in sorted({*names, *values})]
