"""Letting a conversation go on through its page: with htmx and without, accepted and refused."""

import json
import re
from functools import reduce

import pytest
from django.urls import reverse

from betaconsole.drafts import starting
from betaconsole.drafts.models import Draft
from betaconsole.runs.launching.separate_caches import new_nonce, with_nonce
from betaconsole.runs.models import Body, Comparison, Exchange, Wait
from betaconsole.runs.states import State
from tests.builders import CONTEXT, THINKING, make_comparison, make_exchange, message
from tests.runs.conversations import STUBS, THOUGHT, call, calls, make_conversation, make_turn, make_waiting, result

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def comparison(team, ann):
    return make_comparison(team, ann, exchanges=False, tool_stubs=STUBS, max_turns=10)


@pytest.fixture
def waiting(comparison):
    """Column A is done, column B waits for the result of one call."""
    make_exchange(comparison, comparison.variants.first())
    return make_waiting(comparison, comparison.variants.last(), call(name="lookup_policy"))


def text(response):
    return " ".join(re.sub(r"<[^>]*>", " ", response.content.decode()).split())


def post(client, name, exchange, *, htmx=True, **form):
    address = reverse(f"runs:{name}", args=[exchange.comparison.public_id])
    return client.post(address, {"exchange": exchange.public_id, **form}, headers=HTMX if htmx else {})


def further(comparison):
    return comparison.exchanges.filter(turn__gt=1).order_by("pk")


# Results ------------------------------------------------------------------------------------------------------------


def test_a_result_sends_the_next_turn_and_the_lanes_go_live(client, waiting):
    answer = post(client, "answer", waiting, **{"result-0": '{"days": 30}'})
    turn = further(waiting.comparison).get()
    assert (turn.turn, turn.state, turn.continues) == (2, State.QUEUED, "results")
    assert json.loads(turn.added) == [result('{"days": 30}')]
    html = answer.content.decode()
    assert 'id="lanes-area"' in html
    assert "hx-sse:connect" in html
    assert "case=0&amp;repeat=1" in html
    assert not Wait.objects.exists()


def test_without_javascript_the_form_leads_back_to_the_lane(client, waiting):
    answer = post(client, "answer", waiting, htmx=False, **{"result-0": "30 days", "columns": "1"})
    assert answer["Location"] == f"{waiting.comparison.get_absolute_url()}?case=0&repeat=1&columns=1#lane-1"


def test_a_result_can_be_an_error_or_content_blocks_and_keeps_its_lines(client, comparison):
    waiting = make_waiting(comparison, comparison.variants.last(), call(name="a"), call("toolu_2", "b"))
    blocks = '[{"type": "text", "text": "30 days"}]'
    post(client, "answer", waiting, **{"result-0": "no\r\nsuch thing", "error-0": "on", "result-1": blocks})
    assert json.loads(further(comparison).get().added) == [
        result("no\nsuch thing", is_error=True),
        result([{"type": "text", "text": "30 days"}], "toolu_2"),
    ]


def test_a_saved_result_becomes_a_stub_and_answers_the_other_waiting_cells(client, waiting):
    other = make_waiting(waiting.comparison, waiting.comparison.variants.last(), call(name="lookup_policy"), repeat=2)
    post(client, "answer", waiting, **{"result-0": "30 days", "save": "yes"})
    stubs = Comparison.objects.get().tool_stubs
    assert [stub["tool"] for stub in stubs] == ["lookup_order", "lookup_policy"]
    assert {turn.repeat for turn in further(waiting.comparison)} == {1, other.repeat}


def test_a_saved_result_shows_in_the_composer_beside_the_lanes_which_may_be_run_at_once(client, waiting, team, ann):
    draft = starting.blank(team, ann)
    Comparison.objects.update(draft=draft)
    answer = post(client, "answer", waiting, **{"result-0": "30 days", "save": "yes", "tab": "thistab"})
    html = answer.content.decode()
    draft.refresh_from_db()
    assert [stub["tool"] for stub in draft.tool_stubs] == ["lookup_policy"]
    assert '<hx-partial hx-target="#tools_chip"' in html
    assert html.count(f'name="revision" value="{draft.revision}"') == 2
    assert 'name="tab" value="thistab"' in html


