"""How verdicts are put together: one small function for each, with its sentences."""

from __future__ import annotations

from collections.abc import Sequence

from .facts import Facts, Outcome, Verdict

MOST_QUOTED = 160
_VOWELS = ("a", "e", "i", "o", "mcp_")


def effective(beta: str, *evidence: str) -> Outcome:
    return Outcome(beta, Verdict.EFFECTIVE, list(evidence))


def quiet(beta: str, *evidence: str) -> Outcome:
    """Accepted, and nothing to be seen: for reasons that lie in the request or in the catalogue."""
    return Outcome(beta, Verdict.NO_VISIBLE_EFFECT, list(evidence))


def absent(beta: str, facts: Facts, *evidence: str) -> Outcome:
    """Accepted, and the answer does not show it; of an answer that was cut that says nothing."""
    if facts.is_whole:
        return quiet(beta, *evidence)
    return unclear(beta, "the answer did not come to its end; what had arrived does not show it")


def unclear(beta: str, *evidence: str) -> Outcome:
    return Outcome(beta, Verdict.INCONCLUSIVE, list(evidence))


def elsewhere(beta: str, evidence: str, *, there: str) -> Outcome:
    return Outcome(beta, Verdict.NOT_OBSERVABLE_HERE, [evidence], there)


def said(facts: Facts) -> str:
    """What the refusal said, as the API worded it, cut to a line."""
    words = facts.error.message if facts.error else ""
    line = " ".join(words.split())
    return line if len(line) <= MOST_QUOTED else line[: MOST_QUOTED - 1] + "…"


def listed(words: Sequence[str], *, joined_by: str = "and") -> str:
    """`a`, `a and b`, `a, b and c`."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {joined_by} {words[-1]}"


def counted(number: int, thing: str) -> str:
    """`1 call`, `2 calls`, `1,204 calls`."""
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"


def one_of(thing: str) -> str:
    """`a text block`, `an advisor_tool_result block`, `an mcp_tool_use block`."""
    return f"{'an' if thing.startswith(_VOWELS) else 'a'} {thing}"


def taken(things: Sequence[str]) -> str:
    """`thread was taken, which needs this header`."""
    return f"{listed(things)} {'was' if len(things) == 1 else 'were'} taken, which needs this header"
