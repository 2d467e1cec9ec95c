"""The schedule by which a recorded stream is played again."""

import pytest

from betaconsole.compare import replay
from betaconsole.diffing.timing import timing_of
from betaconsole.runs.models import Body, Exchange
from betaconsole.runs.states import State
from tests import recorded as recordings
from tests.builders import make_comparison, make_exchange
from tests.compare.streamed import give_stream, streamed
from tests.compare.test_timing import CALLS, SAYS
from tests.diffing import recorded_times as made

pytestmark = pytest.mark.django_db


@pytest.fixture
def comparison(team, ann):
    return make_comparison(team, ann, exchanges=False)


def schedule(client, exchange, query=""):
    response = client.get(f"/exchanges/{exchange.public_id}/replay/{query}")
    assert response.status_code == 200
    return response.json()


def played(plan):
    """What stands there when all of it was played, block by block."""
    blocks: dict[str, str] = {}
    for step in plan["steps"]:
        blocks[step["block"]] = step["text"] if step.get("replaces") else blocks.get(step["block"], "") + step["text"]
    return blocks


def test_a_stream_comes_again_in_its_own_steps(client, comparison):
    [exchange] = streamed(comparison, "A", [SAYS])
    plan = schedule(client, exchange)
    assert plan["total"] == 600
    assert plan["steps"] == [
        {"at": 100, "block": "1-0", "text": "", "type": "text", "label": "Text"},
        {"at": 200, "block": "1-0", "text": "It is "},
        {"at": 300, "block": "1-0", "text": "here."},
    ]


def test_what_came_at_one_moment_is_one_step(client, comparison):
    [exchange] = streamed(comparison, "A", [SAYS], at=lambda number: 50.0)
    assert [(step["at"], step["text"]) for step in schedule(client, exchange)["steps"]] == [(50, "It is here.")]


def test_a_lane_plays_all_turns_of_its_cell_one_after_the_other(client, comparison):
    turns = streamed(comparison, "A", [CALLS, SAYS])
    plan = schedule(client, turns[1], "?turns=all")
    assert plan["total"] == 1000 + 600
    assert [(step["at"], step["label"]) for step in plan["steps"] if "label" in step] == [
        (0, "Turn 1"),
        (100, "Thinking"),
        (400, "Tool call: lookup_order"),
        (1000, "Turn 2"),
        (1100, "Text"),
    ]
    assert len(schedule(client, turns[1])["steps"]) == 3


def test_moments_never_go_back_and_nothing_is_lost(client, comparison):
    exchange = make_exchange(comparison, comparison.variants.first())
    for row in recordings.streams()[::9]:
        body = row["response"]["body_text"].encode()
        give_stream(exchange, body)
        plan = schedule(client, exchange)
        moments = [step["at"] for step in plan["steps"]]
        assert moments == sorted(moments)
        written = sum(len(text) for text in played(plan).values())
        spans = timing_of([made.recorded(body)]).spans
        assert written >= sum(span.characters for span in spans if span.sort in ("thinking", "text", "tool"))


@pytest.mark.parametrize(
    "values", [{"state": State.STREAMING}, {"state": State.FAILED}, {"stream": False, "timeline": None}]
)
def test_where_no_stream_was_recorded_it_says_so(client, comparison, values):
    exchange = make_exchange(comparison, comparison.variants.first(), **values)
    plan = schedule(client, exchange)
    assert plan["steps"] == []
    assert plan["problem"] == "There is no recorded stream to replay."


def test_a_stream_without_end_is_not_sent_to_a_page(client, comparison, monkeypatch):
    monkeypatch.setattr(replay, "MAX_CHARACTERS", 8)
    [exchange] = streamed(comparison, "A", [SAYS])
    assert schedule(client, exchange)["problem"] == "This stream is too long to be replayed here."


def test_a_lane_offers_a_replay_where_there_is_a_stream(client, comparison):
    make_exchange(comparison, comparison.variants.get(position=0))
    refused = make_exchange(comparison, comparison.variants.get(position=1), state=State.FAILED, status=400)
    Exchange.objects.filter(pk=refused.pk).update(response_body=Body.keep(comparison.team_id, b"{}"))
    source = client.get(comparison.get_absolute_url()).content.decode()
    lanes = source.split('<article class="lane"')[1:]
    assert ["data-replay=" in lane for lane in lanes] == [True, False]
