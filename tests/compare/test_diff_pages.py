"""What differs between two columns or two exchanges, on pages: words, blocks, requests, headers, and all of it in a line."""

import html
import json
import re

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from betaconsole.runs.models import Body, Exchange
from betaconsole.runs.states import State
from tests.builders import BODY, CONTEXT, THINKING, make_comparison, make_exchange, make_team, message

pytestmark = pytest.mark.django_db

PARTS = ("words", "blocks", "requests", "headers")


@pytest.fixture
def comparison(team, ann):
    """A said and did less than B; C was refused."""
    made = make_comparison(team, ann, betas=[[], [THINKING], [CONTEXT]], exchanges=False)
    a, b, c = made.variants.all()
    make_exchange(made, a, answer=message(call(1), "It was **delivered** on Monday."))
    longer = make_exchange(
        made,
        b,
        answer=message(
            call(2), {"type": "hologram"}, "It was **delivered** on Friday, I think.", usage={"output_tokens": 9}
        ),
    )
    body = json.dumps({**BODY, "max_tokens": 2048}).encode()
    Exchange.objects.filter(pk=longer.pk).update(request_body_id=Body.keep(team.pk, body))
    make_exchange(
        made,
        c,
        state=State.FAILED,
        status=400,
        failure_kind="http_error",
        error_message="Unexpected <b>value</b>",
        refused_betas=[CONTEXT],
    )
    return made


def call(number, **fields):
    return {"type": "tool_use", "id": f"toolu_{number}", "name": "lookup", "input": {"order": number}, **fields}


def source(client, comparison, part, **query):
    response = client.get(reverse(f"compare:{part}", args=[comparison.public_id]), query)
    assert response.status_code == 200
    return response.content.decode()


def seen(text):
    """The page's words as a reader sees them, blanks as one."""
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", text)).split())


def differing(text, tag):
    return [html.unescape(found).strip() for found in re.findall(rf"<{tag}>(.*?)</{tag}>", text, re.S)]


def of(comparison, position):
    return comparison.exchanges.get(variant__position=position)


def test_the_words_that_differ_are_marked_on_their_own_side(client, comparison):
    page = source(client, comparison, "words")
    assert differing(page, "del") == ["Monday"]
    assert differing(page, "ins") == ["Friday, I think"]
    assert "3 words added, 1 removed" in seen(page)


def test_any_column_is_compared_with_any_other(client, comparison):
    page = source(client, comparison, "words", column="A", against="B")
    assert differing(page, "del") == ["Friday, I think"]
    refused = seen(source(client, comparison, "words", column="C"))
    assert "400 refused Unexpected <b>value</b>" in refused
    assert "Only one side said something" in refused


@pytest.mark.parametrize("part", PARTS)
def test_a_part_is_a_page_for_everybody_and_a_fragment_for_htmx(client, comparison, part):
    address = reverse(f"compare:{part}", args=[comparison.public_id])
    assert "<!doctype html>" in client.get(address).content.decode()
    fragment = client.get(address, headers={"hx-request": "true"}).content.decode()
    assert "<!doctype html>" not in fragment
    assert 'id="evidence"' in fragment


def test_every_way_of_showing_is_a_link(client, comparison):
    page = source(client, comparison, "words", column="B")
    [unified] = re.findall(r'<a href="([^"]*look=unified[^"]*)"', page)
    shown = client.get(html.unescape(unified)).content.decode()
    assert 'class="unified"' in shown
    assert "look=unified" not in re.findall(r'<a href="([^"]*)"[^>]*aria-current="true">.{0,40}✓', shown)[0]
    assert "column=B" in unified


def test_markdown_is_rendered_with_the_words_marked_and_nothing_else_let_through(client, comparison):
    Exchange.objects.filter(pk=of(comparison, 1).pk).update(text="A **new** <img src=x onerror=alert(1)> `a & b`")
    page = source(client, comparison, "words", markdown="rendered")
    assert "<strong><ins>new</ins></strong>" in page
    assert "<strong><del>delivered</del></strong>" in page
    assert "<img" not in page
    assert "a &amp; b" in page


def test_blanks_and_case_are_left_aside_where_that_is_asked_for(client, comparison):
    Exchange.objects.filter(pk=of(comparison, 1).pk).update(text="it  was **delivered** on Monday.")
    assert "They differ only in what is ignored here" in seen(
        source(client, comparison, "words", blanks="ignored", case_of_letters="ignored")
    )
    assert "1 word added, 1 removed" in seen(source(client, comparison, "words", blanks="ignored"))


def test_blocks_are_told_apart_as_the_same_changed_or_only_on_one_side(client, comparison):
    page = seen(source(client, comparison, "blocks"))
    assert "3 blocks: 0 the same, 2 changed, 0 only in A, 1 only in B" in page
    assert "Input A B order 1 2" in page
    assert "only in B Unknown block: hologram" in page


def test_requests_tell_what_was_really_sent_and_the_code_that_turns_it_on(client, comparison):
    page = source(client, comparison, "requests")
    assert f"no such header {THINKING}" in seen(page)
    assert '{ "max_tokens": 2048 }' in seen(page)
    assert "merge patch" in page
    assert f"--header 'anthropic-beta: {THINKING}'" in seen(page)
    assert 'betas=["interleaved' not in page  # on a line of its own in the list
    assert "Turn this on in your code" in page


def test_headers_and_usage_stand_beside_each_other(client, comparison):
    page = seen(source(client, comparison, "headers"))
    assert "input_tokens 2,604 — " in page
    assert "output_tokens 455 9 −446" in page
    assert "request-id req_011CTexample same" in page


