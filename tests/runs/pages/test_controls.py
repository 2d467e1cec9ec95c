"""Controls and plans on the pages of a comparison: shown for what they are, and counted as no finding."""

import re
from dataclasses import replace

import pytest
from django.test import Client

from betaconsole.catalogue.betas import MADE_UP
from betaconsole.runs.launching.launching import launch
from betaconsole.runs.launching.planning import VariantPlan
from betaconsole.runs.models import Comparison, Exchange
from betaconsole.runs.states import State
from betaconsole.runs.summaries import summaries_of
from betaconsole.teams.models import Connection, Membership
from tests.builders import CONTEXT
from tests.runs.engines import VERSION, plan

pytestmark = pytest.mark.django_db


@pytest.fixture
def comparison(owner: Membership) -> Comparison:
    """Columns without and with a beta and both controls; the made-up one was refused, the others differ by nothing."""
    columns = [
        VariantPlan("without", (), VERSION, baseline="without"),
        VariantPlan("with", (CONTEXT,), VERSION, baseline="without"),
        VariantPlan("made-up beta", (MADE_UP,), VERSION, baseline="without", role="made_up"),
        VariantPlan("twin of A", (), VERSION, baseline="without", role="twin"),
    ]
    asked = replace(plan(), variants=columns, preset="controls", seed=418)
    simulator = Connection.objects.get(team=owner.team, kind=Connection.Kind.SIMULATOR)
    made, _ = launch(asked, team=owner.team, author=owner.user, connection=simulator)
    made.exchanges.update(state=State.SUCCEEDED, output_tokens=100, status=200)
    refused = {"state": State.FAILED, "status": 400, "error_type": "invalid_request_error", "refused_betas": [MADE_UP]}
    made.exchanges.filter(variant__role="made_up").update(output_tokens=None, **refused)
    made.exchanges.filter(variant__role="twin").update(output_tokens=150)
    Comparison.objects.filter(pk=made.pk).update(finished_at=made.created_at)
    return made


def text(page: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", page).split())


def test_lanes_say_what_a_control_must_show_and_offer_no_way_round_it(client: Client, comparison: Comparison) -> None:
    page = client.get(comparison.get_absolute_url()).content.decode()
    assert "control: must be refused" in page
    assert "control: no difference from A" in page
    assert "As it must be: the API looks at these names" in page
    assert "Add a column without it" not in page, "that it is refused is what was asked for"
    Exchange.objects.filter(comparison=comparison, variant__position=1).update(
        state=State.FAILED, status=400, error_type="invalid_request_error", refused_betas=[CONTEXT]
    )
    assert "Add a column without it" in client.get(comparison.get_absolute_url()).content.decode()


def test_the_head_says_what_made_the_columns_and_with_which_seed_the_order_was_drawn(
    client: Client, comparison: Comparison
) -> None:
    page = client.get(comparison.get_absolute_url()).content.decode()
    assert f"#{comparison.number} controls" in text(page)
    assert "seed 418" in text(page)


def test_what_a_control_shows_is_no_finding_of_the_comparison(comparison: Comparison) -> None:
    summary = summaries_of([comparison.pk])[comparison.pk]
    assert summary.change == "no difference seen", "neither C: refused nor D: output +50 %"
    assert set(comparison.betas.values_list("beta", flat=True)) == {CONTEXT}, "the team has tried no made-up beta"


def test_an_edited_copy_has_the_controls_and_the_preset_again(client: Client, comparison: Comparison) -> None:
    answer = client.post(f"/comparisons/{comparison.public_id}/edit/")
    page = client.get(answer["Location"]).content.decode()
    assert "<b>C</b> is a control: its beta is made up and must be refused." in page
    assert "<b>D</b> is a control: it asks the same as A and must show no difference." in page
