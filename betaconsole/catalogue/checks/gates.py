"""Fields, tool types and values that are refused without their header.

What one name would open is said once, however often it stands in the body: the name that opens most comes first.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from betaconsole.catalogue.betas import Beta, Status, all_betas, stable_tool_types

from .asked import Asked
from .endpoints import shown_endpoint
from .findings import Finding, add_beta, error, move_field, remove_field
from .paths import BodyPath, Place, found, read_path

MOST_PLACES = 50  # of one gate
_KINDS = {"content": "A block", "edits": "An edit", "tool": "A tool change", "source": "A source"}
_PREFERRED = (Status.ACTIVE, Status.GENERALLY_AVAILABLE, Status.SUPERSEDED)


@dataclass(frozen=True)
class Gate:
    """What the catalogue says is refused without one of `betas`: a path in the body, or a type of tools."""

    text: str
    betas: tuple[str, ...]
    path: BodyPath | None = None

    @property
    def is_tool_type(self) -> bool:
        return self.path is None


@dataclass(frozen=True)
class Closed:
    """A place in a body behind a gate; `whole` is what would have to go for the request to do without."""

    place: Place
    whole: Place
    gate: Gate


@cache
def gates() -> tuple[Gate, ...]:
    """Every gate of the catalogue."""
    by_path: dict[str, list[str]] = {}
    by_type: dict[str, list[str]] = {}
    for beta in all_betas().values():
        for path in beta.gated:
            by_path.setdefault(path, []).append(beta.name)
        for kind in beta.tool_types:
            if kind not in stable_tool_types():
                by_type.setdefault(kind, []).append(beta.name)
    return (
        *(Gate(path, tuple(names), read_path(path)) for path, names in by_path.items()),
        *(Gate(kind, tuple(names)) for kind, names in by_type.items()),
    )


def gated(asked: Asked) -> Iterator[Finding]:
    """gated_field, gated_value, gated_tool_type: the header is missing, or does not open it here."""
    closed = _closed(asked)
    left = [each for each in closed if _openers(each, asked)]
    while left:
        beta = _most_opening(left, asked)
        opened = [each for each in left if beta.name in each.gate.betas]
        left = [each for each in left if beta.name not in each.gate.betas]
        yield _missing(asked, beta, opened)
    for each in closed:
        if not _openers(each, asked) and not _stands_elsewhere(each, asked):
            yield _elsewhere(asked, each)


def _missing(asked: Asked, beta: Beta, opened: list[Closed]) -> Finding:
    first = min(opened, key=lambda each: len(each.place))
    wholes = {each.whole for each in opened if not any(_is_inside(each.whole, other.whole) for other in opened)}
    code, what = _said(first)
    if first.gate.text == "output_format":
        message = (
            "output_format is deprecated, and refused without its header: the schema belongs in output_config.format."
        )
        to = asked.pointer(("output_config", "format"))
        fix = move_field(asked.pointer(first.place), to)
        return error(code, message, path=asked.shown(first.place), fix=fix, other=add_beta(beta.name))
    other = remove_field(asked.pointer(first.whole)) if len(wholes) == 1 else None
    message = f"{what} is refused without {beta.name}."
    return error(code, message, path=asked.shown(first.place), fix=add_beta(beta.name), other=other)


def _elsewhere(asked: Asked, closed: Closed) -> Finding:
    """Refused here whatever the header says: its names act on other endpoints."""
    code, what = _said(closed)
    message = f"{what} is refused on {shown_endpoint(asked.endpoint)}."
    return error(code, message, path=asked.shown(closed.place), fix=remove_field(asked.pointer(closed.whole)))


def _said(closed: Closed) -> tuple[str, str]:
    path = closed.gate.path
    if path is None:
        return "gated_tool_type", f"The tool {closed.gate.text}"
    if path.value is None:
        return "gated_field", _dotted(path)
    if path.steps[-1].name == "type":
        holder = path.steps[-2].name if len(path.steps) > 1 else ""
        return "gated_value", f"{_KINDS.get(holder, holder)} of type {path.value}"
    return "gated_value", f"{_dotted(path)} {path.value}"


def _dotted(path: BodyPath) -> str:
    return ".".join(step.name for step in path.steps if step.name != "**")


def _closed(asked: Asked) -> list[Closed]:
    present = _types_present(asked)
    closed: list[Closed] = []
    for gate in gates():
        if _is_open(gate, asked):
            continue
        if gate.path is None:
            closed += [Closed(place, place, gate) for place, tool in asked.tools if tool.get("type") == gate.text]
        elif _may_occur(gate.path, asked, present):
            closed += [_behind(place, gate) for place, _ in _first(asked, gate.path)]
    return closed


def _may_occur(path: BodyPath, asked: Asked, present: set[object]) -> bool:
    """A quick way past most gates."""
    is_type = path.value is not None and path.steps[-1].name == "type"
    return path.value in present if is_type else path.steps[-1].name in asked.names


def _first(asked: Asked, path: BodyPath) -> Iterator[tuple[Place, object]]:
    return (each for each, _ in zip(found(asked.body, path), range(MOST_PLACES), strict=False))


def _behind(place: Place, gate: Gate) -> Closed:
    """A gated type closes the object that has it."""
    is_type = gate.path is not None and gate.path.value is not None and place[-1] == "type"
    return Closed(place, place[:-1] if is_type else place, gate)


def _types_present(asked: Asked) -> set[object]:
    """The types of what there can be many of."""
    present: set[object] = {block["type"] for *_, block in asked.blocks if isinstance(block.get("type"), str)}
    inner = [block.get("tool") for *_, block in asked.blocks]
    edits = asked.get("context_management", "edits")
    others = [*inner, *(edits if isinstance(edits, list) else ())]
    return present | {each["type"] for each in others if isinstance(each, dict) and isinstance(each.get("type"), str)}


def _is_open(gate: Gate, asked: Asked) -> bool:
    return any(name in asked.betas and (gate.is_tool_type or asked.opens(all_betas()[name])) for name in gate.betas)


def _openers(closed: Closed, asked: Asked) -> list[Beta]:
    """The betas that would open it where the request goes."""
    betas = (all_betas()[name] for name in closed.gate.betas)
    return [beta for beta in betas if closed.gate.is_tool_type or asked.opens(beta)]


def _most_opening(closed: list[Closed], asked: Asked) -> Beta:
    """Of all that could be added the one that opens most here; then the most current, the most particular, the newest."""
    choices = {beta.name: beta for each in closed for beta in _openers(each, asked)}

    def weight(beta: Beta) -> tuple[int, int, int, str]:
        opens = len({each.gate.text for each in closed if beta.name in each.gate.betas})
        rank = _PREFERRED.index(beta.status) if beta.status in _PREFERRED else len(_PREFERRED)
        return opens, -rank, -len(beta.gated), beta.date.isoformat()

    return max(choices.values(), key=weight)


def _stands_elsewhere(closed: Closed, asked: Asked) -> bool:
    """Whether a field of the body is refused by count_tokens anyway, which has a rule of its own."""
    return asked.is_counted and len(closed.place) == 1


def _is_inside(place: Place, other: Place) -> bool:
    return len(place) > len(other) and place[: len(other)] == other
