"""In what order the requests of a comparison go out: drawn, so that drift of the service does not fall on one column. Pure.

A round is one case and repeat in all columns. The repeats are blocks: within each the cases follow one another in a drawn
order, and within a round the columns do, which start together all the same (the order decides who goes first where a limit
lets only some start). So whatever slows down or speeds up over an hour meets every column and every case equally often.

A case's repeats are alike, so nothing is lost by counting them as they go out: repeat 1 of a case is its first, on whose
status lines its others wait (runs.sending.rounds).

The order is a function of the seed and of what is numbered: what is added to a comparison later is drawn from the same seed.
"""

import random
import secrets
from collections.abc import Sequence

MAX_SEED = 2**53 - 1  # what JSON numbers hold exactly everywhere
_DRAWN_BELOW = 2**32  # short enough to be read out


def new_seed() -> int:
    """A seed for a comparison that was given none."""
    return secrets.randbelow(_DRAWN_BELOW)


def drawn(
    seed: int | None,
    *,
    variants: Sequence[int],
    cases: Sequence[int],
    repeats: Sequence[int],
    keeps_cases: bool = False,
) -> list[tuple[int, int, int]]:
    """(repeat, index of the case, index of the variant) of every first request, in the order in which they are sent.

    `variants` and `cases` are positions in the comparison. Without a seed everything stays in order; `keeps_cases`: the
    cases do (turns of a recorded conversation).
    """
    order: list[tuple[int, int, int]] = []
    for repeat in repeats:
        keeps = keeps_cases or seed is None
        for case in range(len(cases)) if keeps else _shuffled(cases, f"{seed} repeat {repeat}"):
            name = f"{seed} repeat {repeat} case {cases[case]}"
            columns = range(len(variants)) if seed is None else _shuffled(variants, name)
            order += [(repeat, case, variant) for variant in columns]
    return order


def _shuffled(positions: Sequence[int], seed: str) -> list[int]:
    """The indices of the positions in a drawn order, that of a position whatever others there are."""
    # By random() and no other method: of what `random` makes of a seed, only that is promised to stay the same.
    draws = [random.Random(f"{seed} position {position}").random() for position in positions]  # noqa: S311 - no secret
    return sorted(range(len(positions)), key=draws.__getitem__)
