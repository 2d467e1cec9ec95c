"""What a page shows of a whole message: its blocks, and the fields that say what a beta did."""

import json

import pytest

from betaconsole.runs.pages.block_views import MAX_FIELDS, MAX_JSON, final_views
from betaconsole.runs.pages.lanes import render_lane
from tests.builders import make_comparison, make_exchange, message
from tests.runs.looking import lanes_of

EDITS = {"applied_edits": [{"type": "clear_tool_uses_20250919", "cleared_tool_uses": 3}]}


def fields_of(**fields):
    views = final_views(message("Hello.", **fields), "x")
    assert views[0].type == "text"
    return {view.label: view.code for view in views[1:]}


def test_every_field_that_not_every_message_has_is_shown_after_the_blocks():
    fields = {
        "context_management": EDITS,
        "container": {"id": "container_1", "expires_at": "2026-11-21T09:14:03Z"},
        "stop_details": {"type": "refusal", "category": "cyber"},
        "input_transformations": [{"type": "downscaled"}],
        "something_new": 0,
        "_deltas": [1],
    }
    shown = fields_of(**fields)
    assert {name: json.loads(code) for name, code in shown.items()} == fields


@pytest.mark.parametrize("value", [None, "", [], {}])
def test_a_field_that_says_nothing_is_not_shown(value):
    assert fields_of(container=value, something_new=value) == {}


def test_context_management_that_edited_nothing_is_not_shown():
    assert fields_of(context_management={"applied_edits": []}) == {}
    assert list(fields_of(context_management={"applied_edits": [], "note": "x"})) == ["context_management"]


def test_the_fields_of_a_message_without_blocks_are_shown():
    [view] = final_views({"content": None, "container": {"id": "c"}}, "x")
    assert (view.label, view.index) == ("container", 0)


def test_any_number_of_fields_of_any_length_stays_within_bounds():
    shown = fields_of(**{f"field_{number}": "long" * MAX_JSON for number in range(400)})
    assert len(shown) == MAX_FIELDS + 1
    assert "380 more fields" in shown
    assert max(map(len, shown.values())) < MAX_JSON + 100


def test_no_name_of_a_field_does_anything_on_the_page():
    evil = "<script>\x00\ud800" + "x" * 10_000
    [label] = fields_of(**{evil: {evil: evil}})
    assert len(label) <= 160
    label.encode()


@pytest.mark.django_db
def test_a_lane_and_the_exchange_page_show_what_context_management_did(team, ann, client):
    comparison = make_comparison(team, ann, exchanges=False)
    answer = message("Hello.", context_management=EDITS, **{"<b>new": {"x": "<i>"}})
    exchange = make_exchange(comparison, comparison.variants.last(), answer=answer)
    [lane] = lanes_of(comparison)
    for html in (render_lane(lane), client.get(exchange.get_absolute_url()).content.decode()):
        assert '<p class="block-label" dir="auto">context_management</p>' in html
        assert "&quot;cleared_tool_uses&quot;: 3" in html
        assert "&lt;b&gt;new" in html
        assert "<b>new" not in html
