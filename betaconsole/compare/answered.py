"""What two sides used and what their headers said, turn by turn, for the page."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from betaconsole.diffing.headers import HeaderRow, header_diff
from betaconsole.diffing.trees import MISSING
from betaconsole.diffing.usage import UsageRow, usage_diff
from betaconsole.runs.models import Exchange
from betaconsole.storage.fields import showable
from betaconsole.web.templatetags.figures import DASH, usd

from .leaves import json_text
from .sides import Sides, Told, TurnPair, told


@dataclass(frozen=True)
class UsageView:
    """One field of the usage, ready to be shown; `difference` empty where there is none to say."""

    path: str
    left: str
    right: str
    difference: str
    is_same: bool


@dataclass(frozen=True)
class AnsweredTurn:
    """One turn: the usage of both, their headers, and how they ended."""

    number: int
    left: Exchange | None
    right: Exchange | None
    left_told: Told | None
    right_told: Told | None
    usage: list[UsageView]
    headers: list[HeaderRow]


def answered(sides: Sides) -> list[AnsweredTurn]:
    """Every turn of both sides."""
    return [_turn(pair) for pair in sides.turns]


def usage_of(left: Exchange | None, right: Exchange | None) -> list[UsageRow]:
    """Every field of the usage, and the cost."""
    usages = [side.usage if side and isinstance(side.usage, dict) else None for side in (left, right)]
    costs = left.cost_usd if left else None, right.cost_usd if right else None
    return usage_diff(*usages, costs_usd=costs)


def _turn(pair: TurnPair) -> AnsweredTurn:
    headers = [side.response_headers if side else None for side in (pair.left, pair.right)]
    return AnsweredTurn(
        pair.number,
        pair.left,
        pair.right,
        told(pair.left),
        told(pair.right),
        [_usage(row) for row in usage_of(pair.left, pair.right)],
        header_diff(*headers),
    )


def _usage(row: UsageRow) -> UsageView:
    is_cost = row.path == "cost_usd"
    left, right = (_value(value, is_cost=is_cost) for value in (row.left, row.right))
    difference = "" if row.is_same or row.difference is None else _signed(row.difference, is_cost=is_cost)
    return UsageView("Cost" if is_cost else showable(row.path), left, right, difference, row.is_same)


def _value(value: Any, *, is_cost: bool) -> str:
    if value is MISSING:
        return DASH
    if is_cost:
        return usd(value)
    return f"{value:,}" if type(value) is int and abs(value) < 10**18 else json_text(value)


def _signed(difference: int | float | Decimal, *, is_cost: bool) -> str:
    sign, size = ("+", difference) if difference > 0 else ("−", -difference)
    if is_cost:
        return sign + usd(Decimal(size))
    return sign + (f"{size:,}" if size < 10**18 else "a lot")
