"""How numbers are written on pages. A missing figure is a dash, never a zero."""

from decimal import Decimal
from typing import Any

from django import template

register = template.Library()
DASH = "—"


@register.filter
def ms(value: float | None) -> str:
    """Milliseconds below a second, seconds above: `812 ms`, `6.42 s`, `74 s`."""
    if value is None:
        return DASH
    if value < 1000:
        return f"{value:.0f} ms"
    return f"{value / 1000:.2f} s" if value < 60_000 else f"{value / 1000:.0f} s"


@register.filter
def count(value: int | None) -> str:
    """A whole number with thin groups: `2,604`."""
    return DASH if value is None else f"{value:,}"


@register.filter
def usd(value: Decimal | None) -> str:
    """Dollars with the digits a small sum needs: `$0.0146`, `$1.04`."""
    if value is None:
        return DASH
    return f"${value:.4f}" if value < 1 else f"${value:,.2f}"


@register.filter
def get(mapping: Any, key: Any) -> Any:
    """`mapping[key]`, or None."""
    return mapping.get(key) if hasattr(mapping, "get") else None
