"""A saved body as a person reads it: parameters, then who says what, line for line. Pure."""

from collections.abc import Iterator, Sequence
from typing import Any

from betaconsole.claude import jsontext

SPOKEN = ("system", "messages")
SEARCHED_CHARACTERS = 4000


def readable(body_text: str, *, stubs: Sequence[Any] = (), max_turns: int | None = None) -> str:
    """The text of a version to read and to compare: line breaks stand as line breaks; what does not parse as typed."""
    try:
        body = jsontext.loads(body_text)
    except jsontext.JsonError:
        body = None
    parts = list(_sections(body)) if isinstance(body, dict) else [body_text]
    if stubs:
        parts.append("— tool stubs —\n" + jsontext.dumps(stubs, indent=2))
    if max_turns:
        parts.append(f"— at most {max_turns} turns —")
    return "\n\n".join(parts)


def searchable_words(body_text: str) -> str:
    """How a prompt begins, in lower case: what people search in."""
    try:
        body = jsontext.loads(body_text)
    except jsontext.JsonError:
        return body_text[:SEARCHED_CHARACTERS].lower()
    spoken = "\n".join(_spoken(body)) if isinstance(body, dict) else body_text
    return _plain(spoken[:SEARCHED_CHARACTERS]).lower()


def _sections(body: dict[str, Any]) -> Iterator[str]:
    settings = {name: value for name, value in body.items() if name not in SPOKEN}
    yield "\n".join(f"{name}: {jsontext.dumps(value, indent=2)}" for name, value in settings.items())
    yield from _spoken(body)


def _spoken(body: dict[str, Any]) -> Iterator[str]:
    if "system" in body:
        yield f"— system —\n{_said(body['system'])}"
    messages = body.get("messages")
    for message in messages if isinstance(messages, list) else []:
        if not isinstance(message, dict):
            yield jsontext.dumps(message)
            continue
        others = {name: value for name, value in message.items() if name not in ("role", "content")}
        more = f"\n{jsontext.dumps(others)}" if others else ""
        yield f"— {message.get('role', 'no role')} —\n{_said(message.get('content'))}{more}"


def _said(content: Any) -> str:
    blocks = content if isinstance(content, list) else [content]
    return "\n".join(_block(block) for block in blocks)


def _block(block: Any) -> str:
    if isinstance(block, str):
        return block
    if isinstance(block, dict) and block.keys() == {"type", "text"} and isinstance(block["text"], str):
        return block["text"]
    return jsontext.dumps(block, indent=2)


def _plain(text: str) -> str:
    """Without NUL and lone surrogates, which a searchable column cannot hold."""
    return text.replace("\x00", "\ufffd").encode("utf-16", "surrogatepass").decode("utf-16", "replace")
