"""What an answer holds of what the catalogue says a beta may add to it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from betaconsole.catalogue.betas import Beta
from betaconsole.catalogue.checks.paths import BodyPath, found, read_path

from .facts import Facts, member, objects, text, whole
from .saying import counted, listed, one_of

_MOST_SHOWN = 3
_MOST_VALUE = 60


@dataclass(frozen=True)
class Sign:
    """One thing in an answer that a beta may have brought. `key` says which kind of thing, `sentence` what is there."""

    key: str
    sentence: str


def signs_of(beta: Beta, facts: Facts) -> list[Sign]:
    """Everything in the answer that this beta may have brought, in the order of the catalogue's keys."""
    if facts.answers_message:
        return list(_in_message(beta, facts))
    if facts.counts_tokens:
        return list(_in_count(beta, facts))
    return list(_in_models(beta, facts))


def nothing_there(beta: Beta, facts: Facts) -> list[str]:
    """What could have shown it and did not, as sentences; empty where the catalogue knows of nothing."""
    evidence = beta.evidence
    if not facts.answers_message:
        return []
    if empty := [f"{root} is empty: nothing was due" for root in _empty_roots(beta, facts)]:
        return empty
    fields = [*(f"usage.{_shown(path)}" for path in evidence.usage), *map(_shown, evidence.message)]
    fields += [f"stop reason {reason}" for reason in evidence.stop_reasons]
    blocks = [f"{listed(evidence.blocks, joined_by='or')} block"] if evidence.blocks else []
    return [f"the answer has no {listed([*blocks, *fields], joined_by='or')}"] if blocks or fields else []


def _in_message(beta: Beta, facts: Facts) -> Iterator[Sign]:
    evidence = beta.evidence
    for kind in evidence.blocks:
        if number := sum(block.get("type") == kind for block in facts.blocks):
            thing = f"{kind} block"
            yield Sign(f"block {kind}", f"the answer holds {one_of(thing) if number == 1 else counted(number, thing)}")
    for prefix, paths, node in (
        ("", evidence.message, facts.message),
        ("usage.", evidence.usage, facts.message.get("usage")),
    ):
        for path in map(read_path, paths):
            yield from _at(path, node, prefix)
    stop_reason = text(facts.message.get("stop_reason"))
    if stop_reason and stop_reason in evidence.stop_reasons:
        yield Sign(f"stop {stop_reason}", f"the answer stopped with {stop_reason}")
    for delta in evidence.deltas:
        if delta in facts.deltas:
            kind, _, name = delta.partition(".")
            yield Sign(f"delta {delta}", f"the stream has {kind}s with {name}" if name else f"the stream has a {kind}")


def _in_count(beta: Beta, facts: Facts) -> Iterator[Sign]:
    for path in map(read_path, beta.evidence.count_tokens):
        for _, value in found(facts.message, path):
            counted_now, before = whole(facts.message.get("input_tokens")), whole(value)
            if path.steps[-1].name != "original_input_tokens":
                yield Sign(path.text, f"{path.text} is in the answer")
            elif counted_now is not None and before is not None and before > counted_now:
                yield Sign(path.text, f"{path.text} is {before:,}, of which {before - counted_now:,} would be cleared")


def _in_models(beta: Beta, facts: Facts) -> Iterator[Sign]:
    listing = facts.message.get("data")
    models = list(objects(listing)) if isinstance(listing, list) else [dict(facts.message)]
    for path in map(read_path, beta.evidence.models):
        if any(value not in ([], {}) for model in models for _, value in found(model, path)):
            yield Sign(path.text, f"{path.text} stands in the model object")


def _at(path: BodyPath, node: Any, prefix: str) -> Iterator[Sign]:
    values = [value for _, value in found(node, path) if value not in ([], {}, "")]
    if values:
        yield Sign(prefix + path.text, _sentence(prefix + _root(path), path, values))


def _sentence(root: str, path: BodyPath, values: list[Any]) -> str:
    last = path.steps[-1]
    if last.key is not None:
        if done := [words for value in values[:_MOST_SHOWN] if (words := _done(value))]:
            return f"{listed(done)}{_rest(values)}"
        return (
            f"{root} holds {listed([_entry(value, last.value or '') for value in values[:_MOST_SHOWN]])}{_rest(values)}"
        )
    if path.value is not None:
        return f"{root} is {path.value}"
    value = values[0]
    if isinstance(value, list):
        entries = [_entry(each, "") for each in value[:_MOST_SHOWN] if isinstance(each, dict)]
        return f"{root} holds {listed(entries)}{_rest(value)}" if entries else f"{root} is in the answer"
    if isinstance(value, bool | int) or (isinstance(value, str) and len(value) <= _MOST_VALUE):
        return f"{root} is {str(value).lower() if isinstance(value, bool) else value}"
    kind = text(member(value, "status", "type")) or text(member(value, "type"))
    return f"{root} says {kind}" if kind else f"{root} is in the answer"


def _done(entry: Any) -> str:
    """What an edit says that it did: `clear_tool_uses_20250919 cleared 2 tool uses and 1,204 input tokens`."""
    figures = [
        counted(number, name)
        for field, name in (
            ("cleared_tool_uses", "tool use"),
            ("cleared_thinking_turns", "thinking turn"),
            ("cleared_input_tokens", "input token"),
        )
        if (number := whole(member(entry, field)))
    ]
    return f"{text(member(entry, 'type'))} cleared {listed(figures)}" if figures else ""


def _entry(entry: Any, kind: str) -> str:
    """One element of a list: what it is, and where it says it is about."""
    kind = kind or text(member(entry, "type"))
    place = text(member(entry, "path"))[:_MOST_VALUE]
    return f"{kind} at {place}" if kind and place else f"{one_of(kind)} entry" if kind else "an entry"


def _rest(values: list[Any]) -> str:
    return f" and {len(values) - _MOST_SHOWN:,} more" if len(values) > _MOST_SHOWN else ""


def _root(path: BodyPath) -> str:
    return ".".join(step.name for step in path.steps)


def _shown(text: str) -> str:
    """A path as the name of what is not there: `iterations of type compaction`."""
    path = read_path(text)
    last = path.steps[-1]
    if last.key is not None:
        return f"{_root(path)} of {last.key} {last.value}"
    return f"{_root(path)} {path.value}" if path.value else _root(path)


def _empty_roots(beta: Beta, facts: Facts) -> list[str]:
    """Fields that are there because of the header, and hold nothing."""
    roots = [_root(read_path(path)) for path in beta.evidence.message]
    return [root for root in dict.fromkeys(roots) if member(dict(facts.message), *root.split(".")) in ([], {})]
