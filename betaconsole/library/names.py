"""Names that people give to things: one line, as typed but for what no line can hold."""

import re

MAX_NAME = 200
MAX_NOTE = 500
MAX_TAGS = 20
MAX_TAG = 40
CONTROL = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")


class BadName(ValueError):
    """A name that cannot be taken; the message is for people."""


def one_line(text: str) -> str:
    """The text on one line: control characters and runs of white space become one space."""
    return " ".join(CONTROL.sub(" ", text).split())


def checked_name(text: str) -> str:
    """A name of 1 to 200 characters. Raises `BadName`."""
    name = one_line(text)
    if not name:
        raise BadName("Give it a name.")
    if len(name) > MAX_NAME:
        raise BadName(f"A name has at most {MAX_NAME} characters; this one has {len(name)}.")
    return name


def checked_note(text: str) -> str:
    """A note of at most 500 characters on one line. Raises `BadName`."""
    note = one_line(text)
    if len(note) > MAX_NOTE:
        raise BadName(f"A note has at most {MAX_NOTE} characters; this one has {len(note)}.")
    return note


def tags_of(text: str) -> list[str]:
    """The tags in a text: words between commas, in lower case, each once. Raises `BadName`."""
    tags = list(dict.fromkeys(filter(None, (one_line(part).lower() for part in text.split(",")))))
    if len(tags) > MAX_TAGS:
        raise BadName(f"{len(tags)} tags; a prompt has at most {MAX_TAGS}.")
    if long := next((tag for tag in tags if len(tag) > MAX_TAG), None):
        raise BadName(f"A tag has at most {MAX_TAG} characters; “{long[:MAX_TAG]}…” has {len(long)}.")
    return tags


def copy_name(name: str) -> str:
    """What a duplicate is called."""
    return f"{name[: MAX_NAME - 7]} (copy)"
