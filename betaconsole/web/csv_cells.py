"""CSV that a spreadsheet only shows: no cell of it is run as a formula.

A spreadsheet takes a cell that begins with `=`, `+`, `-` or `@` for a formula, some after skipping white space, and some
take the full-width forms of these signs. Such a text gets an apostrophe before it, which spreadsheets take for "this is
text"; so what people and models wrote is changed by one character there, and JSONL is the form to import again.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any

RUN = tuple("=+-@＝＋－＠")
WHITE = tuple("\t\r\n")
AT_ONCE_CHARACTERS = 64_000


def safe_row(values: Iterable[Any]) -> list[str]:
    """The values as cells: None is empty, true and false are words, numbers stay numbers, text is defused."""
    return [_cell(value) for value in values]


def csv_chunks(header: Sequence[str], rows: Iterable[Iterable[Any]]) -> Iterator[bytes]:
    """A whole CSV file in UTF-8, in pieces of some size, for a streamed answer; `rows` are read as they are needed."""
    gathered = io.StringIO()
    writer = csv.writer(gathered, lineterminator="\r\n")
    writer.writerow(safe_row(header))
    for row in rows:
        writer.writerow(safe_row(row))
        if gathered.tell() > AT_ONCE_CHARACTERS:
            yield _taken(gathered)
    yield _taken(gathered)


def _taken(gathered: io.StringIO) -> bytes:
    text = gathered.getvalue()
    gathered.seek(0)
    gathered.truncate()
    return text.encode()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float | Decimal):
        return str(value)  # -0.5 from a column of ours is nothing to be afraid of
    return _defused(str(value))


def _defused(text: str) -> str:
    text = text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()  # no file in UTF-8 holds half a pair
    return f"'{text}" if text[:1] in WHITE or text.lstrip()[:1] in RUN else text
