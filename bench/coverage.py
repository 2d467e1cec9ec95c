"""`make coverage`: whether the statistics keep their promise, over thousands of comparisons whose truth is known.

Coverage: how often the 95 % interval of a difference holds the true one; from 20 repeats on 93 to 97 %. False alarms: how often a
twin of the baseline is said to differ, at the first look, and at any look when repeats are added after each; at most 5 %. Shares
also exactly, over all outcomes (`exact_shares`). `python -m bench.coverage 500 alarms` simulates fewer, and one part alone (coverage,
shares, alarms). Exits 1 where a bar does not hold.
"""

import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

import numpy as np

from bench import exact_shares
from bench.draws import BETAS, NOTHING, Floats, drawn
from betaconsole.statistics.comparing import Found, estimate
from betaconsole.statistics.comparing_shares import compare_shares
from betaconsole.statistics.figures import MEASURED, REFUSAL, Figure, stop_reason
from betaconsole.statistics.inputs import Column, Inputs
from betaconsole.statistics.sides import Sides, paired, unpaired
from betaconsole.statistics.tested import Terms
from betaconsole.statistics.working import work_out

SHARES = (REFUSAL, stop_reason("max_tokens"))
FIGURES = (*(figure for figure in MEASURED if figure.key in drawn(NOTHING, 1, np.random.default_rng(0))), *SHARES)
SIZES = (5, 10, 20, 50)
LOOKS = (20, 40, 60, 80, 100)
BARRED_FROM = 20
LEAST, MOST, ALARMS = 0.93, 0.97, 0.05
TERMS = Terms(alpha=0.05, extended=False, draws=0, seed=1)
# A batch is one task of a process and has a seed of its own: the outcome does not depend on how many processes there are.
BATCH = 50


@dataclass(frozen=True)
class Kind:
    """One interval that was asked: of a figure, for so many repeats, in pairs or not; "mean", "relative" or "shift"."""

    figure: str
    interval: str
    paired: bool
    n: int


Tally = dict[Kind, tuple[int, int]]  # how many held the truth, of how many


def coverage(
    comparisons: int, *, seed: int = 6, processes: int = 2, sizes: tuple[int, ...] = SIZES, truth_from: int = 1_000_000
) -> Tally:
    """Over so many comparisons at each size, each of a baseline against every beta of `BETAS`; every other one without pairs.
    What is true is taken from `truth_from` cells."""
    truths = _truths(seed, truth_from)
    tasks = [
        (n, start, min(BATCH, comparisons - start), seed, truths)
        for n in sizes
        for start in range(0, comparisons, BATCH)
    ]
    return _added(_mapped(_covered, tasks, processes))


def _covered(task: tuple[int, int, int, int, "Truths"]) -> Tally:
    n, start, count, seed, truths = task
    rng = np.random.default_rng([seed, n, start])
    tally: Tally = {}
    for at in range(count):
        baseline = drawn(NOTHING, n, rng)
        for beta in BETAS:
            column = drawn(beta, n, rng)
            for figure in FIGURES:
                sides = _sides(column, baseline, figure, in_pairs=at % 2 == 0)
                _count(tally, figure, n, sides, truths[beta, figure.key])
    return tally


def _sides(column: Mapping[str, Floats], baseline: Mapping[str, Floats], figure: Figure, *, in_pairs: bool) -> Sides:
    return (paired if in_pairs else unpaired)(column[figure.key].tolist(), baseline[figure.key].tolist())


def _count(tally: Tally, figure: Figure, n: int, sides: Sides, truth: "Truth") -> None:
    found = (compare_shares if figure.is_share else estimate)(sides, TERMS)
    for name, interval, true in _asked(found, truth, in_pairs=sides.paired):
        kind = Kind(figure.key, name, sides.paired, n)
        held, of = tally.get(kind, (0, 0))
        tally[kind] = held + (interval[0] - 1e-9 <= true <= interval[1] + 1e-9), of + 1


