"""How the figures of an evidence are written: every number of a row in the same unit and with the same digits. Pure."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

from betaconsole.statistics.figures import Unit
from betaconsole.web.templatetags.figures import DASH

MINUS = "−"
MOST_DIGITS = 8  # after the point


@dataclass(frozen=True)
class Hand:
    """How the numbers of one figure are written. `factor` brings a value into the unit that is written."""

    factor: float
    digits: int  # after the point
    before: str = ""
    after: str = ""
    after_difference: str = ""

    def value(self, number: float | None) -> str:
        """`455`, `$0.0146`, `6.42 s`, `86 %`; a dash where there is none."""
        if number is None:
            return DASH
        return f"{_sign(self._rounded(number), plus='')}{self.before}{self._digits(number)}{self.after}"

    def difference(self, number: float | None) -> str:
        """`−94`, `+0.13 s`, `+14 points`, `0`."""
        if number is None:
            return DASH
        return f"{_sign(self._rounded(number))}{self.before}{self._digits(number)}{self.after_difference or self.after}"

    def bare(self, number: float | None) -> str:
        """The same without its unit, where the unit stands beside it."""
        return DASH if number is None else f"{_sign(self._rounded(number))}{self._digits(number)}"

    def interval(self, low: float | None, high: float | None) -> str:
        """`−132 … −59`: of a difference; a dash where there is none."""
        return DASH if low is None or high is None else f"{self.bare(low)} … {self.bare(high)}"

    def spread(self, low: float | None, high: float | None) -> str:
        """`430 … 470`: of a value; empty where there is none."""
        if low is None or high is None:
            return ""
        start, end = (f"{_sign(self._rounded(number), plus='')}{self._digits(number)}" for number in (low, high))
        return f"{start} … {end}"

    def _rounded(self, number: float) -> float:
        return round(number * self.factor, self.digits)

    def _digits(self, number: float) -> str:
        return f"{abs(self._rounded(number)):,.{self.digits}f}"


def hand_for(unit: Unit, values: Iterable[float | None]) -> Hand:
    """How to write these values, and the differences between them: with as many digits as the largest of them needs."""
    known = [abs(value) for value in values if value is not None]
    largest = max(known, default=0.0)
    is_whole = all(value == int(value) for value in known)
    match unit:
        case "ms" if largest >= 1000:
            return Hand(1 / 1000, 2 if largest < 100_000 else 0, after=" s")
        case "ms":
            return Hand(1.0, 0 if largest >= 10 else 1, after=" ms")
        case "usd":
            return Hand(1.0, _digits_for(largest), before="$")
        case "share":
            return Hand(100.0, 0, after=" %", after_difference=" points")
        case "tokens_per_second":
            return Hand(1.0, 0 if largest >= 10 else 1, after=" tok/s")
        case "count":
            return Hand(1.0, 0 if is_whole else 1)
        case _:
            return Hand(1.0, 0 if is_whole or largest >= 100 else 1)


def finer(hand: Hand, differences: Iterable[float | None]) -> Hand:
    """The hand for differences: that of the values, with more digits where it would leave nothing of the largest one."""
    known = [value for value in differences if value is not None]
    if not any(known) or any(set(hand.bare(value)) & set("123456789") for value in known):
        return hand
    largest = max(map(abs, known)) * hand.factor
    return replace(hand, digits=min(MOST_DIGITS, 1 - math.floor(math.log10(largest))))


def percent(share: float | None) -> str:
    """`−21 %`, `+0.4 %`, `0 %`; empty where there is none."""
    if share is None:
        return ""
    number = round(share * 100, 0 if abs(share) >= 0.0095 else 1)
    if abs(number) >= 1000:
        return f"× {1 + share:,.0f}"
    return f"{_sign(number)}{abs(number):,.{0 if number == int(number) else 1}f} %"


def chance(p: float | None) -> str:
    """A p-value: `0.031`, `below 0.001`; a dash where there is none."""
    if p is None:
        return DASH
    return "below 0.001" if p < 0.001 else f"{min(p, 1.0):.3f}" if p < 0.1 else f"{min(p, 1.0):.2f}"


def _sign(number: float, *, plus: str = "+") -> str:
    return MINUS if number < 0 else plus if number > 0 else ""


def _digits_for(largest: float) -> int:
    """Three that count, and cents at least."""
    return 2 if largest <= 0 or largest >= 1 else min(MOST_DIGITS, max(2, 2 - math.floor(math.log10(largest))))
