"""Deciding about a beta on the grounds of a comparison, and where the decision is seen."""

import html
from datetime import timedelta

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from betaconsole.availability.keeping import keep
from betaconsole.availability.models import Check, Method, State
from betaconsole.decisions.models import Decision, subject_of
from betaconsole.runs.standpoints import standpoints
from betaconsole.teams.models import Connection, Membership
from tests.builders import CONTEXT, THINKING, make_comparison, make_variant

pytestmark = pytest.mark.django_db


def text(answer) -> str:
    return html.unescape(answer.content.decode())


@pytest.fixture
def real(owner) -> Connection:
    return Connection.objects.create(
        team=owner.team, author=owner.user, name="Production key", kind="key", base_url="https://api.anthropic.com"
    )


@pytest.fixture
def comparison(owner, real):
    return make_comparison(owner.team, owner.user, betas=((), (THINKING,), (THINKING, CONTEXT)), connection=real)


def decide(client, comparison, **values):
    sent = {"about": THINKING, "stand": "adopt", "reason": "It **helps**.", **values}
    return client.post(reverse("sharing:decide", args=[comparison.public_id]), sent)


def stale_of(owner, beta=THINKING) -> list[str]:
    return list(standpoints(owner.user, owner.team)[beta].stale)


def test_a_decision_stands_wherever_the_beta_does(client, owner, comparison):
    assert decide(client, comparison).status_code == 302
    said = f"Adopt · {timezone.now():%b} {timezone.now().day}"
    for address in (
        reverse("sharing:discussion", args=[comparison.public_id]),
        reverse("betas:beta", args=[THINKING]),
        reverse("betas:betas"),
        reverse("runs:history"),
        reverse("sharing:decisions"),
    ):
        assert said in text(client.get(address)), address
    assert said in text(client.post(reverse("betas:check"), {"header": f"anthropic-beta: {THINKING}"}))
    assert "<strong>helps</strong>" in client.get(reverse("betas:beta", args=[THINKING])).content.decode()


def test_a_newer_decision_supersedes_and_both_are_kept(client, owner, comparison):
    decide(client, comparison)
    decide(client, comparison, stand="drop", reason="It costs too much.")
    assert [point.decision.stand for point in standpoints(owner.user, owner.team).values()] == ["drop"]
    page = text(client.get(reverse("betas:beta", args=[THINKING])))
    assert "1 earlier decision, superseded" in page
    assert page.index("It costs too much.") < page.index("<s>Adopt")
    assert Decision.objects.count() == 2


def test_a_combination_is_decided_about_as_one(client, owner, comparison):
    decide(client, comparison, about=subject_of([CONTEXT, THINKING]), stand="wait")
    assert Decision.objects.get().betas == [THINKING, CONTEXT]
    assert "Wait ·" in text(client.get(reverse("betas:beta", args=[CONTEXT])))
    assert "Wait ·" not in text(client.get(reverse("betas:betas")))


def test_on_simulated_data_one_can_only_wait(client, owner):
    simulated = make_comparison(owner.team, owner.user)
    form = text(client.get(reverse("sharing:discussion", args=[simulated.public_id])))
    assert "only Wait can be decided" in form
    assert form.count("disabled") == 2
    refused = decide(client, simulated)
    assert (refused.status_code, Decision.objects.count()) == (422, 0)
    assert "It **helps**." in text(refused)
    assert decide(client, simulated, stand="wait").status_code == 302


@pytest.mark.parametrize(
    "wrong",
    [
        {"about": "another-2025-01-01"},
        {"about": ""},
        {"stand": "marry"},
        {"reason": " "},
        {"reason": "x" * 10_001},
        {"owner": "nobody"},
        {"look_again_on": "soon"},
        {"look_again_on": "2020-01-01"},
        {"look_again_on": "9999-12-31"},
    ],
    ids=str,
)
def test_what_cannot_be_decided_is_refused_beside_its_field(client, comparison, wrong):
    answer = decide(client, comparison, **wrong)
    assert (answer.status_code, Decision.objects.count()) == (422, 0)
    assert answer.content.decode().count('class="problem"') == 1


