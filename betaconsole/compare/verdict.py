"""What a comparison amounts to, in a few sentences that say no more than its numbers. Pure: figures in, words out.

Neutral throughout: fewer is not better until somebody says so. Plain words come first, the figures behind them second.
"""

from collections.abc import Iterator, Sequence

from betaconsole.drafts.columns import letter
from betaconsole.runs.tallying import REFUSED
from betaconsole.statistics.inputs import Column
from betaconsole.statistics.results import Result, Results

from .contributing import all_off, contributions_said
from .noting import notes
from .sentences import Facts, Sentence, Verdict
from .weighing import Weighed
from .wording import changed, counted, listed, measured, name_of, names_of, pairs, within

MOST_MAIN = 3
MOST_FIGURES = 3  # said of one column
MOST_NAMES = 4  # of figures that did not change
MOST_NAMED = 5  # columns in one sentence
MOST_REPEATS = 1_000
TOKENS = "output_tokens"


def verdict(facts: Facts, results: Results) -> Verdict:
    """The verdict of a comparison that has ended."""
    weighed = Weighed(facts, results)
    trusted = not weighed.controls.failed
    main = list(_findings(weighed)) if trusted else [_no_trust(weighed)]
    return Verdict(
        sentences=(*(main or [_nothing(weighed)])[:MOST_MAIN], *notes(weighed)),
        trusted=trusted,
        enough=bool(weighed.compared or weighed.refused) and not weighed.short and not weighed.silent,
    )


def _no_trust(weighed: Weighed) -> Sentence:
    return Sentence("untrusted", f"This comparison cannot be trusted: {listed(weighed.controls.failed)}")


def _nothing(weighed: Weighed) -> Sentence:
    if weighed.silent:
        said = f"Nothing can be compared: no answer of {_letters(weighed.silent)}, or of what stands beside"
    elif any(column.role for column in weighed.columns.values()):
        said = "Nothing can be compared: only controls stand beside another column"
    else:
        said = "Nothing is compared: no column stands beside another one"
    return Sentence("nothing", said)


def _findings(weighed: Weighed) -> Iterator[Sentence]:
    """What was refused, what changed, where data is short, and what did not change."""
    if weighed.refused:
        yield _refusals(weighed.refused)
        if weighed.silent and not weighed.compared:
            yield _nothing(weighed)
    contributions = contributions_said(weighed)
    if contributions:
        yield contributions
        if without := all_off(weighed):
            yield _changed(weighed, without, before="Without any of them, ")
    elif len(weighed.differing) <= MOST_MAIN - 1 - bool(weighed.refused):
        yield from (_changed(weighed, column) for column in weighed.differing)
    else:
        yield _all_changed(weighed)
    if weighed.short:
        yield _not_enough(weighed)
    if not contributions and (rest := _unchanged(weighed)):
        yield rest


def _refusals(refused: Sequence[Column]) -> Sentence:
    """Which columns were refused. Where a column sent one beta only, that one it was."""
    count = refused[0].excluded.get(REFUSED, 0)
    how_often = f" in {count:,} requests" if len(refused) == 1 and count > 1 else ""
    betas = [f"{letter(one.position)}: {one.betas[0]}" for one in refused[:MOST_NAMED] if len(one.betas) == 1]
    verb = "was" if len(refused) == 1 else "were"
    return Sentence("refused", f"{_letters(refused)} {verb} refused{how_often}", ", ".join(betas))


# What changed -----------------------------------------------------------------------------------------------------------


def _changed(weighed: Weighed, column: Column, *, before: str = "") -> Sentence:
    found = [one for one in weighed.of(column) if one.state == "differs"]
    name, other = letter(column.position), letter(column.baseline or 0)
    shown = found[:MOST_FIGURES]
    said = [
        changed(weighed.figures[one.figure], one, against="" if place else other) for place, one in enumerate(shown)
    ]
    if more := len(found) - len(shown):
        said.append(f"differs in {counted(more, 'more figure')}")
    figures = [measured(weighed.figures[one.figure], one) for one in shown]
    return Sentence("changed", f"{before}{name} {listed(said)}", "; ".join([*figures, pairs(shown)]))


def _all_changed(weighed: Weighed) -> Sentence:
    """Each column by the figure that stands first."""
    said, figures, tops = [], [], []
    for column in weighed.differing[:MOST_NAMED]:
        top = next(one for one in weighed.of(column) if one.state == "differs")
        name, other = letter(column.position), letter(column.baseline or 0)
        said.append(f"{name} {changed(weighed.figures[top.figure], top, against=other)}")
        figures.append(f"{name}: {measured(weighed.figures[top.figure], top)}")
        tops.append(top)
    if more := len(weighed.differing) - len(said):
        said.append(counted(more, "more column differs", "more columns differ"))
    return Sentence("changed", listed(said), "; ".join([*figures, pairs(tops)]))


