"""A lane tells the whole conversation of its cell: turns, calls, what answered them, and what it needs to go on."""

import json
import re
from datetime import timedelta

import pytest

from betaconsole.runs.models import Comparison, Exchange, Wait
from betaconsole.runs.pages.conversation import FIRST_TURNS, LAST_TURNS
from betaconsole.runs.pages.lanes import lanes_in, positions, render_lane
from betaconsole.runs.pages.viewing import load
from betaconsole.runs.states import State
from tests.builders import make_comparison, message
from tests.runs.conversations import STUBS, THOUGHT, call, calls, make_conversation, make_turn, make_waiting, result

pytestmark = pytest.mark.django_db


@pytest.fixture
def comparison(team, ann):
    return make_comparison(team, ann, betas=[[]], exchanges=False, tool_stubs=STUBS, max_turns=10)


@pytest.fixture
def column(comparison):
    return comparison.variants.get()


def lane_of(comparison, **values):
    fresh = Comparison.objects.select_related("connection").get(pk=comparison.pk)
    [lane] = lanes_in(load(fresh, **values), {})
    return lane


def text(html):
    return " ".join(re.sub(r"<[^>]*>", " ", html).split())


def said(comparison):
    return text(render_lane(lane_of(comparison)))


# What was said ------------------------------------------------------------------------------------------------------


def test_a_lane_tells_thinking_call_result_and_the_next_turn_in_their_order(comparison, column):
    make_turn(comparison, column, 1, calls(THOUGHT, call()))
    make_turn(comparison, column, 2, "You get a refund.", added=[result('{"status": "delivered"}')])
    words = said(comparison)
    order = ["Turn 1", "I need the order first.", "lookup_order(", "→ stub: {", "Turn 2", "You get a refund."]
    assert [words.find(part) for part in order] == sorted(words.find(part) for part in order)
    assert -1 not in [words.find(part) for part in order]


def test_each_turns_mark_leads_to_its_exchange(comparison, column):
    turns = make_conversation(comparison, column, [calls(), calls(), "Done."])
    marks = re.findall(r'class="turn-mark"><a href="([^"]+)">Turn (\d)', render_lane(lane_of(comparison)))
    assert marks == [(turn.get_absolute_url(), str(turn.turn)) for turn in turns]


def test_a_single_turn_needs_no_mark(comparison, column):
    make_turn(comparison, column, 1, "Hello.")
    assert "turn-mark" not in render_lane(lane_of(comparison))


def test_the_turn_under_way_is_the_one_text_is_appended_to(comparison, column):
    first = make_turn(comparison, column, 1, calls())
    second = make_turn(comparison, column, 2, state=State.STREAMING, added=[result("ok")])
    html = render_lane(lane_of(comparison))
    assert f'data-exchange="{second.public_id}"' in html
    earlier = html.index('id="lane-0-earlier"')
    assert earlier < html.index(f'id="b-{first.public_id}-0"') < html.index('id="lane-0-blocks"')
    assert positions([lane_of(comparison)]) == f"{second.pk}:0"


def test_who_answered_is_said(comparison, column, ann, bo):
    make_turn(comparison, column, 1, calls(call("toolu_1"), call("toolu_2", "lookup_policy"), call("toolu_3", "x")))
    stubbed = '{"status": "delivered"}'
    added = [result(stubbed), result("30 days", "toolu_2"), result("no such tool", "toolu_3", is_error=True)]
    make_turn(comparison, column, 2, "Done.", continues="results", added=added, author=ann)
    seen_by = {viewer: text(render_lane(lane_of(comparison, viewer_id=viewer.pk))) for viewer in (ann, bo)}
    assert "→ stub: {" in seen_by[ann]
    assert "→ you: 30 days" in seen_by[ann]
    assert "→ you (error): no such tool" in seen_by[ann]
    assert f"→ {ann}: 30 days" in seen_by[bo]


