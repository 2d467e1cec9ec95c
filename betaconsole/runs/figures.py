"""What is measured of an exchange, and how it differs from the exchange it is compared with. Pure.

Differences are said without judgement: fewer is not better until somebody says so.
"""

from collections.abc import Callable
from dataclasses import dataclass

from betaconsole.web.templatetags.figures import DASH, count, ms, rate, usd

from .models import Exchange
from .states import State

BASELINE = "baseline"


@dataclass(frozen=True)
class Kind:
    """One figure: how it is read from an exchange and written down. `is_main`: shown where there is little room."""

    key: str
    label: str
    read: Callable[[Exchange], float | None]
    write: Callable[..., str]
    is_main: bool = False


@dataclass(frozen=True)
class Figure:
    """One figure of one column. `difference` is `+2 %`, `baseline` for a column compared with none, a dash where the
    other one has no such figure, and empty where this one has none or did not succeed: a refusal is no faster answer."""

    key: str
    label: str
    text: str
    difference: str
    is_main: bool


def tokens_per_second(exchange: Exchange) -> float | None:
    """Output tokens by the time they took: from the first byte where they were streamed, else from the request."""
    if not exchange.output_tokens or not exchange.total_ms:
        return None
    spent_ms = exchange.total_ms - (exchange.first_byte_ms or 0.0) if exchange.stream else exchange.total_ms
    return exchange.output_tokens * 1000 / spent_ms if spent_ms > 0 else None


KINDS = (
    Kind("first_text", "First text", lambda exchange: exchange.first_text_ms, ms),
    Kind("total", "Total", lambda exchange: exchange.total_ms, ms, is_main=True),
    Kind("speed", "Speed", tokens_per_second, rate),
    Kind("input", "Input", lambda exchange: exchange.input_tokens, count),
    Kind("output", "Output", lambda exchange: exchange.output_tokens, count, is_main=True),
    Kind("cost", "Cost", lambda exchange: _float(exchange.cost_usd), usd, is_main=True),
    Kind("first_byte", "First byte", lambda exchange: exchange.first_byte_ms, ms),
    Kind("cache_read", "Cache read", lambda exchange: exchange.cache_read_tokens, count),
    Kind("cache_write", "Cache write", lambda exchange: exchange.cache_write_tokens, count),
)


def figures_of(exchange: Exchange | None, baseline: Exchange | None, *, is_baseline: bool) -> list[Figure]:
    """Every figure of an exchange beside its baseline's; dashes where there is no exchange or nothing was measured."""
    return [_figure(kind, exchange, baseline, is_baseline=is_baseline) for kind in KINDS]


def _figure(kind: Kind, exchange: Exchange | None, baseline: Exchange | None, *, is_baseline: bool) -> Figure:
    value = kind.read(exchange) if exchange else None
    base = kind.read(baseline) if baseline and baseline.state == State.SUCCEEDED else None
    counts = value is not None and exchange is not None and exchange.state == State.SUCCEEDED
    said = (BASELINE if is_baseline else difference(value, base)) if counts else ""
    return Figure(kind.key, kind.label, kind.write(value), said, kind.is_main)


def difference(value: float | None, base: float | None) -> str:
    """How far a value lies from its baseline's: `+2 %`, `same`, `× 12`; a dash where one of them is missing."""
    if value is None or base is None:
        return DASH
    if value == base:
        return "same"
    if base <= 0 or value < 0:
        return _signed(value - base, f"{abs(value - base):,.4g}")
    percent = (value - base) / base * 100
    if abs(percent) < 0.05:
        return "±0 %"
    if percent >= 1000:
        return f"× {value / base:,.0f}"
    return _signed(percent, f"{abs(percent):.0f} %" if abs(percent) >= 0.95 else f"{abs(percent):.1f} %")


def _signed(value: float, written: str) -> str:
    return ("+" if value > 0 else "−") + written


def _float(value: object) -> float | None:
    return None if value is None else float(str(value))