def _asked(found: Found, truth: "Truth", *, in_pairs: bool) -> Iterator[tuple[str, tuple[float, float], float]]:
    """What has no spread is exact, and no question."""
    if found.method in ("identical", "exact difference"):
        return
    if found.interval:
        yield "mean", found.interval, truth.difference
    if found.relative:
        yield "relative", found.relative, truth.relative
    if found.shift and found.shift.interval:
        yield "shift", found.shift.interval, truth.paired_shift if in_pairs else truth.shift


@dataclass(frozen=True)
class Truth:
    """Of one beta and figure. `shift`: the median of column minus baseline; `paired_shift`: of the mean of two such."""

    difference: float
    relative: float
    shift: float
    paired_shift: float


Truths = dict[tuple[str, str], Truth]


def _truths(seed: int, draws: int) -> Truths:
    """What is left of chance in a million draws is a fiftieth of the narrowest interval."""
    rng = np.random.default_rng([seed, 0])
    baseline = drawn(NOTHING, draws, rng)
    found: Truths = {}
    for beta in BETAS:
        column = drawn(beta, draws, rng)
        for figure in FIGURES:
            gaps = column[figure.key] - baseline[figure.key]
            difference, base = float(gaps.mean()), float(baseline[figure.key].mean())
            two = (gaps[::2] + gaps[1::2]) / 2
            found[beta, figure.key] = Truth(
                difference, difference / base, float(np.median(gaps)), float(np.median(two))
            )
    return found


@dataclass(frozen=True)
class Alarms:
    """Of `of` comparisons with a twin, in how many it was said to differ: at the first look, and at any."""

    of: int
    first: int
    ever: int


def alarms(
    comparisons: int, *, figures: tuple[Figure, ...], in_pairs: bool = True, seed: int = 6, processes: int = 2
) -> Alarms:
    tasks = [
        (start, min(BATCH, comparisons - start), seed, figures, in_pairs) for start in range(0, comparisons, BATCH)
    ]
    found = _mapped(_alarmed, tasks, processes)
    first, ever = (sum(counts) for counts in zip(*found, strict=True))
    return Alarms(comparisons, first, ever)


def _alarmed(task: tuple[int, int, int, tuple[Figure, ...], bool]) -> tuple[int, int]:
    start, count, seed, figures, in_pairs = task
    rng = np.random.default_rng([seed, 1, start])
    first = ever = 0
    for _ in range(count):
        looks = list(_looks(drawn(NOTHING, LOOKS[-1], rng), drawn(NOTHING, LOOKS[-1], rng), figures, in_pairs=in_pairs))
        first += looks[0]
        ever += any(looks)
    return first, ever


def _looks(
    baseline: Mapping[str, Floats], twin: Mapping[str, Floats], figures: tuple[Figure, ...], *, in_pairs: bool
) -> Iterator[bool]:
    """After each of `LOOKS`, whether anything of the twin is said to differ; after the first, repeats were added."""
    for n in LOOKS:
        columns = (_column(0, baseline, n, apart=0), _column(1, twin, n, apart=0 if in_pairs else n))
        found = work_out(Inputs(columns, figures, extended=n > LOOKS[0], seed=n))
        yield any(result.state == "differs" for result in found.results)


def _column(position: int, values: Mapping[str, Floats], n: int, *, apart: int) -> Column:
    """`apart`: how far the repeats' numbers lie from the baseline's, so that there are no pairs."""
    cells = {key: {(0, apart + repeat): float(row[repeat]) for repeat in range(n)} for key, row in values.items()}
    return Column(position, None if position == 0 else 0, "twin" if position else "", (), "model", n, cells, {}, {})


def _mapped(function: object, tasks: list, processes: int) -> list:
    if processes < 2:
        return [function(task) for task in tasks]  # type: ignore[operator]
    with ProcessPoolExecutor(processes) as pool:
        return list(pool.map(function, tasks))  # type: ignore[arg-type]


