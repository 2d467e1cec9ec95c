"""What the simulated API knows: which betas exist, what each unlocks, and what each model accepts.

The simulator imports no other code of the console. Whoever starts it hands over plain data (`Rules.from_dict`), so that a
mistake in the catalogue's loaders cannot hide behind the same mistake here.

The whole shape of the data; every key of a beta or a model may be left out, and then means what is given in brackets::

    {"versions": ["2023-01-01", "2023-06-01", "2026-10-21"],      (these three)
     "tool_types": ["bash_20250124", "web_search_20250305", …],   (the stable ones of SDK 2.12)
     "betas": {
       "context-management-2025-06-27": {
         "status": "active",             any word of the catalogue ("active")
         "unlocks": ["context_management"],
         "tool_types": [],               tool `type`s refused without this beta ([])
         "endpoints": ["messages", "messages.count_tokens"]}},    (these two)
     "models": {
       "claude-opus-5-5": {
         "display_name": "Claude Opus 5.5",        (the id)
         "line": "opus",                           haiku, sonnet, opus, fable, mythos or null (null)
         "aliases": [],                            further names that resolve to it ([])
         "created_at": "2026-01-01T00:00:00Z", "deprecated_at": null, "retires_at": null,
         "lifecycle": "active",                    active, deprecated, retired: a retired one answers 404
         "max_input_tokens": 1000000, "max_tokens": 128000,       (200000, 64000)
         "max_batch_tokens": 300000,               max_tokens in a batch with output-300k-2026-03-24 (the same)
         "thinking": ["adaptive"],                 accepted `thinking.type`s; [] = no thinking (["disabled"])
         "thinking_default": "adaptive",           what leaving `thinking` out means ("disabled")
         "thinking_display": "omitted",            what leaving `display` out means ("summarized")
         "efforts": ["low", …], "effort_default": "medium",       (all five, "high"); [] = no effort levels
         "prefill": false,                         a final assistant turn is accepted (false)
         "forced_tool_choice": false,              tool_choice any/tool is accepted (true)
         "system_role": true,                      role system inside `messages` is accepted (true)
         "binds_thinking": true,                   preserved thinking: checks what stands before a thinking block (false)
         "reads_thinking_of": ["claude-opus-5"],   other models whose preserved thinking it may read ([])
         "fast_mode": "header",                    speed "fast": "header" (with its beta), "built_in", or null (null)
         "min_cache_tokens": 1024,                 shortest prefix that is cached
         "pace": 1.0,                              tokens per second relative to the simulator's pace
         "refuses": ["fallbacks"],                 paths refused as extra inputs even with their beta ([])
         "refuses_tool_types": ["computer_20251124"],             refused even with their beta ([])
         "refuses_advisors": ["claude-sonnet-5"]}}}               models it does not take as its advisor ([])

`betas` holds every name the header accepts, deprecated and generally available ones too: a name that is not a key is an
unknown beta (400). A retired name that the API still accepts in silence is a key without unlocks; one that it refuses
is not a key.

`unlocks` lists only what is refused **today** without the header: nothing that has become stable. Several betas may
list one path (any of them opens it; on the endpoints they list only). A path is written as::

    context_management                              a field of the body
    output_config.task_budget                       a field inside an object
    tools[].input_examples                          a field of every element of a list
    messages[role=system].clear_at                  … of the elements with that key and value
    mcp_servers[].tool_configuration
    thinking.display=updates                        one value of a field (no quotes)
    context_management.edits[].type=compact_20260112
    messages[].content[].type=compaction            one member of a union of blocks
    **.cache_control.scope                          a field at any depth (`**` only as the first step)

Tool types do not go there but into `tool_types` (a field of one tool type does: `tools[type=mcp_toolset].tools`).
`endpoints` are words as in betas.json: "messages", "messages.count_tokens", "messages.batches", "files", "models", ….
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from typing import Any

STEP = re.compile(r"(?P<name>\*\*|[A-Za-z0-9_-]+)(?P<each>\[(?:(?P<key>[A-Za-z0-9_]+)=(?P<value>[^\]]+))?\])?")
DEFAULT_VERSIONS = ("2023-01-01", "2023-06-01", "2026-10-21")


@dataclass(frozen=True)
class Step:
    """One part of a gate's path. `each`: every element of that list, only those with `key` = `value` where a key is given."""

    name: str
    each: bool = False
    key: str | None = None
    value: str | None = None


@dataclass(frozen=True)
class Gate:
    """A place in a request body that is refused unless one of `betas` stands in the header.

    With `value` only that value is gated (an enum value, or the `type` of a union member), else the field's presence is.
    """

    path: str
    steps: tuple[Step, ...]
    value: str | None
    betas: frozenset[str]


@dataclass(frozen=True)
class BetaRule:
    """One name the `anthropic-beta` header accepts. The fields are explained at the top."""

    status: str = "active"
    unlocks: tuple[str, ...] = ()
    tool_types: tuple[str, ...] = ()
    endpoints: tuple[str, ...] = ("messages", "messages.count_tokens")


