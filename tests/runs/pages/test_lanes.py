"""The lanes of a comparison's page: what they say, in which words, and that they cost the same for any size."""

import re

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from betaconsole.claude.errors import NotSent
from betaconsole.runs.models import Body, Comparison, Exchange, Variant
from betaconsole.runs.pages.header_line import header_parts
from betaconsole.runs.pages.lanes import area_context, positions, render_around, render_lane
from betaconsole.runs.pages.overview import matrix, progress, summary
from betaconsole.runs.pages.picture import Partial, PartialBlock
from betaconsole.runs.pages.showing import rows_of
from betaconsole.runs.pages.viewing import load
from betaconsole.runs.states import State
from tests.builders import CONTEXT, SENT_AT, THINKING, make_comparison, make_exchange, make_variant, message
from tests.runs.looking import lanes_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def comparison(team, ann):
    return make_comparison(team, ann, exchanges=False)


def only_lane(comparison, **values):
    """The lane of a comparison's last column, after giving it one exchange in this state."""
    exchange = make_exchange(comparison, comparison.variants.last(), **values)
    return lane_of(comparison, exchange)


def lane_of(comparison, exchange):
    lanes = lanes_of(comparison, case=exchange.case.position, repeat=exchange.repeat)
    return next(lane for lane in lanes if lane.exchange.pk == exchange.pk)


def text(html):
    return " ".join(re.sub(r"<[^>]*>", " ", html).split())


def partly(team, said="Your order qualifies for a full"):
    """Columns of an exchange that was cut after some text."""
    return {
        "status": 200,
        "sent_at": SENT_AT,
        "total_ms": 1200.0,
        "usage": {"output_tokens": 9},
        "message": b'{"content": [{"type": "text", "text": "%s"}]}' % said.encode(),
        "response_body_id": Body.keep(team.pk, b"x" * 214),
    }


# States -------------------------------------------------------------------------------------------------------------


def test_a_queued_column_waits(comparison):
    lane = only_lane(comparison, state=State.QUEUED)
    assert lane.pill.text == "waiting"
    assert "Waiting for its turn" in text(render_lane(lane))


def test_a_queued_column_says_which_limit_it_waits_for(comparison):
    comparison.connection.max_in_flight = 1
    comparison.connection.save()
    other = make_exchange(comparison, comparison.variants.first(), state=State.STREAMING)
    lane = only_lane(Comparison.objects.get(pk=comparison.pk), state=State.QUEUED)
    assert lane.note == "Starts with its group: 1 requests in flight allowed, 1 running."
    assert lane_of(comparison, other).pill.tone == "live"


def test_a_whole_answer_has_its_status_and_stop_reason(comparison):
    lane = only_lane(comparison, answer="Done.")
    said = text(render_lane(lane))
    assert (lane.pill.text, lane.pill.tone) == ("200", "good")
    assert "HTTP 200" in said
    assert "end_turn" in said
    assert "req_011CTexample" in said
    assert not lane.can_run_again


def test_a_stopped_column_says_that_it_may_be_billed(comparison, team):
    lane = only_lane(comparison, state=State.CANCELLED, **partly(team))
    assert lane.pill.text == "1.20 s"
    assert lane.note == "Stopped here. The API may still bill what it generated."
    assert "Your order qualifies for a full" in text(render_lane(lane))


def test_a_column_stopped_before_it_was_sent_was_not_billed(comparison):
    assert "nothing was billed" in only_lane(comparison, state=State.CANCELLED).note


def test_a_cut_column_says_what_is_kept(comparison, team):
    lane = only_lane(comparison, state=State.INCOMPLETE, failure_kind="cut_after_status", **partly(team))
    assert lane.pill.text == "cut after 200"
    assert lane.note == "The connection ended without message_stop. Kept: 214 bytes, usage so far. Not counted."


def test_a_stalled_column_says_why_it_was_ended(comparison, team):
    lane = only_lane(
        comparison,
        state=State.INCOMPLETE,
        failure_kind="idle_timeout",
        error_message="No event for 90 s.",
        **{**partly(team), "usage": None},
    )
    assert lane.pill.text == "stalled after 200"
    assert lane.note == "No event for 90 s. Kept: 214 bytes. Not counted."


def test_an_unknown_outcome_is_never_sent_again_by_itself_but_can_be(comparison):
    lane = only_lane(comparison, state=State.UNKNOWN_OUTCOME, failure_kind="cut_before_status")
    said = text(render_lane(lane))
    assert lane.pill.text == "no answer"
    assert "may have been processed and billed" in said
    assert "Run this column again" in said


