"""What an open page costs while nothing happens: five hundred of them must leave the console to others."""

import time

import pytest

from betaconsole.runs.models import Comparison
from betaconsole.runs.pages.live import LivePage
from betaconsole.runs.pages.looks import looks_of
from betaconsole.runs.sending import feed
from betaconsole.teams.solo import set_up_solo
from tests.builders import make_comparison
from tests.runs.engines import connection_to, plan, run, running, wait_for
from tests.runs.sending.test_engine import START
from tests.upstream import STREAM_HEAD, Peer, Upstream, chunk


def silent(peer: Peer) -> None:
    """A far end that begins to answer and then says nothing until it is left."""
    peer.read_request()
    peer.send(STREAM_HEAD + chunk(START))
    peer.wait(120)


@pytest.mark.django_db(transaction=True)
def test_a_page_where_nothing_happens_asks_the_store_nothing_and_is_not_due_for_long(django_assert_num_queries) -> None:
    owner = set_up_solo()
    with Upstream(silent) as upstream, running():
        made = run(owner, connection_to(owner, upstream.url), plan([[]]))
        page = LivePage(Comparison.objects.get(pk=made.pk), positions={})
        # Drawn and up to date; the state that is stored last (streaming) is the last that moves.
        wait_for(lambda: not page.news() and page.due_at() > time.monotonic() + 5, what="a page that rests")
        with django_assert_num_queries(0):
            for _ in range(3):
                feed.ring(made.pk)
                page.news()


@pytest.mark.django_db
def test_pages_of_a_comparison_share_one_look_until_something_moves_or_it_is_too_old(
    owner, django_assert_num_queries
) -> None:
    made = make_comparison(owner.team, owner.user)
    looks = looks_of(made.pk)
    first = looks.look(made, at_most_s=600)
    assert {row.id for row in first.rows} == set(made.exchanges.values_list("pk", flat=True))
    with django_assert_num_queries(0):
        assert looks_of(made.pk).look(made, at_most_s=600) is first
    feed.changed(made.pk)
    moved = looks.look(made, at_most_s=600)
    assert moved is not first
    # What another process wrote moves no count here.
    made.exchanges.filter(pk=first.rows[0].id).update(state="failed")
    assert looks.look(made, at_most_s=600).rows == moved.rows
    assert looks.look(made, at_most_s=0).rows != moved.rows
