"""Names that people give to things: one line, as typed but for what no line can hold."""

import re

MAX_NAME = 200
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
