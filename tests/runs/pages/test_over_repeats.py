"""What came of a column's betas over its repeats: on the page, and as the API tells it."""

import re
from collections.abc import Sequence

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from betaconsole.catalogue.outcomes import Outcome, Verdict
from betaconsole.runs.models import Comparison, Exchange
from betaconsole.runs.pages.lanes import render_around, render_lane
from betaconsole.runs.pages.over_repeats import agreements, over_repeats
from betaconsole.runs.pages.showing import rows_of
from betaconsole.runs.states import State
from tests.builders import CONTEXT, THINKING, make_comparison, make_exchange
from tests.runs.looking import lanes_of

EFFECTIVE, QUIET, REFUSED = Verdict.EFFECTIVE, Verdict.NO_VISIBLE_EFFECT, Verdict.REFUSED_UNKNOWN


def test_most_repeats_decide_and_the_others_are_named():
    [one] = agreements({number: {"a": QUIET if number in (3, 9) else EFFECTIVE} for number in range(1, 15)})
    assert (one.outcome, one.agreeing, one.of) == (EFFECTIVE, 12, 14)
    assert one.differing == {3: QUIET, 9: QUIET}


def test_of_two_verdicts_as_frequent_the_more_telling_one_counts():
    [one] = agreements({1: {"a": QUIET}, 2: {"a": EFFECTIVE}})
    assert (one.outcome, one.differing) == (EFFECTIVE, {1: QUIET})


def test_a_beta_told_of_in_some_repeats_only_differs_in_the_others():
    agreed = {one.beta: one for one in agreements({1: {"a": QUIET}, 2: {"a": QUIET, "b": REFUSED}})}
    assert (agreed["a"].agreeing, agreed["a"].differing) == (2, {})
    assert (agreed["b"].agreeing, agreed["b"].of, agreed["b"].differing) == (1, 2, {1: None})


def test_one_repeat_agrees_with_nobody():
    assert agreements({1: {"a": EFFECTIVE}}) == []
    assert agreements({}) == []


# On the page ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def comparison(team, ann) -> Comparison:
    return make_comparison(team, ann, betas=[[], [THINKING, CONTEXT]], repeats=4, exchanges=False)


def fill(comparison: Comparison, verdicts: Sequence[Verdict | None]) -> list[Exchange]:
    """Repeats of both columns; what came of THINKING in the second, None where that repeat was skipped."""
    plain, own = comparison.variants.all()
    made = []
    for repeat, verdict in enumerate(verdicts, start=1):
        make_exchange(comparison, plain, repeat=repeat, outcomes={"baseline": None, "betas": []})
        told = [{"beta": THINKING, "outcome": verdict, "evidence": [f"seen in {repeat}"]}] if verdict else []
        told += [{"beta": CONTEXT, "outcome": QUIET.value, "evidence": ["nothing seen"]}] if verdict else []
        made.append(
            make_exchange(
                comparison,
                own,
                repeat=repeat,
                state=State.SUCCEEDED if verdict else State.SKIPPED,
                outcomes={"baseline": None, "betas": told},
            )
        )
    return made


def words(html: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", html).split())


@pytest.mark.django_db
def test_a_chip_says_in_how_many_repeats_and_links_to_those_that_differ(comparison):
    made = fill(comparison, [EFFECTIVE, QUIET, EFFECTIVE, EFFECTIVE])
    html = render_lane(lanes_of(comparison, repeat=2)[1])
    assert "✓ interleaved-thinking effective in 3 of 4: seen in 1" in words(html)
    assert f'<a href="{made[1].get_absolute_url()}">repeat 2</a>: <span aria-hidden="true">○</span> accepted' in html
    assert "context-management accepted, no visible effect in 4 of 4: nothing seen" in words(html)
    assert "seen in 3" in words(render_lane(lanes_of(comparison, repeat=3)[1]))


@pytest.mark.django_db
def test_what_was_not_sent_counts_for_nothing(comparison):
    fill(comparison, [REFUSED, None, None, None])
    said = words(render_lane(lanes_of(comparison, repeat=1)[1]))
    assert "interleaved-thinking refused as unknown" in said
    assert "in 1 of" not in said


@pytest.mark.django_db
def test_the_chips_of_all_lanes_are_drawn_anew_when_the_last_repeat_has_ended(comparison):
    made = fill(comparison, [EFFECTIVE, EFFECTIVE])
    running = make_exchange(comparison, comparison.variants.last(), repeat=3, state=State.STREAMING)
    assert "#lane-1-chips" not in dict(render_around(comparison, rows_of(comparison), cell=(0, 1)))
    Exchange.objects.filter(pk=running.pk).update(state=State.SUCCEEDED, outcomes=made[0].outcomes)
    around = dict(render_around(comparison, rows_of(comparison), cell=(0, 1)))
    assert around["#lane-1-chips"].lstrip().startswith('<div class="lane-chips" id="lane-1-chips">')
    assert "effective in 3 of 3" in words(around["#lane-1-chips"])


@pytest.mark.django_db
def test_repeats_cost_one_query_however_many_there_are(team, ann):
    def queries(repeats: int) -> int:
        comparison = make_comparison(team, ann, betas=[[], [THINKING, CONTEXT]], repeats=repeats, exchanges=False)
        fill(comparison, [EFFECTIVE] * repeats)
        with CaptureQueriesContext(connection) as seen:
            lanes_of(comparison)
        return len(seen)

    assert queries(2) == queries(12) == queries(1) + 1


@pytest.mark.django_db
def test_the_api_tells_of_each_case_in_how_many_repeats(comparison):
    made = fill(comparison, [EFFECTIVE, QUIET, EFFECTIVE, None])
    told = {
        each.pk: [Outcome(THINKING, verdict, [])]
        for each, verdict in zip(made[:3], [EFFECTIVE, QUIET, EFFECTIVE], strict=True)
    }
    [one] = over_repeats(made, told)
    assert (one.outcome, one.agreeing, one.of, one.differing) == (EFFECTIVE, 2, 3, {made[1].public_id: QUIET})
