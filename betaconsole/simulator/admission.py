"""Which requests are let in: key, version, betas, body. Each rule raises a Refusal in the API's words (api.md section 8)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from typing import Any

from .gates import Place, occurrences, opens
from .kinds import Choice, Union, Walk
from .refusals import Refusal, invalid
from .rules import Gate, ModelRule, Rules, parse_path
from .shapes import SAMPLING, STABLE_TOOL_TYPES, request_shape
from .wire import Request

BAD_KEY_START = "sk-ant-bad"
NO_SAMPLING_SINCE = "2026-10-21"
MAX_DEPTH = 200


def check_key(request: Request) -> str:
    """Any key will do, except none and those that start with `sk-ant-bad`. Returns a name for the key that is not the key."""
    bearer = (request.value("authorization") or "").partition(" ")
    key = request.value("x-api-key") or (bearer[2].strip() if bearer[0].lower() == "bearer" else "")
    if not key:
        raise Refusal(401, "x-api-key header is required")
    if key.startswith(BAD_KEY_START):
        raise Refusal(401, "invalid x-api-key")
    return hashlib.sha256(key.encode()).hexdigest()[:16]


def check_version(request: Request, rules: Rules) -> str:
    version = request.value("anthropic-version")
    if not version:
        raise invalid("anthropic-version: header is required")
    if version not in rules.versions:
        raise invalid(f'anthropic-version: "{version}" is not a valid version')
    return version


def check_betas(request: Request, rules: Rules) -> tuple[str, ...]:
    """The header's betas in order, all header lines together. An unknown name refuses the request."""
    names = [name.strip(" \t") for line in request.values("anthropic-beta") for name in line.split(",")]
    unknown = list(dict.fromkeys(name for name in names if name not in rules.betas))
    if len(unknown) == 1 and unknown[0]:
        raise invalid(f"Unsupported beta header: {unknown[0]}")
    if unknown:
        quoted = ", ".join(f"`{name}`" for name in unknown)
        raise invalid(
            f"Unexpected value(s) {quoted} for the `anthropic-beta` header. Please consult our documentation at "
            "docs.claude.com or try again without the header."
        )
    return tuple(dict.fromkeys(names))


def read_body(request: Request) -> dict[str, Any]:
    """The JSON object of a request."""
    if request.too_large:
        raise Refusal(413, "Request exceeds the maximum size")
    try:
        body = json.loads(request.body.decode("utf-8"), parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise invalid("The request body is not valid JSON: " + _first_line(error)) from error
    if not isinstance(body, dict):
        raise invalid("Input should be an object")
    if _depth(body) > MAX_DEPTH:
        raise invalid("The request body is not valid JSON: nested too deeply")
    return body


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _first_line(error: BaseException) -> str:
    return (str(error) or type(error).__name__).splitlines()[0][:200]


def _depth(value: Any) -> int:
    depth, level = 0, [value]
    while level and depth <= MAX_DEPTH:
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, dict | list)
        ]
        depth += 1
    return depth


def check_shape(body: Mapping[str, Any], rules: Rules, *, endpoint: str, betas: Collection[str], version: str) -> None:
    """Refuse what is not in the endpoint's request, what this version dropped, and what a missing beta would unlock."""
    found = rules.find_model(body["model"]) if isinstance(body.get("model"), str) else None
    model = found[1] if found else ModelRule()
    opened, closed = _gated_places(body, rules, model, endpoint=endpoint, betas=betas)
    shape = request_shape(
        endpoint,
        tool_types=_tool_types(rules, model, betas),
        sampling=version < NO_SAMPLING_SINCE,
        gated={str(place[0]) for place in opened if len(place) == 1},
    )
    walk = Walk(body, shape, opened)
    for place, gate in closed:
        raise _closed(walk, place, gate)
    if version >= NO_SAMPLING_SINCE:
        _check_dropped(walk, body)
    shape.check(body, walk, ())


def _tool_types(rules: Rules, model: ModelRule, betas: Collection[str]) -> set[str]:
    accepted = set(rules.tool_types or STABLE_TOOL_TYPES) - set(rules.gated_tool_types)
    accepted |= {tool for tool, names in rules.gated_tool_types.items() if not names.isdisjoint(betas)}
    return accepted - set(model.refuses_tool_types)


def _gated_places(
    body: Mapping[str, Any], rules: Rules, model: ModelRule, *, endpoint: str, betas: Collection[str]
) -> tuple[set[Place], list[tuple[Place, Gate]]]:
    opened: set[Place] = set()
    closed: list[tuple[Place, Gate]] = []
    for gate in rules.gates:
        places = list(occurrences(body, gate.steps, gate.value))
        if places and opens(gate, rules, betas=betas, endpoint=endpoint):
            opened.update(places)
        else:
            closed += [(place, gate) for place in places]
    for path in model.refuses:
        if path == "fallbacks" and body.get(path) == "default":
            continue  # a model that does without them then just answers
        steps, value = parse_path(path)
        closed += [(place, Gate(path, steps, value, frozenset())) for place in occurrences(body, steps, value)]
    return opened, closed


def _closed(walk: Walk, place: Place, gate: Gate) -> Refusal:
    if gate.value is None:
        return walk.misfit(place, "Extra inputs are not permitted")
    if place[-1] == "type":
        union = walk.kind_at(place[:-1])
        if isinstance(union, Union):
            return walk.misfit(place[:-1], union.unexpected(gate.value, hidden=(gate.value,)))
    kind = walk.kind_at(place)
    return walk.misfit(place, kind.expected() if isinstance(kind, Choice) else "Input is not permitted")


def _check_dropped(walk: Walk, body: Mapping[str, Any]) -> None:
    """What version 2026-10-21 took away (api.md section 1.1)."""
    for name in SAMPLING:
        if name in body:
            raise walk.misfit((name,), "Extra inputs are not permitted")
    messages = body.get("messages")
    for number, message in enumerate(messages if isinstance(messages, list) else ()):
        content = message.get("content") if isinstance(message, dict) else None
        for index, block in enumerate(content if isinstance(content, list) else ()):
            place: Place = ("messages", number, "content", index)
            kind = block.get("type") if isinstance(block, dict) else None
            if kind == "document" and message.get("role") == "assistant":
                raise walk.misfit(place, "`document` blocks are not permitted in assistant messages")
            if kind == "text" and block.get("citations") and message.get("role") == "user":
                raise walk.misfit((*place, "citations"), "Extra inputs are not permitted")
