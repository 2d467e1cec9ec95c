"""How far a comparison of many cells is, pausing and resuming it, and running more of it, as its page shows them."""

import html
import re
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from betaconsole.runs.models import Comparison, Exchange
from betaconsole.runs.pages.live import LivePage
from betaconsole.runs.pages.overview import state_context
from betaconsole.runs.pages.viewing import load
from betaconsole.runs.sending.pausing import pause
from betaconsole.runs.states import State
from betaconsole.teams.models import Membership
from tests.builders import make_comparison
from tests.runs.engines import connection_to, wait_for

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


def text_of(page: Any) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", page.content.decode())).split())


def half_way(owner: Membership, **values: Any) -> Comparison:
    """Of two columns, four times: four cells succeeded, one failed, one runs, two are queued."""
    made = make_comparison(owner.team, owner.user, betas=[[], []], repeats=4, **values)
    keys = list(made.exchanges.order_by("repeat", "variant__position").values_list("pk", flat=True))
    done = {"state": State.SUCCEEDED, "total_ms": 2_000.0, "cost_usd": Decimal("0.25"), "status": 200}
    Exchange.objects.filter(pk__in=keys[:4]).update(**done)
    Exchange.objects.filter(pk=keys[4]).update(state=State.FAILED, error_type="overloaded_error", total_ms=2_000.0)
    Exchange.objects.filter(pk=keys[5]).update(state=State.SENDING, lease_until=timezone.now())
    return made


def post(client: Client, name: str, made: Comparison, **values: Any) -> Any:
    return client.post(reverse(f"runs:{name}", args=[made.public_id]), values, headers=HTMX)


def test_the_page_says_what_is_done_how_long_it_takes_yet_and_what_does_not_count(client, owner):
    made = half_way(owner)
    page = client.get(made.get_absolute_url())
    assert "running 5 of 8" in text_of(page)
    assert "4 done · 1 failed · 1 running · 2 queued · a few seconds left · $1.00 at list price" in text_of(page)
    assert "So far 4 of 5 count: 1 failed (overloaded_error)." in text_of(page)
    parts = re.findall(r'data-part="(\w+)" x="([\d.]+)%" width="([\d.]+)%"', page.content.decode())
    assert parts == [("done", "0.00", "50.00"), ("failed", "50.00", "12.50"), ("running", "62.50", "12.50"),
                     ("queued", "75.00", "25.00")]  # fmt: skip


def test_of_money_that_is_spent_the_most_that_it_may_be_is_said(client, owner):
    made = half_way(owner, connection=connection_to(owner, "https://api.anthropic.com"))
    made.reservations.create(connection=made.connection, day=timezone.now().date(), requests=8, reserved_usd=Decimal(4))
    assert "$1.00 spent, $4.00 at most" in text_of(client.get(made.get_absolute_url()))


def test_telling_costs_the_same_for_eight_cells_and_two_hundred(owner):
    def queries(repeats: int) -> int:
        made = make_comparison(owner.team, owner.user, betas=[[], []], repeats=repeats)
        made.exchanges.filter(repeat__gt=2).update(state=State.FAILED, error_type="api_error")
        view = load(made)
        with CaptureQueriesContext(database) as asked:
            assert state_context(view)["far"].counts
        return len(asked)

    assert queries(4) == queries(100) == 3


def test_at_the_end_only_what_does_not_count_is_said(client, owner):
    made = make_comparison(owner.team, owner.user, betas=[[]], repeats=3)
    made.exchanges.update(state=State.SUCCEEDED)
    Comparison.objects.update(finished_at=timezone.now())
    assert "count" not in text_of(client.get(made.get_absolute_url()))
    made.exchanges.filter(repeat=3).update(state=State.INCOMPLETE)
    assert "2 of 3 count: 1 incomplete." in text_of(client.get(made.get_absolute_url()))


