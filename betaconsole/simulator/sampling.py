"""JSON that fits a schema: inputs of tool calls and structured answers."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .patterns import fitting

MOST_DEPTH = 12
DEEP = 4
MOST_ITEMS = 50
MOST_NODES = 500
PLACES = ("Oslo", "Lisbon", "Osaka", "Nairobi", "Quito")
FORMATS = {
    "date": "2026-11-{two}",
    "date-time": "2026-11-{two}T09:{two}:00Z",
    "time": "09:{two}:00Z",
    "duration": "PT{two}M",
    "email": "ann{two}@example.com",
    "hostname": "host{two}.example.com",
    "uri": "https://example.com/{two}",
    "ipv4": "192.0.2.{two}",
    "ipv6": "2001:db8::{two}",
    "uuid": "3f2a9c41-7b6d-4e0a-9c55-0d1e2f3a4b{two}",
}
BY_NAME = (
    (("timezone", "time_zone", "tz"), "Europe/Oslo"),
    (("datetime", "timestamp"), FORMATS["date-time"]),
    (("date", "day"), FORMATS["date"]),
    (("time",), "14:{two}"),
    (("email", "mail"), FORMATS["email"]),
    (("url", "uri", "link"), FORMATS["uri"]),
    (("currency",), "EUR"),
    (("country",), "Norway"),
    (("language", "locale"), "en"),
    (("unit",), "celsius"),
    (("path", "file"), "notes/{topic}.md"),
    (("_id", "number", "code"), "A-10{two}"),
)
PLACE_NAMES = ("city", "location", "place", "town")
PHRASE_NAMES = (
    "query",
    "question",
    "search",
    "prompt",
    "text",
    "message",
    "content",
    "description",
    "summary",
    "reason",
)


class NoSample(Exception):
    """The schema cannot be met (or not within bounds)."""


@dataclass
class Sampler:
    """Makes values for one schema. `topics` and `names` of the prompt fill the strings where they fit."""

    root: Mapping[str, Any]
    rng: random.Random
    topics: Sequence[str] = ()
    names: Sequence[str] = ()
    nodes: int = 0

    def sample(self) -> Any:
        """A value for the root schema. Raises NoSample, also where the schema itself makes no sense."""
        try:
            return self._value(self.root, "", 0)
        except (TypeError, ValueError, AttributeError, ArithmeticError, LookupError, RecursionError) as error:
            raise NoSample from error

    def _value(self, schema: Any, name: str, depth: int) -> Any:
        self.nodes += 1
        if schema is False or depth > MOST_DEPTH or self.nodes > MOST_NODES:
            raise NoSample
        if not isinstance(schema, dict):
            return self._string({}, name)
        if "$ref" in schema:
            return self._value(self._resolve(schema["$ref"]), name, depth + 1)
        if "const" in schema:
            return schema["const"]
        if schema.get("enum"):
            return self.rng.choice(schema["enum"])
        for word in ("anyOf", "oneOf"):
            if schema.get(word):
                return self._any_of(schema, word, name, depth)
        if schema.get("allOf"):
            return self._value(_merged(schema), name, depth + 1)
        return self._typed(_kind_of(schema, self.rng), schema, name, depth)

    def _typed(self, kind: str, schema: Mapping[str, Any], name: str, depth: int) -> Any:
        if kind == "object":
            return self._object(schema, depth)
        if kind == "array":
            return self._array(schema, name, depth)
        if kind in ("integer", "number"):
            return _number(schema, kind, name, self.rng)
        if kind == "boolean":
            return self.rng.random() < 0.6
        return None if kind == "null" else self._string(schema, name)

    def _any_of(self, schema: Mapping[str, Any], word: str, name: str, depth: int) -> Any:
        rest = {key: value for key, value in schema.items() if key != word}
        options = [option for option in schema[word] if isinstance(option, dict)]
        if depth >= DEEP:
            options.sort(key=lambda option: "$ref" in option or option.get("type") in ("object", "array"))
        elif options:
            options.insert(0, self.rng.choice(options))
        for option in options:
            try:
                return self._value({**rest, **option}, name, depth + 1)
            except NoSample:
                continue
        raise NoSample

    def _object(self, schema: Mapping[str, Any], depth: int) -> dict[str, Any]:
        required = set(schema.get("required") or ())
        known = schema.get("properties") or {}
        sample = {}
        for name, inner in known.items():
            if name not in required and (depth >= DEEP or self.rng.random() > 0.6):
                continue
            try:
                sample[name] = self._value(inner, name, depth + 1)
            except NoSample:
                if name in required:
                    raise
        for name in required - set(known):
            sample[name] = self._string({}, name)
        return sample

    def _array(self, schema: Mapping[str, Any], name: str, depth: int) -> list[Any]:
        least = min(int(schema.get("minItems", 0)), MOST_ITEMS)
        wanted = least if depth >= DEEP else max(least, self.rng.randint(1, 3))
        length = min(wanted, int(schema.get("maxItems", wanted)))
        fixed = schema.get("prefixItems") or []
        items: list[Any] = []
        for place in range(length * 3 if schema.get("uniqueItems") else length):
            inner = fixed[place] if place < len(fixed) else schema.get("items", {"type": "string"})
            try:
                item = self._value(inner, name.removesuffix("s"), depth + 1)
            except NoSample:
                break
            if len(items) < length and not (schema.get("uniqueItems") and item in items):
                items.append(item)
        if len(items) < least:
            raise NoSample
        return items

    def _string(self, schema: Mapping[str, Any], name: str) -> str:
        if isinstance(schema.get("pattern"), str):
            found = fitting(schema["pattern"], self.rng)
            if found is not None:
                return found
        text = FORMATS.get(schema.get("format", "")) or self._by_name(name.lower())
        text = text.replace("{two}", str(self.rng.randint(10, 28))).replace("{topic}", self._topic().lower())
        least, most = int(schema.get("minLength", 0)), int(schema.get("maxLength", 10_000))
        return text.ljust(min(least, 10_000), ".")[: max(0, most)]

    def _by_name(self, name: str) -> str:
        if any(word in name for word in PLACE_NAMES):
            return self.rng.choice(self.names or PLACES)
        for words, text in BY_NAME:
            if any(word in name for word in words):
                return text
        if any(word in name for word in PHRASE_NAMES) or name == "q":
            return " ".join(self.topics[:4]) or "an example"
        if "name" in name or "title" in name:
            return self.rng.choice(self.names) if self.names else self._topic().capitalize()
        return self._topic()

    def _topic(self) -> str:
        return self.rng.choice(self.topics[:6]) if self.topics else "example"

    def _resolve(self, reference: Any) -> Any:
        node: Any = self.root
        for step in str(reference).removeprefix("#").strip("/").split("/"):
            step = step.replace("~1", "/").replace("~0", "~")
            node = node if step == "" else node.get(step) if isinstance(node, dict) else None
        if node is None:
            raise NoSample
        return node


def _kind_of(schema: Mapping[str, Any], rng: random.Random) -> str:
    kind = schema.get("type")
    if isinstance(kind, list) and kind:
        kinds = [each for each in kind if each != "null"] or ["null"]
        return "null" if "null" in kind and rng.random() < 0.15 else str(rng.choice(kinds))
    if isinstance(kind, str):
        return kind
    if "properties" in schema:
        return "object"
    return "array" if "items" in schema else "string"


def _merged(schema: Mapping[str, Any]) -> dict[str, Any]:
    merged: dict[str, Any] = {key: value for key, value in schema.items() if key != "allOf"}
    for part in schema["allOf"]:
        for key, value in (part if isinstance(part, dict) else {}).items():
            if key == "properties":
                merged[key] = {**merged.get(key, {}), **value}
            elif key == "required":
                merged[key] = [*merged.get(key, []), *value]
            else:
                merged[key] = value
    return merged


def _number(schema: Mapping[str, Any], kind: str, name: str, rng: random.Random) -> int | float:
    share = any(word in name.lower() for word in ("confidence", "score", "probability", "share", "ratio"))
    step = schema.get("multipleOf") or (1 if kind == "integer" else 0.01)
    least = schema.get("minimum", schema.get("exclusiveMinimum"))
    most = schema.get("maximum", schema.get("exclusiveMaximum"))
    if least is None:
        least = 0 if most is None or most > 0 else most - 100
    if most is None:
        most = least + (1 if share and kind == "number" else 100)
    first = -(-least // step) + ("minimum" not in schema and "exclusiveMinimum" in schema and least % step == 0)
    last = most // step - ("maximum" not in schema and "exclusiveMaximum" in schema and most % step == 0)
    if first > last:
        raise NoSample
    value = rng.randint(int(first), int(last)) * step
    return int(value) if kind == "integer" else round(float(value), 6)