def test_an_interrupted_column_keeps_what_had_arrived(comparison, team):
    lane = only_lane(comparison, state=State.INTERRUPTED, **partly(team))
    assert lane.pill.text == "restart"
    assert lane.note == "The console stopped while this was streaming. What had arrived is kept."
    nothing = only_lane(make_comparison(team, comparison.author, exchanges=False), state=State.INTERRUPTED)
    assert "may have been processed and billed" in nothing.note


def test_an_error_has_its_words_its_type_its_request_id_and_what_to_do(comparison):
    lane = only_lane(
        comparison,
        state=State.FAILED,
        failure_kind="http_error",
        status=429,
        error_type="rate_limit_error",
        error_message="This request would exceed your rate limit of 30,000 input tokens per minute.",
        request_id="req_rate",
    )
    said = text(render_lane(lane))
    assert lane.pill.text == "429 error"
    assert "This request would exceed your rate limit" in said
    assert "429 rate_limit_error" in said
    assert "retry-after" in said
    assert "Copy for support" in said
    assert "Run this column again" in said
    assert "About rate limits" in said
    assert "Changelog" in said


def test_what_is_copied_for_support_names_the_request_and_holds_no_body(comparison):
    lane = only_lane(
        comparison,
        state=State.FAILED,
        failure_kind="http_error",
        status=529,
        error_type="overloaded_error",
        error_message="Overloaded",
        request_id="req_over",
        sent_at=SENT_AT,
    )
    assert lane.support.splitlines() == [
        "request-id: req_over",
        "time: 2026-11-21 09:14:03 UTC",
        "request: POST http://simulator.invalid/v1/messages",
        "model: claude-sonnet-4-6",
        "anthropic-version: 2026-10-21",
        f"anthropic-beta: {THINKING}",
        "error: 529 overloaded_error: Overloaded",
    ]


@pytest.mark.parametrize(
    ("state", "kind", "status", "error"),
    [
        (State.INCOMPLETE, "cut_after_status", 200, "200 cut_after_status: The connection ended without message_stop."),
        (
            State.UNKNOWN_OUTCOME,
            "cut_before_status",
            None,
            "cut_before_status: The connection was lost before a status",
        ),
    ],
)
def test_support_can_be_asked_about_an_answer_that_was_cut_or_never_came(
    comparison, client, state, kind, status, error
):
    lane = only_lane(comparison, state=state, failure_kind=kind, status=status, sent_at=SENT_AT)
    for html in (render_lane(lane), client.get(lane.exchange.get_absolute_url()).content.decode()):
        assert "Copy for support" in html
        assert f"error: {error}" in html


@pytest.mark.parametrize("state", [State.SUCCEEDED, State.QUEUED, State.STREAMING, State.CANCELLED])
def test_there_is_nothing_to_ask_support_about_a_column_that_did_not_break(comparison, state):
    assert "Copy for support" not in render_lane(only_lane(comparison, state=state))


def test_a_request_that_was_not_sent_says_so(comparison):
    lane = only_lane(comparison, state=State.FAILED, failure_kind=NotSent.kind, error_message="No such host.")
    assert lane.pill.text == "not sent"
    assert "Nothing was sent, so nothing was billed" in lane.error.advice


# Refused betas ------------------------------------------------------------------------------------------------------


@pytest.fixture
def refused(team, ann):
    comparison = make_comparison(team, ann, betas=[[], [THINKING, CONTEXT]], repeats=3, exchanges=False)
    column = comparison.variants.last()
    make_exchange(
        comparison,
        column,
        state=State.FAILED,
        status=400,
        failure_kind="http_error",
        error_type="invalid_request_error",
        error_message=f"Unsupported beta header: {CONTEXT}",
        refused_betas=[CONTEXT],
    )
    for repeat in (2, 3):
        make_exchange(comparison, column, repeat=repeat, state=State.SKIPPED)
    return comparison


def test_a_refused_beta_is_marked_in_the_header_and_in_the_matrix(refused):
    view = load(refused, repeat=1)
    lane = lanes_of(refused, case=0, repeat=1)[0]
    assert [part.name for part in lane.header if part.is_refused] == [CONTEXT]
    assert {row.beta.name: row.cells for row in matrix(view, {})} == {THINKING: ["", "sent"], CONTEXT: ["", "refused"]}
    marked = f'<mark data-tone="bad" title="refused"><a href="/betas/{CONTEXT}/"><span>{CONTEXT[:-11]}'
    assert marked in render_lane(lane)


