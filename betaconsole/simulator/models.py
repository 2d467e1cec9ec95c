"""GET /v1/models and /v1/models/{id}, from the rules."""

from __future__ import annotations

from typing import Any

from .pages import Listing
from .refusals import Refusal, invalid
from .rules import ModelRule, Rules
from .visits import Caller, Visit

THINKING_TYPES = ("adaptive", "between_tools", "disabled", "enabled")
EFFORTS = ("low", "medium", "high", "xhigh", "max")
LIFECYCLES = ("active", "deprecated", "retired")
ON_DEMAND_COMPACTION = "compact-2026-09-04"
SERVER_SIDE_FALLBACK = "server-side-fallback-"


def list_models(visit: Visit, caller: Caller) -> dict[str, Any]:
    """One page: `limit` (1 to 1000, default 20), `after_id`, `before_id`; retired models only where `lifecycle[]` asks."""
    query, rules = visit.request.query, visit.world.rules
    wanted = {*query.get("lifecycle[]", ()), *query.get("lifecycle", ())} or {"active", "deprecated"}
    if unknown := wanted.difference(LIFECYCLES):
        expected = ", ".join(f"'{name}'" for name in LIFECYCLES[:-1])
        raise invalid(f"lifecycle.0: Input should be {expected} or '{LIFECYCLES[-1]}', not '{min(unknown)}'")
    places = {name: number for number, name in enumerate(rules.models)}
    names = {name: name for name, model in rules.models.items() if model.lifecycle in wanted}
    return Listing(names, places.get, lambda name: model_object(rules, name, caller)).by_id(query)


def retrieve_model(visit: Visit, caller: Caller, name: str) -> dict[str, Any]:
    """A model by id or alias, retired ones too."""
    rules = visit.world.rules
    known = rules.model_names.get(name)
    if known is None:
        raise Refusal(404, f"model: {name}")
    return model_object(rules, known, caller)


def model_object(rules: Rules, name: str, caller: Caller) -> dict[str, Any]:
    """The model as the API tells it; two betas each add a field."""
    model = rules.models[name]
    told: dict[str, Any] = {
        "type": "model",
        "id": name,
        "display_name": model.display_name or name,
        "created_at": model.created_at,
        "lifecycle": model.lifecycle,
        "deprecated_at": model.deprecated_at,
        "retires_at": model.retires_at,
        "line": model.line,
        "max_input_tokens": model.max_input_tokens,
        "max_tokens": model.max_tokens,
        "capabilities": _capabilities(model),
    }
    if ON_DEMAND_COMPACTION in caller.betas:
        compacts = "compaction" not in model.refuses
        told["capabilities"] |= {"compaction": _supported(compacts, summarize=compacts)}
    if any(beta.startswith(SERVER_SIDE_FALLBACK) for beta in caller.betas):
        told["allowed_fallback_models"] = list(allowed_fallbacks(rules, name))
    return told


def allowed_fallbacks(rules: Rules, name: str) -> tuple[str, ...]:
    """The models that may stand in for one. Invented: every other active model that reads at least as much."""
    model = rules.models[name]
    if "fallbacks" in model.refuses:
        return ()
    return tuple(
        other
        for other, rule in rules.models.items()
        if other != name and rule.lifecycle == "active" and rule.max_input_tokens >= model.max_input_tokens
    )


def _capabilities(model: ModelRule) -> dict[str, Any]:
    edits = ("clear_thinking_20251015", "clear_tool_uses_20250919", "compact_20260112")
    plain = ("batch", "citations", "code_execution", "image_input", "pdf_input", "structured_outputs")
    thinks = any(kind != "disabled" for kind in model.thinking)
    return {
        **{name: _supported(True) for name in plain},
        "context_management": _supported(True, **dict.fromkeys(edits, True)),
        "effort": _supported(bool(model.efforts), **{effort: effort in model.efforts for effort in EFFORTS}),
        "server_tools": _supported(True, code_execution=True, web_search=True),
        "thinking": {
            "supported": thinks,
            "types": {kind: _supported(kind in model.thinking) for kind in THINKING_TYPES},
        },
    }


def _supported(whole: bool, /, **parts: bool) -> dict[str, Any]:
    return {"supported": whole, **{name: {"supported": part} for name, part in parts.items()}}
