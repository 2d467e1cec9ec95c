"""A stream that stays open asks whether its reader is still let in."""

import pytest

from betaconsole.runs.pages import live
from betaconsole.runs.states import State
from betaconsole.teams.models import Membership
from tests.builders import make_comparison, make_exchange
from tests.team_mode import browser_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def watched(crew, monkeypatch):
    """The stream of a run that goes on elsewhere, as the member reads it; asked every time whether they may."""
    monkeypatch.setattr(live, "ASK_S", 0.0)
    made = make_comparison(crew["owner"].teams.get(), crew["owner"], exchanges=False)
    for variant in made.variants.all():
        make_exchange(made, variant, state=State.STREAMING)
    browser = browser_of(crew["member"], accept="text/event-stream")
    frames = iter(browser.get(f"/comparisons/{made.public_id}/live/").streaming_content)
    assert next(frames) == b": ok\n\n"
    return browser, frames


@pytest.mark.parametrize(
    "last_id", ["of another", "garbage", "-1:-5", "1:5,", "9" * 10_240, "\u0661:5"], ids=lambda text: text[:10]
)
def test_b3_a_position_from_elsewhere_is_none_and_gets_the_whole_picture(last_id, crew):
    team, owner = crew["owner"].teams.get(), crew["owner"]
    ours, other = (make_comparison(team, owner, betas=[[]], exchanges=False) for _ in range(2))
    for made in (ours, other):
        make_exchange(made, made.variants.get(), state=State.STREAMING)
    shown = ours.exchanges.get().pk
    sent = f"{other.exchanges.get().pk}:5" if last_id == "of another" else last_id
    stream = {"accept": "text/event-stream", "last-event-id": sent.encode().decode("latin-1")}
    answer = browser_of(crew["member"]).get(f"/comparisons/{ours.public_id}/live/", headers=stream)
    frames = iter(answer.streaming_content)
    assert (answer.status_code, next(frames)) == (200, b": ok\n\n")
    picture = next(frames).decode()
    assert 'hx-target="#lane-0" hx-swap="outerHTML"' in picture
    assert f"id: {shown}:0" in picture


def rest_of(frames) -> str:
    """What comes until the stream ends; a stream that does not end fails instead of hanging."""
    found = []
    for frame in frames:
        found.append(frame.decode())
        assert len(found) < 200
    return "".join(found)


def test_the_stream_of_a_removed_member_ends_and_says_so(watched, crew):
    _, frames = watched
    Membership.objects.filter(user=crew["member"]).delete()
    said = rest_of(frames)
    assert "not in the team any more" in said
    assert said.endswith("event: finished\ndata: signed out\n\n")


def test_the_stream_of_a_session_that_was_ended_ends(watched):
    browser, frames = watched
    browser.session.flush()
    assert "signed out" in rest_of(frames)


def test_so_it_does_with_a_new_password(watched, crew):
    _, frames = watched
    crew["member"].set_password("another one")
    crew["member"].save()
    assert "signed out" in rest_of(frames)
