"""What changed between two JSON values, as one tree of both. Pure; any value that JSON can hold, however deep or odd.

Numbers are the same where they are written the same (1.0 is not 1); the order of an object's members does not count.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, Literal

from betaconsole.claude.jsontext import Integer, Real

from .words import aligned

MAX_DEPTH = 64  # what lies deeper is compared as a whole
_HOLDERS = (dict, list, tuple)
MAX_ITEMS = 2_000  # of each list that are aligned by what they hold; longer ones item by item
Kind = Literal["same", "added", "removed", "changed"]


class Missing:
    """What stands on the side that has nothing here (null is something)."""

    def __repr__(self) -> str:
        return "MISSING"


MISSING = Missing()


@dataclass(frozen=True, slots=True)
class Node:
    """One place of the tree. `key`: the member's name, or the place in its list (on the right; of a removed one, on the left).

    `children` stand in the order of the right side, and only where both sides are objects, or both lists, and differ.
    """

    kind: Kind
    key: str | int | None
    left: Any
    right: Any
    children: tuple["Node", ...] = ()

    @property
    def is_same(self) -> bool:
        return self.kind == "same"


def tree_diff(left: object, right: object) -> Node:
    """Both values as one tree; either may be `MISSING`."""
    return _node(None, left, right, 0)


def applied(node: Node, left: Any) -> Any:
    """What the diff makes of the left side: the right one."""
    if node.kind == "same":
        return left
    if not node.children:
        return node.right
    kept = [child for child in node.children if child.kind != "removed"]
    if isinstance(node.right, dict):
        return {child.key: applied(child, left.get(child.key)) for child in kept}
    places = [child for child in node.children if child.kind != "added"]
    by_child = {id(child): item for child, item in zip(places, left, strict=True)}
    return [applied(child, by_child.get(id(child))) for child in kept]


def leaves(node: Node, path: str = "") -> Iterator[tuple[str, Node]]:
    """Every place where something differs, with its path: `messages[0].content`."""
    if node.kind == "same":
        return
    if not node.children:
        yield path, node
    for child in node.children:
        yield from leaves(child, path_to(path, child.key))


def path_to(path: str, key: str | int | None) -> str:
    """The path of a place inside another: a name after a dot, a number in brackets."""
    if isinstance(key, int):
        return f"{path}[{key}]"
    return f"{path}.{key}" if path else str(key)


def is_same(left: object, right: object) -> bool:
    """Whether both would be written as the same JSON, the order of members left aside."""
    if isinstance(left, _HOLDERS) or isinstance(right, _HOLDERS):
        return canonical(left) == canonical(right)
    return _leaf(left) == _leaf(right)


def canonical(value: object) -> str:
    """A text that two values share if and only if they are the same. It takes no recursion: depth cannot break it."""
    parts: list[str] = []
    waiting: list[Any] = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, _Mark):
            parts.append(item.text)
        elif isinstance(item, dict):
            waiting.append(_CLOSES_OBJECT)
            for key in sorted(item, key=str, reverse=True):
                waiting += [item[key], _Mark(f"{json.dumps(str(key))}:")]
            parts.append("{")
        elif isinstance(item, list | tuple):
            waiting.append(_CLOSES_LIST)
            waiting += reversed(item)
            parts.append("[")
        else:
            parts.append(_leaf(item))
    return " ".join(parts)


@dataclass(frozen=True)
class _Mark:
    text: str


_CLOSES_OBJECT, _CLOSES_LIST = _Mark("}"), _Mark("]")


def _leaf(value: object) -> str:
    if isinstance(value, Integer | Real):
        return value.spelling
    return json.dumps(value) if value is None or isinstance(value, str | bool | int | float) else repr(value)


def _node(key: str | int | None, left: Any, right: Any, depth: int) -> Node:
    if left is MISSING or right is MISSING:
        kind: Kind = "same" if left is right else "removed" if right is MISSING else "added"
        return Node(kind, key, left, right)
    inside: Callable[[Any, Any, int], Iterator[Node]] | None = None
    if depth < MAX_DEPTH:
        if isinstance(left, dict) and isinstance(right, dict):
            inside = _members
        elif isinstance(left, list) and isinstance(right, list):
            inside = _items
    if inside is None:
        return Node("same" if is_same(left, right) else "changed", key, left, right)
    children = tuple(inside(left, right, depth + 1))
    if all(child.kind == "same" for child in children):
        return Node("same", key, left, right)
    return Node("changed", key, left, right, children)


def _members(left: dict[str, Any], right: dict[str, Any], depth: int) -> Iterator[Node]:
    for name, value in left.items():
        if name not in right:
            yield _node(name, value, MISSING, depth)
    for name, value in right.items():
        yield _node(name, left.get(name, MISSING), value, depth)


def _items(left: list[Any], right: list[Any], depth: int) -> Iterator[Node]:
    if max(len(left), len(right)) > MAX_ITEMS:
        yield from _paired(left, right, (0, 0), depth)
        return
    for is_equal, a, b, c, d in aligned([canonical(item) for item in left], [canonical(item) for item in right]):
        if is_equal:
            yield from (Node("same", c + place, left[a + place], right[c + place]) for place in range(b - a))
        else:
            yield from _paired(left[a:b], right[c:d], (a, c), depth)


def _paired(left: list[Any], right: list[Any], after: tuple[int, int], depth: int) -> Iterator[Node]:
    for place, (one, other) in enumerate(zip_longest(left, right, fillvalue=MISSING)):
        yield _node(place + after[0 if other is MISSING else 1], one, other, depth)