@dataclass(frozen=True)
class ModelRule:
    """What one model accepts. The fields are explained at the top."""

    display_name: str = ""
    line: str | None = None
    aliases: tuple[str, ...] = ()
    created_at: str = "2026-01-01T00:00:00Z"
    lifecycle: str = "active"
    deprecated_at: str | None = None
    retires_at: str | None = None
    max_input_tokens: int = 200_000
    max_tokens: int = 64_000
    max_batch_tokens: int | None = None
    thinking: tuple[str, ...] = ("disabled",)
    thinking_default: str = "disabled"
    thinking_display: str = "summarized"
    efforts: tuple[str, ...] = ("low", "medium", "high", "xhigh", "max")
    effort_default: str = "high"
    prefill: bool = False
    forced_tool_choice: bool = True
    system_role: bool = True
    binds_thinking: bool = False
    reads_thinking_of: tuple[str, ...] = ()
    fast_mode: str | None = None
    min_cache_tokens: int = 1024
    pace: float = 1.0
    refuses: tuple[str, ...] = ()
    refuses_tool_types: tuple[str, ...] = ()
    refuses_advisors: tuple[str, ...] = ()


@dataclass(frozen=True)
class Rules:
    """Everything the simulator checks requests against."""

    betas: Mapping[str, BetaRule]
    models: Mapping[str, ModelRule]
    versions: tuple[str, ...] = DEFAULT_VERSIONS
    tool_types: tuple[str, ...] = ()
    gates: tuple[Gate, ...] = field(default=())
    gated_tool_types: Mapping[str, frozenset[str]] = field(default_factory=dict)
    model_names: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Rules:
        """Read the rules from plain data in the shape above. Unknown keys and bad paths raise ValueError naming them."""
        _refuse_unknown_keys("rules", data, {"versions", "tool_types", "betas", "models"})
        betas = {name: _read(BetaRule, f"betas.{name}", value) for name, value in data["betas"].items()}
        models = {name: _read(ModelRule, f"models.{name}", value) for name, value in data["models"].items()}
        return cls(
            betas=betas,
            models=models,
            versions=tuple(data.get("versions", DEFAULT_VERSIONS)),
            tool_types=tuple(data.get("tool_types", ())),
            gates=_gates(betas),
            gated_tool_types=_by_key((tool, name) for name, beta in betas.items() for tool in beta.tool_types),
            model_names={alias: name for name, rule in models.items() for alias in (name, *rule.aliases)},
        )

    def find_model(self, name: str) -> tuple[str, ModelRule] | None:
        """The model's own id and rule, by id or alias; None when unknown or retired."""
        known = self.model_names.get(name)
        if known is None or self.models[known].lifecycle == "retired":
            return None
        return known, self.models[known]


def parse_path(path: str) -> tuple[tuple[Step, ...], str | None]:
    """Read a gate's path: its steps and, for `…=value`, the value. Raises ValueError for anything else."""
    steps: list[Step] = []
    place = 0
    while found := STEP.match(path, place):
        steps.append(Step(found["name"], bool(found["each"]), found["key"], found["value"]))
        place = found.end()
        if path[place : place + 1] != ".":
            break
        place += 1
    rest = path[place:]
    value = rest[1:] if rest.startswith("=") and len(rest) > 1 else None
    if not steps or (rest and value is None) or any(step.name == "**" for step in steps[1:]) or steps[-1].name == "**":
        raise ValueError(f"not a path: {path!r}")
    return tuple(steps), value


def _gates(betas: Mapping[str, BetaRule]) -> tuple[Gate, ...]:
    opened_by = _by_key((path, name) for name, beta in betas.items() for path in beta.unlocks)
    return tuple(Gate(path, *parse_path(path), names) for path, names in opened_by.items())


def _by_key(pairs: Any) -> dict[str, frozenset[str]]:
    gathered: dict[str, set[str]] = {}
    for key, name in pairs:
        gathered.setdefault(key, set()).add(name)
    return {key: frozenset(names) for key, names in gathered.items()}


def _read(kind: Any, where: str, data: Mapping[str, Any]) -> Any:
    known = {each.name: each for each in fields(kind)}
    _refuse_unknown_keys(where, data, set(known))
    values = {}
    for name, value in data.items():
        default = known[name].default
        if isinstance(default, tuple) and not isinstance(value, list | tuple):
            raise ValueError(f"{where}.{name}: a list is needed, not {value!r}")
        values[name] = tuple(value) if isinstance(default, tuple) and default is not MISSING else value
    return kind(**values)


def _refuse_unknown_keys(where: str, data: Mapping[str, Any], known: set[str]) -> None:
    for name in data:
        if name not in known:
            raise ValueError(f"{where}: unknown key {name!r} (known: {', '.join(sorted(known))})")
