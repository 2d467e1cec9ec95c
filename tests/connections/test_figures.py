"""What the page of a connection says of its test, its money and its rate limits."""

import html
import json
import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from betaconsole.connections import testing
from betaconsole.connections.limits import latest_limits, limits_of
from betaconsole.runs.models import Body, Comparison, Reservation
from betaconsole.runs.states import State
from betaconsole.teams.models import Connection, Membership, Role
from tests.builders import make_comparison
from tests.runs.engines import connection_to, running, wait_until_finished
from tests.upstream import Upstream

pytestmark = pytest.mark.django_db


@pytest.fixture
def connection(owner):
    return connection_to(owner, "https://api.anthropic.com")


def page(client, connection) -> str:
    return html.unescape(client.get(reverse("connections:connection", args=[connection.public_id])).content.decode())


def verdict_on(connection, owner, *, body=b"", **fields) -> testing.Verdict:
    """The verdict on a test that ended so."""
    asked = testing.start(connection, author=owner.user)
    asked.exchanges.update(response_body_id=Body.keep(owner.team.pk, body), sent_at=timezone.now(), **fields)
    verdict = testing.verdict(testing.latest(connection))
    assert verdict is not None
    return verdict


def test_a_test_asks_for_the_models_and_is_left_out_of_the_history(client, connection):
    url = reverse("connections:test", args=[connection.public_id])
    answer = client.post(url, headers={"hx-request": "true"})
    assert "Asking for its models" in answer.content.decode()
    asked = Comparison.objects.get(connection=connection)
    assert (asked.method, asked.path, asked.is_errand) == ("GET", "/v1/models", True)
    assert client.post(url).status_code == 302


def test_a_test_that_went_well_names_the_models_and_those_nobody_knows(connection, owner):
    models = [{"id": "claude-sonnet-5-5", "display_name": "Sonnet"}, {"id": "claude-of-tomorrow"}, {"id": 7}, "x"]
    verdict = verdict_on(
        connection, owner, state=State.SUCCEEDED, status=200, body=json.dumps({"data": models}).encode()
    )
    assert (verdict.is_reached, verdict.is_accepted, verdict.todo) == (True, True, "")
    assert "lists 2 models" in verdict.said
    assert [model.is_known for model in verdict.models] == [True, False]


@pytest.mark.parametrize(
    ("fields", "reached", "accepted", "said", "todo"),
    [
        (
            {"status": 401, "error_message": "invalid x-api-key"},
            True,
            False,
            "401: invalid x-api-key",
            "Replace the key",
        ),
        ({"status": 403, "error_message": "no"}, True, True, "403: no", "rights"),
        ({"status": 404, "error_message": "gone"}, True, None, "404", "base address"),
        (
            {"failure_kind": "not_sent", "error_message": "No such host."},
            False,
            None,
            "No such host.",
            "OUTBOUND_PROXY",
        ),
        ({"state": State.UNKNOWN_OUTCOME}, None, None, "lost before a status line", "once more"),
        ({"state": State.SUCCEEDED, "status": 200, "body": b"<html>"}, True, None, "not with a list", "a page?"),
        ({"state": State.SUCCEEDED, "status": 200, "body": b"[" * 9999}, True, None, "not with a list", "a page?"),
    ],
)
def test_a_test_that_failed_says_what_to_do(connection, owner, fields, reached, accepted, said, todo):
    verdict = verdict_on(connection, owner, **{"state": State.FAILED, **fields})
    assert (verdict.is_reached, verdict.is_accepted) == (reached, accepted)
    assert said in verdict.said
    assert todo in verdict.todo


