"""The body as a document: small edits that touch one place of the JSON and leave the rest as it was spelled. Pure."""

import re
from collections.abc import Callable, Sequence
from typing import Any

from betaconsole.claude import jsontext

Path = Sequence[str | int]


class DocumentError(ValueError):
    """The edit does not fit the document; the message is for people."""


def indent_of(text: str) -> int | None:
    """How far the text is indented, so that an edited one looks the same; None for a text on one line."""
    if "\n" not in text.strip():
        return None
    found = re.search(r"[{\[]\s*\n( +)", text)
    return min(len(found[1]), 8) if found else 2


def rewritten(text: str, change: Callable[[dict[str, Any]], Any]) -> str:
    """The text after `change` was made to its document in place. Raises `jsontext.JsonError` or `DocumentError`."""
    body = jsontext.loads(text)
    if not isinstance(body, dict):
        raise DocumentError("The body is not a JSON object: edit it in the JSON view.")
    change(body)
    return jsontext.dumps(body, indent=indent_of(text))


def put(body: Any, path: Path, value: Any) -> None:
    """Replace the value at `path`, which must be there but for its last part in an object."""
    *way, last = path
    place = body
    try:
        for part in way:
            place = place[part]
        if isinstance(last, int):
            place[last]  # an index past the end is no place
        place[last] = value
    except (KeyError, IndexError, TypeError) as error:
        raise DocumentError("That part of the body is no longer there.") from error


def put_field(body: dict[str, Any], name: str, value: Any, *, ahead_of: str = "messages") -> None:
    """Set a field of the body; a new one goes in front of `ahead_of`, where that is there."""
    if name in body or ahead_of not in body:
        body[name] = value
        return
    later = {key: body.pop(key) for key in list(body)[list(body).index(ahead_of) :]}
    body[name] = value
    body.update(later)


def add_message(body: dict[str, Any]) -> None:
    """One more message, of the role that comes next."""
    messages = body.setdefault("messages", [])
    if not isinstance(messages, list):
        raise DocumentError("`messages` is not an array: edit it in the JSON view.")
    last = messages[-1] if messages else None
    role = "assistant" if isinstance(last, dict) and last.get("role") == "user" else "user"
    messages.append({"role": role, "content": ""})


def remove_message(body: dict[str, Any], index: int) -> None:
    messages = body.get("messages")
    if not isinstance(messages, list) or not 0 <= index < len(messages):
        raise DocumentError("That message is no longer there.")
    del messages[index]


def read_path(pointer: str) -> list[str | int]:
    """The path a JSON pointer of the form names: `/messages/0/content`."""
    parts = pointer.split("/")[1:]
    return [int(part) if re.fullmatch(r"[0-9]{1,6}", part) else part for part in parts]


def pointer(path: Path) -> str:
    return "".join(f"/{part}" for part in path)