def test_a_column_without_the_refused_beta_can_be_added_once(refused):
    lane = lanes_of(refused, case=0, repeat=1)[0]
    assert "Add a column without it" in render_lane(lane)
    assert "Run this column again" not in render_lane(lane)
    make_variant(refused, [THINKING], origin=refused.variants.last())
    assert not lanes_of(refused, case=0, repeat=1)[0].can_add_without


def test_an_added_column_says_which_column_it_came_from_and_what_it_leaves_out(refused):
    origin = refused.variants.last()
    make_exchange(refused, make_variant(refused, [THINKING], origin=origin, baseline=origin))
    [_, added] = lanes_of(refused, case=0, repeat=1)
    html = render_lane(added)
    assert f"from column B , without {CONTEXT}" in text(html)
    assert '<a href="#lane-1">column B</a>' in html
    assert text(html).count(CONTEXT) == 1
    [alone] = lanes_of(refused, case=0, repeat=1, columns=[2])
    assert "from column B, without" in text(render_lane(alone))
    assert "#lane-1" not in render_lane(alone)


def test_the_button_counts_the_refused_betas(refused):
    exchange = refused.exchanges.get(repeat=1)
    exchange.refused_betas = [THINKING, CONTEXT]
    exchange.save()
    assert "Add a column without them" in render_lane(lanes_of(refused, case=0, repeat=1)[0])


def test_a_repeat_that_was_skipped_tells_the_refusal_it_was_skipped_for(refused):
    lane = lanes_of(refused, case=0, repeat=3)[0]
    assert lane.exchange.state == State.SKIPPED
    assert lane.pill.text == "400 refused"
    assert lane.error.message == f"Unsupported beta header: {CONTEXT}"
    assert lane.note == "Refused once, 2 more not sent: the same request would be refused again."


# Header line --------------------------------------------------------------------------------------------------------


def test_the_header_line_reads_exactly_as_it_is_sent(comparison, team, ann):
    comparison = make_comparison(team, ann, betas=[[], [THINKING, CONTEXT, "undated"]], exchanges=False)
    html = render_lane(only_lane(comparison))
    line = re.search(r'<p class="header-line">(.*?)</p>', html, re.S).group(1)
    assert re.sub(r"<[^>]*>", "", line) == f"anthropic-beta: {THINKING},{CONTEXT},undated"


def test_a_name_breaks_before_its_date_only():
    [dated, plain] = header_parts([THINKING, "no-date-2025"])
    assert (dated.stem, dated.date) == ("interleaved-thinking", "-2025-05-14")
    assert (plain.stem, plain.date) == ("no-date-2025", "")


def test_what_a_column_adds_and_leaves_out_is_marked(team, ann):
    comparison = make_comparison(team, ann, betas=[[THINKING], [CONTEXT]], exchanges=False)
    lane = only_lane(comparison)
    assert [part.is_added for part in lane.header] == [True]
    assert lane.left_out == [THINKING]


def test_a_column_without_betas_says_so(comparison):
    exchange = make_exchange(comparison, comparison.variants.first())
    assert "no anthropic-beta header" in render_lane(lane_of(comparison, exchange))


def test_what_else_differs_from_the_baseline_is_named(comparison):
    column = make_variant(
        comparison, model="claude-opus-5-5", anthropic_version="2023-06-01", changes='{"x": 1}', own_body="{}"
    )
    lane = lane_of(comparison, make_exchange(comparison, column))
    assert lane.differs_in == ["claude-opus-5-5", "version 2023-06-01", "own body", "changes to the body"]


# Blocks -------------------------------------------------------------------------------------------------------------

BLOCKS = [
    {"type": "thinking", "thinking": "First I look.", "signature": "s"},
    {"type": "redacted_thinking", "data": "x" * 1204},
    {"type": "tool_use", "id": "t", "name": "lookup_order", "input": {"order_id": "A-1043"}},
    {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {"query": "refunds " * 30}},
    {"type": "web_search_tool_result", "tool_use_id": "s", "content": [{"title": "T", "url": "https://e.example"}]},
    {
        "type": "text",
        "text": "The window is **14 days**.",
        "citations": [
            {
                "type": "web_search_result_location",
                "url": "https://e.example/r",
                "title": "Refunds",
                "cited_text": "14",
            },
            {"type": "web_search_result_location", "url": "javascript:alert(1)", "title": "Bad"},
        ],
    },
    {"type": "compaction", "content": "So far: a refund."},
    {"type": "hologram", "depth": 3},
    "no block at all",
]


