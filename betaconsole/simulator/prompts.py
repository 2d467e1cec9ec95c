"""What the model is shown of a request: the conversation after everything that the API takes out of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from .binding import bind_thinking
from .editing import edit_context
from .effects import CONTEXT_MANAGEMENT
from .rules import ModelRule


@dataclass(frozen=True)
class Prompt:
    """The request as the model sees it, and what the answer says of the changes (see `Question`).

    `sent` is the request as the client wrote it, `unedited` what is left of it before the context edits, `body` after them.
    """

    sent: Mapping[str, Any]
    body: Mapping[str, Any]
    unedited: Mapping[str, Any]
    opening: Mapping[str, Any]
    closing: Mapping[str, Any]


def see(sent: Mapping[str, Any], *, betas: Collection[str], model_id: str, model: ModelRule) -> Prompt:
    """Take out what the model is not to see. Raises a Refusal; the given body is not changed."""
    bound = bind_thinking(sent, betas=betas, model_id=model_id, model=model)
    edited = edit_context(bound.body, betas)
    closing: dict[str, Any] = {}
    if CONTEXT_MANAGEMENT in betas:
        closing["context_management"] = {"applied_edits": list(edited.applied)}
    return Prompt(sent, edited.body, bound.body, bound.opening, closing)
