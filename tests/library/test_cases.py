"""Cases from files: all of them, or a sentence that says why none."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from betaconsole.library.cases import MAX_CASES, CaseRow, CasesRefused, names_in, read_cases


def test_csv_names_its_variables_in_the_first_line():
    data = b'case,country,year\nFirst,France,1990\n,"New ""Land"", far\naway",\n\n'
    assert read_cases(data, "a.csv") == [
        CaseRow("First", {"country": "France", "year": "1990"}),
        CaseRow("", {"country": 'New "Land", far\naway'}),
    ]


@pytest.mark.parametrize("text", ["\ufeffa;b\r\n1,5;2\r\n", "a\tb\n1,5\t2\n"])
def test_csv_as_spreadsheets_of_other_countries_write_it(text):
    assert read_cases(text.encode(), "a.csv") == [CaseRow("", {"a": "1,5", "b": "2"})]


def test_jsonl_takes_plain_objects_and_the_form_of_the_api():
    lines = ['{"case": "one", "n": 1.0}', "", '{"name": "two", "variables": {"n": [1], "s": "\\u2028"}}']
    assert read_cases("\n".join(lines).encode(), "a.jsonl") == [
        CaseRow("one", {"n": "1.0"}),
        CaseRow("two", {"n": "[1]", "s": "\u2028"}),
    ]
    assert read_cases(b'[{"n": "x"}]', "a.json") == [CaseRow("", {"n": "x"})]


@given(
    st.lists(
        st.dictionaries(st.sampled_from("abc"), st.text(min_size=1, max_size=9), max_size=3), min_size=1, max_size=3
    )
)
def test_values_of_any_kind_survive_jsonl(cases):
    data = "\n".join(json.dumps({"variables": case}) for case in cases).encode()
    assert [dict(row.values) for row in read_cases(data, "x")] == cases


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is empty"),
        (b"PK\x03\x04xx", "save the sheet as CSV"),
        (b"\xff\xfea\x00", "UTF-16"),
        (b"<html>", "web page"),
        (b"a,b\n1,\xff\n", "line 2"),
        (b"a,b\n1,\x00\n", "line 2"),
        (b"a,b\n", "no case below"),
        (b"a,b\n1\n", "Line 2 has 1 cells and the heading 2"),
        (b'a,b\n1,"2\n', "not CSV"),
        (b"a,a\n1,2\n", "stands twice"),
        (b"a,=cmd\n1,2\n", "cannot be a variable"),
        (b"a,\n1,2\n", "An empty cell"),
        (b'{"a": 1}\n{"a": }\n', "Line 2 is not JSON"),
        (b'{"a": 1}\n[1]\n', "Line 2 is no object"),
        (b'{"a": NaN}', "Line 1 is not JSON"),
        (b'{"__proto__ x": "1"}', "cannot be a variable"),
        (b"[" * 5000, "The list is not JSON"),
        (b"a\n" + b"x\n" * (MAX_CASES + 1), "More than 2,000 cases"),
        (b"a\n" + b"x" * 200_000, "Line 2"),
        (b"a\n" + b"x" * 10_000_001, "10 MB"),
        (b"a\nb\nsk-ant-api03-abcdefgh\n", "line 3 holds what looks like an API key"),
        # Each of these once took minutes or a gigabyte.
        (",".join(f"a{n}" for n in range(10**6)).encode(), "The first line has 1,000,000 cells"),
        (b"[" + b"1.5," * 2_400_000 + b"1]", "The list holds more values"),
    ],
    ids=range(23),
)
def test_a_file_that_cannot_be_taken_says_where_and_why(data, said):
    with pytest.raises(CasesRefused) as refused:
        read_cases(data, "bad file")
    assert said in str(refused.value)


@given(st.binary(max_size=200))
def test_no_bytes_at_all_make_it_stumble(data):
    try:
        rows = read_cases(data, "file")
    except CasesRefused:
        return
    assert rows
    assert all(isinstance(value, str) for row in rows for value in row.values.values())


def test_the_variables_of_cases_keep_their_order():
    assert names_in([CaseRow("", {"b": "1"}), CaseRow("", {"a": "1", "b": "2"})]) == ["b", "a"]
