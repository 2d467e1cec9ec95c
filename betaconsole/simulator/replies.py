"""One answer, as JSON says it and as a stream does: content, reason to stop, usage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .blocks import Block
from .caching import CacheUse
from .iterations import Iteration, input_usage
from .questions import Question


@dataclass(frozen=True)
class Message:
    """One answer. `as_json` is the message of a JSON response; a stream says the same in its events.

    `iterations` are all steps in order; the usage names them where the question says so.
    """

    question: Question
    blocks: tuple[Block, ...]
    stop_reason: str
    iterations: tuple[Iteration, ...]
    stop_sequence: str | None = None
    stop_details: Mapping[str, Any] | None = None
    server_tool_use: Mapping[str, int] = field(default_factory=dict)
    container: Mapping[str, Any] | None = None

    @property
    def output_tokens(self) -> int:
        return sum(each.output_tokens for each in self._counted)

    @property
    def written_tokens(self) -> int:
        """All that was written until the answer was whole, counted or not: what its time depends on."""
        return max(self.output_tokens, sum(block.tokens + block.delay_tokens for block in self.blocks))

    def head(self) -> dict[str, Any]:
        """The message as `message_start` carries it: with the input of its first step."""
        first = self.iterations[0].use
        usage = {**input_usage(first), "output_tokens": min(self.output_tokens, 1 + len(self.blocks))}
        usage["cache_creation"] = input_usage(self._use)["cache_creation"]
        usage |= {
            "service_tier": "standard",
            "inference_geo": "global",
            "speed": self.question.body.get("speed") or "standard",
        }
        head: dict[str, Any] = {
            "model": self.question.model_id,
            "id": self.question.seed.ident("msg_"),
            "type": "message",
            "role": "assistant",
            "content": [],
            "container": None,
            "diagnostics": None,
            "stop_reason": None,
            "stop_sequence": None,
            "stop_details": None,
            "usage": usage,
        }
        return {**head, **self.question.opening}

    def final_usage(self) -> dict[str, Any]:
        """The cumulative usage of `message_delta`."""
        thinking = sum(block.tokens for block in self._own_blocks if block.content["type"] == "thinking")
        usage = input_usage(self._use)
        del usage["cache_creation"]
        usage |= {"output_tokens": self.output_tokens, "output_tokens_details": {"thinking_tokens": thinking}}
        if self.server_tool_use:
            usage["server_tool_use"] = dict(self.server_tool_use)
        if self.question.lists_iterations:
            usage["iterations"] = [each.as_json() for each in self.iterations]
        return {**usage, **self.question.more_usage}

    def stop(self) -> dict[str, Any]:
        """The delta of `message_delta`."""
        details = None if self.stop_details is None else dict(self.stop_details)
        stop = {"stop_reason": self.stop_reason, "stop_sequence": self.stop_sequence, "stop_details": details}
        return stop | ({"container": dict(self.container)} if self.container else {})

    def as_json(self) -> dict[str, Any]:
        message = self.head()
        message |= {**self.stop(), "content": [block.content for block in self.blocks]}
        message["usage"] |= self.final_usage()
        return {**message, **self.question.closing}

    @property
    def _own_blocks(self) -> Sequence[Block]:
        """What the model that answers wrote, after those that declined."""
        places = [place for place, block in enumerate(self.blocks) if block.content["type"] == "fallback"]
        return self.blocks[places[-1] + 1 :] if places else self.blocks

    @property
    def _counted(self) -> Sequence[Iteration]:
        return [each for each in self.iterations if each.counted]

    @property
    def _use(self) -> CacheUse:
        return sum((each.use for each in self._counted), CacheUse(0))
