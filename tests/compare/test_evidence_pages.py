"""The verdict above the lanes, the Figures tab and the decision record, in every state a comparison can be in."""

import re

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from betaconsole.decisions.models import Decision
from betaconsole.runs.models import Case, Comparison
from betaconsole.runs.states import State
from tests.builders import THINKING, make_comparison, make_exchange, make_variant

pytestmark = pytest.mark.django_db
DOT = re.compile(r'<a href="/exchanges/\w+/" tabindex="(-?\d)"><circle')


def answered(team, ann, *, columns=2, repeats=6, said="Hello.", **values):
    """Each column after the first has a fifth fewer output tokens than it."""
    betas = [[], *([[THINKING]] * (columns - 1))]
    comparison = make_comparison(team, ann, betas=betas, exchanges=False, repeats=repeats, **values)
    for variant in comparison.variants.all():
        for repeat in range(1, repeats + 1):
            answer_once(comparison, variant, repeat, said=said)
    return finished(comparison)


def answer_once(comparison, variant, repeat, *, said="Hello."):
    tokens = (400 if variant.position else 500) + 7 * (repeat * (3 + variant.position) % 5)
    make_exchange(comparison, variant, repeat=repeat, output_tokens=tokens, answer=said)


def finished(comparison):
    comparison.finished_at = timezone.now()
    comparison.save(update_fields=["finished_at"])
    return comparison


def get(client, comparison, part, **query):
    return client.get(f"/comparisons/{comparison.public_id}/{part}/", query, headers={"HX-Request": "true"})


def html(client, comparison, part, **query):
    answer = get(client, comparison, part, **query)
    assert answer.status_code == 200
    return answer.content.decode()


def words(markup):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", markup))


def test_at_the_end_the_box_says_the_verdict_and_the_tab_shows_what_it_rests_on(client, team, ann):
    comparison = answered(team, ann, repeats=10)
    assert "B writes about a fifth fewer output tokens than A" in words(html(client, comparison, "verdict"))
    shown = html(client, comparison, "figures")
    told = words(shown)
    assert "mean of 10 A 10 of 10 B 10 of 10 B − A 95 %" in told
    assert "−100 −19 %" in told
    assert "differs" in told
    assert len(DOT.findall(shown)) == 2 * 20  # output tokens and speed vary
    assert "The same in every run:" in told


def test_every_drawing_is_one_stop_of_the_tab_key(client, team, ann):
    shown = html(client, answered(team, ann, repeats=10), "figures")
    stops = [DOT.findall(drawing) for drawing in re.findall(r"<svg.*?</svg>", shown, re.S)]
    assert [found.count("0") for found in stops] == [1] * len(stops)
    assert stops


def test_a_refused_column_has_dashes_and_it_is_said_why(client, team, ann):
    comparison = answered(team, ann)
    refused = make_variant(comparison, ["made-up-2026-01-01"])
    make_exchange(comparison, refused, state=State.FAILED, status=400, refused_betas=["made-up-2026-01-01"])
    for repeat in range(2, 7):
        make_exchange(comparison, refused, repeat=repeat, state=State.SKIPPED)
    told = words(html(client, comparison, "figures"))
    assert "C 0 of 6" in told
    assert "C: 0 of 6 count. 1 refused, 5 skipped." in told
    assert "C − A" not in told
    assert "C was refused" in words(html(client, comparison, "verdict"))


def test_while_it_runs_the_box_says_how_far_it_is_and_asks_again(client, team, ann):
    comparison = make_comparison(team, ann, repeats=6)
    for variant in comparison.variants.all():
        comparison.exchanges.filter(variant=variant, repeat__lte=3).delete()
        for repeat in (1, 2, 3):
            answer_once(comparison, variant, repeat)
    box = html(client, comparison, "verdict")
    assert "So far, 3 of 6 each. Output tokens, median: A 521, B 421. The conclusion comes at 6." in words(box)
    assert 'hx-trigger="every 1s"' in box
    assert "hx-partial" not in box
    told = words(html(client, comparison, "figures"))
    assert "median of 3" in told
    assert "differs" not in told
    assert "How this was worked out" not in told
    [seen] = re.findall(r"seen=([\w-]+)", box)
    assert get(client, comparison, "verdict", seen=seen).status_code == 204


