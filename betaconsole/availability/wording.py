"""Availability in words, the same on every page. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from .models import State


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
