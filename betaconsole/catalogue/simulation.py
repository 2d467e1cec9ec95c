"""What the catalogue tells the simulator: names, gates and limits as plain data.

The simulator imports nothing of ours; whoever starts it hands it this. Where a fact is unknown, the simulator's own default
stands, except for what is marked "invented" below.
"""

from __future__ import annotations

import datetime
from typing import Any

from .betas import Beta, all_betas, catalogue_date, stable_tool_types
from .model_specs import ModelSpec, all_models

INVENTED_THINKING = ("adaptive", "disabled")
COMPACTS_SINCE = datetime.date(2026, 2, 1)
STEERS_EFFORT_SINCE = datetime.date(2026, 7, 24)
BUDGETS_SINCE = datetime.date(2026, 4, 1)
SHOWS_UPDATES = (
    *("claude-fable-5-2", "claude-fable-5-1", "claude-fable-5"),
    *("claude-mythos-5-2", "claude-mythos-5-1"),
    *("claude-opus-5-5", "claude-sonnet-5-5"),
)


def simulator_rules() -> dict[str, Any]:
    """The rules as `betaconsole.simulator.rules.Rules.from_dict` reads them.

    Every known name is accepted except those the API is said to refuse; only what is refused today without its header is
    gated. A model counts as retired by the date of the catalogue, not by the clock, so that answers stay the same.
    """
    return {
        "tool_types": list(stable_tool_types()),
        "betas": {name: _beta_rule(beta) for name, beta in all_betas().items() if not beta.refused},
        "models": {model_id: _model_rule(spec) for model_id, spec in all_models().items()},
    }


def _beta_rule(beta: Beta) -> dict[str, Any]:
    return {
        "status": str(beta.status),
        "unlocks": list(beta.gated),
        "tool_types": [kind for kind in beta.tool_types if kind not in stable_tool_types()],
        "endpoints": list(beta.endpoints),
    }


def _model_rule(spec: ModelSpec) -> dict[str, Any]:
    thinking = INVENTED_THINKING if spec.thinking_types is None else spec.thinking_types
    known = {
        "display_name": spec.display_name,
        "line": spec.line,
        "aliases": list(spec.aliases),
        "created_at": _moment(spec.created_on),
        "retires_at": _moment(spec.retires_on),
        "lifecycle": _lifecycle(spec),
        "max_input_tokens": spec.context_tokens,
        "max_tokens": spec.max_output_tokens,
        "max_batch_tokens": spec.batch_max_output_tokens,
        "thinking": list(thinking),
        "thinking_default": "disabled" if "disabled" in thinking else "adaptive",
        "efforts": None if spec.effort_levels is None else list(spec.effort_levels),
        "effort_default": spec.default_effort,
        "prefill": _takes_prefill(spec),
        "forced_tool_choice": spec.forced_tool_choice,
        "system_role": spec.system_messages,
        "fast_mode": None if spec.fast_mode == "removed" else spec.fast_mode,
        "binds_thinking": spec.preserved_thinking,
        "reads_thinking_of": list(spec.reads_thinking_of),
        "refuses": [*spec.refused_fields, *_refused_betas(spec)],
        "refuses_tool_types": list(spec.refused_tool_types),
        "refuses_advisors": list(spec.refused_advisors),
    }
    return {key: value for key, value in known.items() if value is not None}


def _takes_prefill(spec: ModelSpec) -> bool:
    """Invented where unknown: newer models are said to refuse it, so those from before 2026 take it."""
    if spec.prefill is not None:
        return spec.prefill
    return spec.created_on is not None and spec.created_on.year < 2026


def _refused_betas(spec: ModelSpec) -> list[str]:
    """The fields of betas that the docs do not list for this model."""
    age = spec.created_on or datetime.date.max
    refused = {
        "compaction": age < COMPACTS_SINCE,
        "messages[role=system].output_config": age < STEERS_EFFORT_SINCE,
        "output_config.task_budget": age < BUDGETS_SINCE or spec.id == "claude-sonnet-5",
        "thinking.display=updates": spec.id not in SHOWS_UPDATES,
    }
    return [path for path, refuses in refused.items() if refuses]


def _lifecycle(spec: ModelSpec) -> str:
    if spec.is_retired(catalogue_date()):
        return "retired"
    return "active" if spec.retires_on is None else "deprecated"


def _moment(day: datetime.date | None) -> str | None:
    return None if day is None else f"{day.isoformat()}T00:00:00Z"
