"""What came of each beta in an exchange, from the request, the response and, where there is one, the baseline's. Pure.

A 200 does not mean that a beta worked: each verdict comes with the sentences that bear it out, which hold no more than the
data says.
"""

from __future__ import annotations

from dataclasses import replace

from .evidence.effects import BUILT_IN, RETIRED, effect
from .evidence.facts import Facts, Outcome, Pair, Verdict
from .evidence.missing import missing
from .evidence.particular import TIMED
from .evidence.refusals import refused
from .evidence.saying import unclear

__all__ = ["BUILT_IN", "RETIRED", "TIMED", "Facts", "Outcome", "Verdict", "outcomes"]


def outcomes(facts: Facts, baseline: Facts | None = None) -> list[Outcome]:
    """One outcome for each beta sent, in the order of the header, then one for a beta for want of which it was refused.

    `baseline`: the exchange it is compared with, which may do without some of the betas. Never raises.
    """
    pair = Pair(facts, baseline)
    sent = [_outcome(name, pair) for name in dict.fromkeys(facts.betas) if name]
    return [*(replace(one, is_open=True) if one.beta in pair.missed else one for one in sent), *missing(facts)]


def _outcome(name: str, pair: Pair) -> Outcome:
    status = pair.facts.status
    if status is None:
        return unclear(name, "no answer came")
    if pair.facts.is_refused:
        return refused(name, pair)
    if status >= 300:
        return unclear(name, f"a redirect ({status}), which is not followed")
    return effect(name, pair)