@pytest.mark.parametrize("htmx", [True, False])
def test_an_empty_result_is_refused_and_what_was_typed_stays(client, comparison, htmx):
    waiting = make_waiting(comparison, comparison.variants.last(), call(name="a"), call("toolu_2", "b"))
    typed = {"result-0": "typed & kept", "error-0": "on", "result-1": "  "}
    answer = post(client, "answer", waiting, htmx=htmx, **typed)
    html = answer.content.decode()
    assert answer.status_code == 422
    assert "typed &amp; kept</textarea>" in html
    assert re.search(r'name="error-0" checked', html)
    assert "Type what the tool returned." in html
    assert ("<html" in html) is not htmx
    # What htmx would keep as it is must come anew.
    assert f'id="results-{waiting.public_id}-0-1" hx-preserve' not in html
    assert not further(comparison).exists()


def test_while_sending_is_switched_off_what_was_typed_stays(client, waiting, settings):
    settings.SENDING_ENABLED = False
    answer = post(client, "answer", waiting, **{"result-0": "typed and kept"})
    assert answer.status_code == 503
    assert "typed and kept</textarea>" in answer.content.decode()
    assert "Sending is switched off" in text(answer)


def test_an_answer_that_comes_too_late_is_not_lost(client, waiting):
    post(client, "answer", waiting, **{"result-0": "the first one's"})
    answer = post(client, "answer", waiting, **{"result-0": "the second one's"})
    assert answer.status_code == 409
    assert "Nothing was sent" in text(answer)
    assert "the second one&#x27;s" in answer.content.decode()
    assert further(waiting.comparison).count() == 1


def test_pressing_twice_sends_once(client, waiting):
    for _ in range(2):
        assert post(client, "answer", waiting, **{"result-0": "30 days"}).status_code == 200
    assert further(waiting.comparison).count() == 1


@pytest.mark.parametrize("name", ["answer", "go_on", "leave", "say"])
def test_an_exchange_of_another_comparison_is_not_found(client, team, ann, waiting, name):
    address = reverse(f"runs:{name}", args=[make_comparison(team, ann).public_id])
    for exchange in (waiting.public_id, "nothing", "\x00", ""):
        assert client.post(address, {"exchange": exchange, "text": "x"}).status_code == 404
    assert not further(waiting.comparison).exists()


@pytest.mark.parametrize("name", ["answer", "go_on", "leave", "say", "edit_exchange"])
def test_strangers_see_nothing_of_it(client, eve, waiting, name):
    mine = make_comparison(eve.memberships.get().team, eve, exchanges=False, connection=waiting.connection)
    hers = make_turn(mine, mine.variants.first(), 1, calls())
    one = hers.public_id if name == "edit_exchange" else mine.public_id
    assert client.post(reverse(f"runs:{name}", args=[one]), {"exchange": hers.public_id}).status_code == 404


# Go on and leave ----------------------------------------------------------------------------------------------------


def test_past_the_cap_a_press_goes_on(client, comparison):
    Comparison.objects.filter(pk=comparison.pk).update(max_turns=2)
    *_, last = make_conversation(comparison, comparison.variants.first(), [calls(), calls()])
    answer = post(client, "go_on", last)
    assert answer.status_code == 200
    assert further(comparison).filter(turn=3).get().continues == "stubs"


def test_what_cannot_go_on_says_why(client, comparison):
    done = make_exchange(comparison, comparison.variants.first())
    answer = post(client, "go_on", done)
    assert answer.status_code == 409
    assert "there is nothing to go on with but a message" in text(answer)


def test_a_cell_can_be_left_as_it_stands(client, waiting):
    answer = post(client, "leave", waiting)
    assert answer.status_code == 200
    assert "waiting for a result" not in text(answer)
    assert "Answer this call…" in text(answer)
    assert not Wait.objects.exists()
    assert Comparison.objects.get().finished_at


# A next message -----------------------------------------------------------------------------------------------------


@pytest.fixture
def done(comparison):
    """Both columns have answered, in two repeats."""
    Comparison.objects.filter(pk=comparison.pk).update(repeats=2)
    return [
        make_exchange(comparison, variant, repeat=repeat) for repeat in (1, 2) for variant in comparison.variants.all()
    ]


