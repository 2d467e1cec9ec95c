"""Making the change that a fix stands for: to the names of a column, or as operations on the body it sends."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from betaconsole.claude.jsontext import apply_changes

from .asked import ColumnRequest
from .findings import Action, Fix


def fixed(request: ColumnRequest, fix: Fix) -> ColumnRequest:
    """The request with the change made; an example is not inserted here, and caches are not kept apart."""
    betas = fixed_betas(request.betas, fix)
    steps = operations(fix, request.body)
    body = apply_changes(request.body, steps) if steps else request.body
    return replace(request, betas=betas, body=body)


def fixed_betas(betas: Sequence[str], fix: Fix) -> tuple[str, ...]:
    """The names of the header after the fix, each once."""
    if fix.action is Action.ADD_BETA:
        return tuple(dict.fromkeys([*betas, fix.beta]))
    if fix.action is Action.REMOVE_BETA:
        return tuple(name for name in betas if name != fix.beta)
    if fix.action is Action.REPLACE_BETA:
        return tuple(dict.fromkeys(fix.new if name == fix.beta else name for name in betas))
    return tuple(betas)


def operations(fix: Fix, body: Any) -> list[dict[str, Any]]:
    """The change to this body as RFC 6902 operations; none where the fix is about something else or its place is gone."""
    if fix.action is Action.SET_FIELD:
        return [*_ways(body, fix.path), {"op": _adding(body, fix.path), "path": fix.path, "value": fix.value}]
    if fix.action is Action.REMOVE_FIELD and _at(body, fix.path) is not _NOTHING:
        return [{"op": "remove", "path": fix.path}]
    if fix.action is Action.MOVE_FIELD and _at(body, fix.path) is not _NOTHING:
        return [*_ways(body, fix.to), {"op": "move", "from": fix.path, "path": fix.to}]
    return []


_NOTHING = object()


def _adding(body: Any, path: str) -> str:
    """In a list an element is replaced, where adding would shift it."""
    return "replace" if _at(body, path) is not _NOTHING else "add"


def _ways(body: Any, path: str) -> Iterator[dict[str, Any]]:
    """The objects that have to be made on the way to a place."""
    steps = path.split("/")[1:-1]
    for count in range(1, len(steps) + 1):
        parent = "/" + "/".join(steps[:count])
        if not isinstance(_at(body, parent), dict | list):
            yield {"op": "add", "path": parent, "value": {}}


def _at(body: Any, path: str) -> Any:
    node = body
    for step in path.split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        if isinstance(node, dict):
            node = node.get(name, _NOTHING)
        elif isinstance(node, list) and name.isdecimal() and int(name) < len(node):
            node = node[int(name)]
        else:
            return _NOTHING
    return node
