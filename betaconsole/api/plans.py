"""The plan that a request means: columns, cases, what is streamed. Pure: what it names in the library was found before."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import count
from typing import Any

from betaconsole.claude import jsontext
from betaconsole.claude.endpoints import Endpoint, EndpointError, check_endpoint
from betaconsole.drafts.columns import letter
from betaconsole.drafts.models import Engine
from betaconsole.library.models import CombinationVersion
from betaconsole.library.variables import defaults_of
from betaconsole.runs.launching.planning import CasePlan, Plan, VariantPlan

from .asking import AskedCase, AskedEndpoint, AskedVariant, NewComparison
from .preset_columns import columns_of_preset
from .problems import Problem
from .saved import NOTHING_TAKEN, Taken
from .tool_calls import stubs_of
from .uploads import upload_of


def plan_of(asked: NewComparison, *, version: str, taken: Taken = NOTHING_TAKEN) -> Plan:
    """The plan that was asked for; `version` is the connection's `anthropic-version`. Raises `Problem`."""
    raw_body, content_type = upload_of(asked.parts)
    plan = Plan(
        body=asked.body,
        variants=columns_of(asked, version=version, taken=taken),
        version=version,
        title=asked.title or "",
        cases=[CasePlan()] if asked.cases is None else [_case_plan(case) for case in asked.cases],
        repeats=asked.repeats,
        stream=asked.stream,
        endpoint=_endpoint(asked.endpoint),
        raw_body=raw_body,
        content_type=content_type,
        engine=asked.engine,
        is_trace=asked.trace,
        separate_caches=asked.separate_caches,
        tool_stubs=stubs_of(asked.tool_stubs or ()),
        max_turns=asked.max_turns or None,
        seed=asked.seed,
        preset=asked.preset or "",
        checks=asked.checks or (),
    )
    plan = _with_prompt(plan, asked, taken)
    if not plan.endpoint.is_messages or (plan.stream is None and plan.engine != Engine.LIVE):
        return plan
    return _streaming(plan)


def _with_prompt(plan: Plan, asked: NewComparison, taken: Taken) -> Plan:
    """The plan with what the saved prompt brings where the request says nothing itself, as the composer opens it."""
    if taken.prompt is None:
        _check_said(plan)
        return plan
    try:
        body = jsontext.loads(taken.prompt.body_text)
    except jsontext.JsonError as error:
        raise Problem(422, f"The body of this prompt is not JSON: {error}.", field="prompt") from error
    if not isinstance(body, dict):
        raise Problem(422, "The body of this prompt is not a JSON object.", field="prompt")
    cases = [CasePlan(row.name, row.values) for row in taken.cases] or list(plan.cases)
    plan = replace(plan, body=body, title=plan.title or taken.prompt.prompt.name, cases=_filled(cases, taken))
    # Stubs belong to messages; a recorded conversation has its turns already.
    if plan.is_trace or not plan.endpoint.is_messages:
        return plan
    return replace(
        plan,
        tool_stubs=taken.prompt.tool_stubs if asked.tool_stubs is None else plan.tool_stubs,
        max_turns=taken.prompt.max_turns if asked.max_turns is None else plan.max_turns,
    )


def _check_said(plan: Plan) -> None:
    """Refuses a plan that says nowhere what a message is."""
    own = (*(one.own_body for one in plan.variants), *(case.body for case in plan.cases))
    if plan.has_prompt and plan.raw_body is None and all(body is None for body in (plan.body, *own)):
        raise Problem(422, "Say what is sent: a body, or a saved prompt.", field="body")


def _filled(cases: Sequence[CasePlan], taken: Taken) -> list[CasePlan]:
    """The cases with the default values of the prompt's variables, but for those that have a body of their own."""
    defaults = defaults_of(taken.prompt.variables) if taken.prompt else {}
    return [
        case if case.body is not None else replace(case, variables={**defaults, **case.variables}) for case in cases
    ]


def _endpoint(asked: AskedEndpoint | None) -> Endpoint:
    if asked is None:
        return Endpoint.MESSAGES
    try:
        return check_endpoint(asked.method, asked.path, asked.query)
    except EndpointError as error:
        raise Problem(422, str(error), field="endpoint") from error


def _labels(given: Sequence[str | None]) -> list[str]:
    """The labels as given; a column without one takes its letter, or the next that nobody has."""
    taken = {label for label in given if label is not None}
    labels = []
    for position, label in enumerate(given):
        if label is None:
            label = next(name for name in map(letter, count(position)) if name not in taken)
            taken.add(label)
        labels.append(label)
    return labels


def columns_of(asked: NewComparison, *, version: str, taken: Taken = NOTHING_TAKEN) -> list[VariantPlan]:
    """The columns as given, or as the preset makes them. Raises `Problem`."""
    if asked.preset is not None and asked.variants is not None:
        raise Problem(422, "Give variants or a preset with betas, not both.", field="preset")
    if asked.preset is not None and asked.betas is None:
        raise Problem(422, "A preset makes its columns from betas: list them.", field="betas")
    if asked.preset is None and asked.betas is not None:
        raise Problem(422, "Betas stand in each variant, or here with a preset.", field="betas")
    if asked.preset is not None and asked.betas is not None:
        return columns_of_preset(asked.preset, asked.betas, version=version)
    if asked.variants is None:
        raise Problem(422, "Give variants, or a preset with betas.", field="variants")
    names = _labels([variant.label for variant in asked.variants])
    return [
        _column(variant, names[at], version=version, saved=taken.combinations.get(at), place=f"variants.{at}")
        for at, variant in enumerate(asked.variants)
    ]


def _column(
    asked: AskedVariant, label: str, *, version: str, saved: CombinationVersion | None, place: str
) -> VariantPlan:
    """One column, with what its saved combination brings."""
    betas = asked.betas if saved is None else saved.betas
    if betas is None:
        raise Problem(422, "Give betas (an empty list for none) or a combination.", field=f"{place}.betas")
    return VariantPlan(
        label=label,
        betas=tuple(betas),
        version=asked.anthropic_version or version,
        changes=jsontext.loads(saved.patch) if saved and saved.patch else asked.patch,
        own_body=asked.body,
        baseline=asked.baseline,
        headers=tuple((asked.headers or {}).items()),
        combination=saved.pk if saved else None,
    )


def _case_plan(case: AskedCase) -> CasePlan:
    # Put in as text now, so that a number is still written as it was when the case is read back from the store.
    variables = {
        name: value if isinstance(value, str) else jsontext.dumps(value)
        for name, value in (case.variables or {}).items()
    }
    return CasePlan(name=case.name or "", variables=variables, body=case.body)


def _streaming(plan: Plan) -> Plan:
    """The plan with what was asked of streaming in each body, where whoever runs it again finds it; else `stream: true`
    in each that says nothing about it."""

    def told(body: Any) -> Any:
        if body is None or ("stream" in body and plan.stream is None):
            return body
        return body if plan.stream is False and "stream" not in body else {**body, "stream": plan.stream is not False}

    return replace(
        plan,
        stream=None,
        body=told(plan.body),
        variants=[replace(variant, own_body=told(variant.own_body)) for variant in plan.variants],
        cases=[replace(case, body=told(case.body)) for case in plan.cases],
    )
