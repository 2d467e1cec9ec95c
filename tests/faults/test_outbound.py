"""Where requests of the whole console go: to the address they were made for, and nowhere else."""

from typing import Any

import pytest

from betaconsole.runs.states import State
from betaconsole.teams.models import Membership
from betaconsole.teams.solo import set_up_solo
from tests.names import names
from tests.runs.engines import connection_to, plan, run, running, wait_until_finished
from tests.upstream import Upstream, answer, read, send

__all__ = ["names"]

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def ann(transactional_db: None) -> Membership:
    return set_up_solo()


def test_u24_b16_the_official_api_is_never_found_in_a_private_network(ann: Membership, names: Any) -> None:
    with running():
        resolver = names("10.1.2.3")
        [exchange] = wait_until_finished(run(ann, connection_to(ann, "https://api.anthropic.com"), plan([[]])))
    assert (exchange.state, exchange.failure_kind, exchange.sent_at) == (State.FAILED, "not_sent", None)
    assert "10.1.2.3 (a private network)" in exchange.error_message
    assert resolver.asked == 1


def test_u24_a_host_that_the_operator_named_is_reached_inside(ann: Membership, names: Any, settings: Any) -> None:
    with Upstream([read(), send(answer(b'{"type":"message","content":[]}'))]) as upstream, running():
        origin = f"http://gateway.internal:{upstream.port}"
        settings.ALLOWED_BASE_URLS = [origin]
        names("127.0.0.1")
        [exchange] = wait_until_finished(run(ann, connection_to(ann, origin), plan([[]])))
        assert upstream.requests[0].header("host") == f"gateway.internal:{upstream.port}"
    assert exchange.state == State.SUCCEEDED


def test_b16_an_address_that_is_taken_off_the_list_gets_nothing_more(ann: Membership, settings: Any) -> None:
    with Upstream([read(), send(answer(b"{}"))]) as upstream:
        comparison = run(ann, connection_to(ann, upstream.url), plan([[]]))
        settings.MODE = "team"  # where this machine is allowed only by name
        with running():
            [exchange] = wait_until_finished(comparison)
        assert upstream.connections == 0
    assert exchange.failure_kind == "not_sent"
    assert "is not an origin this console may send to" in exchange.error_message