@pytest.mark.django_db(transaction=True)
def test_a_member_tests_a_connection_over_the_wire(client, owner, settings):
    def models(peer):
        assert peer.read_request().line.startswith("GET /v1/models")
        body = b'{"data": [{"id": "claude-sonnet-5-5"}]}'
        peer.send(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nanthropic-ratelimit-requests-limit: 50\r\n")
        peer.send(b"anthropic-ratelimit-requests-remaining: 3\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body))

    with Upstream(models) as upstream, running():
        settings.ALLOWED_BASE_URLS = [upstream.url]
        connection = connection_to(owner, upstream.url)
        Membership.objects.update(role=Role.MEMBER)
        client.post(reverse("connections:test", args=[connection.public_id]))
        wait_until_finished(Comparison.objects.get(connection=connection), timeout_s=30)
        swapped = client.get(reverse("connections:test", args=[connection.public_id]), headers={"HX-Request": "true"})
    for shown in (page(client, connection), swapped.content.decode()):
        assert "✓ key accepted" in shown
        assert "lists 1 model." in shown
        assert '<span class="tag" data-tone="warn">3</span>' in shown  # of 50 requests


@pytest.mark.django_db(transaction=True)
def test_of_the_simulator_no_key_is_said_to_be_accepted(client, owner, settings):
    settings.SIMULATOR_SPEED = 10_000
    simulator = Connection.objects.get(kind="simulator")
    with running():
        client.post(reverse("connections:test", args=[simulator.public_id]))
        wait_until_finished(Comparison.objects.get(connection=simulator), timeout_s=30)
    shown = page(client, simulator)
    assert "✓ reached" in shown
    assert re.search(r"It is reached and it lists \d+ models\.", shown)
    assert "accepted" not in shown


def test_a_connection_for_others_is_shown_and_cannot_be_tested(client, connection):
    Connection.objects.filter(pk=connection.pk).update(lowest_role=Role.OWNER)
    Membership.objects.update(role=Role.ADMIN)
    assert "Test connection</button>" not in page(client, connection)
    url = reverse("connections:test", args=[connection.public_id])
    answer = client.post(url, headers={"hx-request": "true"})
    assert answer.status_code == 422
    assert "not for your role" in answer.content.decode()


def test_what_was_spent_and_put_aside_is_shown_with_what_is_left(client, connection):
    Connection.objects.filter(pk=connection.pk).update(daily_budget_usd=Decimal(2))
    today = {"connection": connection, "requests": 1, "day": timezone.now().date()}
    Reservation.objects.create(spent_usd=Decimal("0.75"), settled_at=timezone.now(), **today)
    Reservation.objects.create(reserved_usd=Decimal("1.10"), is_priced=False, comparison=_running(connection), **today)
    shown = page(client, connection)
    for words in ("$0.75", "$1.10", "$2.00", '<span class="tag" data-tone="warn">$0.15</span>', "1 run of this month"):
        assert words in shown
    listed = html.unescape(client.get(reverse("connections:connections")).content.decode())
    assert "$1.85" in listed
    assert "costs nothing" in listed  # the simulator


def test_u1_a_key_that_was_refused_is_marked_until_an_answer_takes_it(client, connection, owner):
    def answered(status):
        made = make_comparison(owner.team, owner.user, connection=connection)
        made.exchanges.update(status=status, connection=connection)
        return made.exchanges.order_by("-pk").first()

    def pages():
        return page(client, connection), client.get(reverse("connections:connections")).content.decode()

    answered(200)
    assert not any("rejected" in source for source in pages())
    refused = answered(401)
    answered(529)  # says nothing of the key
    for source in pages():
        assert f'href="{refused.get_absolute_url()}">rejected' in source
    answered(429)
    assert not any("rejected" in source for source in pages())
    answered(401)
    assert all("rejected" in source for source in pages())
    connection.put_key("sk-ant-another-0123456789")
    assert not any("rejected" in source for source in pages()), "nobody has asked with this key yet"
    answered(401)
    assert all("rejected" in source for source in pages())


def _running(connection) -> Comparison:
    return make_comparison(connection.team, connection.author, connection=connection)


def test_the_list_asks_no_more_for_many_connections(client, owner, django_assert_max_num_queries):
    for _ in range(12):
        connection_to(owner, "https://api.anthropic.com", daily_budget_usd=Decimal(1))
    with django_assert_max_num_queries(14):
        client.get(reverse("connections:connections"))


def test_limits_are_read_from_the_newest_answer_of_each_model(connection):
    made = _running(connection)
    for remaining, exchange in enumerate(made.exchanges.order_by("pk")):
        headers = [
            ["Anthropic-RateLimit-Requests-Limit", "50"],
            ["anthropic-ratelimit-requests-remaining", str(remaining)],
        ]
        made.exchanges.filter(pk=exchange.pk).update(response_headers=headers)
    [shown] = latest_limits(connection)
    assert (shown.model, [(row.what, row.limit, row.remaining) for row in shown.rows]) == (
        "claude-sonnet-4-6",
        [("Requests", 50, 1)],
    )


def test_what_is_no_number_and_no_moment_in_a_limit_is_left_out():
    prefix = "anthropic-ratelimit-"
    soon = (timezone.now() + timedelta(seconds=30)).isoformat()
    said = {
        "tokens-limit": "²",
        "tokens-remaining": "9" * 40,
        "requests-limit": "0",
        "requests-reset": "yesterday",
        "input-tokens-remaining": "12",
        "input-tokens-reset": soon,
    }
    rows = limits_of([[prefix + name, value] for name, value in said.items()])
    assert [(row.what, row.limit, row.remaining) for row in rows] == [("Requests", 0, None), ("Input tokens", None, 12)]
    assert rows[0].resets_in == "—"
    assert rows[1].resets_in.startswith("in ")
