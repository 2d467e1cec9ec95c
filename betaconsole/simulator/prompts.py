"""What the model is shown of a request: the conversation after everything that the API takes out of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from .binding import bind_thinking
from .compaction import KIND as COMPACT_EDIT
from .compaction import after_compaction, compact_edit
from .credits import Redemption
from .editing import edit_context
from .effects import CONTEXT_MANAGEMENT
from .fallback import Fallbacks
from .mcp import with_listings
from .offering import Offer, offer
from .rules import ModelRule
from .steering import instructions, still_seen, with_effort


@dataclass(frozen=True)
class Prompt:
    """The request as the model sees it, and what the answer says of the changes (see `Question`).

    `sent` is the request as the client wrote it, `unedited` what is left of it before the context edits, `body` after them.
    `carries_summary`: a compaction block stands for what came before it. `redemption` and `fallbacks` are what the request
    presents and names for the case that models decline.
    """

    sent: Mapping[str, Any]
    body: Mapping[str, Any]
    unedited: Mapping[str, Any]
    opening: Mapping[str, Any]
    closing: Mapping[str, Any]
    carries_summary: bool = False
    redemption: Redemption | None = None
    fallbacks: Fallbacks = field(default_factory=Fallbacks)
    offer: Offer = field(default_factory=Offer)
    instructions: str = ""

    @property
    def lists_iterations(self) -> bool:
        """Whether the request uses what makes usage name its steps; the betas for that were checked before."""
        sent = self.sent
        kinds = {tool.get("type") for tool in sent.get("tools") or ()}
        edits = (sent.get("context_management") or {}).get("edits") or ()
        budget = (sent.get("output_config") or {}).get("task_budget")
        compacts = any(edit["type"] == COMPACT_EDIT for edit in edits)
        return bool(
            compacts or budget or sent.get("compaction") or sent.get("fallbacks") or "advisor_20260301" in kinds
        )


def see(sent: Mapping[str, Any], *, betas: Collection[str], model_id: str, model: ModelRule) -> Prompt:
    """Take out what the model is not to see. Raises a Refusal; the given body is not changed."""
    bound = bind_thinking(sent, betas=betas, model_id=model_id, model=model)
    read = after_compaction(bound.body)
    listed = with_listings(still_seen(read))
    offered = offer(with_listings(bound.body))
    tools = [tool for tool in listed.get("tools") or () if tool not in offered.deferred]
    if tools != (listed.get("tools") or []):
        listed = {**listed, "tools": tools}
    steered = with_effort(listed, bound.body)
    edited = edit_context(steered, betas)
    closing: dict[str, Any] = {}
    if CONTEXT_MANAGEMENT in betas or compact_edit(sent, betas):
        closing["context_management"] = {"applied_edits": list(edited.applied)}
    return Prompt(
        sent,
        edited.body,
        steered,
        bound.opening,
        closing,
        carries_summary=read is not bound.body,
        offer=offered,
        instructions=instructions(steered),
    )
