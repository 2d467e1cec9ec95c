"""The catalogue as a list: what matches, what comes first. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from betaconsole.availability.models import Standing, State
from betaconsole.availability.standings import REFUSALS
from betaconsole.availability.wording import Stood, stood
from betaconsole.catalogue.betas import AREAS, Beta, Status, all_betas, find, stable_tool_types
from betaconsole.runs.standpoints import Standpoint

from .spelling import Spelt, spelt

MOST_NAMED = 2  # fields named in a row, before "and 3 more"
USEFULNESS = (Status.ACTIVE, Status.SUPERSEDED, Status.GENERALLY_AVAILABLE, Status.UNKNOWN, Status.RETIRED)
MARKS = {
    Status.ACTIVE: "●",
    Status.SUPERSEDED: "→",
    Status.GENERALLY_AVAILABLE: "✓",
    Status.RETIRED: "✕",
    Status.UNKNOWN: "?",
}
TONES = {Status.ACTIVE: "good", Status.RETIRED: "bad", Status.SUPERSEDED: "warn"}
UNLISTED = "Not in the catalogue"
ANSWERS = {"accepted": "Accepted", "refused": "Refused", "unknown": "Not known"}
NOWHERE: Mapping[str, Standing] = {}
UNDECIDED: Mapping[str, Standpoint] = {}


@dataclass(frozen=True)
class Wanted:
    """What is asked of the list; empty strings leave a filter out. `endpoint` is a word of betas.toml, `answer` one of
    `ANSWERS`: what the connection and model that are looked at said."""

    query: str = ""
    status: str = ""
    endpoint: str = ""
    area: str = ""
    needs_header: bool = False
    answer: str = ""

    @property
    def is_all(self) -> bool:
        """Whether nothing is filtered out."""
        return self == Wanted()


@dataclass(frozen=True)
class BetaRow:
    """One beta in the list. `beta` is None where the team sent a name that the catalogue does not hold; `here` is how the
    connection and model that are looked at answered it."""

    name: Spelt
    beta: Beta | None
    used: int
    can_try: bool
    here: Stood
    stand: Standpoint | None = None  # the team's

    @property
    def status(self) -> str:
        return self.beta.status.label if self.beta else UNLISTED

    @property
    def mark(self) -> str:
        """A sign beside the status, so that its colour is not all that tells it."""
        return MARKS[self.beta.status] if self.beta else "?"

    @property
    def tone(self) -> str:
        return TONES.get(self.beta.status, "") if self.beta else ""

    @property
    def unlocked(self) -> Sequence[str]:
        """The first of what it opens in a request."""
        named = opened(self.beta) if self.beta else []
        return [path for path in named[:MOST_NAMED] if path == named[0] or not path.startswith("messages[].content")]

    @property
    def further(self) -> int:
        """How many more it opens."""
        return len(opened(self.beta)) - len(self.unlocked) if self.beta else 0


def rows(
    wanted: Wanted,
    used: Mapping[str, int],
    here: Mapping[str, Standing] = NOWHERE,
    stands: Mapping[str, Standpoint] = UNDECIDED,
) -> list[BetaRow]:
    """The betas that match, most useful to a playground first. `used`: in how many comparisons the team used each; `here`:
    where each stands on the connection and model that are looked at; `stands`: what the team decided about each."""
    found = [beta for beta in all_betas().values() if matches(beta, wanted) and _answers(here.get(beta.name), wanted)]
    typed = "-".join(wanted.query.lower().split())
    found.sort(key=lambda beta: (beta.name != typed, not beta.name.startswith(typed), remoteness(beta)))
    return [row_of(beta.name, used, here, stands) for beta in found]


def used_rows(
    wanted: Wanted,
    used: Mapping[str, int],
    here: Mapping[str, Standing] = NOWHERE,
    stands: Mapping[str, Standpoint] = UNDECIDED,
) -> list[BetaRow]:
    """What the team used and what matches, most used first; names the catalogue does not hold among them, also those that
    were only asked about."""
    own = set(used) | {name for name in here if find(name) is None}
    names = sorted(own, key=lambda name: (-used.get(name, 0), name))
    return [
        row_of(name, used, here, stands)
        for name in names
        if _matches_name(name, wanted) and _answers(here.get(name), wanted)
    ]


def row_of(
    name: str,
    used: Mapping[str, int],
    here: Mapping[str, Standing] = NOWHERE,
    stands: Mapping[str, Standpoint] = UNDECIDED,
) -> BetaRow:
    """The row of one name."""
    beta = find(name)
    is_tried = beta is not None and can_try(beta)
    return BetaRow(spelt(name), beta, used.get(name, 0), is_tried, stood(here.get(name)), stands.get(name))


def can_try(beta: Beta) -> bool:
    """Whether Messages accepts it, so that it can be tried here."""
    return beta.on_messages and not beta.refused


def matches(beta: Beta, wanted: Wanted) -> bool:
    """Whether every word stands in what is known of the beta, and the filters let it through."""
    return (
        (not wanted.status or beta.status == wanted.status)
        and (not wanted.endpoint or wanted.endpoint in beta.endpoints or "all" in beta.endpoints)
        and (not wanted.area or beta.area == wanted.area)
        and (not wanted.needs_header or needs_header(beta))
        and all(word in _searched(beta) for word in wanted.query.lower().split())
    )


def needs_header(beta: Beta) -> bool:
    """Whether something is refused or missing today without the header, on some model at least."""
    return bool(beta.gated or gated_tools(beta)) or beta.status is Status.ACTIVE


def gated_tools(beta: Beta) -> list[str]:
    """The types of tools that are refused today without the header."""
    return [kind for kind in beta.tool_types if kind not in stable_tool_types()]


def opened(beta: Beta) -> list[str]:
    """Fields, values and tool types the header opens or once opened; what says most first: no value where its field stands."""
    fields = [path for path in beta.unlocks if not any(path.startswith(f"{other}.") for other in beta.unlocks)]
    fields.sort(key=lambda path: path.startswith("messages[].content"))  # blocks that come back from an answer
    return [*fields, *(f"tools[].type={kind}" for kind in beta.tool_types)]


def remoteness(beta: Beta) -> tuple[bool, int, bool]:
    """How far it is from being worth a try here: first what Messages accepts, active before all else."""
    return not can_try(beta), USEFULNESS.index(beta.status), "all" in beta.endpoints


def endpoints() -> list[str]:
    """The words for endpoints that betas act on, Messages first."""
    return list(dict.fromkeys(word for beta in all_betas().values() for word in beta.endpoints if word != "all"))


def _answers(standing: Standing | None, wanted: Wanted) -> bool:
    """Whether it was answered as the filter wants."""
    if wanted.answer not in ANSWERS:
        return True
    state = standing.state if standing else ""
    known = "accepted" if state == State.ACCEPTED else "refused" if state in REFUSALS else "unknown"
    return wanted.answer == known


def _matches_name(name: str, wanted: Wanted) -> bool:
    beta = find(name)
    if beta is not None:
        return matches(beta, wanted)
    words = Wanted(query=wanted.query, answer=wanted.answer)
    return wanted == words and all(word in name for word in wanted.query.lower().split())


def _searched(beta: Beta) -> str:
    known = (beta.name, beta.title, beta.summary, AREAS[beta.area], *beta.unlocks, *beta.tool_types, *beta.endpoints)
    return " ".join(known).lower()
