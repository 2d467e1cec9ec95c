"""Where in a request body the gated places of the rules occur."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Any

from .rules import Gate, Rules, Step

Place = tuple[str | int, ...]
OPAQUE = frozenset({"input", "input_schema", "schema", "output_format"})


def opens(gate: Gate, rules: Rules, *, betas: Collection[str], endpoint: str) -> bool:
    """Whether one of the header's betas opens this gate on this endpoint."""
    return any(endpoint in rules.betas[name].endpoints for name in gate.betas if name in betas)


def occurrences(body: Any, steps: tuple[Step, ...], value: str | None) -> Iterator[Place]:
    """Every place in the body that a gate's path names, outermost first.

    With a value, only the places that hold it; a place whose field is null counts as not sent.
    """
    for place, found in _walk(body, steps, ()):
        if found is not None and (value is None or found == value):
            yield place


def _walk(node: Any, steps: tuple[Step, ...], place: Place) -> Iterator[tuple[Place, Any]]:
    if not steps:
        yield place, node
        return
    step, rest = steps[0], steps[1:]
    if step.name == "**":
        for inner_place, inner in _everywhere(node, place):
            yield from _walk(inner, rest, inner_place)
        return
    if not isinstance(node, dict) or step.name not in node:
        return
    inner, inner_place = node[step.name], (*place, step.name)
    if not step.each:
        yield from _walk(inner, rest, inner_place)
        return
    for index, element in enumerate(inner if isinstance(inner, list) else ()):
        if step.key is None or (isinstance(element, dict) and element.get(step.key) == step.value):
            yield from _walk(element, rest, (*inner_place, index))


def _everywhere(node: Any, place: Place) -> Iterator[tuple[Place, Any]]:
    pending: list[tuple[Place, Any]] = [(place, node)]
    while pending:
        place, node = pending.pop()
        if isinstance(node, dict):
            yield place, node
        pending += [((*place, key), inner) for key, inner in _children(node) if isinstance(inner, dict | list)]


def _children(node: Any) -> Iterable[tuple[str | int, Any]]:
    """What lies within, except where a person's own JSON begins."""
    if isinstance(node, dict):
        return ((key, inner) for key, inner in node.items() if key not in OPAQUE)
    return enumerate(node) if isinstance(node, list) else ()