def test_a_paused_comparison_says_so_on_its_page_and_in_history(client, owner):
    made = half_way(owner)
    answer = post(client, "pause", made)
    assert "paused at 5 of 8, 1 still ending" in text_of(answer)
    assert "Resume" in text_of(answer)
    made.exchanges.filter(state=State.SENDING).update(state=State.SUCCEEDED, lease_until=None)
    page = client.get(made.get_absolute_url())
    assert "paused at 6 of 8" in text_of(page)
    # Nothing goes on: no stream is held open, the page asks now and then.
    assert "hx-sse:connect" not in page.content.decode()
    assert 'hx-trigger="every 3s"' in page.content.decode()
    assert "paused" in text_of(client.get(reverse("runs:history")))
    seen = re.search(r"\?seen=([\w-]+)", page.content.decode())[1]
    lanes = reverse("runs:lanes", args=[made.public_id])
    assert client.get(lanes, {"seen": seen}).status_code == 204
    resumed = post(client, "resume", made)
    assert "hx-sse:connect" in resumed.content.decode()
    assert "running 6 of 8" in text_of(resumed)
    assert client.get(lanes, {"seen": seen}).status_code == 200


def test_the_live_stream_of_a_paused_comparison_ends_once_nothing_is_in_flight(owner):
    made = half_way(owner)
    page = LivePage(made, positions={})
    page.news()
    pause(made)
    wait_for(lambda: "paused at 5 of 8, 1 still ending" in page.news(), what="the pause on the page")
    assert not page.is_finished
    made.exchanges.filter(state=State.SENDING).update(state=State.SUCCEEDED, lease_until=None)
    wait_for(lambda: "paused at 6 of 8" in page.news(), what="the end of what was in flight")
    wait_for(lambda: page.news() or page.is_finished, what="the end of the stream")


def test_a_batch_offers_no_pause_and_no_more(client, owner):
    made = half_way(owner, engine="batch")
    page = client.get(made.get_absolute_url()).content.decode()
    assert reverse("runs:pause", args=[made.public_id]) not in page
    assert reverse("runs:more", args=[made.public_id]) not in page
    assert post(client, "pause", made).status_code == 409


def test_more_repeats_are_added_from_the_page_and_each_form_adds_once(client, owner):
    made = make_comparison(owner.team, owner.user, betas=[[], []], repeats=4)
    Comparison.objects.update(finished_at=timezone.now(), planned_repeats=4)
    made.exchanges.update(state=State.SUCCEEDED)
    page = client.get(made.get_absolute_url()).content.decode()
    form = re.search(r'<form class="more".*?</form>', page, re.DOTALL)[0]
    assert 'max="96" value="4"' in form
    token = re.search(r'name="client_token" value="([\w-]+)"', form)[1]
    answer = post(client, "more", made, repeats="6", client_token=token)
    assert "repeat 10 of 10" not in text_of(answer)
    assert "of 10" in text_of(answer)
    assert "hx-sse:connect" in answer.content.decode()
    assert token not in answer.content.decode()  # the form that comes back adds anew
    post(client, "more", made, repeats="6", client_token=token)
    assert made.exchanges.count() == 20
    refused = post(client, "more", made, repeats="400", client_token="other")
    assert refused.status_code == 409
    assert 'value="400"' in refused.content.decode()
    assert "choose 1 to 90" in text_of(refused)


def test_more_than_the_budget_is_refused_with_what_was_typed_and_a_button_for_admins(client, owner):
    connection = connection_to(owner, "https://api.anthropic.com", daily_budget_usd=Decimal("0.00"))
    made = make_comparison(owner.team, owner.user, betas=[[]], connection=connection)
    refused = post(client, "more", made, repeats="3")
    assert refused.status_code == 409
    assert "nothing was sent" in text_of(refused)
    assert 'name="over_budget"' in refused.content.decode()
    assert 'value="3"' in refused.content.decode()
    assert post(client, "more", made, repeats="3", over_budget="on").status_code == 200
    assert made.exchanges.count() == 4
