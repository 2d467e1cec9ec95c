"""CSV as a spreadsheet opens it: nothing in it is run, everything in it is read back."""

import csv
import io
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from betaconsole.web.csv_cells import AT_ONCE_CHARACTERS, csv_chunks, safe_row

STARTERS = set("=+-@\t\r\n＝＋－＠")


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =1", "＝1", '=cmd|" /C calc"!A0']
)
def test_b26_a_text_that_a_spreadsheet_would_run_is_only_text(text):
    assert safe_row([text]) == [f"'{text}"]


def test_plain_values_are_written_as_they_are():
    assert safe_row(["a=b", "", None, True, -3, Decimal("-0.5")]) == ["a=b", "", "", "true", "-3", "-0.5"]


@given(st.lists(st.lists(st.text(), min_size=2, max_size=2), max_size=5))
def test_b26_every_text_comes_back_whole_and_none_begins_like_a_formula(rows):
    data = b"".join(csv_chunks(["a", "b"], rows)).decode()
    read = list(csv.reader(io.StringIO(data, newline="")))[1:]
    assert read == [safe_row(row) for row in rows]
    assert not any(cell.lstrip(" ")[:1] in STARTERS for row in read for cell in row if cell)


def test_a_long_file_comes_in_pieces_while_its_rows_are_read():
    asked = []
    rows = (asked.append(n) or [n, "x" * 1000] for n in range(1000))
    chunks = csv_chunks(["n", "text"], rows)
    assert len(next(chunks)) < 2 * AT_ONCE_CHARACTERS
    assert len(asked) < 100
    assert sum(len(chunk) for chunk in chunks) > 900_000