def test_the_reason_is_hostile_text(client, comparison):
    decide(client, comparison, reason="<script>alert(1)</script> [x](javascript:alert(1)) ![](https://evil.example/x)")
    for address in (reverse("sharing:decisions"), reverse("betas:beta", args=[THINKING])):
        page = client.get(address).content.decode()
        assert "<script>alert" not in page
        assert 'href="javascript' not in page
        assert "<img" not in page


def test_a_later_run_on_another_model_or_version_makes_it_stale(client, owner, real, comparison):
    decide(client, comparison)
    assert stale_of(owner) == []
    later = make_comparison(owner.team, owner.user, betas=((),), connection=real, exchanges=False)
    make_variant(later, (THINKING,), model="claude-opus-4-5", anthropic_version="2023-06-01")
    assert stale_of(owner) == ["the model is now opus-4-5", "anthropic-version is now 2023-06-01"]
    for address in (reverse("runs:history"), reverse("betas:beta", args=[THINKING]), reverse("sharing:decisions")):
        assert ">stale<" in text(client.get(address)), address
    simulated = make_comparison(owner.team, owner.user)
    make_variant(simulated, (THINKING,))
    assert len(stale_of(owner)) == 2
    make_comparison(owner.team, owner.user, betas=((THINKING,),), connection=real)
    assert stale_of(owner) == []


def test_availability_that_changed_makes_it_stale_and_filters_find_it(client, owner, real, comparison):
    probe = {"model": "claude-sonnet-4-6", "beta": THINKING, "method": next(iter(Method))}
    keep(Check.objects.create(team=owner.team, connection=real), state=State.ACCEPTED, **probe)
    decide(client, comparison)
    decide(client, comparison, about=CONTEXT, stand="drop")
    keep(Check.objects.create(team=owner.team, connection=real), state=State.REFUSED, **probe)
    assert "is refused on Production key since" in stale_of(owner)[0]
    assert ">stale<" in text(client.get(reverse("sharing:decisions")))
    stale = text(client.get(reverse("sharing:decisions"), {"stale": "1"}))
    assert THINKING in stale
    assert CONTEXT not in stale
    assert THINKING not in text(client.get(reverse("sharing:decisions"), {"stand": "drop"}))


def test_mine_are_those_one_owns(client, owner, bo, comparison):
    bos = Membership.objects.get(user=bo)
    decide(client, comparison, owner=bos.public_id)
    decide(client, comparison, about=CONTEXT, owner=owner.public_id)
    mine = text(client.get(reverse("sharing:decisions"), {"mine": "1"}))
    assert (CONTEXT in mine, THINKING in mine) == (True, False)
    Membership.objects.filter(pk=bos.pk).update(role="viewer")
    assert decide(client, comparison, owner=bos.public_id).status_code == 422


def test_another_teams_decisions_are_not_ones_own(client, owner, eve, real):
    theirs = eve.teams.get()
    Decision.objects.create(
        team=theirs, betas=[THINKING], subject=THINKING, stand="adopt", comparison="x", comparison_key=1,
        number=1, simulated=False, look_again_on=timezone.now() + timedelta(days=1),
    )  # fmt: skip
    assert "Adopt ·" not in text(client.get(reverse("betas:betas")))
    assert "Nothing decided yet" in text(client.get(reverse("sharing:decisions")))


def test_a_decision_outlives_its_comparison(client, owner, comparison):
    decide(client, comparison)
    comparison.delete()
    assert "Adopt ·" in text(client.get(reverse("sharing:decisions")))


@pytest.mark.parametrize("address", ["sharing:decisions", "betas:betas", "runs:history"])
def test_more_decisions_are_no_more_queries(client, owner, real, address):
    def queries() -> int:
        with CaptureQueriesContext(
            database,
        ) as found:
            client.get(reverse(address))
        return len(found)

    names = [f"beta-{number}-2025-01-01" for number in range(12)]
    many = make_comparison(owner.team, owner.user, betas=((), tuple(names)), connection=real, exchanges=False)
    decide(client, many, about=names[0])
    make_comparison(owner.team, owner.user, betas=((names[0],),), connection=real, exchanges=False)
    client.get(reverse(address))
    few = queries()
    for name in names[1:]:
        decide(client, many, about=name)
    assert queries() == few