def test_a_persons_next_message_stands_between_the_turns(comparison, column):
    make_turn(comparison, column, 1, "Hello.")
    make_turn(comparison, column, 2, "Sure.", continues="message", added="And <b>now</b>?")
    comparison.exchanges.update(author=None)
    html = render_lane(lane_of(comparison))
    assert "And &lt;b&gt;now&lt;/b&gt;?" in html
    assert "→ somebody who left" in text(html)


def test_a_turn_that_went_on_after_a_pause_says_so(comparison, column):
    make_turn(comparison, column, 1, message("One moment.", stop_reason="pause_turn"))
    make_turn(comparison, column, 2, "There.", continues="pause")
    assert "Turn 2 · went on after a pause" in said(comparison)


def test_long_texts_and_results_fold_and_nothing_is_lost(comparison, column):
    long_text, long_result = "word " * 400, "figure " * 400
    make_turn(comparison, column, 1, calls({"type": "text", "text": long_text}, call()))
    make_turn(comparison, column, 2, long_text, added=[result(long_result)])
    html = render_lane(lane_of(comparison))
    assert html.count('<details class="fold">') == 2
    assert "… 2,000 characters" in html
    assert "… 2,800 characters" in html
    assert html.count("figure") > 400
    latest = html[html.index('id="lane-0-blocks"') :]
    assert "fold" not in latest


def test_an_enormous_text_of_an_earlier_turn_is_cut_and_says_how_much(comparison, column):
    make_turn(comparison, column, 1, calls({"type": "text", "text": "x" * 50_000}, call()))
    make_turn(comparison, column, 2, "Done.", added=[result("y" * 50_000)])
    html = render_lane(lane_of(comparison))
    assert html.count("30,000 more characters") == 2
    assert len(html) < 60_000


def test_a_conversation_of_a_hundred_turns_shows_its_ends_and_opens_in_the_middle(comparison, column, client):
    turns = make_conversation(comparison, column, [calls()] * 99 + ["Done."])
    lane = lane_of(comparison)
    html = render_lane(lane)
    shown = FIRST_TURNS + LAST_TURNS
    assert html.count('class="turn-mark"') == shown
    assert f"… {100 - shown} turns" in html
    assert turns[50].get_absolute_url() in html
    assert len(html) < 60_000
    [address] = re.findall(r'hx-get="([^"]+/turns/[^"]+)"', html)
    middle = client.get(address.replace("&amp;", "&")).content.decode()
    assert middle.count('class="turn-mark"') == 100 - shown
    assert "→ stub: found 50" in text(middle)
    # The last of the first turns has its result, although the turn that brought it is left out.
    assert f"→ stub: found {FIRST_TURNS}" in text(html)


def test_hostile_results_and_messages_are_shown_and_do_nothing(comparison, column):
    evil = "<script>alert(1)</script>\x00\ud800"
    make_turn(comparison, column, 1, calls(call(evil, evil, **{evil: evil})))
    make_turn(comparison, column, 2, calls(), added=[result(evil, evil)])
    make_turn(comparison, column, 3, "Done.", added=[{"type": evil}, evil, None, {"type": "tool_result"}])
    html = render_lane(lane_of(comparison))
    html.encode("utf-8")
    assert "<script" not in html
    assert "\x00" not in html


@pytest.mark.parametrize("damaged", [b"not json", b"[]", b"5", b'{"a": 1}', b'[{"tool_use_id": [1]}]'])
def test_a_damaged_row_breaks_nothing(comparison, column, damaged):
    make_turn(comparison, column, 1, calls())
    second = make_turn(comparison, column, 2, "Done.")
    Exchange.objects.filter(pk=second.pk).update(added=damaged)
    assert "Done." in said(comparison)


# What it needs to go on ---------------------------------------------------------------------------------------------


def test_a_waiting_lane_has_a_field_for_each_call_that_no_stub_answers(comparison, column):
    make_waiting(comparison, column, call("a"), call("b", "lookup_policy"), call("c", "get_weather", city="Oslo"))
    lane = lane_of(comparison)
    html = render_lane(lane)
    assert (lane.pill.text, lane.pill.tone) == ("turn 1 · waiting", "wait")
    assert [field.index for field in lane.need.fields] == [1, 2]
    assert "No stub answers these calls." in html
    assert 'name="result-0"' not in html
    assert html.count('name="result-') == 2
    assert "→ stub: {" in text(html)
    assert "Send these results" in html
    assert "Save as stubs" in html
    assert positions([lane]) == f"{lane.exchange.pk}:w"