def _added(tallies: Iterable[Tally]) -> Tally:
    total: Tally = {}
    for tally in tallies:
        for kind, (held, of) in tally.items():
            before = total.get(kind, (0, 0))
            total[kind] = before[0] + held, before[1] + of
    return total


def report(tally: Tally) -> tuple[str, bool]:
    """A table, and whether every bar in it holds."""
    lines = ["coverage of 95 % intervals, in % " + _heads()]
    holds = True
    rows = dict.fromkeys(
        (kind.figure, kind.interval, kind.paired) for kind in sorted(tally, key=lambda kind: not kind.paired)
    )
    for figure, interval, in_pairs in rows:
        line = f"{figure:<23}{interval:<9}{'paired' if in_pairs else 'apart':<8}"
        for n in SIZES:
            held, of = tally.get(Kind(figure, interval, in_pairs, n), (0, 0))
            barred = of and n >= BARRED_FROM and not LEAST <= held / of <= MOST
            holds = holds and not barred
            line += f"{100 * held / of:8.1f}{'!' if barred else ' '}" if of else f"{'-':>8} "
        lines.append(line.rstrip())
    return "\n".join(lines), holds


def _heads() -> str:
    return "".join(f"{f'n = {n}':>9}" for n in SIZES)


def tell_coverage(comparisons: int) -> bool:
    table, holds = report(coverage(comparisons))
    print(f"{comparisons:,} comparisons of {len(BETAS)} betas with a baseline, at each size\n{table}", flush=True)
    return holds


def tell_shares(comparisons: int) -> bool:
    """Exact, so that the number of comparisons does not matter."""
    print("exact coverage of equal shares, in %" + _heads())
    holds = True
    for rate in exact_shares.RATES:
        for name, covered in (("paired", exact_shares.of_pairs), ("apart", exact_shares.of_samples)):
            found = {n: covered(rate, n) for n in SIZES}
            barred = {n for n in SIZES if n >= BARRED_FROM and rate >= exact_shares.COMMON}
            over = {n for n in barred if not LEAST <= found[n] <= MOST}
            holds = holds and not over
            told = "".join(f"{100 * found[n]:8.1f}{'!' if n in over else ' '}" for n in SIZES)
            said = f"{rate:.0%} of either side"
            print(f"{said:<29}{name:<8}{told.rstrip()}", flush=True)
    return holds


def tell_alarms(comparisons: int) -> bool:
    looks = ", ".join(map(str, LOOKS))
    print(f"false alarms of a twin over {comparisons:,} comparisons, looked at after {looks} repeats", flush=True)
    holds = True
    for what, figures, in_pairs in (
        (f"{len(FIGURES)} figures, paired", FIGURES, True),
        (f"{len(FIGURES)} figures, apart", FIGURES, False),
        ("one figure, paired", FIGURES[:1], True),
        ("one figure, apart", FIGURES[:1], False),
        ("one share, paired", SHARES[-1:], True),
    ):
        found = alarms(comparisons, figures=figures, in_pairs=in_pairs)
        over = found.ever > ALARMS * found.of
        holds = holds and not over
        first, ever = found.first / found.of, found.ever / found.of
        print(f"{what:<23}{first:6.1%} at the first look, {ever:6.1%} at any{' !' if over else ''}", flush=True)
    return holds


def main(comparisons: int, parts: list[str]) -> int:
    began = time.monotonic()
    told = {"coverage": tell_coverage, "shares": tell_shares, "alarms": tell_alarms}
    holds = [told[part](comparisons) for part in parts or told]
    verdict = "every bar holds" if all(holds) else "a bar does not hold (!)"
    print(f"{verdict}; {time.monotonic() - began:.0f} s", file=sys.stderr)
    return 0 if all(holds) else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 2000, sys.argv[2:]))
