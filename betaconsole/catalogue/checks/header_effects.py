"""Whether a name in the header can do anything here: at this endpoint, with this body, for this model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from betaconsole.catalogue.betas import GATING, Beta, Status, all_betas
from betaconsole.catalogue.model_specs import find_model

from .asked import Asked
from .endpoints import PROMPTED, shown_endpoint
from .findings import Finding, Fix, add_beta, error, insert_example, listed, remove_beta, set_field, warning
from .paths import occurs, pointer, read_path
from .thinking import manual_thinking

MOST_NAMED = 3
_STREAMED = "stream=true"
_BY_HAND = "thinking.type=enabled"


def wrong_endpoint(asked: Asked) -> Iterator[Finding]:
    """wrong_endpoint: a name that acts somewhere else."""
    if not asked.endpoint:
        return
    for beta in asked.known_betas:
        if beta.refused or asked.takes(beta) or (asked.endpoint == "models" and beta.evidence.models):
            continue
        where = listed([shown_endpoint(word) for word in beta.endpoints])
        message = (
            f"{beta.name} acts on {where}, not on {shown_endpoint(asked.endpoint)}: nothing can be seen of it here."
        )
        yield warning("wrong_endpoint", message, fix=remove_beta(beta.name))


def endpoint_without_beta(asked: Asked) -> Iterator[Finding]:
    """endpoint_needs_beta: endpoints that answer as if they were not there until their beta is named."""
    if asked.endpoint in ("", "admin", "oauth", *PROMPTED):
        return
    needed = [
        beta.name
        for beta in all_betas().values()
        if asked.endpoint in beta.endpoints and beta.status is Status.ACTIVE and not beta.on_messages
    ]
    if needed and not set(needed) & set(asked.betas):
        message = f"This endpoint answers 404 without {listed(needed, last='or')}."
        yield error("endpoint_needs_beta", message, fix=add_beta(needed[0]))


def header_without_field(asked: Asked, prompts: Sequence[Asked]) -> Iterator[Finding]:
    """header_without_field: nothing in the body that the name would act on."""
    for beta in asked.known_betas:
        if not prompts or beta.status not in GATING or not asked.takes(beta):
            continue
        if (beta.acts_on or beta.unlocks or beta.tool_types) and not any(_acts_on(beta, prompt) for prompt in prompts):
            message = f"{beta.name} changes nothing here: {_lacking(beta)}."
            yield warning("header_without_field", message, fix=_given(beta, prompts))


def other_models(asked: Asked, prompts: Sequence[Asked]) -> Iterator[Finding]:
    """not_for_model: a name documented for other models."""
    for beta in asked.known_betas:
        documented = beta.models or (beta.raises.models if beta.raises else ())
        if not documented or beta.status is Status.RETIRED or not asked.takes(beta):
            continue
        for prompt in prompts:
            if prompt.model is not None and prompt.model.id not in documented:
                shown = [find_model(name) for name in documented]
                names = [spec.display_name.removeprefix("Claude ") for spec in shown if spec]
                some = (
                    [*names[:MOST_NAMED], f"{len(names) - MOST_NAMED} others"] if len(names) > MOST_NAMED + 1 else names
                )
                message = f"{beta.name} is documented for {listed(some)}, not for {prompt.model.display_name}."
                yield warning("not_for_model", message, fix=remove_beta(beta.name))


def _acts_on(beta: Beta, prompt: Asked) -> bool:
    if beta.acts_on:
        return any(_stands(prompt, path) for path in beta.acts_on)
    kinds = {tool.get("type") for _, tool in prompt.tools if isinstance(tool.get("type"), str)}
    return not kinds.isdisjoint(beta.tool_types) or any(_stands(prompt, path) for path in beta.unlocks)


def _stands(prompt: Asked, path: str) -> bool:
    return prompt.request.is_stream if path == _STREAMED else occurs(prompt.body, read_path(path))


def _lacking(beta: Beta) -> str:
    """That what it would act on is not there, in the catalogue's words."""
    paths = beta.acts_on or beta.unlocks[:1] or beta.tool_types[:1]
    if paths == (_STREAMED,):
        return "the answer does not stream"
    return f"the body has no {listed([path.replace('=', ' ').replace('[]', '') for path in paths], last='or')}"


def _given(beta: Beta, prompts: Sequence[Asked]) -> Fix | None:
    """What would give it something to act on, where there is one body to put it in."""
    if len(prompts) > 1 or prompts[0].is_batched:
        return None
    if beta.changes_json:
        return insert_example(beta.name)
    prompt = prompts[0]
    if _STREAMED in beta.acts_on and not prompt.is_counted:
        return set_field(pointer(("stream",)), True)
    if _BY_HAND in beta.acts_on and prompt.model and "enabled" in (prompt.model.thinking_types or ()):
        return set_field(pointer(("thinking",)), manual_thinking(prompt.whole("max_tokens")))
    return None
