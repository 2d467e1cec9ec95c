"""What is known about models: the rows of models.toml, typed. None and empty tuples mean unknown unless said otherwise."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any


@dataclass(frozen=True)
class Price:
    """USD per million tokens; None where no source gives it."""

    input: Decimal
    output: Decimal
    cache_write_5m: Decimal | None = None
    cache_write_1h: Decimal | None = None
    cache_read: Decimal | None = None


@dataclass(frozen=True)
class ModelSpec:
    """One model. The keys are explained at the top of models.toml.

    `thinking_types`, `effort_levels` and `inference_geo` are None where unknown; an empty tuple of efforts or regions means
    that it takes none.
    `long_price` holds for requests whose whole input is larger than `long_price_above_tokens`.
    """

    id: str
    display_name: str
    sources: tuple[str, ...]
    aliases: tuple[str, ...] = ()
    line: str | None = None
    created_on: date | None = None
    retires_on: date | None = None
    context_tokens: int | None = None
    max_output_tokens: int | None = None
    batch_max_output_tokens: int | None = None
    thinking_types: tuple[str, ...] | None = None
    always_thinks: bool = False
    effort_levels: tuple[str, ...] | None = None
    default_effort: str | None = None
    fast_mode: str | None = None
    preserved_thinking: bool = False
    reads_thinking_of: tuple[str, ...] = ()
    prefill: bool | None = None
    forced_tool_choice: bool | None = None
    system_messages: bool | None = None
    refused_fields: tuple[str, ...] = ()
    refused_tool_types: tuple[str, ...] = ()
    refused_advisors: tuple[str, ...] = ()
    inference_geo: tuple[str, ...] | None = None
    us_inference_multiplier: Decimal | None = None
    note: str = ""
    price: Price | None = None
    long_price: Price | None = None
    long_price_above_tokens: int | None = None
    fast_price: Price | None = None

    def is_retired(self, on: date) -> bool:
        """Whether the API no longer serves it on that day."""
        return self.retires_on is not None and self.retires_on <= on


def all_models() -> Mapping[str, ModelSpec]:
    """Every known model by its own id, in the order of the file; retired ones included."""
    return _catalogue().models


def find_model(model_id: str) -> ModelSpec | None:
    """The model with this id or alias (`claude-opus-4-5-20251101` is `claude-opus-4-5`)."""
    return _catalogue().names.get(model_id)


def default_model() -> str:
    """The model a new draft starts with."""
    return _catalogue().default_model


def batch_multiplier() -> Decimal:
    """What a request costs in a message batch, relative to its usual price."""
    return _catalogue().batch_multiplier


def known_versions() -> tuple[str, ...]:
    """The values that `anthropic-version` has had, oldest first."""
    return _catalogue().versions


def sampling_versions() -> tuple[str, ...]:
    """The values of `anthropic-version` under which temperature, top_p and top_k are taken, on every model."""
    return _catalogue().sampling_versions


@dataclass(frozen=True)
class _Catalogue:
    default_model: str
    batch_multiplier: Decimal
    versions: tuple[str, ...]
    sampling_versions: tuple[str, ...]
    models: Mapping[str, ModelSpec]
    names: Mapping[str, ModelSpec]


@cache
def _catalogue() -> _Catalogue:
    text = Path(__file__).with_name("models.toml").read_text(encoding="utf-8")
    data = tomllib.loads(text, parse_float=Decimal)
    models = {row["id"]: _spec(row) for row in data["model"]}
    return _Catalogue(
        default_model=data["default_model"],
        batch_multiplier=data["batch_multiplier"],
        versions=tuple(data["versions"]),
        sampling_versions=tuple(data["sampling_versions"]),
        models=MappingProxyType(models),
        names={name: spec for spec in models.values() for name in (spec.id, *spec.aliases)},
    )


def _spec(row: Mapping[str, Any]) -> ModelSpec:
    values: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in row.items()}
    above = dict(values.pop("price_above", {}))
    values["long_price_above_tokens"] = above.pop("tokens", None)
    values["long_price"] = _price(above)
    values["price"] = _price(row.get("price"))
    values["fast_price"] = _price(row.get("fast_price"))
    if "us_inference_multiplier" in row:
        values["us_inference_multiplier"] = Decimal(row["us_inference_multiplier"])
    return ModelSpec(**values)


def _price(row: Mapping[str, Any] | None) -> Price | None:
    return Price(**{kind: Decimal(usd) for kind, usd in row.items()}) if row else None