def test_every_type_of_block_is_shown(comparison):
    usage = {"output_tokens": 455, "output_tokens_details": {"thinking_tokens": 61}}
    html = render_lane(only_lane(comparison, answer=message(*BLOCKS[:-1], usage=usage)))
    said = text(html)
    assert "Thinking · 61 tokens First I look." in said
    assert "Redacted thinking · 1,204 encrypted characters" in said
    assert "lookup_order({&quot;order_id&quot;: &quot;A-1043&quot;})" in said
    assert "web_search({\n" in html
    assert "Web search result" in said
    assert "<strong>14 days</strong>" in html
    assert '<a href="https://e.example/r" rel="noopener noreferrer nofollow">Refunds</a> <q>14</q>' in html
    assert 'href="javascript:' not in html
    assert "So far: a refund." in said
    assert "Unknown block: hologram" in said
    assert "&quot;depth&quot;: 3" in said


def test_what_is_no_block_breaks_nothing(comparison):
    lane = only_lane(comparison, message=b'{"content": ["no block", null, {"type": 5}]}')
    assert len(lane.blocks) == 3
    assert render_lane(lane)


@pytest.mark.parametrize("stored", [b"not json", b"[]", b'{"content": "text"}', b"[" * 100_000])
def test_a_damaged_row_shows_no_blocks_and_breaks_nothing(comparison, stored):
    lane = only_lane(comparison, message=stored)
    assert lane.blocks == []
    assert render_lane(lane)


def test_hostile_text_is_shown_and_does_nothing(team, ann):
    evil = "<script>alert(1)</script>\x00\ud800"
    comparison = make_comparison(team, ann, betas=[[]], labels=["<b onclick=x>"], exchanges=False)
    blocks = [{"type": evil, "x": evil}, {"type": "tool_use", "name": evil, "input": {evil: evil}}, evil]
    html = render_lane(only_lane(comparison, answer=message(*blocks), state=State.SUCCEEDED))
    html.encode("utf-8")
    assert "<script" not in html
    assert "<b onclick" not in html
    assert "\x00" not in html


def test_the_ids_live_text_is_appended_to_are_the_ones_it_knows(comparison):
    exchange = make_exchange(comparison, comparison.variants.last(), state=State.STREAMING, status=200)
    partial = Partial(7, [PartialBlock(0, "thinking", "Thinking", "a <b>"), PartialBlock(1, "text", "Text", "c\r\nd")])
    [lane] = lanes_of(comparison, partials={exchange.pk: partial})
    html = render_lane(lane)
    xid = exchange.public_id
    assert '<article class="lane" id="lane-1" data-state="streaming"' in html
    assert f'data-exchange="{xid}"' in html
    assert f'<section class="block" id="b-{xid}-1" data-type="text">' in html
    assert f'id="t-{xid}-0" dir="auto">a &lt;b&gt;</div>' in html
    assert f'id="t-{xid}-1" dir="auto">c&#13;\nd</div>' in html
    assert re.search(r'<div class="blocks" id="lane-1-blocks" hx-ignore', html)
    assert 'id="lane-1-dots"' in html
    assert 'id="lane-1-pill"' in html
    assert positions([lane]) == f"{exchange.pk}:7"


def test_a_final_lane_needs_nothing_more_from_the_stream(comparison):
    lane = only_lane(comparison)
    assert positions([lane]) == f"{lane.exchange.pk}:f"


# Repeats, cases, columns --------------------------------------------------------------------------------------------


def test_the_dots_say_the_state_of_every_repeat_and_lead_to_the_neighbours(team, ann):
    comparison = make_comparison(team, ann, repeats=3, betas=[[]], exchanges=False)
    column = comparison.variants.first()
    for repeat, state in ((1, State.SUCCEEDED), (2, State.FAILED), (3, State.QUEUED)):
        make_exchange(comparison, column, repeat=repeat, state=state)
    [lane] = lanes_of(comparison, case=0, repeat=2)
    assert [(dot.state, dot.is_shown) for dot in lane.dots.dots] == [
        ("succeeded", False),
        ("failed", True),
        ("queued", False),
    ]
    html = render_lane(lane)
    assert "repeat 2 of 3" in html
    assert 'aria-label="Previous repeat"' in html
    assert "?case=0&amp;repeat=3" in html


def test_one_case_of_many_is_in_view(team, ann):
    comparison = make_comparison(team, ann, cases=["first", "second", "third"], betas=[[]])
    [lane] = lanes_of(comparison, case=1, repeat=1)
    assert (lane.dots.previous_case, lane.dots.case_number, lane.dots.next_case) == (0, 2, 2)
    assert "case 2 of 3" in render_lane(lane)


