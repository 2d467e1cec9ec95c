"""Cases of a prompt from a file: CSV with a heading line, or JSON with one case to a line. Pure.

In CSV the heading names the variables; a column `case` names the case. In JSONL a line is an object of values, or
`{"name": …, "variables": {…}}`; a value that is no text stands as its JSON. Either all cases of a file are read or none.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from betaconsole.claude import jsontext
from betaconsole.storage.fields import showable
from betaconsole.web.incoming import has_too_many_values

from .names import MAX_NAME, one_line
from .variables import MAX_VALUE, MAX_VARIABLES, NAME

MAX_CASES = 2000
MAX_FILE_BYTES = 10_000_000
MAX_LINE_CHARACTERS = 1_000_000
MOST_VALUES = 500_000  # of JSON read at once: each may take a hundred times its size
CASE = "case"  # the column that names a case
DELIMITERS = ",;\t"
KEY = re.compile(r"sk-ant-[A-Za-z0-9_-]{8,}")
_BEGINNINGS: tuple[tuple[bytes, str], ...] = (
    (b"PK\x03\x04", "is a spreadsheet or a ZIP archive: save the sheet as CSV"),
    (b"\xd0\xcf\x11\xe0", "is a spreadsheet: save the sheet as CSV"),
    (b"\x1f\x8b", "is compressed with gzip: unpack it first"),
    (b"\xff\xfe", "is UTF-16 text: save it as CSV in UTF-8"),
    (b"\xfe\xff", "is UTF-16 text: save it as CSV in UTF-8"),
    (b"%PDF-", "is a PDF: cases come as CSV or JSONL"),
    (b"<", "is a web page or XML: cases come as CSV or JSONL"),
)


class CasesRefused(ValueError):
    """Cases of which none were taken; the message is for people and names the line."""


@dataclass(frozen=True)
class CaseRow:
    """One case: values by variable, and what it is called (empty: its number)."""

    name: str = ""
    values: Mapping[str, str] = field(default_factory=dict)


def read_cases(data: bytes, source: str) -> list[CaseRow]:
    """All cases in a file. Raises `CasesRefused`."""
    if len(data) > MAX_FILE_BYTES:
        raise CasesRefused(f"{source} has more than {MAX_FILE_BYTES // 1_000_000} MB.")
    for start, why in _BEGINNINGS:
        if data.lstrip(b" \t\r\n").startswith(start):
            raise CasesRefused(f"{source} {why}.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise CasesRefused(f"{source} is not UTF-8: line {line} has a byte that does not belong there.") from error
    if "\x00" in text:
        raise CasesRefused(f"{source} is not text: line {_line_at(text, text.index(chr(0)))} has a NUL in it.")
    if key := KEY.search(text):
        line = _line_at(text, key.start())
        raise CasesRefused(f"{source}: line {line} holds what looks like an API key (sk-ant-…). Take it out first.")
    if not text.strip():
        raise CasesRefused(f"{source} is empty.")
    is_json = text.lstrip()[0] in "{["
    rows = list(_limited(_from_json(text) if is_json else _from_csv(text)))
    if not rows:
        raise CasesRefused(f"{source} has a heading and no case below it." if not is_json else f"{source} has no case.")
    return rows


def _line_at(text: str, place: int) -> int:
    return text.count("\n", 0, place) + 1


def checked_row(name: str, values: Iterable[tuple[str, str]]) -> CaseRow:
    """A case as typed. Raises `CasesRefused`."""
    name = one_line(showable(name))
    if len(name) > MAX_NAME:
        raise CasesRefused(f"The name of a case has at most {MAX_NAME} characters.")
    kept: dict[str, str] = {}
    for variable, value in values:
        if not NAME.fullmatch(variable):
            raise CasesRefused(
                f"“{showable(variable)[:60]}” cannot be a variable: its name is a letter or “_”, then letters, digits, "
                "“_”, “.” or “-”."
            )
        if len(value) > MAX_VALUE:
            raise CasesRefused(f"The value of {variable} has more than {MAX_VALUE:,} characters.")
        if value:
            kept[variable] = value
    if len(kept) > MAX_VARIABLES:
        raise CasesRefused(f"A case has at most {MAX_VARIABLES} variables.")
    return CaseRow(name=name, values=kept)


def names_in(rows: Sequence[CaseRow]) -> list[str]:
    """The variables that any of the cases fills in, in their order."""
    return list(dict.fromkeys(name for row in rows for name in row.values))


def _limited(rows: Iterator[CaseRow]) -> Iterator[CaseRow]:
    for number, row in enumerate(rows, start=1):
        if number > MAX_CASES:
            raise CasesRefused(f"More than {MAX_CASES:,} cases: a comparison cannot hold so many. Nothing was taken.")
        yield row


def _from_csv(text: str) -> Iterator[CaseRow]:
    first = text.lstrip("\r\n").splitlines()[0]
    delimiter = max(DELIMITERS, key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    heading: list[str] | None = None
    try:
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if heading is None:
                heading = _heading(cells)
            elif len(cells) != len(heading):
                raise CasesRefused(
                    f"Line {reader.line_num} has {len(cells)} cells and the heading {len(heading)}: is a comma or a "
                    "quotation mark missing?"
                )
            else:
                yield _case(dict(zip(heading, cells, strict=True)), reader.line_num)
    except csv.Error as error:
        raise CasesRefused(f"Line {reader.line_num} is not CSV: {error}.") from error


def _heading(cells: Sequence[str]) -> list[str]:
    if len(cells) > MAX_VARIABLES + 1:
        raise CasesRefused(f"The first line has {len(cells):,} cells; a case has at most {MAX_VARIABLES} variables.")
    names = [cell.strip() for cell in cells]
    for name in names:
        if not NAME.fullmatch(name):
            said = f"“{showable(name)[:60]}”" if name else "An empty cell"
            raise CasesRefused(
                f"{said} in the first line cannot be a variable. The first line names the variables, such as: "
                f"{CASE},country,year"
            )
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise CasesRefused(f"{twice} stands twice in the first line.")
    return names


def _case(cells: Mapping[str, str], line: int) -> CaseRow:
    try:
        return checked_row(cells.get(CASE, ""), ((name, cell) for name, cell in cells.items() if name != CASE))
    except CasesRefused as refusal:
        raise CasesRefused(f"Line {line}: {refusal}") from None


def _from_json(text: str) -> Iterator[CaseRow]:
    if text.lstrip()[0] == "[":
        yield from (_json_case(one, f"Case {n}") for n, one in enumerate(_document(text, "The list"), start=1))
        return
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            yield _json_case(_document(line, f"Line {number}"), f"Line {number}")


def _document(text: str, place: str) -> Any:
    if len(text) > (MAX_LINE_CHARACTERS if place != "The list" else MAX_FILE_BYTES):
        raise CasesRefused(f"{place} has more than {MAX_LINE_CHARACTERS:,} characters.")
    if has_too_many_values(text.encode(), most=MOST_VALUES):
        raise CasesRefused(f"{place} holds more values than the console reads at once.")
    try:
        return jsontext.loads(text)
    except jsontext.JsonError as error:
        raise CasesRefused(f"{place} is not JSON: {error.message}. One case stands on one line.") from error


def _json_case(value: Any, place: str) -> CaseRow:
    if not isinstance(value, dict):
        raise CasesRefused(f"{place} is no object: a case is written {{'country': 'France'}}.".replace("'", '"'))
    name, values = value.get(CASE, ""), {key: one for key, one in value.items() if key != CASE}
    if isinstance(value.get("variables"), dict):
        name, values = value.get("name") or "", value["variables"]
    if not isinstance(name, str):
        name = jsontext.dumps(name)
    texts = ((key, one if isinstance(one, str) else jsontext.dumps(one)) for key, one in values.items())
    try:
        return checked_row(name, texts)
    except CasesRefused as refusal:
        raise CasesRefused(f"{place}: {refusal}") from None
