"""What the answers of a check say: first whether the controls bear anything out, then each beta. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from betaconsole.availability.models import State
from betaconsole.catalogue.betas import MADE_UP
from betaconsole.catalogue.outcomes import Facts, Verdict, outcomes

# Statuses that say something of the moment, the key or the line, and nothing of what was asked.
TURNED_AWAY = (408, 429, 502, 503, 529)  # nothing was done, so nothing is billed twice by asking again
BUSY = (*TURNED_AWAY, 500, 504)
NOT_ABOUT_THE_NAME = (401, 402, *BUSY)
REFUSING = (400, 422)  # how a header is refused for what it holds
# How the words of a probe begin whose group had a control that failed.
WITHOUT_ANY, WITH_MADE_UP = "Without any beta:", f"With the made-up name {MADE_UP}:"
_STATES = {
    Verdict.REFUSED_UNKNOWN: State.REFUSED,
    Verdict.REFUSED_MODEL: State.REFUSED_MODEL,
    Verdict.REFUSED_ACCOUNT: State.REFUSED_ACCOUNT,
}


@dataclass(frozen=True)
class Answer:
    """One exchange of a check. `is_sent` false: it never went out. `words`: the far end's, or what went wrong.

    `may_be_repeated` false: the far end asks to be left alone (`x-should-retry: false`).
    """

    facts: Facts
    words: str = ""
    exchange: str = ""
    is_sent: bool = True
    retry_after_s: float | None = None
    may_be_repeated: bool = True

    @property
    def is_good(self) -> bool:
        """Whether it was answered well, with what can be read as an answer of the API."""
        return self.status is not None and self.status < 300 and self.facts.is_whole and bool(self.facts.message)

    @property
    def status(self) -> int | None:
        return self.facts.status

    @property
    def is_passing(self) -> bool:
        """Whether asking again later may bring an answer: the far end was busy, and no limit of 0 was spoken of."""
        return self.status in TURNED_AWAY and "limit of 0" not in self.words

    @property
    def is_refusal(self) -> bool:
        """Whether it refuses what was asked; else it says something of the moment or the key."""
        return 400 <= (self.status or 0) < 500 and self.status not in (401, 402) and not self.is_passing

    @property
    def said(self) -> str:
        """Status and words in a line."""
        kind = self.facts.error.type if self.facts.error and self.facts.error.type else ""
        head = " ".join(str(part) for part in (self.status, kind) if part)
        return f"{head}: {self.words}" if head and self.words else head or self.words or "no answer"


@dataclass(frozen=True)
class Found:
    """What is to be kept of a beta, and the exchange that told."""

    state: State
    message: str = ""
    exchange: str = ""


def control_fault(plain: Answer, made_up: Answer, *, needs_beta: bool) -> Found | None:
    """What becomes of a whole group whose controls fail; None where they bear the answers out.

    `needs_beta`: the endpoint is meant to be not found (404) without its header.
    """
    if not (plain.is_good or (needs_beta and plain.status == 404)):
        return Found(State.UNREACHABLE, f"{WITHOUT_ANY} {plain.said}", plain.exchange)
    if made_up.status is not None and made_up.status < 400:
        return Found(
            State.NOT_CHECKED,
            f"The made-up name {MADE_UP} was accepted too: acceptance says nothing.",
            made_up.exchange,
        )
    if not _is_refused_by_name(made_up, needs_beta=needs_beta):
        return Found(State.UNREACHABLE, f"{WITH_MADE_UP} {made_up.said}", made_up.exchange)
    return None


def _is_refused_by_name(made_up: Answer, *, needs_beta: bool) -> bool:
    """Whether it is the name that was refused: a firewall or a limit of size turns away any header, or any at that moment."""
    if made_up.status in NOT_ABOUT_THE_NAME:
        return False
    is_missing = needs_beta and made_up.status == 404
    return made_up.status in REFUSING or is_missing or (made_up.status is not None and MADE_UP in made_up.words)


def refused_in_list(listed: Answer) -> list[str]:
    """The names that an answer to a header full of names refuses. Others may be refused as well: the API lists all, a
    gateway perhaps the first."""
    return list(listed.facts.error.refused_betas) if listed.facts.error else []


def found_of(beta: str, answer: Answer, plain: Answer) -> Found:
    """What one answer says of a beta, where the controls bear it out. Acceptance is all that is looked for."""
    if answer.status is None:
        state = State.UNREACHABLE if answer.is_sent else State.INCONCLUSIVE
        return Found(state, answer.said, answer.exchange)
    if answer.is_good:
        return Found(State.ACCEPTED, "", answer.exchange)
    baseline = plain.facts if plain.is_good else None
    verdict = next((each.outcome for each in outcomes(answer.facts, baseline) if each.beta == beta), None)
    return Found(_STATES.get(verdict, State.INCONCLUSIVE), answer.said, answer.exchange)  # type: ignore[arg-type]


def with_name_alone(alone: Found, with_field: Found) -> Found:
    """The name was asked about alone, after a refusal that spoke of something else in the body."""
    if alone.state != State.ACCEPTED:
        return with_field if alone.state == State.INCONCLUSIVE else alone
    return Found(State.ACCEPTED, f"The name alone. With what it opens: {with_field.message}", alone.exchange)
