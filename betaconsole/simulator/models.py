"""GET /v1/models and /v1/models/{id}, from the rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .refusals import Refusal, invalid
from .rules import ModelRule
from .visits import Visit
from .wire import Answer

THINKING_TYPES = ("adaptive", "between_tools", "disabled", "enabled")
EFFORTS = ("low", "medium", "high", "xhigh", "max")


def list_models(visit: Visit) -> Answer:
    """One page: `limit` (1 to 1000, default 20), `after_id`, `before_id`; retired models only where `lifecycle[]` asks."""
    visit.admit()
    return visit.broken_early() or visit.whole(200, _page(visit), at_s=visit.quick_s())


def retrieve_model(visit: Visit, name: str) -> Answer:
    """A model by id or alias."""
    visit.admit()
    if broken := visit.broken_early():
        return broken
    rules = visit.world.rules
    known = rules.model_names.get(name)
    if known is None:
        raise Refusal(404, f"model: {name}")
    return visit.whole(200, model_object(known, rules.models[known]), at_s=visit.quick_s())


def _page(visit: Visit) -> dict[str, Any]:
    query, rules = visit.request.query, visit.world.rules
    wanted = {*query.get("lifecycle[]", ()), *query.get("lifecycle", ())} or {"active", "deprecated"}
    ids = [name for name, model in rules.models.items() if model.lifecycle in wanted]
    limit = _limit(query)
    start, end = 0, len(ids)
    if after := query.get("after_id"):
        start = _place(ids, after[0]) + 1
    if before := query.get("before_id"):
        end = _place(ids, before[0])
        start = max(start, end - limit)
    page = ids[start:end][:limit]
    return {
        "data": [model_object(name, rules.models[name]) for name in page],
        "has_more": start > 0 if before else start + limit < end,
        "first_id": page[0] if page else None,
        "last_id": page[-1] if page else None,
    }


def model_object(name: str, model: ModelRule) -> dict[str, Any]:
    return {
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


def _limit(query: Mapping[str, Sequence[str]]) -> int:
    text = query.get("limit", ["20"])[0]
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:9]) <= 1000:
        raise invalid("limit: Input should be between 1 and 1000")
    return int(text)


def _place(ids: Sequence[str], name: str) -> int:
    if name not in ids:
        raise invalid(f"after_id or before_id: unknown model {name}")
    return ids.index(name)