def test_while_it_runs_the_open_tab_moves_along(client, team, ann):
    comparison = make_comparison(team, ann, repeats=2)
    moved = html(client, comparison, "verdict", drawn="0")
    assert '<hx-partial hx-target="#evidence-figures"' in moved


def test_figures_that_are_behind_the_box_are_brought_along(client, team, ann):
    comparison = answered(team, ann, repeats=2)
    [seen] = re.findall(r"seen=([\w-]+)", html(client, comparison, "verdict"))
    late = html(client, comparison, "verdict", seen=seen, drawn="4-6-0-0")
    assert '<hx-partial hx-target="#evidence-figures"' in late
    assert get(client, comparison, "verdict", seen=seen, drawn=seen).status_code == 204


def test_the_end_is_said_once_to_who_listens(client, team, ann):
    comparison = answered(team, ann, repeats=10)
    last = html(client, comparison, "verdict", running="1")
    [said] = re.findall(r'<hx-partial hx-target="#said"[^>]*>(.*?)</hx-partial>', last, re.S)
    assert "B writes about a fifth fewer output tokens than A" in said
    assert 'hx-trigger="every 10s"' in last
    assert "#said" not in html(client, comparison, "verdict")


def test_one_run_of_each_column_is_no_evidence(client, team, ann):
    comparison = answered(team, ann, repeats=1)
    box = html(client, comparison, "verdict")
    assert "what can happen, not what usually does" in words(box)
    assert "banner" not in box
    shown = html(client, comparison, "figures")
    assert 'id="figures"' in shown
    assert "<svg" not in shown


def test_from_five_columns_on_they_are_rows(client, team, ann):
    shown = html(client, answered(team, ann, columns=5), "figures")
    assert "data-by-column" in shown
    assert "6 of 6, vs A" in words(shown)


def test_too_few_runs_offer_to_run_as_many_as_would_do(client, team, ann):
    box = html(client, answered(team, ann, repeats=3), "verdict")
    assert "Not enough data" in words(box)
    [offered] = re.findall(r'name="repeats" value="(\d+)"', box)
    assert f"Run {offered} more" in box


def test_who_may_not_run_is_not_offered_to(client, owner, ann, team):
    comparison = answered(team, ann, repeats=3)
    owner.role = "viewer"
    owner.save(update_fields=["role"])
    box = client.get(f"/comparisons/{comparison.public_id}/verdict/").content.decode()
    assert "Not enough data" in box
    assert 'name="repeats"' not in box


def test_a_control_that_failed_is_a_warning(client, team, ann):
    comparison = answered(team, ann)
    control = make_variant(comparison, ["made-up-2026-01-01"], role="made_up")
    for repeat in range(1, 7):
        answer_once(comparison, control, repeat)
    box = html(client, comparison, "verdict")
    assert "cannot be trusted" in words(box)
    assert 'class="banner verdict" data-tone="warn"' in box


def test_runs_that_said_the_same_are_one_card_and_arrows_lead_to_the_others(client, team, ann):
    comparison = answered(team, ann, repeats=5)
    first = comparison.variants.get(position=0)
    comparison.exchanges.filter(variant=first, repeat=4).delete()
    answer_once(comparison, first, 4, said="Something else.")
    told = words(html(client, comparison, "figures"))
    assert "4 of 5 said the same" in told
    assert "all 5 said the same" in told
    other = words(html(client, comparison, "said", column="A", output="1"))
    assert "Something else." in other
    assert "output 2 of 2" in other
    assert "repeat 4" in other