@pytest.mark.parametrize(
    ("form", "cells"),
    [
        ({}, {(0, 1)}),
        ({"scope": "all"}, {(0, 1), (1, 1)}),
        ({"every_repeat": "on"}, {(0, 1), (0, 2)}),
        ({"scope": "all", "every_repeat": "on"}, {(0, 1), (1, 1), (0, 2), (1, 2)}),
    ],
)
def test_a_next_message_goes_to_one_column_or_all_to_one_repeat_or_every_one(client, comparison, done, form, cells):
    seen = ",".join(exchange.public_id for exchange in done[:2])
    answer = post(client, "say", done[0], text="And now?", seen=seen, **form)
    assert answer.status_code == 200
    made = further(comparison)
    assert {(turn.variant.position, turn.repeat) for turn in made} == cells
    assert {json.loads(turn.added) for turn in made} == {"And now?"}
    assert "running" in text(answer)


def test_a_form_that_is_older_than_a_lane_goes_by_what_the_lanes_show(client, comparison, done):
    """The form stays as it is while another column goes on: what was typed into it is kept."""
    shown = [exchange.public_id for exchange in done[:2]]
    page = client.get(comparison.get_absolute_url() + "?repeat=1").content.decode()
    assert all(f'name="last" value="{last}"' in page for last in shown)
    make_turn(comparison, done[1].variant, 2, message("More."), continues="results", added=[result("found")])
    newer = comparison.exchanges.get(variant=done[1].variant, repeat=1, turn=2)
    said = {"text": "And now?", "scope": "all", "seen": ",".join(shown)}
    assert post(client, "say", done[0], **said).status_code == 409
    answer = post(client, "say", done[0], **said, last=[shown[0], newer.public_id])
    assert answer.status_code == 200
    assert {json.loads(turn.added) for turn in comparison.exchanges.filter(continues="message")} == {"And now?"}


def test_an_empty_message_is_refused_and_the_choices_stay(client, comparison, done):
    answer = post(client, "say", done[0], text=" ", scope="all", every_repeat="on")
    html = answer.content.decode()
    assert answer.status_code == 422
    assert "Write the next message first." in html
    assert html.count('value="all" checked') == 1
    assert html.count('name="every_repeat" checked') == 1
    assert f'id="say-{done[0].public_id}" open' in html


def test_a_page_asks_for_its_turns_only_in_its_own_comparison(client, comparison):
    for query in ("", "variant=99", "variant=x&case=7&repeat=-1"):
        assert client.get(reverse("runs:turns", args=[comparison.public_id]) + f"?{query}").status_code == 200


def test_the_history_counts_cells_and_says_that_some_wait(client, waiting):
    make_conversation(waiting.comparison, waiting.comparison.variants.first(), [calls(), "Done."], repeat=2)
    assert "waiting 2 done, 1 waiting for a result" in text(client.get(reverse("runs:history")))
    make_turn(waiting.comparison, waiting.comparison.variants.first(), 3, state=State.QUEUED, repeat=2)
    assert "running 1 done, 1 waiting, 1 waiting for a result" in text(client.get(reverse("runs:history")))


# Continue from here -------------------------------------------------------------------------------------------------


def opened(client, exchange):
    answer = client.post(reverse("runs:edit_exchange", args=[exchange.public_id]))
    assert answer.status_code == 302, text(answer)
    return Draft.objects.get(public_id=answer["Location"].split("draft=")[1])


def test_an_exchange_opens_in_the_composer_with_its_answer_and_an_empty_next_message(client, comparison):
    answered = make_turn(comparison, comparison.variants.last(), 1, message(THOUGHT, "You get a refund."))
    draft = opened(client, answered)
    said, next_said = json.loads(draft.body_text)["messages"][-2:]
    assert said == {"role": "assistant", "content": [THOUGHT, {"type": "text", "text": "You get a refund."}]}
    assert next_said == {"role": "user", "content": ""}
    assert [column.betas for column in draft.sheet] == [(), (THINKING,)]
    assert [column.name for column in draft.sheet] == ["Baseline", "Column 1"]
    assert draft.tool_stubs == STUBS
    assert draft.max_turns == 10


def test_open_calls_are_answered_by_stubs_or_left_to_fill_in(client, comparison):
    answered = make_turn(comparison, comparison.variants.last(), 1, calls(call("a"), call("b", "lookup_policy")))
    content = json.loads(opened(client, answered).body_text)["messages"][-1]["content"]
    assert content == [result('{"status": "delivered"}', "a"), result("", "b")]


