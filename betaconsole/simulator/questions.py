"""One checked request, and everything its answer depends on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from .blocks import Block
from .caching import CacheUse
from .conversation import Conversation
from .directions import Directions
from .iterations import Iteration
from .prefixes import Prefix
from .rules import ModelRule, Rules
from .seeds import Seed


@dataclass(frozen=True)
class Question:
    """What the model is asked. `body` is the request as the model sees it, `sent` as the client wrote it.

    `seed` is the chance of this request and repeat. `opening` and `closing` are what betas add to the message about the
    request: the first is known before the model writes (`diagnostics`), the second stands beside its end in a stream
    (`context_management`). `before` are blocks that the answer begins with and `steps` what they cost; with `pauses` it ends
    there. `more_usage` is what the usage says besides. `offered` are the tools that may be called, `deferred` those that have
    to be found first, and `tool_changes` lead to them from those declared. `instructions` are what the last system message among the messages says.
    """

    sent: Mapping[str, Any]
    body: Mapping[str, Any]
    betas: tuple[str, ...]
    model_id: str
    model: ModelRule
    rules: Rules
    conversation: Conversation
    seed: Seed
    input_use: CacheUse
    wishes: Directions = field(default_factory=Directions)
    opening: Mapping[str, Any] = field(default_factory=dict)
    closing: Mapping[str, Any] = field(default_factory=dict)
    before: tuple[Block, ...] = ()
    steps: tuple[Iteration, ...] = ()
    pauses: bool = False
    lists_iterations: bool = False
    more_usage: Mapping[str, Any] = field(default_factory=dict)
    offered: tuple[Mapping[str, Any], ...] = ()
    deferred: tuple[Mapping[str, Any], ...] = ()
    tool_changes: tuple[Mapping[str, Any], ...] = ()
    instructions: str = ""

    @property
    def task(self) -> Seed:
        """The chance that belongs to the prompt alone: the same in every column and repeat, so that only noise differs."""
        return Seed.of("task", self.conversation.ask, *self.conversation.called)

    @property
    def effort(self) -> str:
        return (self.body.get("output_config") or {}).get("effort") or self.model.effort_default

    @property
    def calls_freely(self) -> bool:
        """Whether the model chooses by itself which tools to call."""
        return (self.body.get("tool_choice") or {}).get("type", "auto") == "auto"

    @cached_property
    def prefix(self) -> Prefix:
        """What the answer's first block is bound to."""
        return Prefix.end(self.sent)
