"""The places where two JSON values differ, as rows of a table. Pure."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from betaconsole.claude import jsontext
from betaconsole.diffing import trees
from betaconsole.diffing.rows import Row, around_changes, rows_of
from betaconsole.diffing.words import Budget, text_diff
from betaconsole.storage.fields import showable

MAX_LEAVES = 300
MAX_VALUE = 4_000  # characters of a value that are shown


@dataclass(frozen=True)
class Leaf:
    """One place that differs. `left` and `right` as JSON, empty where a side has nothing; `rows` where both are texts of
    more than a few words: what differs in them."""

    path: str
    kind: trees.Kind
    left: str
    right: str
    rows: tuple[Row, ...] = ()


@dataclass(frozen=True)
class Tree:
    """All places of one value that differ, as far as a page bears them."""

    leaves: list[Leaf]
    is_cut: bool


def tree_view(node: trees.Node | None, budget: Budget) -> Tree | None:
    """The places of a tree that differ; None where there is no tree or it is the same."""
    if node is None or node.is_same:
        return None
    found = list(islice(_leaves(node, budget), MAX_LEAVES + 1))
    return Tree(found[:MAX_LEAVES], is_cut=len(found) > MAX_LEAVES)


def json_text(value: Any) -> str:
    """A value as JSON for a page: on one line where it is short, numbers as they were spelled, never too much of it."""
    if value is trees.MISSING:
        return ""
    try:
        text = _dumped(value, None)
        text = text if len(text) <= 80 else _dumped(value, 2)
    except (RecursionError, ValueError):  # deeper than can be written, or a number with more digits than Python writes
        return "too deep or too long to be shown"
    text = showable(text)
    return text if len(text) <= MAX_VALUE else f"{text[:MAX_VALUE]}… {len(text) - MAX_VALUE:,} more characters"


def _dumped(value: Any, indent: int | None) -> str:
    try:
        return jsontext.dumps(value, indent=indent)
    except ValueError:  # NaN and infinities, which an answer may hold
        return json.dumps(value, indent=indent, ensure_ascii=False)


def _leaves(node: trees.Node, budget: Budget) -> Iterator[Leaf]:
    for path, leaf in trees.leaves(node):
        rows: tuple[Row, ...] = ()
        if isinstance(leaf.left, str) and isinstance(leaf.right, str) and max(len(leaf.left), len(leaf.right)) > 60:
            texts = [showable(side[: 10 * MAX_VALUE]) for side in (leaf.left, leaf.right)]
            rows = tuple(around_changes(rows_of(text_diff(*texts, budget=budget).pieces)))
        yield Leaf(showable(path), leaf.kind, json_text(leaf.left), json_text(leaf.right), rows)
