"""What a request uses of what a beta unlocks, and which betas unlock the place that an error message names."""

from __future__ import annotations

import re
from dataclasses import replace

from betaconsole.catalogue.betas import Beta, Status, all_betas, stable_tool_types
from betaconsole.catalogue.checks.paths import BodyPath, read_path

from .facts import Facts, objects, text
from .named_places import is_kind_named, is_named

_EXTRA = re.compile(r"(?P<place>[\w.-]{1,300}): Extra inputs are not permitted")
_KIND = re.compile(r"(?P<place>[\w.-]{1,300}): Input tag '(?P<kind>[^']{1,100})' found using 'type'")
_CHOICE = re.compile(r"(?P<place>[\w.-]{1,300}): Input should be '")
_OLD_FIELD = re.compile(r"(?P<place>[\w.-]{1,300}): This field is deprecated\.")
_TOOL = re.compile(r"(requests\.\d+\.params\.)?tools\.\d+")
MOST_SEARCHED = 20_000
# Which of several betas that unlock the same a person wants.
_PREFERRED = (Status.ACTIVE, Status.SUPERSEDED, Status.GENERALLY_AVAILABLE, Status.UNKNOWN, Status.RETIRED)


def used(beta: Beta, facts: Facts) -> list[str]:
    """The fields, values and tool types in the request that this beta unlocks, as words for a sentence."""
    own = used_of_its_own(beta, facts)
    return own or [written(path) for path in map(read_path, beta.unlocks) if facts.holds(path)]


def used_of_its_own(beta: Beta, facts: Facts) -> list[str]:
    """Those of them that no other beta unlocks just so, mostly: not the field that only holds them."""
    paths = [path for path in own_paths(beta) if facts.holds(path)]
    return [*map(written, paths), *(f"the tool type {kind}" for kind in tool_types(facts) if kind in beta.tool_types)]


def used_gated(beta: Beta, facts: Facts) -> list[str]:
    """Those of them that are refused without this header."""
    gated = {written(read_path(path)) for path in beta.gated}
    gated |= {f"the tool type {kind}" for kind in gated_tool_types(beta)}
    return [words for words in used(beta, facts) if words in gated]


def own_paths(beta: Beta) -> list[BodyPath]:
    """What it unlocks, without fields that do nothing but hold things of the kinds it unlocks."""
    paths = [read_path(path) for path in beta.unlocks]
    held = [path.text for path in paths if is_kind(path)]
    return [path for path in paths if not any(other.startswith((f"{path.text}.", f"{path.text}[")) for other in held)]


def is_kind(path: BodyPath) -> bool:
    """Whether it names one member of a union: a `type` of a certain value."""
    return path.value is not None and path.steps[-1].name == "type"


def gated_tool_types(beta: Beta) -> list[str]:
    return [kind for kind in beta.tool_types if kind not in stable_tool_types()]


def tool_types(facts: Facts) -> list[str]:
    """The types of the tools that the request declares, each once."""
    found = [text(tool.get("type")) for body in facts.bodies for tool in objects(body.get("tools"))]
    return list(dict.fromkeys(kind for kind in found if kind))


def written(path: BodyPath) -> str:
    """The path as a sentence names it: `context_management`, `thinking.display updates`, `messages[system].clear_at`."""
    if not is_kind(path) or path.value is None:
        return re.sub(r"\[\w+=", "[", path.text).replace("=", " ")
    return path.value if re.search(r"\d", path.value) else f"type {path.value}"


def unlocking(facts: Facts) -> list[Beta]:
    """The betas that unlock what the refusal names as not permitted, likeliest first; empty where it names no such place."""
    message = facts.error.message[:MOST_SEARCHED] if facts.error else ""
    found = [beta for beta in all_betas().values() if _is_meant(beta, message, facts)]
    return sorted(found, key=lambda beta: _distance(beta, message, facts))


def _is_meant(beta: Beta, message: str, facts: Facts) -> bool:
    paths = [read_path(path) for path in beta.unlocks]
    for found in (*_EXTRA.finditer(message), *_OLD_FIELD.finditer(message)):
        if any(is_named(path, found["place"]) for path in paths if path.value is None):
            return True
        if any(_lies_in(path, found["place"]) and facts.holds(path) for path in paths):
            return True
    for found in _KIND.finditer(message):
        if found["kind"] in beta.tool_types and _TOOL.fullmatch(found["place"]):
            return True
        if any(is_kind_named(path, found["place"], found["kind"]) for path in paths):
            return True
    return any(
        path.value is not None and is_named(path, found["place"]) and (facts.holds(path) or not facts.bodies)
        for found in _CHOICE.finditer(message)
        for path in paths
    )


def _lies_in(path: BodyPath, place: str) -> bool:
    """Whether the place is a field that holds what the path names: all of it is refused where the platform knows none."""
    return any(
        is_named(replace(path, steps=path.steps[:length], value=None), place) for length in range(1, len(path.steps))
    )


def _distance(beta: Beta, message: str, facts: Facts) -> tuple[bool, int, int, bool, int, int]:
    """How unlikely it is that this one is meant: it gates nothing any more, how little of its own is used, its status, its
    name is another than the field's, how much of its own is not used, its age."""
    gates = bool(beta.gated or gated_tool_types(beta)) or beta.status is Status.ACTIVE
    count = len(used_of_its_own(beta, facts))
    is_namesake = beta.family.replace("-", "_") in message
    unused = len(own_paths(beta)) + len(beta.tool_types) - count
    return (not gates, -count, _PREFERRED.index(beta.status), not is_namesake, unused, -beta.date.toordinal())
