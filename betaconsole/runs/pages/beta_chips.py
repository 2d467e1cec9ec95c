"""What came of a column's betas as its lane says it: a chip a beta, the uneventful ones of many gathered. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from betaconsole.catalogue.outcomes import BUILT_IN, RETIRED, Outcome, Verdict
from betaconsole.drafts.labels import split_name
from betaconsole.storage.fields import showable

MOST_ALONE = 3  # with more chips than this the uneventful ones are gathered by their verdict


@dataclass(frozen=True)
class Words:
    """A verdict as people read it; `sign` stands before it, so that no colour is needed."""

    sign: str
    text: str


WORDS: Mapping[Verdict, Words] = {
    Verdict.EFFECTIVE: Words("✓", "effective"),
    Verdict.NO_VISIBLE_EFFECT: Words("○", "accepted, no visible effect"),
    Verdict.PINS_OLDER_SHAPE: Words("◷", "accepted, pins an older response shape"),
    Verdict.REFUSED_UNKNOWN: Words("✕", "refused as unknown"),
    Verdict.REFUSED_MODEL: Words("✕", "refused for this model"),
    Verdict.REFUSED_ACCOUNT: Words("✕", "refused for this account"),
    Verdict.NEEDED_BUT_MISSING: Words("!", "needed but missing"),
    Verdict.NOT_OBSERVABLE_HERE: Words("◐", "not observable here"),
    Verdict.INCONCLUSIVE: Words("?", "inconclusive"),
}
# Of several turns the one that says most speaks for the cell.
TELLING = (
    Verdict.EFFECTIVE,
    Verdict.REFUSED_UNKNOWN,
    Verdict.REFUSED_MODEL,
    Verdict.REFUSED_ACCOUNT,
    Verdict.NEEDED_BUT_MISSING,
    Verdict.PINS_OLDER_SHAPE,
    Verdict.NO_VISIBLE_EFFECT,
    Verdict.NOT_OBSERVABLE_HERE,
    Verdict.INCONCLUSIVE,
)
UNEVENTFUL = (Verdict.NO_VISIBLE_EFFECT, Verdict.NOT_OBSERVABLE_HERE, Verdict.INCONCLUSIVE)
UNSEEN = {RETIRED: "retired", BUILT_IN: "no longer needed"}  # by how the evidence begins
# What the refusal says stands below, in the error.
SAID_BELOW = (Verdict.REFUSED_UNKNOWN, Verdict.NEEDED_BUT_MISSING)
BLAMED = (*SAID_BELOW, Verdict.REFUSED_MODEL, Verdict.REFUSED_ACCOUNT)


@dataclass(frozen=True)
class Differing:
    """A repeat of which something else is told."""

    repeat: int
    href: str
    words: Words


@dataclass(frozen=True)
class BetaLine:
    """What came of one beta: `evidence` bears it out, `there` is a request that would show more.

    `tally` says in how many repeats, such as "in 12 of 14", and is empty where there is but one; `differing` are the others.
    """

    beta: str
    outcome: Verdict
    evidence: list[str]
    there: str = ""
    tally: str = ""
    differing: tuple[Differing, ...] = ()

    @property
    def words(self) -> Words:
        return WORDS[self.outcome]


@dataclass(frozen=True)
class Chip:
    """One chip: a beta, or several with the same verdict. `name` is empty where it goes without saying."""

    outcome: Verdict
    name: str
    summary: str
    lines: list[BetaLine]

    @property
    def words(self) -> Words:
        return WORDS[self.outcome]

    @property
    def tally(self) -> str:
        """In how many repeats; of several betas only those are gathered that are alike in all of them."""
        return self.lines[0].tally


def lines_of(turns: Sequence[Sequence[Outcome]]) -> list[BetaLine]:
    """One line a beta for the turns of a cell, in the order in which the betas were sent."""
    by_beta: dict[str, list[Outcome]] = {}
    for outcomes in turns:
        for outcome in outcomes:
            by_beta.setdefault(outcome.beta, []).append(outcome)
    return [_line(beta, found, len(turns)) for beta, found in by_beta.items()]


def chips_of(lines: Sequence[BetaLine]) -> list[Chip]:
    """The chips for these lines; the uneventful ones of many as one chip a verdict, at the end."""
    gathers = len(lines) > MOST_ALONE
    alone = [line for line in lines if line.differing or not (gathers and line.outcome in UNEVENTFUL)]
    chips = [_chip(line, is_only=len(lines) == 1) for line in alone]
    for verdict in UNEVENTFUL:
        gathered = [line for line in lines if gathers and line.outcome is verdict and not line.differing]
        if len(gathered) == 1:
            chips.append(_chip(gathered[0], is_only=False))
        elif gathered:
            chips.append(Chip(verdict, f"{len(gathered)} betas", "", gathered))
    return chips


def _line(beta: str, found: Sequence[Outcome], turns: int) -> BetaLine:
    best = min(found, key=lambda outcome: TELLING.index(outcome.outcome))
    alike = sum(outcome.outcome is best.outcome for outcome in found)
    evidence = [showable(sentence) for sentence in best.evidence]
    if turns > 1 and alike < turns:
        evidence.append(f"in {alike} of {turns} turns")
    return BetaLine(showable(beta), best.outcome, evidence, best.there)


def _chip(line: BetaLine, *, is_only: bool) -> Chip:
    is_missing = line.outcome is Verdict.NEEDED_BUT_MISSING
    name = line.beta if is_missing else "" if is_only else split_name(line.beta)[0]
    return Chip(line.outcome, name, "" if line.outcome in SAID_BELOW else _summary(line), [line])


def _summary(line: BetaLine) -> str:
    """The first sentence, and in how many turns."""
    first, *rest = line.evidence or [""]
    return "; ".join([first, *(sentence for sentence in rest if sentence.endswith(" turns"))])


def what_they_did(lines: Iterable[BetaLine]) -> dict[str, BetaLine]:
    """By beta the line that says most, over several columns."""
    best: dict[str, BetaLine] = {}
    for line in lines:
        if line.beta not in best or TELLING.index(line.outcome) < TELLING.index(best[line.beta].outcome):
            best[line.beta] = line
    return best


def blamed(lines: Iterable[BetaLine]) -> list[str]:
    """The betas that a request was refused for, or for want of."""
    return [line.beta for line in lines if line.outcome in BLAMED]


def in_short(line: BetaLine) -> str:
    """What a beta did, in a word or two for a table."""
    if line.differing:
        return f"{line.words.sign} {line.words.text} {line.tally}"
    if line.outcome is Verdict.NO_VISIBLE_EFFECT:
        why = "".join(line.evidence[:1])
        return next((words for start, words in UNSEEN.items() if why.startswith(start)), "no effect seen")
    return f"{line.words.sign} {line.words.text}"
