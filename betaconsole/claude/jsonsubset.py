"""Whether JSON is the same as other JSON, or holds it. Pure."""

from collections.abc import Mapping
from typing import Any


def holds(value: Any, part: Any) -> bool:
    """Whether JSON holds a part: objects may have more members, lists and plain values must be the same."""
    if isinstance(part, Mapping):
        return isinstance(value, Mapping) and all(key in value and holds(value[key], part[key]) for key in part)
    if isinstance(part, list):
        return (
            isinstance(value, list)
            and len(value) == len(part)
            and all(holds(one, wanted) for one, wanted in zip(value, part, strict=True))
        )
    return same(value, part)


def same(one: Any, other: Any) -> bool:
    """Equal as JSON: 1 and 1.0 are, true and 1 are not."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(same(left, right) for left, right in zip(one, other, strict=True))
    return isinstance(one, bool) == isinstance(other, bool) and one == other
