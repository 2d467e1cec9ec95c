"""Thinking, effort and what goes with them, by model."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from betaconsole.catalogue.model_specs import ModelSpec

from .asked import Asked
from .findings import Finding, Fix, error, remove_field, set_field, warning

LEAST_BUDGET = 1_024
USUAL_BUDGET = 4_000
INTERLEAVED = "interleaved-thinking-2025-05-14"
EFFORTS = ("low", "medium", "high", "xhigh", "max")
MODERN_YEAR = 2026  # models from then on are said to refuse manual thinking and prefill where nothing more is known


def thinking_type(asked: Asked) -> Iterator[Finding]:
    """thinking_type_refused, thinking_type_unsure: a type of thinking that the model does not take."""
    kind, model = asked.thinking, asked.model
    if not kind or model is None:
        return
    path = asked.shown(("thinking", "type"))
    types = model.thinking_types
    if types is None:
        if kind in ("enabled", "between_tools") and is_modern(model):
            message = (
                f"Whether {model.display_name} takes thinking of type {kind} is not known; most newer models do not."
            )
            yield warning("thinking_type_unsure", message, path=path, fix=_set_thinking(asked, ("adaptive",)))
        return
    if kind in types or kind not in ("adaptive", "enabled", "disabled", "between_tools"):
        return
    taken = "always thinks, adaptively" if model.always_thinks else f"takes {' and '.join(types)}"
    message = f"{model.display_name} refuses thinking of type {kind}: it {taken}."
    yield error("thinking_type_refused", message, path=path, fix=_set_thinking(asked, types))


def budget(asked: Asked) -> Iterator[Finding]:
    """budget_over_max_tokens: what manual thinking may spend has to leave room for the answer."""
    tokens, most = asked.whole("thinking", "budget_tokens"), asked.whole("max_tokens")
    if asked.thinking != "enabled" or tokens is None or most is None or tokens < most:
        return
    message = f"thinking.budget_tokens ({tokens:,}) has to be smaller than max_tokens ({most:,})"
    path, raised = asked.shown(("thinking", "budget_tokens")), set_field(asked.pointer(("max_tokens",)), tokens + 1_024)
    if INTERLEAVED in asked.betas:
        said = f"{message}, unless thinking between tool calls counts the budget over a whole turn."
        yield warning("budget_over_max_tokens", said, path=path, fix=raised)
    else:
        yield error("budget_over_max_tokens", f"{message}.", path=path, fix=raised)


def effort(asked: Asked) -> Iterator[Finding]:
    """effort_refused, effort_without_thinking: a level that the model does not take."""
    level, model = asked.text("output_config", "effort"), asked.model
    if not level:
        return
    place = ("output_config", "effort")
    levels = model.effort_levels if model else None
    if model and levels is not None and level not in levels and (level in EFFORTS or not levels):
        taken = f"it takes {', '.join(levels)}" if levels else "it takes none"
        lower = [each for each in levels if EFFORTS.index(each) <= EFFORTS.index(level)] if level in EFFORTS else []
        fix = set_field(asked.pointer(place), lower[-1]) if lower else remove_field(asked.pointer(place))
        message = f"{model.display_name} refuses the effort {level}: {taken}."
        yield error("effort_refused", message, path=asked.shown(place), fix=fix)
    elif level in ("xhigh", "max") and asked.thinking == "disabled":
        message = f"The effort {level} is refused by some models while thinking is disabled: high is the most there."
        yield warning(
            "effort_without_thinking", message, path=asked.shown(place), fix=set_field(asked.pointer(place), "high")
        )


def temperature(asked: Asked) -> Iterator[Finding]:
    """temperature_while_thinking: sampling is fixed while the model thinks."""
    value = asked.get("temperature")
    if asked.thinking in ("", "disabled") or not isinstance(value, int | float) or value == 1:
        return
    message = "temperature may only be 1 while the model thinks."
    place = ("temperature",)
    yield error("temperature_while_thinking", message, path=asked.shown(place), fix=remove_field(asked.pointer(place)))


def manual_thinking(max_tokens: int | None) -> dict[str, Any]:
    """A setting of manual thinking that fits a limit of tokens, as far as one does."""
    most = max_tokens if max_tokens is not None else 2 * USUAL_BUDGET
    return {"type": "enabled", "budget_tokens": max(LEAST_BUDGET, min(USUAL_BUDGET, most // 2))}


def is_modern(model: ModelSpec) -> bool:
    """Whether it is one of the newer models, as far as can be told."""
    return model.retires_on is None if model.created_on is None else model.created_on.year >= MODERN_YEAR


def _set_thinking(asked: Asked, types: tuple[str, ...]) -> Fix:
    pointer = asked.pointer(("thinking",))
    if "adaptive" in types:
        return set_field(pointer, {"type": "adaptive"})
    if "enabled" in types and asked.thinking != "disabled":
        return set_field(pointer, manual_thinking(asked.whole("max_tokens")))
    return remove_field(pointer)
