"""How numbers and moments are written on pages. A missing figure is a dash, never a zero."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from django import template
from django.utils import timezone

register = template.Library()
DASH = "—"


@register.filter
def ms(value: float | None) -> str:
    """Milliseconds below a second, seconds above: `812 ms`, `6.42 s`, `74 s`."""
    if value is None:
        return DASH
    if value < 999.5:
        return f"{value:.0f} ms"
    return f"{value / 1000:.2f} s" if value < 60_000 else f"{value / 1000:.0f} s"


@register.filter
def count(value: int | None) -> str:
    """A whole number in groups of three: `2,604`."""
    return DASH if value is None else f"{value:,}"


@register.filter
def rate(value: float | None) -> str:
    """Tokens per second: `71 tok/s`, `3.2 tok/s`."""
    if value is None:
        return DASH
    return f"{value:.0f} tok/s" if value >= 10 else f"{value:.1f} tok/s"


@register.filter
def usd(value: Decimal | None) -> str:
    """Dollars with the digits a small sum needs: `$0.0146`, `$1.04`."""
    if value is None:
        return DASH
    return f"${value:.4f}" if 0 < value < 1 else f"${value:,.2f}"


@register.filter
def dollars(value: Decimal | None) -> str:
    """A sum as a budget has it, in cents; finer where it is less than ten of them and no whole number: `$5.00`, `$0.0312`."""
    if value is None:
        return DASH
    is_fine = 0 < value < Decimal("0.1") and value != round(value, 2)
    return f"${value:.4f}" if is_fine else f"${value:,.2f}"


@register.filter
def size(value: int | None) -> str:
    """Bytes: `214 bytes`, `12.4 kB`, `10.0 MB`."""
    if value is None:
        return DASH
    if value < 1000:
        return f"{value} byte{'' if value == 1 else 's'}"
    return f"{value / 1000:,.1f} kB" if value < 1_000_000 else f"{value / 1_000_000:,.1f} MB"


@register.filter
def ago(moment: datetime | None) -> str:
    """How long ago, as a person says it: `just now`, `2 min ago`, `3 h ago`, `yesterday`, `19 Nov`."""
    if moment is None:
        return DASH
    now = timezone.now()
    seconds = (now - moment).total_seconds()
    if seconds < 60:
        return "just now"
    if seconds < 3600:
        return f"{seconds // 60:.0f} min ago"
    if seconds < 86_400:
        return f"{seconds // 3600:.0f} h ago"
    if (now.date() - moment.date()).days == 1:
        return "yesterday"
    return f"{moment.day} {moment:%b}" if moment.year == now.year else f"{moment.day} {moment:%b %Y}"


@register.filter
def moment(value: datetime | None) -> str:
    """A moment to the second, in UTC: `2026-11-22 09:14:03 UTC`."""
    return DASH if value is None else f"{value:%Y-%m-%d %H:%M:%S} UTC"


@register.filter
def get(mapping: Any, key: Any) -> Any:
    """`mapping[key]`, or None."""
    return mapping.get(key) if hasattr(mapping, "get") else None
