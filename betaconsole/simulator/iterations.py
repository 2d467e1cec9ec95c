"""The steps of an answer that are billed, each with its own usage: `usage.iterations`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .caching import CacheUse

SAMPLED = "message"
COMPACTED = "compaction"
ADVISED = "advisor_message"
FALLEN_BACK = "fallback_message"


@dataclass(frozen=True)
class Iteration:
    """One step of an answer that is billed: a sampling by the model, a compaction, an advice. `kind` is its `type`.

    `counted`: its tokens are part of the top-level usage.
    """

    kind: str
    use: CacheUse
    output_tokens: int
    model_id: str | None = None
    counted: bool = True

    def as_json(self) -> dict[str, Any]:
        entry: dict[str, Any] = {"type": self.kind, **input_usage(self.use), "output_tokens": self.output_tokens}
        return entry | ({"model": self.model_id} if self.model_id else {})


def input_usage(use: CacheUse) -> dict[str, Any]:
    """Input tokens as usage names them."""
    return {
        "input_tokens": use.input_tokens,
        "cache_creation_input_tokens": use.written_5m_tokens + use.written_1h_tokens,
        "cache_read_input_tokens": use.read_tokens,
        "cache_creation": {
            "ephemeral_5m_input_tokens": use.written_5m_tokens,
            "ephemeral_1h_input_tokens": use.written_1h_tokens,
        },
    }