def test_turns_are_compared_by_their_numbers(client, team, ann):
    made = make_comparison(team, ann, exchanges=False, max_turns=3)
    a, b = made.variants.all()
    for variant, said in ((a, ["One.", "Two."]), (b, ["One.", "Three.", "Four."])):
        for turn, text in enumerate(said, 1):
            make_exchange(made, variant, turn=turn, answer=message(text))
    page = seen(source(client, made, "words"))
    assert re.search("Turn 1 Word for word the same.*Turn 2 1 word added, 1 removed.*Turn 3 Only one side", page)
    assert "Only B asked a turn 3" in seen(source(client, made, "requests"))
    gist = seen(source(client, made, "gist"))
    assert gist == "vs A: 2 words added, 1 removed · 1 block more · 1 turn more"


def test_a_finished_pair_has_its_differences_in_a_line(client, comparison):
    assert seen(source(client, comparison, "gist")) == "vs A: 3 words added, 1 removed · 1 block more"
    assert seen(source(client, comparison, "gist", column="C")) == ""
    page = client.get(comparison.get_absolute_url()).content.decode()
    assert f'hx-get="{reverse("compare:gist", args=[comparison.public_id])}?column=B' in page


@pytest.mark.parametrize("part", PARTS)
def test_hostile_text_stays_text_in_every_part(client, team, ann, part):
    hostile = "<script>alert(1)</script>\x00\ud800 ‮" + "W" * 300
    made = make_comparison(team, ann, exchanges=False, title=hostile[:20])
    a, b = made.variants.all()
    for variant, extra in ((a, ""), (b, " more")):
        block = {"type": hostile + extra, "a": {hostile: [extra]}}
        answer = message(
            hostile + extra, block, call(1, input={hostile: extra}), usage={hostile: extra}, stop_reason="x"
        )
        exchange = make_exchange(made, variant, answer=answer)
        Exchange.objects.filter(pk=exchange.pk).update(response_headers=[["x-<b>", f"<i>{extra}"]])
    for query in ({}, {"look": "unified"}, {"markdown": "rendered"}, {"lines": "whole"}):
        page = source(client, made, part, **query)
        assert "<script>alert" not in page
        assert "<i>" not in page


@pytest.mark.parametrize("part", PARTS)
def test_what_has_not_come_yet_is_said_and_breaks_nothing(client, team, ann, part):
    made = make_comparison(team, ann)
    assert source(client, made, part)
    assert seen(source(client, made, "gist")) == ""
    alone = make_comparison(team, ann, betas=[[]])
    assert "no second column" in source(client, alone, part)
    assert not re.search(
        r'<nav class="tabs"[^>]*>.*Words',
        client.get(reverse("compare:figures", args=[alone.public_id])).content.decode(),
    )


def test_two_exchanges_from_anywhere_are_compared(client, comparison, team, ann):
    other = make_comparison(team, ann, exchanges=False)
    there = make_exchange(other, other.variants.first(), answer=message("Something else."))
    here = of(comparison, 0)
    address = f"http://localhost{there.get_absolute_url()}?x=1"
    for part in (*PARTS, "timing"):
        response = client.get(reverse("compare:diff"), {"left": here.public_id, "right": address, "part": part})
        assert response.status_code == 200
    page = client.get(reverse("compare:diff"), {"left": here.public_id, "right": there.public_id}).content.decode()
    assert f"#{comparison.number}" in page
    assert f"#{other.number}" in page
    assert "Something else" in seen(page)
    drawn = client.get(reverse("compare:diff"), {"left": here.public_id, "right": there.public_id, "part": "timing"})
    assert "2 − 1" in seen(drawn.content.decode())


def test_an_exchange_offers_to_be_compared_with_its_baseline_or_another(client, comparison):
    here, base = of(comparison, 1), of(comparison, 0)
    page = client.get(here.get_absolute_url()).content.decode()
    address = reverse("compare:diff")
    assert f'{address}?left={base.public_id}&amp;right={here.public_id}"' in page
    choose = client.get(address, {"right": here.public_id}).content.decode()
    assert f"left={of(comparison, 2).public_id}&amp;right={here.public_id}" in choose


def test_nobody_compares_with_what_they_may_not_see(client, comparison, eve):
    foreign = make_comparison(make_team("Eve's", owner=eve), eve, title="secret")
    theirs = foreign.exchanges.first().public_id
    mine = of(comparison, 0).public_id
    address = reverse("compare:diff")
    for query in (
        {"left": mine, "right": theirs},
        {"left": theirs, "right": mine},
        {"left": theirs},
        {"left": "no"},
    ):
        assert client.get(address, query).status_code == 404
    assert client.get(reverse("compare:words", args=[foreign.public_id])).status_code == 404


def test_a_part_costs_the_same_number_of_queries_for_any_number_of_columns_and_turns(client, team, ann):
    def queries(columns, turns):
        made = make_comparison(
            team, ann, betas=[[]] * columns, exchanges=False, max_turns=turns, labels=[str(n) for n in range(columns)]
        )
        for variant in made.variants.all():
            for turn in range(1, turns + 1):
                make_exchange(made, variant, turn=turn)
        with CaptureQueriesContext(
            database,
        ) as counted:
            for part in PARTS:
                source(client, made, part)
        return len(counted)

    queries(2, 1)
    assert queries(2, 1) == queries(8, 6)


def test_with_no_exchange_named_the_page_asks_for_both(client, owner):
    page = client.get("/diff/").content.decode()
    assert re.findall(r'<input class="mono"[^>]* name="(\w+)"', page) == ["left", "right"]
    assert client.get("/diff/?left=nobodys&right=nobodys").status_code == 404
