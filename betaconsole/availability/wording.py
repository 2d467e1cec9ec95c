"""Availability in words, the same on every page. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from .models import Standing, State


@dataclass(frozen=True)
class Words:
    """A state as people read it: `mark` stands before the text, so that no colour is needed; `tone` is that of a tag."""

    mark: str
    text: str
    tone: str = ""


WORDS: Mapping[State, Words] = {
    State.ACCEPTED: Words("✓", "accepted", "good"),
    State.REFUSED: Words("✕", "refused", "bad"),
    State.REFUSED_MODEL: Words("✕", "refused for this model", "bad"),
    State.REFUSED_ACCOUNT: Words("✕", "refused for this account", "bad"),
    State.NOT_CHECKED: Words("◌", "this endpoint does not check", "warn"),
    State.UNREACHABLE: Words("!", "not reachable", "warn"),
    State.INCONCLUSIVE: Words("?", "inconclusive", "warn"),
}
NEVER = Words("–", "not checked")
NUMBERS = ("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten", "Eleven", "Twelve")


@dataclass(frozen=True)
class Stood:
    """Where a beta stands, in a tag: `since` is a day where it is refused; `title` says when it was asked, and `aside` what
    came of the last time where that said nothing of the beta."""

    words: Words
    since: str = ""
    title: str = ""
    aside: str = ""


def stood(standing: Standing | None) -> Stood:
    """A standing (with its two probes) in words; None: never asked."""
    if standing is None:
        return Stood(NEVER, title="No check has asked about it on this connection and model")
    words, last = words_of(standing.state), standing.last_probe
    told = f"since {day_and_time(standing.since)} UTC, last asked {day_and_time(last.checked_at)} UTC"
    aside = "" if last.pk == standing.probe_id else f"last time: {words_of(last.state).text}"
    since = f"since {day(standing.since)}" if words.tone == "bad" else ""
    return Stood(words, since, f"{words.text.capitalize()} {told}", aside)


def words_of(state: str | None) -> Words:
    """The words for a stored state; None: never asked."""
    return WORDS[State(state)] if state else NEVER


def day(moment: datetime) -> str:
    """`12 Nov`, with the year where it is another one."""
    return f"{moment.day} {moment:%b}" if moment.year == timezone.now().year else f"{moment.day} {moment:%b %Y}"


def day_and_time(moment: datetime) -> str:
    """`12 Nov, 09:14`, in UTC."""
    return f"{day(moment)}, {moment:%H:%M}"


def short_model(model: str) -> str:
    """A model's name as people say it: `sonnet-4-6`."""
    return model.removeprefix("claude-")


def number_word(number: int) -> str:
    """`Two`, at the start of a sentence; figures past twelve."""
    return NUMBERS[number] if number < len(NUMBERS) else f"{number:,}"
