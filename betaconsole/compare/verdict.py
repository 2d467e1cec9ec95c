"""What a comparison amounts to, in a few sentences that say no more than its numbers. Pure: figures in, words out.

Neutral throughout: fewer is not better until somebody says so. Plain words come first, the figures behind them second.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from betaconsole.drafts.columns import letter
from betaconsole.statistics.figures import Figure
from betaconsole.statistics.inputs import Column
from betaconsole.statistics.results import Contribution, Result, Results

from .observing import REFUSED
from .sentences import Facts, Sentence, Verdict
from .trusting import OF_CACHES, caches_apart, caches_said, controls, counting, is_refused
from .wording import bounds, changed, counted, listed, measured, name_of, pairs, percent, reach, signed

MOST_MAIN = 3
MOST_FIGURES = 3  # said of one column
MOST_NAMES = 4  # of figures that did not change
MOST_NAMED = 5  # columns, or betas, in one sentence
# What is said first of what differs.
ORDER = (
    *("check", "preferred", "refusal", "block", "tool_calls", "output_tokens", "cost_usd", "input_tokens", "total_ms"),
    *("first_text_ms", "tokens_per_second", "stop_reason", "longest_silence_ms", "text_length"),
    *("cache_read_tokens", "cache_write_tokens"),
)
EXCLUDED = {
    "refused": "refused",
    "unknown_outcome": "of unknown outcome",
    "cancelled": "stopped",
    "waiting": "waiting for a person",
}


def verdict(facts: Facts, results: Results) -> Verdict:
    """The verdict of a comparison that has ended."""
    return _Weighing(facts, results).verdict()


class _Weighing:
    """The columns sorted by what can be said of them."""

    def __init__(self, facts: Facts, results: Results) -> None:
        self.facts, self.all = facts, results
        inputs = facts.inputs
        self.figures = {figure.key: figure for figure in inputs.figures}
        self.columns = {column.position: column for column in inputs.columns}
        self.refused = [column for column in inputs.columns if not column.role and is_refused(column)]
        asked = [column for column in inputs.columns if not column.role and column.baseline in self.columns]
        self.compared = [
            column for column in asked if counting(column) and counting(self.columns[column.baseline or 0])
        ]
        self.silent = [column for column in asked if column not in self.compared and column not in self.refused]
        self.apart = [] if facts.separate_caches else caches_apart(self.columns, results.results)
        self.controls = controls(inputs.columns, results.results)
        self.of = {column.position: self._sayable(column) for column in self.compared}
        self.short = [column for column in self.compared if not _has_enough(self.of[column.position])]

    def _sayable(self, column: Column) -> list[Result]:
        """The results of a column, without those that its caches decide."""
        left_out = OF_CACHES if any(one.column is column for one in self.apart) else frozenset()
        found = (one for one in self.all.results if one.variant == column.position and one.figure in self.figures)
        return sorted((one for one in found if one.figure not in left_out), key=self._rank)

    def _rank(self, result: Result) -> tuple[int, str]:
        kind = result.figure.partition(":")[0]
        return (ORDER.index(kind) if kind in ORDER else len(ORDER), result.figure)

    def verdict(self) -> Verdict:
        trusted = not self.controls.failed
        is_told = bool(self.compared or self.refused)
        main = [*self._refusals(), *self._what_changed()] if trusted else [*self._no_trust()]
        return Verdict(
            sentences=(*(main or self._nothing())[:MOST_MAIN], *self._notes()),
            trusted=trusted,
            enough=is_told and not self.short and not self.silent,
        )

    # The verdict proper ---------------------------------------------------------------------------------------------

    def _no_trust(self) -> Iterator[Sentence]:
        yield Sentence("untrusted", f"This comparison cannot be trusted: {listed(self.controls.failed)}")

    def _nothing(self) -> list[Sentence]:
        if not any(column.baseline in self.columns for column in self.columns.values() if not column.role):
            return [Sentence("nothing", "Nothing is compared: no column has another one to stand beside")]
        if self.silent:
            return [
                Sentence(
                    "nothing",
                    f"Nothing can be compared: {_letters(self.silent)} or what it stands beside has no answer",
                )
            ]
        return [Sentence("nothing", "Nothing can be compared: only controls stand beside other columns")]

    def _refusals(self) -> Iterator[Sentence]:
        if self.refused:
            said = [f"{letter(one.position)} was refused{_of_all(one)}" for one in self.refused[:MOST_NAMED]]
            more = len(self.refused) - len(said)
            yield Sentence("refused", listed([*said, f"{counted(more, 'more column')} too"] if more > 0 else said))

    def _what_changed(self) -> Iterator[Sentence]:
        differing = [one for one in self.compared if any(_differs(result) for result in self.of[one.position])]
        room = MOST_MAIN - bool(self.refused) - 1
        if contributions := self._contributions():
            yield contributions
        elif len(differing) <= room:
            yield from (self._changed(column) for column in differing)
        else:
            yield self._all_changed(differing)
        if self.short:
            yield self._not_enough()
        if rest := self._unchanged(differing):
            yield rest

    def _changed(self, column: Column) -> Sentence:
        found = [one for one in self.of[column.position] if _differs(one)]
        name, other = letter(column.position), letter(column.baseline or 0)
        shown = found[:MOST_FIGURES]
        said = [
            changed(self.figures[one.figure], one, against="" if place else other) for place, one in enumerate(shown)
        ]
        if more := len(found) - len(shown):
            said.append(f"differs in {counted(more, 'more figure')}")
        figures = [measured(self.figures[one.figure], one) for one in shown]
        return Sentence("changed", f"{name} {listed(said)}", "; ".join([*figures, pairs(shown)]))

    def _all_changed(self, columns: Sequence[Column]) -> Sentence:
        """Each by the figure that stands first."""
        said, figures, tops = [], [], []
        for column in columns[:MOST_NAMED]:
            top = next(one for one in self.of[column.position] if _differs(one))
            name, other = letter(column.position), letter(column.baseline or 0)
            said.append(f"{name} {changed(self.figures[top.figure], top, against=other)}")
            figures.append(f"{name}: {measured(self.figures[top.figure], top)}")
            tops.append(top)
        if more := len(columns) - len(said):
            said.append(f"{counted(more, 'more column differs', 'more columns differ')}")
        return Sentence("changed", listed(said), "; ".join([*figures, pairs(tops)]))

    def _contributions(self) -> Sentence | None:
        """Of leaving one out: what each beta changes, given all the others."""
        alpha, shown = self.facts.inputs.alpha, []
        left_out = OF_CACHES if self.apart else frozenset()
        for one in self.all.contributions:
            stands = one.p_corrected is not None and one.p_corrected <= alpha
            if stands and one.figure in self.figures and one.figure not in left_out:
                shown.append(one)
        if not self.all.contributions or self.short:
            return None
        betas = list(dict.fromkeys(one.beta for one in self.all.contributions))
        by_beta = {beta: [one for one in shown if one.beta == beta] for beta in betas}
        telling = [beta for beta in betas if by_beta[beta]]
        silent = [beta for beta in betas if not by_beta[beta]]
        parts = [f"{beta} changes {self._named(by_beta[beta])}" for beta in telling[:MOST_NAMED]]
        if more := len(telling) - MOST_NAMED:
            parts += [f"{counted(more, 'more beta changes', 'more betas change')} something"] if more > 0 else []
        if silent:
            parts.append(
                f"{listed(silent[:MOST_NAMED])} {'changes' if len(silent) == 1 else 'change'} nothing that shows"
            )
        figures = [self._contributed(one) for beta in telling for one in self._first(by_beta[beta])]
        together = self._beyond_the_sum()
        return Sentence(
            "contribution", f"With all the other betas on, {listed(parts)}", "; ".join([*figures, *together])
        )

    def _first(self, found: Sequence[Contribution]) -> list[Contribution]:
        order = {figure: place for place, figure in enumerate(ORDER)}
        return sorted(found, key=lambda one: order.get(one.figure.partition(":")[0], len(ORDER)))[:MOST_FIGURES]

    def _named(self, found: Sequence[Contribution]) -> str:
        names = [name_of(self.figures[one.figure]) for one in self._first(found)]
        more = len(found) - len(names)
        return listed([*names, counted(more, "more figure")] if more > 0 else names)

    def _contributed(self, one: Contribution) -> str:
        figure = self.figures[one.figure]
        interval = (
            ""
            if one.low is None or one.high is None or one.low == one.high
            else f", 95 % interval {bounds(signed(one.low, figure.unit), signed(one.high, figure.unit))}"
        )
        return f"{one.beta}: {name_of(figure)} {signed(one.difference, figure.unit)}{interval}"

    def _beyond_the_sum(self) -> list[str]:
        """How far the betas together are from their sum, in output tokens or what stands first."""
        for key in ("output_tokens", "input_tokens", "cost_usd"):
            if (beyond := self.all.non_additivity.get(key)) is not None and key in self.figures:
                said = signed(beyond, self.figures[key].unit)
                return [f"all together beyond the sum of these: {name_of(self.figures[key])} {said}"]
        return []

    def _not_enough(self) -> Sentence:
        open_results = [one for column in self.short for one in self.of[column.position] if one.state == "not_enough"]
        repeats = max((min(one.n, one.n_baseline) for one in open_results), default=0)
        who = _letters(self.short) if len(self.short) < len(self.compared) else ""
        text = f"Not enough data{f' of {who}' if who else ''}: {_too_few(repeats)}"
        return Sentence("not_enough", f"{text}; {would_do(open_results, self.figures)}")

    def _unchanged(self, differing: Sequence[Column]) -> Sentence | None:
        """What did not change: whole columns where there are several, else the rest of the figures."""
        told = [column for column in self.compared if column not in self.short]
        same = [column for column in told if column not in differing]
        if len(self.compared) == 1 and told:
            return self._rest(told[0], is_changed=bool(differing))
        if not same:
            return None
        results = [one for column in same for one in self.of[column.position] if one.state == "no_difference"]
        verb = "shows" if len(same) == 1 else "show"
        others = listed(list(dict.fromkeys(letter(column.baseline or 0) for column in same)))
        return Sentence("unchanged", f"{_letters(same)} {verb} no difference from {others}", _bounds(results))

    def _rest(self, column: Column, *, is_changed: bool) -> Sentence | None:
        found = self.of[column.position]
        quiet = [one for one in found if one.state == "no_difference"]
        alike = [one for one in found if one.state == "identical"]
        names = [name_of(self.figures[one.figure]) for one in quiet]
        parts = [f"no difference shows in {_few(names)}"] if names else []
        if alike:
            parts.append(
                f"{_few([name_of(self.figures[one.figure]) for one in alike])} {'is' if len(alike) == 1 else 'are'} the same in every cell"
            )
        if not parts:
            return None
        if is_changed:
            return Sentence("unchanged", _capital(listed(parts)), _bounds(quiet))
        name, other = letter(column.position), letter(column.baseline or 0)
        return Sentence("unchanged", f"Between {name} and {other} {listed(parts)}", _bounds(quiet))

    # Beside it ------------------------------------------------------------------------------------------------------

    def _notes(self) -> Iterator[Sentence]:
        held = [*self.controls.held, *self.controls.open]
        if held and not self.controls.failed:
            told = "The controls held" if not self.controls.open else "Of the controls"
            yield Sentence("controls", f"{told}: {listed(held)}")
        if self.apart:
            yield Sentence(
                "caches",
                f"No conclusion on cost, input tokens or first text: {caches_said(self.apart)} "
                "(run it with separate caches to compare them)",
            )
        yield Sentence("counted", self._how_many_count())
        if not any(key.startswith("check:") or key == "preferred" for key in self.figures):
            yield Sentence("quality", "Answer quality: not checked")
        if self.facts.simulated:
            yield Sentence("simulated", "The answers are simulated: they say nothing about the API")

    def _how_many_count(self) -> str:
        columns = self.facts.inputs.columns
        return count_said(
            sum(counting(column) for column in columns),
            sum(column.planned for column in columns),
            sum((Counter(column.excluded) for column in columns), Counter()),
        )


def _differs(result: Result) -> bool:
    return result.state == "differs"


def _has_enough(results: Sequence[Result]) -> bool:
    """Whether a difference, had there been one, could have shown."""
    states = {one.state for one in results}
    return bool(states & {"differs", "no_difference"}) or states == {"identical"}


def _of_all(column: Column) -> str:
    count = column.excluded.get(REFUSED, 0)
    return f" ({counted(count, 'request')})" if count > 1 else ""


def _letters(columns: Sequence[Column]) -> str:
    names = [letter(column.position) for column in columns]
    return listed([*names[:MOST_NAMED], f"{len(names) - MOST_NAMED} more"] if len(names) > MOST_NAMED else names)


def _few(names: Sequence[str]) -> str:
    more = len(names) - MOST_NAMES
    return listed([*names[:MOST_NAMES], counted(more, "more figure")] if more > 0 else list(names))


def _bounds(results: Sequence[Result]) -> str:
    """How large a difference might still be, and on how much that rests."""
    reaches = [found for one in results if (found := reach(one)) is not None]
    within = [f"whatever there is lies within ±{percent(max(reaches))}, 95 % interval of each"] if reaches else []
    return "; ".join([*within, *filter(None, [pairs(results)])])


def _too_few(repeats: int) -> str:
    if repeats == 0:
        return "no case and repeat was answered on both sides"
    if repeats == 1:
        return "one answer a column says nothing of chance"
    return f"with {counted(repeats, 'answer')} a column no difference could show, however large"


def would_do(results: Sequence[Result], figures: Mapping[str, Figure]) -> str:
    """How many more repeats would settle it: the figure that stands first, and all where that takes more."""
    known = [one for one in results if one.needed]
    if not known:
        return "nobody can say from these how many repeats would do"
    least = min(one.needed or 0 for one in known)
    first = next((one for one in known if one.figure == "output_tokens"), known[0])
    needed = first.needed or least
    name = name_of(figures[first.figure]) if first.figure in figures else first.figure
    return f"{counted(needed, 'more repeat')} would do for {name}"


def count_said(counting_cells: int, planned: int, excluded: Mapping[str, int]) -> str:
    """`All 60 cells count`, `57 of 60 cells count: 2 failed, 1 was stopped`."""
    if counting_cells == planned:
        return "The one cell counts" if planned == 1 else f"All {planned:,} cells count"
    whys = [f"{count:,} {EXCLUDED.get(why, why)}" for why, count in excluded.items() if count]
    told = f": {', '.join(whys)}" if whys else ""
    return f"{counting_cells:,} of {counted(planned, 'cell')} {'counts' if counting_cells == 1 else 'count'}{told}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
