"""One share of two columns. Intervals by score keep a width where every cell says the same: 0 of 20 is not "never"."""

import math
from dataclasses import replace

from . import anylook, exact, shares
from .comparing import Found, bare, mirrored
from .sides import Floats, Sides
from .tested import Chance, Terms


def compare_shares(sides: Sides, terms: Terms) -> Found:
    """Of values that are 0 or 1. Needs a cell on each side."""
    found = bare(sides)
    if min(len(sides.upper), len(sides.lower)) < 2:
        return found
    found = (_of_pairs if sides.paired else _of_samples)(found, sides, terms)
    return replace(found, interval=mirrored(found.interval, sides.sign), smallest=_smallest(sides, terms))


def _of_pairs(found: Found, sides: Sides, terms: Terms) -> Found:
    upper, lower = sides.upper > 0.5, sides.lower > 0.5
    first, second = int((upper & ~lower).sum()), int((lower & ~upper).sum())
    both, neither = int((upper & lower).sum()), int((~upper & ~lower).sum())
    n = len(upper)
    if terms.extended:
        name = "any-look multinomial"
        interval = anylook.interval_of_pairs(first, second, both + neither, alpha=terms.alpha)
        chance = Chance(anylook.p_of_pairs(first, second, both + neither), _smallest(sides, terms))
    else:
        name = "Tango's score, exact McNemar"
        interval = shares.score_of_pairs(first, second, both + neither, alpha=terms.alpha)
        chance = exact.mcnemar(first, second)
    # One more pair each way: what was never seen may still happen.
    apart, gap = (first + second + 1) / (n + 2), (first - second) / (n + 2)
    return replace(
        found,
        method=name,
        interval=interval,
        chance=chance if first + second else None,
        deviation=math.sqrt(apart - gap * gap),
        is_identical=first + second == 0,
    )


def _of_samples(found: Found, sides: Sides, terms: Terms) -> Found:
    first, second = _counted(sides.upper), _counted(sides.lower)
    if terms.extended:
        name = "any-look binomial"
        interval = anylook.interval_of_samples(first, second, alpha=terms.alpha)
        chance = Chance(anylook.p_of_samples(first, second), _smallest(sides, terms))
    else:
        name = "Miettinen-Nurminen score, exact Fisher"
        interval = shares.score_of_samples(first, second, alpha=terms.alpha)
        chance = exact.fisher(first, second)
    still = not sides.has_spread and not sides.differs
    smoothed = [(count + 1) / (of + 2) for count, of in (first, second)]
    return replace(
        found,
        method=name,
        interval=interval,
        chance=None if still else chance,
        deviation=math.sqrt(sum(share * (1 - share) for share in smoothed)),
        is_identical=still,
    )


def _smallest(sides: Sides, terms: Terms) -> float:
    """The least p-value that so many cells can give: all of one column, none of the other."""
    n, m = len(sides.upper), len(sides.lower)
    if terms.extended:
        return anylook.p_of_pairs(n, 0, 0) if sides.paired else anylook.p_of_samples((n, n), (0, m))
    return exact.mcnemar(n, 0).p if sides.paired else exact.fisher((n, n), (0, m)).p


def _counted(values: Floats) -> tuple[int, int]:
    return int((values > 0.5).sum()), len(values)