def test_one_missing_call_asks_for_one_result(comparison, column):
    make_waiting(comparison, column, call(name="lookup_policy"))
    html = render_lane(lane_of(comparison))
    assert "No stub answers this call." in html
    assert "Send this result" in html
    assert "is an error" in html
    assert "Leave it" in html


def test_a_finished_column_that_ended_in_a_call_can_be_answered_too(team, ann):
    comparison = make_comparison(team, ann, betas=[[]], exchanges=False)
    make_turn(comparison, comparison.variants.get(), 1, calls())
    lane = lane_of(comparison)
    assert lane.pill.text == "200"
    assert not lane.waits
    html = render_lane(lane)
    assert "Answer this call…" in html
    assert "Leave it" not in html


def test_after_a_restart_a_person_says_whether_it_goes_on(comparison, column):
    make_turn(comparison, column, 1, calls())
    second = make_turn(comparison, column, 2, calls(), added=[result("ok")])
    Wait.objects.create(comparison=comparison, exchange=second, reason=Wait.Reason.RESTART)
    html = render_lane(lane_of(comparison))
    assert "The console stopped before turn 3 was sent." in html
    assert "Go on" in html
    assert "Leave it" in html


def test_at_the_cap_a_person_may_let_it_go_on(comparison, column):
    Comparison.objects.filter(pk=comparison.pk).update(max_turns=3)
    make_conversation(comparison, column, [calls(), calls(), calls()])
    html = render_lane(lane_of(comparison))
    assert "Stopped after 3 turns (max_turns)." in html
    assert "Go on" in html
    assert "Continue…" not in html


def test_an_answer_that_is_whole_needs_nothing_and_can_be_continued(comparison, column):
    make_turn(comparison, column, 1, "Hello.")
    lane = lane_of(comparison)
    assert lane.need is None
    html = render_lane(lane)
    assert "Continue…" in html
    assert "in all columns" not in html
    assert "in every repeat" not in html


@pytest.mark.parametrize("state", [State.FAILED, State.STREAMING, State.QUEUED, State.CANCELLED, State.INTERRUPTED])
def test_what_was_not_answered_whole_cannot_be_continued(comparison, column, state):
    make_turn(comparison, column, 1, state=state)
    assert "Continue…" not in render_lane(lane_of(comparison))


def test_a_batch_asks_for_nothing(comparison, column):
    Comparison.objects.filter(pk=comparison.pk).update(engine="batch")
    make_turn(comparison, column, 1, calls(call(name="unknown")))
    html = render_lane(lane_of(comparison))
    assert "Answer this call" not in html
    assert "Continue…" not in html


def test_what_is_typed_is_kept_when_the_lane_is_drawn_anew(comparison, column):
    """htmx keeps the element with this id as it is: the page's own, not the one that comes."""
    exchange = make_waiting(comparison, column, call(name="lookup_policy"))
    first, again = (render_lane(lane_of(comparison)) for _ in range(2))
    [kept] = re.findall(rf'<form[^>]*id="(results-{exchange.public_id}-0)" hx-preserve', first)
    assert f'id="{kept}" hx-preserve' in again


def test_a_delayed_stub_is_said_while_it_takes_its_time(comparison, column):
    make_turn(comparison, column, 1, calls())
    second = make_turn(comparison, column, 2, state=State.QUEUED)
    Exchange.objects.filter(pk=second.pk).update(send_after=second.created_at + timedelta(seconds=2))
    assert "its stub answers after 2.00 s" in said(comparison)


def test_stubs_that_cannot_be_read_any_more_answer_nothing(comparison, column):
    Comparison.objects.filter(pk=comparison.pk).update(tool_stubs=json.loads('[{"tool": 5}]'))
    make_waiting(comparison, column)
    assert "No stub answers this call." in said(comparison)
