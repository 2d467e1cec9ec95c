"""What came of each beta, as a lane and the page of an exchange say it."""

import re

import pytest
from django.urls import reverse

from betaconsole.catalogue.outcomes import Outcome, Verdict
from betaconsole.drafts.models import Draft
from betaconsole.runs.pages.beta_chips import WORDS, chips_of, in_short, lines_of, what_they_did
from betaconsole.runs.pages.lanes import lanes_in, matrix_context, render_around, render_lane
from betaconsole.runs.pages.showing import rows_of
from betaconsole.runs.pages.viewing import load
from betaconsole.runs.states import State
from tests.builders import CONTEXT, THINKING, make_comparison, make_exchange, make_variant, message
from tests.runs.looking import lanes_of

MADE_UP = "no-such-beta-2026-01-01"
SEEN = Outcome(THINKING, Verdict.EFFECTIVE, ["thinking block after a tool result", "the baseline has none there"])
UNSEEN = Outcome(THINKING, Verdict.NO_VISIBLE_EFFECT, ["no tool result in the request"])


def quiet(beta: str) -> Outcome:
    return Outcome(beta, Verdict.NO_VISIBLE_EFFECT, ["built in: the header is not needed"])


def said(outcomes: list[list[Outcome]]) -> list[str]:
    return [
        f"{chip.words.sign} {f'{chip.name} ' if chip.name else ''}{chip.words.text}"
        f"{f': {chip.summary}' if chip.summary else ''}"
        for chip in chips_of(lines_of(outcomes))
    ]


def test_every_verdict_has_words_and_a_sign():
    assert set(WORDS) == set(Verdict)
    assert all(words.sign and words.text for words in WORDS.values())


def test_the_only_beta_of_a_column_needs_no_name():
    assert said([[SEEN]]) == ["✓ effective: thinking block after a tool result"]


def test_of_several_turns_the_one_that_says_most_speaks_for_the_cell():
    assert said([[UNSEEN], [SEEN], [SEEN]]) == ["✓ effective: thinking block after a tool result; in 2 of 3 turns"]
    assert said([[UNSEEN], [UNSEEN]]) == ["○ accepted, no visible effect: no tool result in the request"]


def test_several_betas_are_told_apart_by_their_families():
    refused = Outcome(CONTEXT, Verdict.REFUSED_UNKNOWN, [f"the API does not know {CONTEXT}"])
    assert said([[SEEN, refused]]) == [
        "✓ interleaved-thinking effective: thinking block after a tool result",
        "✕ context-management refused as unknown",
    ]


def test_a_beta_that_was_not_sent_is_named_in_full():
    missing = Outcome(CONTEXT, Verdict.NEEDED_BUT_MISSING, ["context_management: Extra inputs are not permitted"])
    assert said([[missing]]) == [f"! {CONTEXT} needed but missing"]


def test_of_many_betas_the_uneventful_ones_are_gathered():
    away = Outcome(
        "files-api-2025-04-14", Verdict.NOT_OBSERVABLE_HERE, ["only selects an older shape"], "GET /v1/files"
    )
    names = ("prompt-caching-2024-07-31", "pdfs-2024-09-25", "effort-2025-11-24")
    assert said([[*map(quiet, names), SEEN, away]]) == [
        "✓ interleaved-thinking effective: thinking block after a tool result",
        "○ 3 betas accepted, no visible effect",
        "◐ files-api not observable here: only selects an older shape",
    ]
    gathered = chips_of(lines_of([[*map(quiet, names), SEEN, away]]))[1]
    assert [line.beta for line in gathered.lines] == list(names)


# Rendered -------------------------------------------------------------------------------------------------------------

CALL = {"type": "tool_use", "id": "toolu_1", "name": "lookup", "input": {}}


@pytest.fixture
def comparison(team, ann):
    return make_comparison(team, ann, betas=[[], [THINKING, MADE_UP]], exchanges=False)


def lanes(comparison):
    return [render_lane(lane) for lane in lanes_of(comparison)]


