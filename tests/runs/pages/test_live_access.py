"""A stream that stays open asks whether its reader is still let in."""

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.utils import timezone

from betaconsole.runs.models import Exchange, Variant
from betaconsole.runs.pages import live
from betaconsole.runs.sending import engine
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
def test_b3_a_position_from_elsewhere_is_none_and_gets_the_whole_picture(last_id, crew, monkeypatch):
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
    end(frames, monkeypatch)


def rest_of(frames) -> str:
    """What comes until the stream ends; a stream that does not end fails instead of hanging."""
    found = []
    for frame in frames:
        found.append(frame.decode())
        assert len(found) < 200
    return "".join(found)


def end(frames, monkeypatch) -> None:
    """Left open a stream would end whenever its memory is reclaimed, and close the connection of another test."""
    monkeypatch.setattr(engine, "is_stopping", lambda: True)
    rest_of(frames)


def assert_ended(frames) -> None:
    """It says that its reader is signed out, and nothing else: no word of the comparison comes after that."""
    Variant.objects.filter(position=0).update(label="said after the end")
    said = rest_of(frames)
    assert said.endswith("event: finished\ndata: signed out\n\n")
    assert "not in the team any more" in said
    assert "said after the end" not in said


def test_while_nothing_changes_it_goes_on(watched, monkeypatch):
    _, frames = watched
    assert "lane-0" in next(frame.decode() for frame in frames if b"lane-0" in frame)
    end(frames, monkeypatch)


def test_b10_the_stream_of_a_removed_member_ends_and_says_so(watched, crew):
    _, frames = watched
    Membership.objects.filter(user=crew["member"]).delete()
    assert_ended(frames)


def test_b10_the_stream_of_a_session_that_was_ended_ends(watched):
    browser, frames = watched
    browser.session.flush()
    assert_ended(frames)


def test_b10_so_it_does_when_the_session_is_over(watched):
    _, frames = watched
    Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))
    assert_ended(frames)


def test_b10_so_it_does_with_a_new_password(watched, crew):
    _, frames = watched
    crew["member"].set_password("another one")
    crew["member"].save()
    assert_ended(frames)


def test_b10_what_comes_after_a_long_silence_is_not_shown_before_it_is_asked(watched, crew, monkeypatch):
    monkeypatch.setattr(live, "HUSHED_S", 0.0)
    _, frames = watched
    Membership.objects.filter(user=crew["member"]).delete()
    Exchange.objects.update(state=State.INTERRUPTED, version=2)
    assert_ended(frames)


def test_b10_it_is_asked_often_enough_to_end_within_half_a_minute():
    assert live.ASK_S <= live.KEEP_ALIVE_S
    assert live.KEEP_ALIVE_S + live.LOOK_S <= 30