def test_a_lane_shows_the_latest_attempt(comparison):
    make_exchange(comparison, comparison.variants.last(), state=State.FAILED, status=529)
    again = make_exchange(comparison, comparison.variants.last(), attempt=2, answer="Second time.")
    lane = lane_of(comparison, again)
    assert "Second time." in render_lane(lane)
    assert "attempt 2" in render_lane(lane)


def test_eight_of_many_columns_have_a_lane_and_others_can_be_chosen(team, ann):
    comparison = make_comparison(team, ann, betas=[[]] * 12, repeats=2)
    assert [lane.position for lane in lanes_of(comparison)] == list(range(8))
    chosen = lanes_of(comparison, columns=(3, 11))
    assert [lane.position for lane in chosen] == [3, 11]
    assert "repeat=2&amp;columns=3,11" in render_lane(chosen[0])


def test_the_letter_of_the_baseline_is_said_where_it_is_not_the_first_column(team, ann):
    comparison = make_comparison(team, ann, betas=[[], [THINKING], [CONTEXT]], exchanges=False)
    a, b, c = comparison.variants.all()
    Variant.objects.filter(pk=c.pk).update(baseline=b)
    for column in (a, b, c):
        make_exchange(comparison, column)
    lanes = lanes_of(comparison)
    assert [lane.baseline and lane.baseline.position for lane in lanes] == [None, 0, 1]
    assert "same vs B" in text(render_lane(lanes[2]))
    assert "same vs" not in text(render_lane(lanes[1]))


# Around the lanes ---------------------------------------------------------------------------------------------------


def test_progress_counts_what_is_over_and_then_says_what_became_of_it(team, ann):
    comparison = make_comparison(team, ann, betas=[[]] * 3)
    first = comparison.exchanges.first()
    Exchange.objects.filter(pk=first.pk).update(state=State.SUCCEEDED)
    assert progress(rows_of(comparison)).text == "running 1 of 3"
    comparison.exchanges.update(state=State.SUCCEEDED)
    assert progress(rows_of(comparison)).text == "3 done"


def test_a_summary_names_every_state_that_occurs():
    states = {State.SUCCEEDED: 40, State.FAILED: 3, State.SKIPPED: 19, State.QUEUED: 1200}
    assert summary(states, refused=1) == "40 done, 1 refused, 2 failed, 19 skipped, 1,200 waiting"
    assert summary({}) == "nothing sent"


def test_what_stands_around_the_lanes_is_drawn_for_the_live_stream(team, ann):
    comparison = make_comparison(team, ann, betas=[[]] * 2, repeats=2)
    rows = rows_of(comparison)
    drawn = dict(render_around(comparison, rows, cell=(0, 2), columns=(0, 1)))
    assert list(drawn) == ["#comparison-state", "#comparison-progress", "#lane-0-dots", "#lane-1-dots", "#figures"]
    for target, html in drawn.items():
        assert f'id="{target[1:]}"' in html
    assert "repeat 2 of 2" in drawn["#lane-0-dots"]


# Cost ---------------------------------------------------------------------------------------------------------------


def queries_of(comparison):
    with CaptureQueriesContext(database) as captured:
        context = area_context(load(comparison), {})
        for lane in context["lanes"]:
            render_lane(lane)
    return len(captured)


def test_a_page_asks_the_database_as_often_for_many_columns_and_repeats_as_for_few(team, ann):
    one = make_comparison(team, ann, betas=[[], [THINKING]], exchanges=False)
    few = make_comparison(team, ann, betas=[[], [THINKING]], repeats=2, exchanges=False)
    many = make_comparison(team, ann, betas=[[]] + [[THINKING]] * 11, repeats=10, exchanges=False)
    for comparison in (one, few, many):
        for repeat in range(1, comparison.repeats + 1):
            for column in comparison.variants.all():
                make_exchange(comparison, column, repeat=repeat)
    fresh = [Comparison.objects.select_related("connection").get(pk=each.pk) for each in (one, few, many)]
    # two of them for what came of the betas, which nobody has looked at yet; the other repeats are asked for once more
    first, *others = map(queries_of, fresh)
    assert first <= 10
    assert others[0] == others[1] <= 16


def test_bodies_of_columns_are_not_read_for_a_page(team, ann):
    comparison = make_comparison(team, ann, betas=[[]], exchanges=False)
    make_exchange(comparison, make_variant(comparison, own_body="x" * 1000))
    view = load(comparison)
    assert "own_body" in view.variants[1].get_deferred_fields()
    assert view.variants[1].has_own_body
