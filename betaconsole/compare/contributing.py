"""What each beta changes where all the others are on, in one sentence: the answer to leaving one out. Pure."""

from collections.abc import Sequence

from betaconsole.statistics.inputs import Column
from betaconsole.statistics.results import Contribution

from .sentences import Sentence
from .weighing import Weighed, rank
from .wording import bounds, counted, in_figures, listed, name_of, pairs, signed, within

MOST_FIGURES = 3  # of one beta
MOST_NAMED = 6
MOST_QUIET = 2  # named in the words where others do change something; the figures name them all
SUMMED = (
    "output_tokens",
    "input_tokens",
    "cost_usd",
)  # one of these says whether betas add up, and how far off they may be


def contributions_said(weighed: Weighed) -> Sentence | None:
    """None where no beta was left out by itself, or there is not data enough."""
    found = weighed.results.contributions
    if not found or weighed.short:
        return None
    hidden = frozenset().union(*weighed.left_out.values())
    alpha = weighed.facts.inputs.alpha
    standing = [
        one
        for one in sorted(found, key=lambda one: rank(one.figure))
        if one.figure in weighed.figures.keys() - hidden and one.p_corrected is not None and one.p_corrected <= alpha
    ]
    by_beta = {beta: [one for one in standing if one.beta == beta] for beta in dict.fromkeys(one.beta for one in found)}
    telling = [beta for beta, own in by_beta.items() if own]
    quiet = [beta for beta, own in by_beta.items() if not own]
    said = [f"{beta} changes {_named(weighed, by_beta[beta])}" for beta in telling[:MOST_NAMED]]
    if len(telling) > MOST_NAMED:
        said.append(f"{counted(len(telling) - MOST_NAMED, 'more')} do too")
    if quiet:
        who = f"the {len(quiet):,} others" if telling and len(quiet) > MOST_QUIET else listed(quiet)
        said.append(f"{who} {'changes' if len(quiet) == 1 else 'change'} nothing that shows")
    figures = [
        f"{beta}: {', '.join(_contributed(weighed, one) for one in by_beta[beta][:MOST_FIGURES])}"
        for beta in telling[:MOST_NAMED]
    ]
    figures += [limit for beta in quiet[:MOST_NAMED] if (limit := _limit(weighed, beta, hidden))]
    told = [one for column in weighed.compared for one in weighed.of(column)]
    # It has no interval: where nothing differs it would be chance alone.
    beyond = _beyond_the_sum(weighed) if telling or all_off(weighed) else []
    return Sentence(
        "contribution",
        f"With all the other betas on, {'; '.join(said)}",
        "; ".join([*figures, *beyond, pairs(told)]),
    )


def all_off(weighed: Weighed) -> Column | None:
    """Of leaving one out: the column without any of the betas, where it is compared and differs."""
    fewest = min(weighed.compared, key=lambda column: len(column.betas), default=None)
    others = set().union(*(column.betas for column in weighed.compared if column is not fewest))
    is_without = fewest is not None and len(others) - len(fewest.betas) > 1
    return fewest if is_without and fewest in weighed.differing else None


def _named(weighed: Weighed, found: Sequence[Contribution]) -> str:
    names = [name_of(weighed.figures[one.figure]) for one in found[:MOST_FIGURES]]
    more = len(found) - len(names)
    return listed([*names, counted(more, "more figure")] if more > 0 else names)


def _contributed(weighed: Weighed, one: Contribution) -> str:
    figure = weighed.figures[one.figure]
    difference = signed(one.difference, figure.unit)
    if one.low is None or one.high is None:
        return f"{in_figures(figure)} {difference}"
    if one.low == one.high:
        return f"{in_figures(figure)} exactly {difference}"
    interval = bounds(signed(one.low, figure.unit), signed(one.high, figure.unit))
    return f"{in_figures(figure)} {difference}, 95 % interval {interval}"


def _limit(weighed: Weighed, beta: str, hidden: frozenset[str]) -> str:
    """How large a difference this beta might still make in tokens, else in what stands first; empty where that is not known."""
    own = [
        one
        for one in weighed.results.contributions
        if one.beta == beta and one.figure in weighed.figures.keys() - hidden
    ]
    for one in sorted(own, key=lambda one: (one.figure not in SUMMED, rank(one.figure))):
        figure = weighed.figures[one.figure]
        if not figure.is_share and (limit := within(figure, one)):
            return f"{beta}: {limit}"
    return ""


def _beyond_the_sum(weighed: Weighed) -> list[str]:
    for key in SUMMED:
        beyond = weighed.results.non_additivity.get(key)
        if beyond is not None and key in weighed.figures:
            figure = weighed.figures[key]
            return [f"all together beyond the sum of these: {in_figures(figure)} {signed(beyond, figure.unit)}"]
    return []
