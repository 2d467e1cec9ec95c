"""What a request cost, from its `usage` and the prices of models.toml. Pure and exact (Decimal).

Unknown is never 0: where a price, a count or a way of billing is not known, the cost is None (shown as a dash).
Requests of server tools (`usage.server_tool_use`, such as web searches) have a price of their own that no source here gives;
it is left out, so the cost of such a message is that of its tokens alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from betaconsole.storage.fields import showable

from .model_specs import ModelSpec, Price, batch_multiplier, find_model

PRICED_TOKENS = 1_000_000
MOST_TOKENS = 1_000_000_000  # a larger count is somebody's mistake, not a bill
SAME_EVERYWHERE = (None, "", "global", "not_available")  # the values of inference_geo that cost nothing extra
SEPARATE = ("compaction", "advisor_message")  # iterations that the top-level counts leave out
UNREADABLE = "A count of its tokens is missing or makes no sense."
LONGEST_SAID = 80  # characters of a name that an answer or a body gives


@dataclass(frozen=True)
class Cost:
    """What something costs in USD; where that is not known `usd` is None and `why_unknown` says why in one sentence."""

    usd: Decimal | None
    why_unknown: str = ""


class _UnknownError(Exception):
    """Something the cost depends on is not known; the message says what, as a sentence."""


@dataclass(frozen=True)
class Tokens:
    """The billed counts of one sampling. `input` is what was neither written to nor read from the cache."""

    input: int
    output: int
    cache_write_5m: int
    cache_write_1h: int
    cache_read: int

    @property
    def whole_input(self) -> int:
        """All that the model read; this decides whether a long-context price holds."""
        return self.input + self.cache_write_5m + self.cache_write_1h + self.cache_read


def cost_usd(usage: Mapping[str, Any] | None, *, model: str | None, batch: bool = False) -> Decimal | None:
    """The price of one message in USD, or None where it is not known.

    `model` is the one that answered, by id or alias. Speed, region and tier are read from `usage`; `batch` says that the
    request was part of a message batch, where `usage.service_tier` does not say it. Compaction and advisor iterations are not
    part of the top-level counts: they are added at the price of their model. Any other kind of hop (a fallback) leaves the
    cost unknown, since no source says what the top-level counts then hold.
    """
    return cost_of(usage, model=model, batch=batch).usd


def cost_of(usage: Mapping[str, Any] | None, *, model: str | None, batch: bool = False) -> Cost:
    """`cost_usd` with the reason where it is None."""
    return _known_or_why(usage, model=model, batch=batch, read_tokens=_tokens)


def cost_without_caching_usd(
    usage: Mapping[str, Any] | None, *, model: str | None, batch: bool = False
) -> Decimal | None:
    """What the same message would have cost with all of its input at base price, or None where that is not known.

    What was written to a prompt cache or read from one counts as plain input, so that columns can be compared of which one
    happened to pay for a cache that another one read.
    """
    return _known_or_why(usage, model=model, batch=batch, read_tokens=_uncached_tokens).usd


def _known_or_why(
    usage: Mapping[str, Any] | None,
    *,
    model: str | None,
    batch: bool,
    read_tokens: Callable[[Mapping[str, Any]], Tokens],
) -> Cost:
    try:
        cost = _cost(usage, model=model, batch=batch, read_tokens=read_tokens)
    except _UnknownError as unknown:
        return Cost(None, str(unknown))
    # An answer made of no tokens has its counts elsewhere: seen in calls made from code.
    return Cost(cost) if cost else Cost(None, "All its counts are zero: what it used is counted elsewhere.")


def _cost(
    usage: Mapping[str, Any] | None,
    *,
    model: str | None,
    batch: bool,
    read_tokens: Callable[[Mapping[str, Any]], Tokens],
) -> Decimal:
    if not isinstance(usage, Mapping):
        raise _UnknownError("The answer brought no usage.")
    spec = _known_model(model)
    fast = _is_fast(usage)
    cost = _tokens_cost(read_tokens(usage), spec, fast=fast) * _region_multiplier(usage, spec)
    for iteration in _separate_iterations(usage):
        if fast:
            raise _UnknownError("What a compaction or an advisor costs in fast mode is not known.")
        own_spec = spec if iteration["type"] == "compaction" else _known_model(iteration.get("model"))
        cost += _tokens_cost(read_tokens(iteration), own_spec, fast=False) * _region_multiplier(usage, own_spec)
    return cost * _tier_multiplier(usage, batch=batch)


def _tokens_cost(tokens: Tokens, spec: ModelSpec, *, fast: bool) -> Decimal:
    price = spec.fast_price if fast else _list_price(spec, tokens)
    on = f"{spec.id} in fast mode" if fast else spec.id
    if price is None:
        raise _UnknownError(f"No price of {on} is known.")
    parts = (
        (tokens.input, price.input, "input"),
        (tokens.output, price.output, "output"),
        (tokens.cache_write_5m, price.cache_write_5m, "a cache write"),
        (tokens.cache_write_1h, price.cache_write_1h, "a cache write for an hour"),
        (tokens.cache_read, price.cache_read, "a cache read"),
    )
    unpriced = [what for count, per_million, what in parts if count and per_million is None]
    if unpriced:
        raise _UnknownError(f"The price of {' and of '.join(unpriced)} on {on} is not known.")
    return sum(
        (count * per_million / PRICED_TOKENS for count, per_million, _ in parts if per_million is not None), Decimal(0)
    )


def _list_price(spec: ModelSpec, tokens: Tokens) -> Price | None:
    if spec.long_price_above_tokens is not None and tokens.whole_input > spec.long_price_above_tokens:
        return spec.long_price
    return spec.price


def _tokens(usage: Mapping[str, Any]) -> Tokens:
    by_lifetime = usage.get("cache_creation") or {}
    if not isinstance(by_lifetime, Mapping):
        raise _UnknownError(UNREADABLE)
    written_5m = _optional_count(by_lifetime, "ephemeral_5m_input_tokens")
    written_1h = _optional_count(by_lifetime, "ephemeral_1h_input_tokens")
    if written_5m + written_1h != _optional_count(usage, "cache_creation_input_tokens"):
        raise _UnknownError("For how long the cache was written, which decides its price, is not said.")
    return Tokens(
        input=_count(usage.get("input_tokens")),
        output=_count(usage.get("output_tokens")),
        cache_write_5m=written_5m,
        cache_write_1h=written_1h,
        cache_read=_optional_count(usage, "cache_read_input_tokens"),
    )


def _uncached_tokens(usage: Mapping[str, Any]) -> Tokens:
    """The same counts as if there were no prompt caches; which lifetime was written makes no difference then."""
    written = _optional_count(usage, "cache_creation_input_tokens")
    read = _optional_count(usage, "cache_read_input_tokens")
    return Tokens(
        input=_count(usage.get("input_tokens")) + written + read,
        output=_count(usage.get("output_tokens")),
        cache_write_5m=0,
        cache_write_1h=0,
        cache_read=0,
    )


def _optional_count(usage: Mapping[str, Any], key: str) -> int:
    """A count that may be left out or null, which means 0; the two main counts may not."""
    return 0 if usage.get(key) is None else _count(usage[key])


def _count(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MOST_TOKENS:
        raise _UnknownError(UNREADABLE)
    return int(value)


def _separate_iterations(usage: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    iterations = usage.get("iterations") or ()
    if not isinstance(iterations, list | tuple):
        raise _UnknownError(UNREADABLE)
    for iteration in iterations:
        kind = iteration.get("type") if isinstance(iteration, Mapping) else None
        if kind in SEPARATE:
            yield iteration
        elif kind != "message":
            raise _UnknownError(f"How {_named(kind, 'this kind of iteration')} is billed is not known.")


def _known_model(model: object) -> ModelSpec:
    spec = find_model(model) if isinstance(model, str) else None
    if spec is None:
        raise _UnknownError(f"No price of {_named(model, 'the model')} is known.")
    return spec


def _is_fast(usage: Mapping[str, Any]) -> bool:
    speed = usage.get("speed")
    if speed not in (None, "standard", "fast"):
        raise _UnknownError(f"What the speed {_named(speed, 'asked for')} costs is not known.")
    return speed == "fast"


def _region_multiplier(usage: Mapping[str, Any], spec: ModelSpec) -> Decimal:
    region = usage.get("inference_geo")
    if region in SAME_EVERYWHERE:
        return Decimal(1)
    if region != "us" or spec.us_inference_multiplier is None:
        raise _UnknownError(f"What inference in {_named(region, 'that region')} costs on {spec.id} is not known.")
    return spec.us_inference_multiplier


def _tier_multiplier(usage: Mapping[str, Any], *, batch: bool) -> Decimal:
    tier = usage.get("service_tier")
    if tier not in (None, "standard", "batch"):
        # Priority capacity is bought in advance, at a price of its own.
        raise _UnknownError(f"What the service tier {_named(tier, 'it used')} costs is not known.")
    return batch_multiplier() if batch or tier == "batch" else Decimal(1)


def _named(value: object, otherwise: str) -> str:
    """A name that somebody else gave, fit for a page; `otherwise` where it is none."""
    return showable(value[:LONGEST_SAID]) if isinstance(value, str) and value else otherwise
