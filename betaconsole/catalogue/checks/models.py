"""What a model is, and what it does not take: its life, its limits, its tools."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from betaconsole.catalogue.betas import catalogue_date
from betaconsole.catalogue.model_specs import ModelSpec, all_models, default_model

from .asked import Asked
from .findings import Finding, Fix, add_beta, error, hint, listed, remove_beta, remove_field, set_field, warning
from .nearest import nearest, slip_of
from .paths import BodyPath, found, read_path
from .thinking import is_modern

FAST_MODE = "fast-mode-2026-02-01"
NEAR_ITS_END = timedelta(days=60)
# What ends an assistant turn that the API itself cut off: sent back as it is, it is no prefill.
_PAUSED_AFTER = ("server_tool_use", "mcp_tool_use", "compaction")
BETTER_ADVISOR = "claude-opus-5-5"


def known_model(asked: Asked) -> Iterator[Finding]:
    """misspelt_model, unknown_model: an id that the catalogue does not hold."""
    name = asked.model_id
    if asked.get("model") == "":
        yield error(
            "missing_field", "The field model is empty.", path=asked.shown(("model",)), fix=_use(asked, default_model())
        )
    if not name or asked.model is not None:
        return
    ids = [each for spec in all_models().values() for each in (spec.id, *spec.aliases)]
    path = asked.shown(("model",))
    if meant := slip_of(name, ids):
        message = f"No model is called {name}: did you mean {meant}?"
        yield error("misspelt_model", message, path=path, fix=_use(asked, meant))
        return
    near = nearest(name, [spec.id for spec in all_models().values() if not spec.is_retired(asked.today)])
    hinted = f"; the nearest known: {listed(near)}" if near else ""
    message = f"The model {name} is not among those known on {catalogue_date()}{hinted}."
    yield warning("unknown_model", message, path=path, fix=_use(asked, near[0] if near else default_model()))


def life(asked: Asked) -> Iterator[Finding]:
    """model_retired, model_retires_soon."""
    model = asked.model
    if model is None or model.retires_on is None:
        return
    path, newer = asked.shown(("model",)), _use(asked, _successor(asked, model))
    if model.is_retired(asked.today):
        message = f"{model.display_name} ended on {model.retires_on}: the API answers 404."
        yield error("model_retired", message, path=path, fix=newer)
    elif model.retires_on - asked.today <= NEAR_ITS_END:
        message = f"{model.display_name} ends on {model.retires_on}: the API answers 404 from then on."
        yield warning("model_retires_soon", message, path=path, fix=newer)


def fast_mode(asked: Asked) -> Iterator[Finding]:
    """no_fast_mode, gated_field, fast_mode_built_in: speed, by model."""
    speed, model = asked.text("speed"), asked.model
    if model is None:
        return
    path, without = asked.shown(("speed",)), remove_field(asked.pointer(("speed",)))
    if model.fast_mode == "built_in" and FAST_MODE in asked.betas:
        message = f"{model.display_name} is fast without a header: speed in the body alone decides."
        yield hint("fast_mode_built_in", message, fix=remove_beta(FAST_MODE))
    elif speed and model.fast_mode == "header" and FAST_MODE not in asked.betas:
        message = f"{model.display_name} takes speed only with {FAST_MODE}."
        yield error("gated_field", message, path=path, fix=add_beta(FAST_MODE), other=without)
    elif speed == "fast" and model.fast_mode == "removed":
        yield error("no_fast_mode", f"{model.display_name} has no fast mode any more.", path=path, fix=without)
    elif speed == "fast" and model.fast_mode is None:
        yield warning("no_fast_mode", f"No fast mode of {model.display_name} is known.", path=path, fix=without)


def forced_tool(asked: Asked) -> Iterator[Finding]:
    """forced_tool_refused: models that choose their tools themselves."""
    kind, model = asked.text("tool_choice", "type"), asked.model
    if kind in ("any", "tool") and model and model.forced_tool_choice is False:
        message = f"{model.display_name} cannot be made to use a tool: tool_choice {kind} is refused."
        fix = set_field(asked.pointer(("tool_choice",)), {"type": "auto"})
        yield error("forced_tool_refused", message, path=asked.shown(("tool_choice",)), fix=fix)


def prefill(asked: Asked) -> Iterator[Finding]:
    """prefill_refused: who speaks last."""
    model = asked.model
    if model is None or model.prefill or not asked.messages or asked.get("fallback_credit_token"):
        return
    place, last = asked.messages[-1]
    if last.get("role") != "assistant" or _is_paused(last.get("content")):
        return
    fix = None if asked.is_cut else remove_field(asked.pointer(place))
    message = f"{model.display_name} takes no prefill: the messages have to end with a user turn."
    if model.prefill is False:
        yield error("prefill_refused", message, path=asked.shown(place), fix=fix)
    elif is_modern(model):
        said = "Newer models take no prefill: the messages have to end with a user turn."
        yield warning("prefill_refused", said, path=asked.shown(place), fix=fix)


def system_role(asked: Asked) -> Iterator[Finding]:
    """system_role_refused: system messages among the messages."""
    if asked.model is None or asked.model.system_messages is not False:
        return
    places = [place for place, message in asked.messages if message.get("role") == "system"]
    if places:
        message = f"{asked.model.display_name} refuses messages of role system: give the text to the top-level system."
        fix = remove_field(asked.pointer(places[0])) if len(places) == 1 and not asked.is_cut else None
        yield error("system_role_refused", message, path=asked.shown(places[0]), fix=fix)


def refused_fields(asked: Asked) -> Iterator[Finding]:
    """refused_by_model: fields that it refuses even with their beta."""
    model = asked.model
    for path in map(read_path, model.refused_fields if model else ()):
        for place, value in found(asked.body, path):
            if model and not _is_default(path, value):
                message = f"{model.display_name} refuses {path.text}, also with its beta."
                fix = remove_field(asked.pointer(place))
                yield error("refused_by_model", message, path=asked.shown(place), fix=fix)


def refused_tools(asked: Asked) -> Iterator[Finding]:
    """tool_refused_by_model, advisor_refused: tools that do not go with the model."""
    model = asked.model
    for place, tool in asked.tools if model else ():
        kind, advisor = tool.get("type"), tool.get("model")
        if model and kind in model.refused_tool_types:
            message = f"{model.display_name} refuses the tool {kind}."
            fix = remove_field(asked.pointer(place))
            yield error("tool_refused_by_model", message, path=asked.shown(place), fix=fix)
        elif model and advisor in model.refused_advisors:
            message = f"{advisor} cannot advise {model.display_name}."
            fix = set_field(asked.pointer((*place, "model")), BETTER_ADVISOR)
            yield error("advisor_refused", message, path=asked.shown((*place, "model")), fix=fix)


def _is_default(path: BodyPath, value: object) -> bool:
    """`fallbacks` of "default" is taken everywhere: a model without support then just runs."""
    return path.text == "fallbacks" and value == "default"


def _is_paused(content: object) -> bool:
    last = content[-1] if isinstance(content, list) and content else None
    kind = last.get("type") if isinstance(last, dict) else None
    return isinstance(kind, str) and (kind in _PAUSED_AFTER or kind.endswith("_tool_result"))


def _successor(asked: Asked, model: ModelSpec) -> str:
    """The first living model of its line in the file, where the newest stands."""
    living = (spec.id for spec in all_models().values() if spec.line == model.line and not spec.is_retired(asked.today))
    return next(living, default_model()) if model.line else default_model()


def _use(asked: Asked, model_id: str) -> Fix:
    return set_field(asked.pointer(("model",)), model_id)
