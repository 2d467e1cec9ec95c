"""From a composer's draft to a plan, and from a comparison back to a draft."""

from contextlib import suppress
from typing import Any

from betaconsole.claude import jsontext
from betaconsole.claude.multipart import PartError
from betaconsole.drafts import case_sets, case_values, starting, uploads
from betaconsole.drafts.columns import Column, new_key
from betaconsole.drafts.composing import ComposedColumn, plan_inputs
from betaconsole.drafts.models import Draft, Upload
from betaconsole.library.cases import CaseRow
from betaconsole.library.stubs import turns_allowed
from betaconsole.runs.models import Comparison, Variant
from betaconsole.storage.fields import undamaged
from betaconsole.teams.models import User

from .planning import JSON, CasePlan, Plan, VariantPlan

TITLE_LENGTH = 80


def plan_of_draft(draft: Draft) -> Plan:
    """What pressing Run on this draft sends. Raises `drafts.composing.NotReady`."""
    composed = plan_inputs(draft)
    cases = tuple(CasePlan(name=name, body=body) for name, body in composed.cases)
    values = tuple(CasePlan(name=row.name, variables=row.values) for row in composed.values)
    return Plan(
        body=composed.body,
        variants=[_variant(column) for column in composed.columns],
        version=composed.version,
        title=composed.title or title_of(draft, composed.body),
        cases=cases or values,
        repeats=composed.repeats,
        endpoint=composed.endpoint,
        raw_body=composed.raw_body,
        content_type=composed.content_type,
        # Stubs belong to the prompt; a recorded conversation stands in its place.
        tool_stubs=[] if composed.is_trace else composed.tool_stubs,
        max_turns=None if composed.is_trace else composed.max_turns,
        engine=composed.engine,
        is_trace=composed.is_trace,
        separate_caches=composed.separate_caches,
        preset=draft.preset,
        checks=draft.checks,
    )


def _variant(column: ComposedColumn) -> VariantPlan:
    return VariantPlan(
        label=column.label,
        betas=column.betas,
        version=column.version,
        model=column.model,
        changes=column.changes,
        own_body=column.own_body,
        baseline=column.baseline_label or column.label,  # itself: compared with none
        headers=column.headers,
        role=column.column.role,
        combination=column.column.combination or None,
    )


def title_of(draft: Draft, body: Any) -> str:
    """A title for what has none: the saved prompt's name, else how its last question begins. Empty without a question."""
    if draft.prompt_version:
        return draft.prompt_version.prompt.name
    messages = body.get("messages") if isinstance(body, dict) else None
    turns = messages if isinstance(messages, list) else []
    asked = [_first_text(turn.get("content")) for turn in turns if _is_question(turn)]
    text = " ".join(next((text for text in reversed(asked) if text.strip()), "").split())
    return text if len(text) <= TITLE_LENGTH else text[: TITLE_LENGTH - 1].rstrip() + "…"


def _is_question(turn: Any) -> bool:
    return isinstance(turn, dict) and turn.get("role") == "user"


def _first_text(content: Any) -> str:
    blocks = content if isinstance(content, list) else [{"text": content}]
    texts = (block.get("text") for block in blocks if isinstance(block, dict))
    return next((text for text in texts if isinstance(text, str) and text), "")


def draft_of(comparison: Comparison, author: User) -> Draft:
    """A new draft that would send this comparison once more, open for editing. Raises `DamagedValue`."""
    variants = list(comparison.variants.all())
    keys = {variant.pk: new_key() for variant in variants}
    stubs, checks = undamaged(comparison.tool_stubs), undamaged(comparison.checks)
    by_itself = turns_allowed(None, stubs)
    draft = starting.from_comparison_parts(
        comparison.team,
        author,
        body_text=_composed_text(comparison),
        columns=[_column(variant, keys, comparison.anthropic_version) for variant in variants],
        own_bodies={keys[variant.pk]: variant.own_body for variant in variants if variant.own_body is not None},
        version=comparison.anthropic_version,
        repeats=comparison.repeats,
        connection=comparison.connection,
        title="" if comparison.title == str(comparison.endpoint) else comparison.title,
        prompt_version=comparison.prompt_version,
        endpoint=comparison.endpoint,
        tool_stubs=stubs,
        max_turns=None if comparison.max_turns == by_itself else comparison.max_turns,
        engine=comparison.engine,
        separate_caches=comparison.separate_caches,
    )
    draft.preset, draft.checks = comparison.preset, checks
    draft.save(update_fields=["preset", "checks"])
    _put_parts(comparison, draft)
    _put_cases(comparison, draft)
    return draft


def _put_parts(comparison: Comparison, draft: Draft) -> None:
    """The parts of an upload, its files among the draft's."""
    if comparison.content_type in ("", JSON):
        return
    with suppress(PartError):  # another content type, of the API's callers
        rows, files = uploads.taken_from(bytes(comparison.body.data), comparison.content_type)
        Upload.keep(draft, files)
        draft.parts = uploads.dump(rows)
        draft.save(update_fields=["parts"])


def _put_cases(comparison: Comparison, draft: Draft) -> None:
    """The bodies of cases that have one of their own, or the values that filled in the variables."""
    values = [CaseRow(case.name, case.variables) for case in comparison.cases.filter(body=None)]
    if any(row.name or row.values for row in values):
        case_values.keep_values(draft, values, source=f"#{comparison.number}")
    rows = comparison.cases.filter(body__isnull=False).select_related("body")
    if bodies := [(row.name, bytes(row.body.data).decode()) for row in rows if row.body]:
        case_sets.add_bodies(draft, bodies, source=f"#{comparison.number}", is_trace=comparison.is_trace)


def _composed_text(comparison: Comparison) -> str:
    """The body's text; where no JSON was composed, what a new draft starts with."""
    if comparison.content_type != JSON:
        return starting.blank_body()
    return jsontext.dumps(jsontext.loads(comparison.body.data.decode()), indent=2)


def _column(variant: Variant, keys: dict[int, str], version: str) -> Column:
    key = keys[variant.pk]
    return Column(
        key=key,
        name="" if variant.role else variant.label,
        betas=tuple(variant.betas),
        model=variant.model_override,
        version="" if variant.anthropic_version == version else variant.anthropic_version,
        changes_text=jsontext.dumps(jsontext.loads(variant.changes), indent=2) if variant.changes else "",
        baseline=keys[variant.baseline_id] if variant.baseline_id else key,
        headers=tuple((name, value) for name, value in variant.headers),
        role=variant.role,
        combination=variant.combination_version_id or 0,
    )