def words(html: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", html).split())


@pytest.mark.django_db
def test_a_lane_says_what_came_of_its_betas(comparison):
    plain, own = comparison.variants.all()
    make_exchange(comparison, plain)
    make_exchange(
        comparison,
        own,
        state=State.FAILED,
        status=400,
        failure_kind="http_error",
        error_type="invalid_request_error",
        error_message=f"Unsupported beta header: {MADE_UP}",
        refused_betas=[MADE_UP],
    )
    without, refused = lanes(comparison)
    assert "beta-chips" not in without
    assert "✕ no-such-beta refused as unknown" in words(refused)
    assert 'data-outcome="refused_unknown"' in refused
    assert "? interleaved-thinking inconclusive: the request was refused for no-such-beta-2026-01-01" in words(refused)


@pytest.mark.django_db
def test_a_lane_that_streams_says_nothing_yet(comparison):
    for column in comparison.variants.all():
        make_exchange(comparison, column, state=State.STREAMING, status=200)
    assert not any("beta-chips" in html for html in lanes(comparison))


@pytest.mark.django_db
def test_what_an_answer_holds_is_shown_as_text(team, ann):
    comparison = make_comparison(team, ann, betas=[[MADE_UP]], exchanges=False)
    hostile = "<script>alert(1)</script>"
    make_exchange(
        comparison,
        comparison.variants.get(),
        state=State.FAILED,
        status=400,
        failure_kind="http_error",
        error_type="invalid_request_error",
        error_message=f"{hostile}\x00",
    )
    [html] = lanes(comparison)
    assert "&lt;script&gt;alert(1)" in html
    assert hostile not in html


@pytest.mark.django_db
def test_the_page_of_an_exchange_lists_its_betas_with_what_bears_them_out(client, ann, team):
    comparison = make_comparison(team, ann, betas=[[], [THINKING, "files-api-2025-04-14"]], exchanges=False)
    plain, own = comparison.variants.all()
    make_exchange(comparison, plain)
    exchange = make_exchange(comparison, own, answer=message("Hello."))
    page = client.get(reverse("runs:exchange", args=[exchange.public_id])).content.decode()
    said_there = words(page)
    assert "○ accepted, no visible effect interleaved-thinking-2025-05-14" in said_there
    assert "◐ not observable here files-api-2025-04-14 only selects an older shape of other answers" in said_there
    assert "shows in GET /v1/files" in said_there
    plain_page = client.get(reverse("runs:exchange", args=[plain.exchanges.get().public_id])).content.decode()
    assert "beta-outcomes" not in plain_page


@pytest.mark.django_db
def test_of_many_columns_the_matrix_says_what_each_beta_did(team, ann):
    betas = [[]] + [[THINKING, "prompt-caching-2024-07-31", "token-efficient-tools-2025-02-19"]] * 4
    comparison = make_comparison(team, ann, betas=betas, exchanges=False)
    first, *others = comparison.variants.all()
    for column in (first, *others[:3]):
        make_exchange(comparison, column)
    made_up = make_variant(comparison, betas=[MADE_UP])
    make_exchange(comparison, made_up, state=State.FAILED, status=400, refused_betas=[MADE_UP], error_message="No.")
    view = load(comparison)
    lines = [line for lane in lanes_in(view, {}) for chip in lane.chips for line in chip.lines]
    rows = {row.beta.name: row.did for row in matrix_context(view, lines)["matrix"]}
    assert rows == {
        THINKING: "no effect seen",
        "prompt-caching-2024-07-31": "no longer needed",
        "token-efficient-tools-2025-02-19": "retired",
        MADE_UP: "✕ refused as unknown",
    }
    around = dict(render_around(comparison, rows_of(comparison), cell=(0, 1)))
    assert "no longer needed" in around["#sent-betas"]
    assert "#sent-betas" not in dict(render_around(comparison, rows_of(comparison), cell=(0, 1), columns=(0, 1, 2)))


def test_what_a_beta_did_in_any_column_counts():
    lines = lines_of([[UNSEEN]]) + lines_of([[SEEN]])
    assert what_they_did(lines)[THINKING].outcome is Verdict.EFFECTIVE
    assert in_short(what_they_did(lines)[THINKING]) == "✓ effective"
    assert in_short(lines_of([[UNSEEN]])[0]) == "no effect seen"
    assert in_short(lines_of([[quiet("effort-2025-11-24")]])[0]) == "no longer needed"


# Comparing there ------------------------------------------------------------------------------------------------------


def draft_after_pressing(client, team, ann, beta: str) -> Draft:
    comparison = make_comparison(team, ann, betas=[[beta]], exchanges=False)
    exchange = make_exchange(comparison, comparison.variants.get())
    page = client.get(reverse("runs:exchange", args=[exchange.public_id])).content.decode()
    assert "Compare there" in page
    answer = client.post(reverse("runs:compare_there", args=[exchange.public_id]), {"beta": beta})
    assert answer.status_code == 302
    return Draft.objects.get(public_id=answer.url.partition("=")[2])


@pytest.mark.django_db
def test_a_beta_that_acts_elsewhere_is_compared_there(client, ann, team):
    draft = draft_after_pressing(client, team, ann, "files-api-2025-04-14")
    assert (str(draft.endpoint), draft.title) == ("GET /v1/files", "What does files-api do?")
    assert [tuple(column["betas"]) for column in draft.columns] == [(), ("files-api-2025-04-14",)]


@pytest.mark.django_db
def test_a_beta_that_acts_in_batches_is_compared_in_batches(client, ann, team):
    draft = draft_after_pressing(client, team, ann, "output-300k-2026-03-24")
    assert (str(draft.endpoint), draft.engine) == ("POST /v1/messages", "batch")
    assert "messages" in draft.body_text


@pytest.mark.django_db
def test_a_count_is_asked_without_what_a_count_does_not_take(client, ann, team):
    draft = draft_after_pressing(client, team, ann, "token-counting-2024-11-01")
    assert str(draft.endpoint) == "POST /v1/messages/count_tokens"
    assert "max_tokens" not in draft.body_text


@pytest.mark.django_db
def test_only_what_acts_elsewhere_can_be_compared_there(client, ann, team):
    comparison = make_comparison(team, ann, betas=[[THINKING]], exchanges=False)
    exchange = make_exchange(comparison, comparison.variants.get())
    for beta in (THINKING, "files-api-2025-04-14", ""):
        answer = client.post(reverse("runs:compare_there", args=[exchange.public_id]), {"beta": beta})
        assert answer.status_code == 409
        assert "nowhere else to look" in answer.content.decode()
