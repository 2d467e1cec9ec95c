"""How a difference is said: first in plain words, then in figures. Pure, and neutral: no word says better or worse."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from betaconsole.statistics.figures import Figure, Unit
from betaconsole.statistics.results import Contribution, Result

FRACTIONS = (
    (1 / 20, "a twentieth"),
    (1 / 10, "a tenth"),
    (1 / 8, "an eighth"),
    (1 / 5, "a fifth"),
    (1 / 4, "a quarter"),
    (1 / 3, "a third"),
    (1 / 2, "half"),
    (2 / 3, "two thirds"),
    (3 / 4, "three quarters"),
    (9 / 10, "nine tenths"),
)
ABOUT_HALF = "about half"
CLOSE = 0.07  # of a fraction, relative to it
SEVERAL_TIMES = 0.9  # from so much more on it is said as a multiple


@dataclass(frozen=True)
class Phrase:
    """What a column does; `{}` stands for by how much, or for how many times as much. `as_many` ends in `as`."""

    less: str
    more: str
    as_many: str


PHRASES = {
    "output_tokens": Phrase(
        "writes {} fewer output tokens", "writes {} more output tokens", "writes {} as many output tokens"
    ),
    "input_tokens": Phrase(
        "takes in {} fewer input tokens", "takes in {} more input tokens", "takes in {} as many input tokens"
    ),
    "cache_read_tokens": Phrase(
        "reads {} fewer tokens from caches", "reads {} more tokens from caches", "reads {} as many tokens from caches"
    ),
    "cache_write_tokens": Phrase(
        "writes {} fewer tokens to caches", "writes {} more tokens to caches", "writes {} as many tokens to caches"
    ),
    "cost_usd": Phrase("costs {} less", "costs {} more", "costs {} as much"),
    "first_text_ms": Phrase(
        "starts its text {} sooner", "starts its text {} later", "takes {} as long to its first text"
    ),
    "total_ms": Phrase("takes {} less time", "takes {} more time", "takes {} as long"),
    "tokens_per_second": Phrase(
        "writes {} fewer tokens a second", "writes {} more tokens a second", "writes {} as many tokens a second"
    ),
    "longest_silence_ms": Phrase(
        "has a longest silence {} shorter", "has a longest silence {} longer", "has a longest silence {} as long"
    ),
    "text_length": Phrase("gives a text {} shorter", "gives a text {} longer", "gives a text {} as long"),
    "tool_calls": Phrase("makes {} fewer tool calls", "makes {} more tool calls", "makes {} as many tool calls"),
}
# Where the key has a name of its own behind a colon, `{name}` stands for it.
NAMED = {
    "blocks": Phrase(
        "brings {} fewer {name} blocks", "brings {} more {name} blocks", "brings {} as many {name} blocks"
    ),
}
SHARES = {
    "refusal": "refuses in {}",
    "stop_reason": "stops with {name} in {}",
    "block": "brings a {name} block in {}",
    "field": "has {name} in {}",
    "check": "passes the check “{name}” in {}",
    "preferred": "is preferred in {}",
}
# What it is that changes, or does not.
NOUNS = {
    "refusal": "refusals",
    "stop_reason": "how often it stops with {name}",
    "block": "whether there is a {name} block",
    "blocks": "the number of {name} blocks",
    "field": "whether there is {name}",
    "check": "the check “{name}”",
    "preferred": "which one is preferred",
}
# The same of several at once.
FAMILIES = {"refusal": "refusals", "stop_reason": "stop reasons", "block": "types of blocks"}


def changed(figure: Figure, result: Result, *, against: str) -> str:
    """`writes about a fifth fewer output tokens than A`. `against` is empty where it has been said before."""
    if figure.is_share:
        base = share(result.baseline_value)
        said = _filled(_share_phrase(figure), figure, f"{share(result.value)} of its answers")
        return f"{said} ({against} in {base})" if against else f"{said} rather than {base}"
    template, how_much, than = _by_how_much(_phrase(figure), figure, result)
    said = _filled(template, figure, how_much)
    return f"{said} {than} {against}" if against else said


def _by_how_much(phrase: Phrase, figure: Figure, result: Result) -> tuple[str, str, str]:
    """The phrase to take, what fills it, and the word before what it is compared with."""
    ratio, difference = result.relative, result.difference or 0.0
    if ratio is None or not _says_it(ratio):
        how_much = amount(abs(difference), figure.unit)
        return (phrase.more if difference > 0 else phrase.less), how_much, "than"
    if phrase.as_many and (ratio >= SEVERAL_TIMES or part(-ratio) == ABOUT_HALF):
        return phrase.as_many, times(1 + ratio), "as"
    how_much = f"about {percent(ratio)}" if part(ratio) == ABOUT_HALF else part(abs(ratio))
    return (phrase.more if ratio > 0 else phrase.less), how_much, "than"


def _phrase(figure: Figure) -> Phrase:
    kind = figure.key.partition(":")[0]
    if found := NAMED.get(kind) or PHRASES.get(figure.key):
        return found
    return Phrase(f"has {{}} less {name_of(figure)}", f"has {{}} more {name_of(figure)}", "")


def _share_phrase(figure: Figure) -> str:
    return SHARES.get(figure.key.partition(":")[0]) or f"has {in_figures(figure)} in {{}}"


def _filled(template: str, figure: Figure, how_much: str) -> str:
    """The name last: somebody made it up, and it may look like a place to be filled."""
    return template.replace("{}", how_much, 1).replace("{name}", figure.key.partition(":")[2], 1)


def _says_it(ratio: float) -> bool:
    return math.isfinite(ratio) and abs(ratio) >= 0.0005


def part(ratio: float) -> str:
    """`about a fifth`, `about 13 %`, `about half`."""
    nearest, word = min(FRACTIONS, key=lambda each: abs(each[0] - ratio))
    return f"about {word}" if abs(nearest - ratio) <= CLOSE * nearest else f"about {percent(ratio)}"


def times(ratio: float) -> str:
    """`about half`, `about twice`, `about 2.5 times`."""
    if ratio < 1:
        return ABOUT_HALF
    if abs(ratio - 2) <= 0.1:
        return "about twice"
    return f"about {_significant(ratio, 2)} times"


def share(value: float | None) -> str:
    """Of answers: `all`, `none`, `35 %`."""
    if value is None:
        return "–"
    return "none" if value == 0 else "all" if value == 1 else percent(value)


def percent(ratio: float) -> str:
    """`21 %`, `0.4 %`; never a share of some rounded to none or all."""
    value = abs(ratio) * 100
    if value == 0:
        return "0 %"
    digits = 0 if value >= 1.95 else 1 if value >= 0.095 else 2
    return f"{value:,.{digits}f} %"


# Figures ----------------------------------------------------------------------------------------------------------------


def measured(figure: Figure, result: Result) -> str:
    """`output tokens −21 %, 95 % interval −25 to −16 %`."""
    if figure.is_share:
        said = f"{in_figures(figure)} in {percent(result.value or 0)} against {percent(result.baseline_value or 0)}"
    else:
        said = f"{in_figures(figure)} {_difference(figure, result)}"
    interval = _interval(figure, result)
    of_what = " of the difference" if figure.is_share else ""
    return f"{said}, 95 % interval{of_what} {interval}" if interval else said


def within(figure: Figure, result: Result | Contribution) -> str:
    """How large a difference there might still be: `output tokens within ±4 %`; empty where that is not known."""
    if figure.is_share or (furthest := reach(result)) is None:
        ends = [abs(end) for end in (result.low, result.high) if end is not None]
        return f"{in_figures(figure)} within ±{amount(max(ends), figure.unit)}" if len(ends) == 2 else ""
    return f"{in_figures(figure)} within ±{percent(furthest)}"


def in_figures(figure: Figure) -> str:
    """The label as it stands inside a sentence."""
    kind, _, name = figure.key.partition(":")
    return f"check “{name}”" if kind == "check" else figure.label[:1].lower() + figure.label[1:]


def _is_relative(figure: Figure, result: Result) -> bool:
    known = (result.relative, result.relative_low, result.relative_high)
    return not figure.is_share and None not in known and _says_it(result.relative or 0.0)


def _difference(figure: Figure, result: Result) -> str:
    if _is_relative(figure, result):
        return signed_percent(result.relative or 0.0)
    return signed(result.difference or 0.0, figure.unit)


def _interval(figure: Figure, result: Result) -> str:
    if _is_relative(figure, result):
        low, high = result.relative_low or 0.0, result.relative_high or 0.0
        return "" if low == high else bounds(signed_percent(low), signed_percent(high))
    if result.low is None or result.high is None or result.low == result.high:
        return ""
    return bounds(signed(result.low, figure.unit), signed(result.high, figure.unit))


def bounds(low: str, high: str) -> str:
    """`−22 to −16 %`: the unit once, where both have the same."""
    number, _, unit = low.partition(" ")
    return f"{number if high.endswith(f' {unit}') else low} to {high}"


def reach(result: Result | Contribution) -> float | None:
    """How far from nothing the difference may lie at most, as a share of the baseline; None where that is not known."""
    known = [abs(bound) for bound in (result.relative_low, result.relative_high) if bound is not None]
    return max(known) if len(known) == 2 else None


def pairs(results: Sequence[Result]) -> str:
    """How many cells these rest on: `n = 20 pairs`, `n = 11 to 20 pairs`, `n = 20 and 18`."""
    if not results:
        return ""
    counts = sorted({min(one.n, one.n_baseline) for one in results})
    said = f"{counts[0]:,}" if len(counts) == 1 else f"{counts[0]:,} to {counts[-1]:,}"
    if all(one.paired for one in results):
        return f"n = {said} {'pair' if counts[-1] == 1 else 'pairs'}"
    if len({(one.n, one.n_baseline) for one in results}) == 1:
        return f"n = {results[0].n:,} and {results[0].n_baseline:,}"
    return f"n = {said}"


def name_of(figure: Figure) -> str:
    """What it is that changes, or does not, inside a sentence: `output tokens`, `whether there is a thinking block`."""
    kind, _, name = figure.key.partition(":")
    if kind in NOUNS:
        return NOUNS[kind].replace("{name}", name)
    return figure.label[:1].lower() + figure.label[1:]


def names_of(figures: Sequence[Figure]) -> list[str]:
    """The same of several, each family once: `output tokens`, `stop reasons`."""
    kinds = [figure.key.partition(":")[0] for figure in figures]
    return list(
        dict.fromkeys(
            FAMILIES[kind] if kind in FAMILIES else name_of(figure) for kind, figure in zip(kinds, figures, strict=True)
        )
    )


def signed_percent(ratio: float) -> str:
    if ratio == 0:
        return "0 %"
    return _sign(ratio) + percent(ratio)


def signed(value: float, unit: Unit) -> str:
    return (_sign(value) if value else "") + amount(abs(value), unit)


def _sign(value: float) -> str:
    return "+" if value > 0 else "−"


def amount(value: float, unit: Unit) -> str:
    """A quantity with its unit: `1.2 s`, `$0.004`, `120`."""
    if unit == "ms":
        return f"{_significant(value / 1000, 3)} s" if value >= 1000 else f"{_significant(value, 3)} ms"
    if unit == "usd":
        return f"${_significant(value, 2)}"
    if unit == "share":
        return f"{value * 100:,.0f} points"
    return _significant(value, 3)


def _significant(value: float, digits: int) -> str:
    """So many digits that count, never in powers of ten."""
    if value == 0:
        return "0"
    places = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    written = f"{value:,.{min(places, 12)}f}"
    return written.rstrip("0").rstrip(".") if "." in written else written


def listed(parts: Sequence[str], *, last: str = "and") -> str:
    """`A`, `A and B`, `A, B and C`."""
    return f" {last} ".join(filter(None, [", ".join(parts[:-1]), parts[-1]])) if parts else ""


def counted(number: int, one: str, many: str = "") -> str:
    """`1 repeat`, `20 repeats`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
