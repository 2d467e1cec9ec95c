"""The body as a form shows it: texts that can be typed into, and labelled summaries of all that cannot. Pure."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from betaconsole.claude import jsontext
from betaconsole.storage.fields import showable

from .attachments import Card, FileNote, card_of
from .document import pointer

FIELDS = ("model", "max_tokens", "messages", "system", "stream", "tools")
ROLES = ("user", "assistant", "system")
LONGEST_TEXT = 200_000  # characters in one text area; longer ones are edited in JSON
MOST_MESSAGES = 60
PREVIEW = 240
NO_NOTES: Mapping[str, FileNote] = {}
UNTYPABLE = re.compile("[\r\x00\ud800-\udfff]")  # what a text area would not give back as it was


@dataclass(frozen=True)
class Part:
    """One piece of content. A text with `path` can be typed into; without one it is a summary: `label` and a preview.

    A file is shown as its `card`.
    """

    label: str
    text: str
    path: str = ""
    hint: str = ""
    card: Card | None = None

    @property
    def place(self) -> str:
        """The path as part of an id."""
        return place_of(self.path)


@dataclass(frozen=True)
class MessageView:
    """One message, its parts in order. `role` may be one that no list offers."""

    index: int
    role: str
    parts: tuple[Part, ...]

    @property
    def roles(self) -> tuple[str, ...]:
        return ROLES if self.role in ROLES else (*ROLES, self.role)


@dataclass(frozen=True)
class FormView:
    """A body as a form. `others` are fields that only the JSON view edits, each with a word on what they hold.

    The tools stand in a panel of their own (drafts.stub_view).
    """

    system: tuple[Part, ...]
    messages: tuple[MessageView, ...]
    messages_left_out: int
    messages_problem: str
    model: str
    max_tokens: str
    stream: bool
    others: tuple[tuple[str, str], ...]

    @property
    def paths(self) -> set[str]:
        """The places that can be typed into."""
        parts = [*self.system, *(part for message in self.messages for part in message.parts)]
        return {part.path for part in parts if part.path}


def form_view(body: dict[str, Any], notes: Mapping[str, FileNote] = NO_NOTES) -> FormView:
    """The form of a body that parses; `notes` on the files kept apart from it, by digest."""
    messages = body.get("messages", [])
    listed = messages if isinstance(messages, list) else []
    model, limit = body.get("model"), body.get("max_tokens")
    return FormView(
        system=tuple(_content(body.get("system"), ["system"], notes)),
        messages=tuple(_message(index, message, notes) for index, message in enumerate(listed[:MOST_MESSAGES])),
        messages_left_out=max(0, len(listed) - MOST_MESSAGES),
        messages_problem="" if isinstance(messages, list) else "`messages` is not an array.",
        model=model if isinstance(model, str) else "" if model is None else jsontext.dumps(model),
        max_tokens="" if limit is None else jsontext.dumps(limit),
        stream=body.get("stream") is True,
        others=tuple((name, describe(value)) for name, value in body.items() if name not in FIELDS),
    )


def place_of(path: str) -> str:
    """A JSON pointer as part of an id: `messages-0-content`."""
    return path.strip("/").replace("/", "-")


def describe(value: Any) -> str:
    """A value in a few words: `3 elements`, `adaptive`, `1.0`."""
    if isinstance(value, dict):
        kind = value.get("type")
        return kind[:40] if isinstance(kind, str) else _count(len(value), "field")
    if isinstance(value, list):
        return _count(len(value), "element")
    text = value if isinstance(value, str) else jsontext.dumps(value)
    return preview(text, 40)


def preview(text: str, length: int = PREVIEW) -> str:
    """The beginning of a text, fit for a page."""
    return showable(text[:length]) + ("…" if len(text) > length else "")


def _message(index: int, message: Any, notes: Mapping[str, FileNote]) -> MessageView:
    if not isinstance(message, dict):
        return MessageView(index, "", (Part("not an object", preview(jsontext.dumps(message))),))
    role = message.get("role")
    parts = tuple(_content(message.get("content"), ["messages", index, "content"], notes))
    return MessageView(index, role if isinstance(role, str) else "", parts)


def _content(content: Any, path: list[str | int], notes: Mapping[str, FileNote]) -> Iterator[Part]:
    """The parts of a `content` or a `system`: a string, blocks, or nothing yet."""
    if content is None or isinstance(content, str):
        yield _text(content or "", path)
    elif isinstance(content, list):
        for index, block in enumerate(content[:MOST_MESSAGES]):
            yield _block(block, [*path, index], notes)
        if len(content) > MOST_MESSAGES:
            yield Part("more", f"{len(content) - MOST_MESSAGES:,} more blocks")
        if not content:
            yield Part("empty", "no content blocks")
    else:
        yield Part("unexpected", preview(jsontext.dumps(content)))


def _block(block: Any, path: list[str | int], notes: Mapping[str, FileNote]) -> Part:
    if card := card_of(block, pointer(path), notes):
        return Part("", "", card=card)
    kind = block.get("type") if isinstance(block, dict) else None
    if kind == "text" and isinstance(block.get("text"), str):
        extra = ", ".join(name for name in block if name not in ("type", "text"))
        return _text(block["text"], [*path, "text"], hint=f"text block with {extra}" if extra else "")
    if isinstance(kind, str):
        rest = {name: value for name, value in block.items() if name != "type"}
        return Part(preview(kind, 60), _inside(rest))
    return Part("unknown block", preview(jsontext.dumps(block)))


def _text(text: str, path: list[str | int], *, hint: str = "") -> Part:
    if len(text) > LONGEST_TEXT:
        return Part("long text", preview(text), hint=f"{len(text):,} characters")
    if UNTYPABLE.search(text):
        return Part("text", preview(text), hint="holds characters that a form would change")
    return Part("", text, pointer(path), hint)


def _inside(value: Any) -> str:
    """The gist of a block: its short strings first, then what it holds."""
    if not isinstance(value, dict):
        return describe(value)
    words = [f"{name}: {describe(inner)}" for name, inner in value.items()]
    return preview(" · ".join(words))


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