# What did not, and where nobody can say -----------------------------------------------------------------------------------


def _not_enough(weighed: Weighed) -> Sentence:
    unsettled = [one for column in weighed.short for one in weighed.of(column) if one.state == "not_enough"]
    repeats = max((min(one.n, one.n_baseline) for one in unsettled), default=0)
    of_whom = f" of {_letters(weighed.short)}" if len(weighed.short) < len(weighed.compared) else ""
    return Sentence("not_enough", f"Not enough data{of_whom}: {_too_few(repeats)}; {_would_do(weighed, unsettled)}")


def _too_few(repeats: int) -> str:
    if repeats == 0:
        return "nothing was measured on both sides"
    if repeats == 1:
        return "one answer a column says nothing of chance"
    return f"with {repeats:,} answers a column no difference could show, however large"


def _would_do(weighed: Weighed, results: Sequence[Result]) -> str:
    """How many more repeats would settle what takes fewest, and what most look at."""
    known = [(one.needed, one.figure) for one in results if one.needed]
    if not known:
        return "how many repeats would do cannot be told from these"
    least = min(needed for needed, _ in known)
    if all(min(one.n, one.n_baseline) <= 1 for one in results):
        # Of one answer nobody knows the spread: before so many nothing can show, after them it may still take more.
        return f"it takes {_repeats(least)} at least"
    if all(needed == least for needed, _ in known):
        return f"{_repeats(least)} would do"
    soonest = names_of([weighed.figures[key] for key in dict.fromkeys(key for needed, key in known if needed == least)])
    said = f"{_repeats(least)} would do for {listed(soonest[:MOST_NAMES])}"
    tokens = max((needed for needed, key in known if key == TOKENS), default=least)
    return said if tokens == least else f"{said}, {_repeats(tokens)} for {name_of(weighed.figures[TOKENS])}"


def _repeats(needed: int) -> str:
    """`16 more repeats`; beyond `MOST_REPEATS` nobody asks how many exactly."""
    if needed > MOST_REPEATS:
        return f"more than {MOST_REPEATS:,} more repeats"
    return counted(needed, "more repeat")


def _unchanged(weighed: Weighed) -> Sentence | None:
    """What did not change: whole columns where there are several, else the rest of the figures."""
    told = [column for column in weighed.compared if column not in weighed.short]
    if len(weighed.compared) == 1:
        return _rest(weighed, told[0]) if told else None
    same = [column for column in told if column not in weighed.differing]
    if not same:
        return None
    results = [one for column in same for one in weighed.of(column) if one.state == "no_difference"]
    others = listed(list(dict.fromkeys(letter(column.baseline or 0) for column in same)))
    verb = "shows" if len(same) == 1 else "show"
    return Sentence(
        "unchanged",
        f"{_letters(same)} {verb} no difference from {others}",
        "; ".join(filter(None, [*_furthest(weighed, results), pairs(results)])),
    )


def _rest(weighed: Weighed, column: Column) -> Sentence | None:
    found = weighed.of(column)
    quiet = [one for one in found if one.state == "no_difference"]
    alike = names_of([weighed.figures[one.figure] for one in found if one.state == "identical"])
    parts = []
    if quiet:
        parts.append(f"no difference shows in {_few(names_of([weighed.figures[one.figure] for one in quiet]))}")
    if alike:
        parts.append(f"the same in every cell: {_few(alike)}")
    if not parts:
        return None
    said = "; ".join(parts)
    if column not in weighed.differing:
        said = f"between {letter(column.position)} and {letter(column.baseline or 0)} {said}"
    quantities = [one for one in quiet if not weighed.figures[one.figure].is_share][:MOST_NAMES]
    limits = [limit for one in quantities if (limit := within(weighed.figures[one.figure], one))]
    return Sentence(
        "unchanged", said[:1].upper() + said[1:], "; ".join(filter(None, [", ".join(limits), pairs(quiet)]))
    )


def _furthest(weighed: Weighed, results: Sequence[Result]) -> list[str]:
    """How large a difference there might still be in the figure that stands first, in the column where it is widest."""
    first = [one for one in results if one.figure == results[0].figure and one.low is not None and one.high is not None]
    if not first:
        return []
    widest = max(first, key=lambda one: max(abs(one.low or 0), abs(one.high or 0)))
    said = within(weighed.figures[widest.figure], widest)
    return [f"{said} at most" if len(first) > 1 else said] if said else []


def _letters(columns: Sequence[Column]) -> str:
    names = [letter(column.position) for column in columns]
    return listed([*names[:MOST_NAMED], f"{len(names) - MOST_NAMED:,} more"] if len(names) > MOST_NAMED else names)


def _few(names: Sequence[str]) -> str:
    more = len(names) - MOST_NAMES
    return listed([*names[:MOST_NAMES], counted(more, "more figure")] if more > 0 else list(names))
