"""An outline is small, says the same to preflight as the body, and keeps how long everything was."""

import json
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from betaconsole.catalogue.checks.estimate import estimated_tokens
from betaconsole.catalogue.checks.outline import characters, is_cut, length_of, outlined
from betaconsole.catalogue.preflight import ColumnRequest, preflight
from tests.recorded import messages

from .mistakes import TOOL, body, cases

LEAVES = st.none() | st.booleans() | st.integers() | st.text(max_size=300)
JSON = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=6), inner, max_size=5),
    max_leaves=30,
)


def codes(sent: Any, *betas: str) -> list[tuple[str, str]]:
    column = ColumnRequest("A", betas=betas, body=sent)
    return [(finding.code, finding.path) for finding in preflight([column], today=date(2026, 11, 22))[0]]


@given(value=JSON)
def test_the_outline_of_an_outline_is_itself(value: Any):
    outline = outlined(value)
    assert outlined(outline) == outline
    json.dumps(outline)


@settings(max_examples=50)
@given(value=JSON)
def test_the_given_value_is_not_changed_and_its_length_is_kept(value: Any):
    before = json.dumps(value)
    assert characters(outlined(value)) >= 0
    assert json.dumps(value) == before


def test_long_texts_leave_their_length():
    outline = outlined(body(system="x" * 1_000_000))
    assert len(json.dumps(outline)) < 1_000
    assert length_of(outline["system"]) == 1_000_000


def test_short_texts_and_the_structure_stay():
    sent = body(tools=[{"type": "web_search_20250305", "name": "web_search"}], stop_sequences=["END"])
    assert outlined(sent) == sent


def test_a_persons_own_json_leaves_its_length_and_its_type():
    schema = {"type": "object", "properties": {"city": {"type": "string", "description": "x" * 500}}}
    [tool] = outlined(body(tools=[{**TOOL, "input_schema": schema}]))["tools"]
    assert tool["input_schema"]["type"] == "object"
    assert 500 < characters(tool["input_schema"]) < 600
    assert "properties" not in tool["input_schema"]


def test_of_an_endless_list_the_beginning_and_the_end_stay():
    said = [{"role": "user", "content": f"number {number}"} for number in range(100_000)]
    outline = outlined(body(messages=said))
    assert outline["messages"][0] == said[0]
    assert outline["messages"][-1] == said[-1]
    assert is_cut(outline["messages"])
    assert len(outline["messages"]) < 5_000
    assert characters(outline["messages"]) == pytest.approx(characters(said), rel=0.1)


def test_places_near_the_end_of_what_was_cut_get_no_fix():
    said = [{"role": ("user", "assistant")[number % 2], "content": "hello"} for number in range(100_000)]
    column = ColumnRequest("A", body=body(messages=said))
    [finding] = [each for each in preflight([column], today=date(2026, 11, 22))[0] if each.code == "prefill_refused"]
    assert finding.fix is None


def test_preflight_says_the_same_of_the_outline():
    for case in cases()[::7]:
        sent, betas = case.request.body, case.request.betas
        assert codes(outlined(sent), *betas) == codes(sent, *betas)


def test_the_estimate_of_an_outline_is_that_of_the_body():
    for row in messages():
        sent = row["request"]["body"]
        if isinstance(sent, dict):
            assert estimated_tokens(outlined(sent)) == pytest.approx(estimated_tokens(sent), rel=0.02, abs=20)


def test_the_estimate_is_mostly_within_a_factor_of_two_of_what_the_api_counted():
    """Where it reads no files and searches nothing: what servers add to a prompt cannot be seen in the request."""
    compared = []
    for row in messages():
        sent, answer = row["request"]["body"], row["response"]
        is_whole = isinstance(sent, dict) and answer["status"] == 200 and not answer["is_sse"]
        if is_whole and not any(word in json.dumps(sent) for word in ("image", "document", "_20", "mcp", "container")):
            usage = json.loads(answer["body_text"]).get("usage", {})
            counted = sum(
                usage.get(name) or 0
                for name in ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")
            )
            if counted > 200:
                compared.append(estimated_tokens(sent) / counted)
    near = [ratio for ratio in compared if 0.5 < ratio < 2]
    assert len(near) >= 0.85 * len(compared), sorted(compared)


def test_pictures_and_files_count_by_the_piece():
    picture = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "A" * 1_000_000}}
    paper = {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "A" * 4_000_000}}
    asked = estimated_tokens(body(messages=[{"role": "user", "content": [picture, paper]}]))
    assert asked == 1_500 + 100_000 + 4
