"""Which cells of a comparison count in its statistics, how many, and why the others do not. Pure.

Only what succeeded counts, and nothing that did not vanishes: each cell is counted, is still to come, or is left out for a
reason that can be said.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from betaconsole.storage.fields import showable

from .states import UNFINISHED, State

REFUSED, FAILED, WAITING = "refused", "failed", "waiting for a person"
# Why a cell that ended so does not count, in the order in which it is said.
REASONS: Mapping[str, str] = {
    State.FAILED: FAILED,
    State.INCOMPLETE: "incomplete",
    State.UNKNOWN_OUTCOME: "of unknown outcome",
    State.INTERRUPTED: "interrupted",
    State.CANCELLED: "stopped",
    State.SKIPPED: "skipped",
}
ORDER = (REFUSED, *REASONS.values(), WAITING)
MOST_DETAILS = 3


class Standing(NamedTuple):
    """A cell by the exchange at which it stands. `failure`: the API's error type, else how the call failed."""

    state: str
    waits: bool = False
    refused_betas: Sequence[str] = ()
    failure: str = ""


@dataclass(frozen=True)
class Tally:
    """`counts` of `planned` cells count, `to_come` are queued or in flight. `left_out`: why → how many.

    `details`: why → which (a refused beta, a type of error) → how many.
    """

    planned: int = 0
    counts: int = 0
    to_come: int = 0
    left_out: Mapping[str, int] = field(default_factory=dict)
    details: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    @property
    def ended(self) -> int:
        return self.planned - self.to_come

    @property
    def sentence(self) -> str:
        """`57 of 60 count: 2 refused (a-2025), 1 failed (overloaded_error).`; empty where all that ended counts."""
        if not self.left_out:
            return ""
        said = ", ".join(self._reason(why) for why in ORDER if self.left_out.get(why))
        if self.to_come:
            return f"So far {self.counts:,} of {self.ended:,} count: {said}."
        return f"{self.counts:,} of {self.planned:,} count: {said}."

    def _reason(self, why: str) -> str:
        which = sorted(self.details.get(why, {}).items(), key=lambda one: (-one[1], one[0]))
        told = [name if len(which) == 1 else f"{count:,} {name}" for name, count in which[:MOST_DETAILS]]
        more = ["…"] if len(which) > MOST_DETAILS else []
        return f"{self.left_out[why]:,} {why}" + (f" ({', '.join(told + more)})" if told else "")


def why_left_out(cell: Standing) -> str | None:
    """Why a cell does not count, as one of `ORDER`; empty where it does, None where it is still to come."""
    if cell.waits:
        return WAITING
    if cell.state in UNFINISHED:
        return None
    if cell.state == State.FAILED and cell.refused_betas:
        return REFUSED
    return REASONS.get(cell.state, "")


def tally(cells: Iterable[Standing]) -> Tally:
    """All cells of a comparison, or of one column."""
    planned = counts = to_come = 0
    left_out: Counter[str] = Counter()
    details: dict[str, Counter[str]] = {}
    for cell in cells:
        planned += 1
        why = why_left_out(cell)
        to_come += why is None
        counts += why == ""
        if why:
            left_out[why] += 1
            which = ", ".join(cell.refused_betas) if why == REFUSED else cell.failure if why == FAILED else ""
            if which:
                details.setdefault(why, Counter())[showable(which)] += 1
    return Tally(planned, counts, to_come, left_out, details)
