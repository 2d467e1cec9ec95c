"""Task budgets: a model that knows how many tokens are left for the whole task keeps itself short (beta task-budgets)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .effects import EFFECTS, TASK_BUDGETS

AMPLE_TOKENS = 200_000
LAST_CALL_TOKENS = 4_000


def remaining_tokens(body: Mapping[str, Any]) -> int | None:
    """What is left of the budget; None where the request has none."""
    budget = (body.get("output_config") or {}).get("task_budget")
    if not budget:
        return None
    remaining = budget.get("remaining")
    return int(budget["total"] if remaining is None else remaining)


def output_share(body: Mapping[str, Any]) -> float:
    """How much of what it would write otherwise the model writes."""
    remaining = remaining_tokens(body)
    if remaining is None:
        return 1.0
    scarcity = 1.0 - min(1.0, remaining / AMPLE_TOKENS)
    return 1.0 + EFFECTS[TASK_BUDGETS, "output_share"].size * scarcity


def may_call(body: Mapping[str, Any]) -> bool:
    """Whether enough is left for another call: at the end of its budget a model answers with what it has."""
    remaining = remaining_tokens(body)
    return remaining is None or remaining >= LAST_CALL_TOKENS
