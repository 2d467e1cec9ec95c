"""What is known before sending: findings about the requests of columns. Pure; no database, and no clock but the day given.

Nothing here forbids sending: exploring means trying. An error says that, as far as the catalogue knows, the API will refuse.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from itertools import islice

from .checks import (
    batches,
    caches,
    conflicts,
    conversation,
    fields,
    gates,
    header_effects,
    limits,
    models,
    names,
    thinking,
    tools,
    versions,
)
from .checks.asked import Asked, ColumnRequest, asked_of
from .checks.findings import Action, Finding, Fix, Level
from .checks.outline import outlined

__all__ = ["Action", "ColumnRequest", "Finding", "Fix", "Level", "preflight"]

MOST_OF_A_RULE = 20
MOST_OF_A_COLUMN = 60

Rule = Callable[[Asked], Iterator[Finding]]
# What the header says, seen against all bodies that go with it.
HeaderRule = Callable[[Asked, Sequence[Asked]], Iterator[Finding]]

REQUEST_RULES: tuple[Rule, ...] = (
    names.malformed,
    names.unknown,
    names.settled,
    names.missing_companions,
    names.clashing,
    header_effects.wrong_endpoint,
    header_effects.endpoint_without_beta,
    versions.known_version,
    fields.is_object,
    batches.requests,
)
HEADER_RULES: tuple[HeaderRule, ...] = (header_effects.header_without_field, header_effects.other_models)
BODY_RULES: tuple[Rule, ...] = (
    gates.gated,
    fields.betas_in_body,
    fields.known_fields,
    fields.not_counted,
    models.known_model,
    models.life,
    models.refused_fields,
    models.refused_tools,
    models.fast_mode,
    models.forced_tool,
    models.prefill,
    models.system_role,
    thinking.thinking_type,
    thinking.budget,
    thinking.effort,
    thinking.temperature,
    limits.max_tokens,
    limits.context,
    limits.cache_marks,
    versions.sampling,
    versions.blocks,
    conflicts.conflicting,
    conflicts.threads,
    conflicts.newer_forms,
    conflicts.billed_profile,
    tools.names,
    tools.choice,
    tools.mcp_servers,
    tools.advisor_stays,
    tools.skills,
    tools.clearing_thinking,
    tools.old_types,
    conversation.turns,
    conversation.tool_results,
    conversation.server_results,
    batches.not_in_batches,
)


def preflight(columns: Sequence[ColumnRequest], *, today: date) -> list[list[Finding]]:
    """The findings of each column, what stands most in the way first. `today` decides which models have ended.

    Bodies may be any JSON values; very large ones are looked at as far as their outline goes.
    """
    outlines: dict[int, object] = {}  # columns mostly share one body
    asked = []
    for column in columns:
        body = outlines.setdefault(id(column.body), outlined(column.body))
        asked.append(asked_of(replace(column, body=body), today))
    gathered = [list(_of_column(each)) for each in asked]
    for number, finding in caches.shared_caches(asked):
        gathered[number].append(finding)
    return [_in_order(each) for each in gathered]


def _of_column(asked: Sequence[Asked]) -> Iterator[Finding]:
    """All findings of one column, rule by rule."""
    whole, prompts = asked[0], [each for each in asked if each.is_prompt]
    for rule in REQUEST_RULES:
        yield from islice(rule(whole), MOST_OF_A_RULE)
    for header_rule in HEADER_RULES:
        yield from islice(header_rule(whole, prompts), MOST_OF_A_RULE)
    for prompt in prompts:
        for rule in BODY_RULES:
            yield from islice(rule(prompt), MOST_OF_A_RULE)


def _in_order(findings: list[Finding]) -> list[Finding]:
    """Each once, by level; what differs only in its place is told at the first."""
    told: list[tuple[str, str, Fix | None]] = []
    kept = []
    for finding in findings:
        key = (finding.code, finding.message, finding.fix)
        if key not in told:
            told.append(key)
            kept.append(finding)
    return sorted(kept, key=lambda finding: finding.level.rank)[:MOST_OF_A_COLUMN]