def test_a_baseline_that_changes_the_body_otherwise_does_not_come_along(client, comparison):
    variant = comparison.variants.last()
    comparison.variants.filter(pk=variant.pk).update(changes='{"max_tokens": 5}', betas=[CONTEXT])
    draft = opened(client, make_turn(comparison, variant, 1, "Hello."))
    assert [column.betas for column in draft.sheet] == [(CONTEXT,)]
    assert draft.sheet[0].changes_text == ""


def test_it_goes_where_the_exchange_went(client, comparison):
    Comparison.objects.filter(pk=comparison.pk).update(query="beta=true")
    assert opened(client, make_turn(comparison, comparison.variants.last(), 1, "Hello.")).query == "beta=true"


@pytest.mark.parametrize("system", [None, "Be brief.", [{"type": "image"}, {"type": "text", "text": "Be brief."}]])
def test_the_line_that_kept_caches_apart_does_not_come_along(client, comparison, system):
    variant = comparison.variants.last()
    variant.cache_nonce = new_nonce(1)
    variant.save()
    composed = {"model": "m", "messages": [{"role": "user", "content": "Hi"}], **({"system": system} if system else {})}
    sent = json.dumps(with_nonce(composed, variant.cache_nonce)).encode()
    answered = make_turn(comparison, variant, 1, "Hello.")
    comparison.exchanges.update(request_body=Body.keep(comparison.team_id, sent))
    assert json.loads(opened(client, answered).body_text).get("system") == system


def test_a_reply_that_the_composer_cannot_edit_is_not_continued_from(client, comparison):
    deep = reduce(lambda inner, _: {"a": inner}, range(80), {})
    answered = make_turn(comparison, comparison.variants.first(), 1, calls(call(given=deep)))
    answer = client.post(reverse("runs:edit_exchange", args=[answered.public_id]))
    assert answer.status_code == 409
    assert "nested" in text(answer)


def test_what_was_not_answered_cannot_be_continued_from(client, comparison):
    failed = make_turn(comparison, comparison.variants.first(), 1, state=State.FAILED)
    answer = client.post(reverse("runs:edit_exchange", args=[failed.public_id]))
    assert answer.status_code == 409
    assert "answered whole" in text(answer)
    assert not Draft.objects.filter(title__startswith="After").exists()


# The page of one turn -----------------------------------------------------------------------------------------------


def test_an_exchange_says_which_turn_it_is_and_leads_to_the_others(client, comparison):
    first, second, third = make_conversation(comparison, comparison.variants.first(), [calls(), calls(), "Done."])
    again = make_turn(comparison, comparison.variants.first(), 2, calls(), attempt=2)
    page = client.get(second.get_absolute_url())
    assert "turn 2 of 3 · attempt 1" in text(page)
    for other in (first, third, again):
        assert other.get_absolute_url() in page.content.decode()
    assert f'href="{first.get_absolute_url()}" rel="prev"' in page.content.decode()
    assert f'href="{third.get_absolute_url()}" rel="next"' in page.content.decode()


def test_an_exchange_says_what_its_turn_added(client, comparison):
    make_turn(comparison, comparison.variants.first(), 1, calls())
    second = make_turn(comparison, comparison.variants.first(), 2, "Done.", added=[result("no order", is_error=True)])
    page = text(client.get(second.get_absolute_url()))
    assert "Stubs answered every tool call of the turn before." in page
    assert "Result of lookup_order (error) no order" in page
    assert "What this turn added" not in text(client.get(comparison.exchanges.get(turn=1).get_absolute_url()))


def test_neighbouring_columns_are_those_of_the_same_turn(client, comparison):
    a, b = comparison.variants.all()
    *_, of_a = make_conversation(comparison, a, [calls(), calls(), "Done."])
    *_, of_b = make_conversation(comparison, b, [calls(), "Done."])
    second = comparison.exchanges.get(variant=a, turn=2)
    assert of_b.get_absolute_url() in client.get(second.get_absolute_url()).content.decode()
    # A column that never came so far is shown where it stands.
    assert of_b.get_absolute_url() in client.get(of_a.get_absolute_url()).content.decode()


def test_figures_are_set_beside_the_same_turn(client, comparison):
    a, b = comparison.variants.all()
    make_conversation(comparison, a, [calls(), "Done."])
    *_, of_b = make_conversation(comparison, b, [calls(), "Done."])
    Exchange.objects.filter(variant=a, turn=2).update(output_tokens=910)
    assert "455 −50 %" in text(client.get(of_b.get_absolute_url()))
