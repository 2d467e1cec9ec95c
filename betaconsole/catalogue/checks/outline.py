"""A body without its bulk: the same JSON where long texts, a person's own JSON and endless lists are cut short.

Rules look at names, types and short values, never into texts. So they run on the outline, which is small however large the
body is, can be kept beside a draft, and can be patched like the body itself. What was cut leaves its length behind.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .paths import OPAQUE

KEPT_CHARACTERS = 120
MOST_NODES = 2_000  # objects and lists in one field of the body
MOST_NAMES = 500  # in one object
MOST_DEPTH = 40
_MARK = "\ue000"  # a private character: what follows is a length
_MOST_DIGITS = 12
# Objects and lists looked into for a length, more than an outline has; the rest of a list counts as what was seen of it.
_MOST_WEIGHED = 4_000


def outlined(body: Any, *, most_nodes: int = MOST_NODES) -> Any:
    """The outline of a JSON value. That of an outline is itself; what is given is not changed."""
    if not isinstance(body, dict):
        return _Outline(most_nodes).of(body, 0)
    return {_cut(name): _Outline(most_nodes).named(name, value, 1) for name, value in _first(body)}


def length_of(text: str) -> int:
    """The length of a text, also where only its beginning is left."""
    digits = text[KEPT_CHARACTERS + 1 :] if text[KEPT_CHARACTERS : KEPT_CHARACTERS + 1] == _MARK else ""
    if text[:1] == _MARK:
        digits = text[1:]
    return int(digits) if digits.isdecimal() and digits.isascii() and len(digits) <= _MOST_DIGITS else len(text)


def is_mark(value: Any) -> bool:
    """Whether this stands for elements that were left out of a list."""
    return isinstance(value, str) and value[:1] == _MARK


def is_cut(values: Any) -> bool:
    """Whether elements of this list were left out: places after them are not those of the body."""
    return isinstance(values, list) and any(map(is_mark, values))


def characters(value: Any) -> int:
    """The characters of all texts and names in an outline, or about as many in any JSON value."""
    return _Weighing().of(value)


@dataclass
class _Outline:
    left: int

    def named(self, name: str, value: Any, depth: int) -> Any:
        if name in OPAQUE and isinstance(value, dict) and _MARK not in value:
            weighing = _Weighing()
            kept = {"type": _cut(value["type"])} if isinstance(value.get("type"), str) else {}
            kept |= {_MARK: _length(weighing.of(value))}
            self.left -= (_MOST_WEIGHED - weighing.left) // 4
            return kept
        return self.of(value, depth)

    def of(self, value: Any, depth: int) -> Any:
        if isinstance(value, str):
            return _cut(value)
        if not isinstance(value, dict | list):
            return value
        self.left -= 1
        if depth > MOST_DEPTH:
            return _length(characters(value))
        if isinstance(value, dict):
            return {_cut(name): self.named(name, inner, depth + 1) for name, inner in _first(value)}
        return list(self._elements(value, depth + 1))

    def _elements(self, values: list[Any], depth: int) -> Iterator[Any]:
        for index, each in enumerate(values):
            if self.left <= 0 and index < len(values) - 1:
                yield _length(characters(values[index:-1]))
                self.left = max(self.left, 100)
                yield self.of(values[-1], depth)  # the last message decides more than those before it
                return
            yield self.of(each, depth)


@dataclass
class _Weighing:
    left: int = _MOST_WEIGHED

    def of(self, value: Any, depth: int = 0) -> int:
        if isinstance(value, str):
            return length_of(value)
        self.left -= 1
        if not isinstance(value, dict | list) or self.left < 0 or depth > MOST_DEPTH:
            return 0
        if isinstance(value, dict):
            return sum(len(name) + self.of(inner, depth + 1) for name, inner in _first(value))
        counted = total = 0
        for each in value:
            if self.left < 0:
                break
            total += self.of(each, depth + 1)
            counted += 1
        return total * len(value) // counted if counted else 0


def _first(members: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    return (member for _, member in zip(range(MOST_NAMES), members.items(), strict=False))


def _cut(text: str) -> str:
    if len(text) <= KEPT_CHARACTERS or length_of(text) != len(text):
        return text
    return text[:KEPT_CHARACTERS] + _length(len(text))


def _length(count: int) -> str:
    return f"{_MARK}{count}"