def test_what_a_column_said_is_of_one_case(client, team, ann):
    comparison = answered(team, ann, repeats=2)
    case = Case.objects.create(comparison=comparison, position=1, name="order <b>2</b>")
    for variant in comparison.variants.all():
        for repeat in (1, 2):
            make_exchange(comparison, variant, case=case, repeat=repeat, answer="Other question.", output_tokens=repeat)
    assert "Other question." in html(client, comparison, "said", column="B", case="1")
    shown = html(client, comparison, "figures", case="1")
    assert "Other question." in shown
    assert "order <b>2</b>" not in shown
    assert "order &lt;b&gt;2&lt;/b&gt;, repeat 1" in shown


@pytest.mark.parametrize(("query", "status"), [({}, 400), ({"column": "Z"}, 404), ({"column": "B", "case": "9"}, 404)])
def test_there_is_nothing_said_by_what_does_not_exist(client, team, ann, query, status):
    assert get(client, answered(team, ann, repeats=2), "said", **query).status_code == status


def test_the_tab_is_a_page_of_its_own_without_htmx(client, team, ann):
    comparison = answered(team, ann, repeats=2)
    page = client.get(f"/comparisons/{comparison.public_id}/figures/").content.decode()
    assert "<html" in page
    assert "mean of 2" in words(page)


def test_the_decision_record_has_all_of_it_and_no_navigation(client, team, ann):
    comparison = answered(team, ann, repeats=10, labels=["Baseline", "with <thinking>"])
    Decision.objects.create(
        team=team,
        author=ann,
        betas=[THINKING],
        subject=THINKING,
        stand="wait",
        reason="Until the API says the same.",
        comparison=comparison.public_id,
        comparison_key=comparison.pk,
        number=comparison.number,
        simulated=True,
    )
    page = html(client, comparison, "record")
    told = words(page)
    for part in (
        "Does it help?",
        "Simulated.",
        "B writes about a fifth fewer output tokens than A",
        "mean of 10",
        "paired t",
        f"+ {THINKING}",
        "Until the API says the same.",
        "Order A-1043 arrived broken.",
        "with &lt;thinking&gt;",
    ):
        assert part in told
    assert "<nav" not in page
    assert 'id="said-' not in page


def test_a_record_of_one_run_or_of_a_run_that_goes_on_says_so(client, team, ann):
    assert "what can happen, not what usually does" in words(html(client, answered(team, ann, repeats=1), "record"))
    assert "still running" in words(html(client, make_comparison(team, ann, repeats=2), "record"))


def test_many_columns_and_repeats_cost_no_more_queries_than_few(client, team, ann):
    def queries(part, columns, repeats):
        comparison = answered(team, ann, columns=columns, repeats=repeats)
        html(client, comparison, "figures")  # worked out
        with CaptureQueriesContext(database) as captured:
            html(client, Comparison.objects.get(pk=comparison.pk), part)
        return len(captured)

    for part in ("verdict", "figures", "record"):
        assert queries(part, 2, 2) == queries(part, 6, 4), part


def test_a_column_that_joined_since_the_last_look_has_said_nothing_yet(client, team, ann):
    comparison = answered(team, ann, repeats=2)
    Comparison.objects.filter(pk=comparison.pk).update(finished_at=None)
    assert get(client, comparison, "said", column="A").status_code == 200
    make_variant(comparison)
    assert get(client, comparison, "said", column="C").status_code == 404


def test_the_tabs_lead_to_the_cell_that_the_lanes_show_by_now(client, team, ann):
    """A page with lanes sends which cell they show after what the tab's own address says."""
    comparison = make_comparison(team, ann, repeats=3)
    address = f"/comparisons/{comparison.public_id}/words/?case=0&repeat=3&look=unified&case=0&repeat=2"
    shown = client.get(address, headers={"HX-Request": "true"}).content.decode()
    assert f'href="/comparisons/{comparison.public_id}/blocks/?case=0&amp;repeat=2&amp;look=unified"' in shown
    page = client.get(f"{comparison.get_absolute_url()}?case=0&repeat=2").content.decode()
    assert (
        '<form id="cell-in-view" hidden><input type="hidden" name="case" value="0"><input type="hidden" name="repeat" value="2">'
        in page
    )
