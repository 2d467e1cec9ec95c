"""The shape of a request body: which fields there are, of what kind, and the API's wording where one does not fit.

A shape is built from a few kinds below; `check` walks a body along it and raises the first misfit as a Refusal. Error paths
carry the union's tag, as the API's do: `tools.0.custom.defer_loading`, `system.1.cache_control.ephemeral.scope`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .gates import Place
from .refusals import Refusal, invalid


class Kind:
    """Anything at all; the base of the other kinds."""

    def check(self, value: Any, walk: Walk, place: Place) -> None:
        """Raise a Refusal where `value` is not of this kind."""

    def inner(self, value: Any, step: str | int) -> tuple[str | None, Kind]:
        """The union tag the API inserts before `step`, if any, and the kind found there."""
        return None, ANYTHING


@dataclass(frozen=True)
class Simple(Kind):
    """A string, whole number or truth value."""

    type: type[Any] | tuple[type[Any], ...]
    name: str
    least: int | None = None

    def check(self, value: Any, walk: Walk, place: Place) -> None:
        if not isinstance(value, self.type) or (isinstance(value, bool) and self.type is not bool):
            raise walk.misfit(place, f"Input should be a valid {self.name}")
        if self.least is not None and value < self.least:
            raise walk.misfit(place, f"Input should be greater than or equal to {self.least}")


@dataclass(frozen=True)
class Choice(Kind):
    """One of a few words."""

    words: tuple[str, ...]

    def check(self, value: Any, walk: Walk, place: Place) -> None:
        if value not in self.words and place not in walk.opened:
            raise walk.misfit(place, self.expected())

    def expected(self) -> str:
        quoted = [f"'{word}'" for word in self.words]
        return "Input should be " + " or ".join(filter(None, (", ".join(quoted[:-1]), quoted[-1])))


@dataclass(frozen=True)
class ListOf(Kind):
    """A list of one kind, or with `or_text` a string in its place."""

    element: Kind
    or_text: bool = False

    def check(self, value: Any, walk: Walk, place: Place) -> None:
        if self.or_text and isinstance(value, str):
            return
        if not isinstance(value, list):
            raise walk.misfit(place, "Input should be a valid list")
        for index, element in enumerate(value):
            self.element.check(element, walk, (*place, index))

    def inner(self, value: Any, step: str | int) -> tuple[str | None, Kind]:
        return None, self.element


@dataclass(frozen=True)
class Record(Kind):
    """An object with these fields; `loose` objects may have others too. A null stands for an optional field left out."""

    fields: Mapping[str, Kind]
    required: tuple[str, ...] = ()
    loose: bool = False
    or_text: bool = False

    def check(self, value: Any, walk: Walk, place: Place) -> None:
        if self.or_text and isinstance(value, str):
            return
        if not isinstance(value, dict):
            raise walk.misfit(place, "Input should be an object")
        for name in self.required:
            if value.get(name) is None:
                raise walk.misfit((*place, name), "Field required")
        for name, inner in value.items():
            kind = self.fields.get(name)
            if kind is not None and inner is not None:
                kind.check(inner, walk, (*place, name))
            elif kind is None and not self.loose and (*place, name) not in walk.opened:
                raise walk.misfit((*place, name), "Extra inputs are not permitted")

    def inner(self, value: Any, step: str | int) -> tuple[str | None, Kind]:
        return None, self.fields.get(str(step), ANYTHING)


@dataclass(frozen=True)
class Union(Kind):
    """An object whose `type` says which of `members` it is; `default` is meant where `type` is missing."""

    members: Mapping[str, Record]
    default: str | None = None
    or_text: bool = False

    def check(self, value: Any, walk: Walk, place: Place) -> None:
        if self.or_text and isinstance(value, str):
            return
        if not isinstance(value, dict):
            raise walk.misfit(place, "Input should be an object")
        tag = value.get("type") or self.default
        if tag is None:
            raise walk.misfit((*place, "type"), "Field required")
        member = self.members.get(tag) if isinstance(tag, str) else None
        if member is not None:
            member.check(value, walk, place)
        elif (*place, "type") not in walk.opened:
            raise walk.misfit(place, self.unexpected(tag))

    def unexpected(self, tag: Any, *, hidden: Collection[str] = ()) -> str:
        tags = ", ".join(f"'{each}'" for each in sorted(self.members) if each not in hidden)
        return f"Input tag '{tag}' found using 'type' does not match any of the expected tags: {tags}"

    def inner(self, value: Any, step: str | int) -> tuple[str | None, Kind]:
        tag = (value.get("type") or self.default) if isinstance(value, dict) else None
        if not isinstance(tag, str) or step == "type":
            return None, ANYTHING
        member = self.members.get(tag)
        return tag, member.fields.get(str(step), ANYTHING) if member else ANYTHING


@dataclass
class Walk:
    """One check of one body. `opened` are the places beyond the shape that a beta of the header allows."""

    body: Any
    shape: Kind
    opened: Collection[Place] = field(default_factory=frozenset)

    def misfit(self, place: Place, message: str) -> Refusal:
        return invalid(f"{self.path(place)}: {message}" if place else message)

    def path(self, place: Place) -> str:
        """A place as the API writes it, union tags included."""
        shown: list[str] = []
        for tag, step, _ in self._along(place):
            shown += [str(step)] if tag is None else [tag, str(step)]
        return ".".join(shown)

    def kind_at(self, place: Place) -> Kind:
        along = self._along(place)
        return along[-1][2] if along else self.shape

    def _along(self, place: Place) -> list[tuple[str | None, str | int, Kind]]:
        steps = []
        node, kind = self.body, self.shape
        for step in place:
            tag, kind = kind.inner(node, step)
            steps.append((tag, step, kind))
            node = _child(node, step)
        return steps


def _child(node: Any, step: str | int) -> Any:
    if isinstance(node, dict):
        return node.get(str(step))
    return node[step] if isinstance(node, list) and isinstance(step, int) and step < len(node) else None


ANYTHING = Kind()
STRING = Simple(str, "string")
BOOLEAN = Simple(bool, "boolean")
WHOLE = Simple(int, "integer")
COUNT = Simple(int, "integer", 0)
OBJECT = Record({}, loose=True)


def _loose(names: Sequence[str], **kinds: Kind) -> dict[str, Record]:
    return {name: Record(dict(kinds), loose=True) for name in names}


CACHE_CONTROL = Union({"ephemeral": Record({"type": STRING, "ttl": Choice(("5m", "1h"))})})
CITATIONS = Record({"enabled": BOOLEAN})


def _block(required: str = "", **kinds: Kind) -> Record:
    known = {"type": STRING, "cache_control": CACHE_CONTROL, **kinds}
    return Record(known, tuple(required.split()))


_SOURCES = _loose(["base64", "url", "file", "text", "content"])
_RESULT = {
    "text": _block("text", text=STRING, citations=ANYTHING),
    "image": _block("source", source=Union(_SOURCES), transformations=OBJECT),
    "document": _block("source", source=Union(_SOURCES), title=STRING, context=STRING, citations=CITATIONS),
    "search_result": _block(
        "source title content", source=STRING, title=STRING, content=ListOf(OBJECT), citations=CITATIONS
    ),
    "tool_reference": _block("tool_name", tool_name=STRING),
}
_ANSWER = {"tool_use_id": STRING, "content": ANYTHING, "caller": OBJECT}
BLOCKS: dict[str, Record] = {
    **{name: _RESULT[name] for name in ("text", "image", "document", "search_result")},
    "thinking": Record({"type": STRING, "thinking": STRING, "signature": STRING}, ("signature",)),
    "redacted_thinking": Record({"type": STRING, "data": STRING}, ("data",)),
    "tool_use": _block("id name", id=STRING, name=STRING, input=OBJECT, caller=OBJECT, toolset_name=STRING),
    "tool_result": _block(
        "tool_use_id", tool_use_id=STRING, content=ListOf(Union(_RESULT), or_text=True), is_error=BOOLEAN
    ),
    "server_tool_use": _block("id name", id=STRING, name=STRING, input=OBJECT, caller=OBJECT),
    "container_upload": _block("file_id", file_id=STRING),
    **{
        f"{tool}_tool_result": _block("tool_use_id content", **_ANSWER)
        for tool in (
            "web_search",
            "web_fetch",
            "code_execution",
            "bash_code_execution",
            "text_editor_code_execution",
            "tool_search",
        )
    },
}

STABLE_TOOL_TYPES = (
    "bash_20250124",
    "browser_toolset_20260801",
    "code_execution_20250522",
    "code_execution_20250825",
    "code_execution_20260120",
    "code_execution_20260521",
    "computer_toolset_20260801",
    "memory_20250818",
    "text_editor_20250124",
    "text_editor_20250429",
    "text_editor_20250728",
    "tool_search_tool_bm25_20251119",
    "tool_search_tool_regex_20251119",
    "web_fetch_20250910",
    "web_fetch_20260209",
    "web_fetch_20260309",
    "web_fetch_20260318",
    "web_search_20250305",
    "web_search_20260209",
    "web_search_20260318",
)
_CUSTOM_TOOL = Record(
    {
        "type": STRING,
        "name": STRING,
        "description": STRING,
        "input_schema": OBJECT,
        "strict": BOOLEAN,
        "cache_control": CACHE_CONTROL,
        "defer_loading": BOOLEAN,
        "allowed_callers": ListOf(STRING),
        "input_examples": ListOf(OBJECT),
        "eager_input_streaming": BOOLEAN,
    },
    ("name", "input_schema"),
)
_DISPLAY = Choice(("summarized", "omitted"))
THINKING = Union(
    {
        "adaptive": Record({"type": STRING, "display": _DISPLAY}),
        "enabled": Record(
            {"type": STRING, "display": _DISPLAY, "budget_tokens": Simple(int, "integer", 1024)}, ("budget_tokens",)
        ),
        "disabled": Record({"type": STRING}),
        "between_tools": Record({"type": STRING}),
    }
)
_PARALLEL = {"type": STRING, "disable_parallel_tool_use": BOOLEAN}
TOOL_CHOICE = Union(
    {
        "auto": Record(_PARALLEL),
        "any": Record(_PARALLEL),
        "tool": Record({**_PARALLEL, "name": STRING}, ("name",)),
        "none": Record({"type": STRING}),
    }
)
_TEXT_FORMAT = Record({"type": Choice(("json_schema",)), "schema": OBJECT}, ("type", "schema"))
_AMOUNT = Record({"type": STRING, "value": COUNT}, ("type", "value"))
CONTEXT_MANAGEMENT = Record(
    {
        "edits": ListOf(
            Union(
                {
                    "clear_tool_uses_20250919": Record(
                        {
                            "type": STRING,
                            "trigger": _AMOUNT,
                            "keep": _AMOUNT,
                            "clear_at_least": _AMOUNT,
                            "clear_tool_inputs": ANYTHING,
                            "exclude_tools": ListOf(STRING),
                        }
                    ),
                    "clear_thinking_20251015": Record(
                        {"type": STRING, "keep": Record({"type": STRING, "value": COUNT}, ("type",), or_text=True)}
                    ),
                    "compact_20260112": OBJECT,
                }
            )
        )
    }
)
_COUNTED: dict[str, Kind] = {
    "model": STRING,
    "messages": ListOf(Record({"role": STRING, "content": ListOf(Union(BLOCKS), or_text=True)}, ("role", "content"))),
    "system": ListOf(BLOCKS["text"], or_text=True),
    "tool_choice": TOOL_CHOICE,
    "thinking": THINKING,
    "cache_control": CACHE_CONTROL,
    "output_config": Record({"effort": Choice(("low", "medium", "high", "xhigh", "max")), "format": _TEXT_FORMAT}),
    "speed": Choice(("standard", "fast")),
}
_SAMPLED: dict[str, Kind] = {
    "max_tokens": COUNT,
    "stream": BOOLEAN,
    "stop_sequences": ListOf(STRING),
    "container": Record({}, loose=True, or_text=True),
    "diagnostics": OBJECT,
    "metadata": Record({"user_id": STRING}),
    "service_tier": Choice(("auto", "standard_only")),
    "inference_geo": STRING,
    "user_profile_id": STRING,
}
SAMPLING = ("temperature", "top_p", "top_k")
_NUMBER = Simple((int, float), "number")
_GATED: dict[str, Kind] = {"context_management": CONTEXT_MANAGEMENT, "output_format": _TEXT_FORMAT}


def request_shape(endpoint: str, *, tool_types: Collection[str], sampling: bool, gated: Collection[str]) -> Record:
    """The shape of a body for `endpoint` ("messages" or "messages.count_tokens").

    `tool_types`: the tool types accepted beside `custom`. `sampling`: whether temperature and friends still exist.
    `gated`: top-level fields that a beta of the header unlocks; those known here are checked, others are taken as they are.
    """
    tools = ListOf(Union({"custom": _CUSTOM_TOOL, **_loose(sorted(tool_types), name=STRING)}, default="custom"))
    known = {**_COUNTED, "tools": tools, **{name: _GATED.get(name, ANYTHING) for name in gated}}
    if endpoint == "messages.count_tokens":
        return Record(known, ("model", "messages"))
    if sampling:
        known |= dict.fromkeys(SAMPLING, _NUMBER)
    return Record({**known, **_SAMPLED}, ("model", "max_tokens", "messages"))
