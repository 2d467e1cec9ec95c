"""What two responses, or two requests, said in their headers. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

Pairs = Iterable[Sequence[str]]
Group = Literal["ids", "rate limits", "others"]
HeaderKind = Literal["same", "added", "removed", "changed"]

IDS = frozenset(
    {"request-id", "anthropic-organization-id", "anthropic-workspace-id", "cf-ray", "traceresponse", "x-request-id"}
)
# Other in every answer, whatever is asked.
DRAWN = IDS | {"date", "set-cookie", "content-length", "x-envoy-upstream-service-time", "server-timing"}


@dataclass(frozen=True)
class HeaderRow:
    """One header by its lower-case name, with the values of each side in order. `is_drawn`: it differs in any two answers."""

    name: str
    left: tuple[str, ...]
    right: tuple[str, ...]
    group: Group
    is_drawn: bool

    @property
    def kind(self) -> HeaderKind:
        if self.left == self.right:
            return "same"
        return "added" if not self.left else "removed" if not self.right else "changed"

    @property
    def difference(self) -> int | None:
        """Right minus left, of a count; None for anything else."""
        if len(self.left) == len(self.right) == 1 and self.left[0].isdecimal() and self.right[0].isdecimal():
            return int(self.right[0][:18]) - int(self.left[0][:18])
        return None


def header_diff(left: Pairs | None, right: Pairs | None) -> list[HeaderRow]:
    """A row for each header of either side: request-ids, then rate limits, then all others, each by name."""
    one, other = _by_name(left or ()), _by_name(right or ())
    rows = [
        HeaderRow(name, one.get(name, ()), other.get(name, ()), _group(name), name in DRAWN or name.endswith("-reset"))
        for name in {**one, **other}
    ]
    order: tuple[Group, ...] = ("ids", "rate limits", "others")
    return sorted(rows, key=lambda row: (order.index(row.group), row.name != "request-id", row.name))


def _by_name(pairs: Pairs) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for name, value in pairs:
        found[name.lower()] = (*found.get(name.lower(), ()), value)
    return found


def _group(name: str) -> Group:
    if name in IDS:
        return "ids"
    return "rate limits" if "ratelimit" in name or name in ("retry-after", "x-should-retry") else "others"
