"""Answers that are no messages, on a page: bounded, and never as HTML of their own."""

import json
import random

import pytest
from django.template.loader import render_to_string
from hypothesis import given
from hypothesis import strategies as st

from betaconsole.runs.models import Body
from betaconsole.runs.pages.block_views import MAX_JSON, BlockView
from betaconsole.runs.pages.other_answers import MAX_LINES, Start, answer_views, starts_of
from betaconsole.teams.models import Membership
from tests.builders import make_comparison, make_exchange

HOSTILE = "<script>alert(1)</script>"


def shown(data: bytes, content_type: str = "application/json", *, whole_size: int | None = None) -> BlockView:
    [view] = answer_views(Start(data, len(data) if whole_size is None else whole_size, content_type), "x")
    return view


def test_json_is_laid_out_with_its_numbers_as_spelt() -> None:
    view = shown(b'{"data":[{"id":"claude-sonnet-5-5"},{}],"limit":1.0}')
    assert "1.0" in view.code
    assert "\n" in view.code
    assert view.label == "JSON · 2 in the list"


def test_a_count_of_tokens_is_said_in_words() -> None:
    assert shown(b'{"input_tokens":2095}').label == "2,095 input tokens"


def test_lines_of_json_stand_in_rows_and_only_so_many() -> None:
    line = json.dumps({"custom_id": "a", "result": "x" * 1000})
    view = shown("\n".join([line] * 300).encode(), "application/x-jsonl")
    rows = view.code.split("\n")
    assert len(rows) == MAX_LINES
    assert rows[0].endswith("more characters")
    assert view.label.startswith("The first 200 lines of JSON")


def test_bytes_are_shown_in_hex_with_their_type_and_size() -> None:
    view = shown(b"PK\x03\x04\xff" + bytes(1000), "application/zip")
    assert view.label == "application/zip · 1.0 kB"
    assert view.code.startswith("00000000  50 4b 03 04 ff 00")
    assert view.code.count("\n") == 15


@pytest.mark.parametrize(
    ("data", "content_type"),
    [
        (HOSTILE.encode(), "text/html"),
        (json.dumps({HOSTILE: HOSTILE}).encode(), "application/json"),
        (HOSTILE.encode(), f"text/{HOSTILE}"),
        (json.dumps({"a": HOSTILE}).encode() + b"\n" + HOSTILE.encode(), "application/x-jsonl"),
    ],
)
def test_nothing_of_it_becomes_html(data: bytes, content_type: str) -> None:
    page = render_to_string("runs/_block.html", {"block": shown(data, content_type)})
    assert "<script" not in page
    assert "alert(1)" in page


def test_what_is_large_is_cut_and_says_so() -> None:
    view = shown(json.dumps(["x" * 100] * 1000).encode())
    assert len(view.code) == MAX_JSON
    assert view.cut > 80_000
    text = shown(b"x" * 100, "text/plain", whole_size=5_000)
    assert text.cut == 4_900


def test_an_empty_answer_says_that_it_is_empty() -> None:
    assert shown(b"", "").label == "The answer has no body"


def test_a_text_that_is_cut_within_a_character_is_still_a_text() -> None:
    assert shown("aé".encode()[:2], "text/plain", whole_size=3).code == "a"


@given(st.binary(max_size=300), st.sampled_from(["application/json", "application/x-jsonl", "text/html", ""]))
def test_any_bytes_can_be_shown(data: bytes, content_type: str) -> None:
    for whole_size in (len(data), len(data) + 1):
        answer_views(Start(data, whole_size, content_type), "x")


@pytest.mark.django_db
def test_only_the_beginning_of_a_large_body_is_read(owner: Membership) -> None:
    made = make_comparison(owner.team, owner.user, exchanges=False)
    bodies = [b"[" + b"1," * 4_000_000 + b"1]", random.Random(1).randbytes(102_400), b"{}", b"gone"]
    for index, (data, status) in enumerate(zip(bodies, (200, 200, 200, 404), strict=True)):
        headers = [["Content-Type", "application/json; charset=utf-8"]]
        kept = Body.keep(owner.team.pk, data)
        make_exchange(
            made,
            made.variants.all()[0],
            attempt=index + 1,
            status=status,
            response_body_id=kept,
            response_headers=headers,
        )
    found = list(starts_of(made.exchanges.values_list("pk", flat=True)).values())
    assert [(start.size, start.is_whole) for start in found] == [(8_000_003, False), (102_400, False), (2, True)]
    for start, data in zip(found, bodies, strict=False):
        assert data.startswith(start.data)
        assert len(start.data) <= 256 * 1024
    assert found[0].content_type == "application/json"
