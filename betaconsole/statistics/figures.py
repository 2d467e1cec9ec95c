"""The figures that columns are compared by."""

from dataclasses import dataclass
from typing import Literal

Unit = Literal["tokens", "usd", "ms", "tokens_per_second", "characters", "count", "share"]


@dataclass(frozen=True)
class Figure:
    """One thing measured in every cell. Of a share each cell says 1 (it happened) or 0 (it did not)."""

    key: str
    label: str
    unit: Unit

    @property
    def is_share(self) -> bool:
        return self.unit == "share"


MEASURED = (
    Figure("output_tokens", "Output tokens", "tokens"),
    Figure("input_tokens", "Input tokens", "tokens"),
    Figure("cache_read_tokens", "Cache reads", "tokens"),
    Figure("cache_write_tokens", "Cache writes", "tokens"),
    Figure("cost_usd", "Cost", "usd"),
    Figure("first_text_ms", "First text", "ms"),
    Figure("total_ms", "Total time", "ms"),
    Figure("tokens_per_second", "Speed", "tokens_per_second"),
    Figure("longest_silence_ms", "Longest silence", "ms"),
    Figure("text_length", "Length of the text", "characters"),
    Figure("tool_calls", "Tool calls", "count"),
)
REFUSAL = Figure("refusal", "Refusals", "share")
PREFERRED = Figure("preferred", "Preferred when blind", "share")


def stop_reason(value: str) -> Figure:
    """The share of answers that stopped for this reason."""
    return Figure(f"stop_reason:{value}", f"Stopped with {value}", "share")


def block_type(value: str) -> Figure:
    """The share of answers that have such a block."""
    return Figure(f"block:{value}", f"With a {value} block", "share")


def check(name: str) -> Figure:
    """The share of answers that pass the check of this name."""
    return Figure(f"check:{name}", f"Check: {name}", "share")
