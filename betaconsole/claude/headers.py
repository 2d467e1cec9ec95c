"""Beta names, the API version and the request headers this console sets itself.

A beta name is checked here before it can reach a header line: `requests` passes NUL and Latin-1 bytes in
header values as they are, so an allowlist is the only safe rule.
"""

import re
from collections.abc import Sequence

KEY_REFERENCE = "$ANTHROPIC_API_KEY"
DEFAULT_VERSION = "2026-10-21"
MAX_BETAS = 64
MAX_NAME_LENGTH = 128
USER_AGENT = "betaconsole/0.1"

_BETA = re.compile(r"[a-z0-9][a-z0-9.-]{0,127}")
_VERSION = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_SHOWN_LENGTH = 80
_CONTROL_NAMES = {"\r": "a carriage return (CR)", "\n": "a line feed (LF)", "\0": "a NUL character", "\t": "a tab"}


class HeaderError(ValueError):
    """A value that may not stand in a header; the message quotes it and says why."""


def check_beta(name: str) -> str:
    """The name itself if it is a well-formed beta name (lower case, digits, dots, hyphens; at most 128 characters)."""
    if _BETA.fullmatch(name):
        return name
    if len(name) > MAX_NAME_LENGTH:
        raise HeaderError(
            f"The beta name {_quoted(name)} is too long: {len(name)} characters, at most {MAX_NAME_LENGTH}."
        )
    raise HeaderError(f"The beta name {_quoted(name)} {_why_not(name)}.")


def parse_betas(header: str) -> tuple[str, ...]:
    """The names in an `anthropic-beta` value, in order; empty elements and exact repeats are dropped, nothing is checked."""
    names = (element.strip(" \t") for element in header.split(","))
    return tuple(dict.fromkeys(name for name in names if name))


def join_betas(names: Sequence[str]) -> str:
    """The `anthropic-beta` value for these names: joined by a comma without a space, as the SDK does."""
    if len(names) > MAX_BETAS:
        raise HeaderError(f"{len(names)} beta names are too many for one header: at most {MAX_BETAS}.")
    return ",".join(check_beta(name) for name in names)


def check_version(version: str) -> str:
    """The version itself if it has the form of an `anthropic-version` (YYYY-MM-DD)."""
    if not _VERSION.fullmatch(version):
        raise HeaderError(f"The anthropic-version {_quoted(version)} is not a date of the form 2026-10-21.")
    return version


def request_headers(
    *, betas: Sequence[str], version: str, stream: bool, json_body: bool = True
) -> tuple[tuple[str, str], ...]:
    """The headers this console sets, in the order sent; the key stands as a reference (`KEY_REFERENCE`).

    Without betas there is no `anthropic-beta` line at all: the API refuses an empty one.
    """
    headers = [
        ("accept", "text/event-stream" if stream else "application/json"),
        ("accept-encoding", "identity"),
    ]
    if betas:
        headers.append(("anthropic-beta", join_betas(betas)))
    headers.append(("anthropic-version", check_version(version)))
    if json_body:
        headers.append(("content-type", "application/json"))
    headers.append(("user-agent", USER_AGENT))
    headers.append(("x-api-key", KEY_REFERENCE))
    return tuple(headers)


def _why_not(name: str) -> str:
    if not name:
        return "is empty"
    for character in name:
        if character in _CONTROL_NAMES:
            return f"contains {_CONTROL_NAMES[character]}"
        if character == " ":
            return "contains a space"
        if character == ",":
            return "contains a comma: give each name its own row"
        if not character.isascii():
            return f"contains {character!r}, which is not ASCII"
        if character.isupper():
            return f"contains the capital letter {character}: beta names are lower case"
        if not re.fullmatch(r"[a-z0-9.-]", character):
            return f"contains {character!r}: only a-z, 0-9, dots and hyphens are allowed"
    return f"starts with {name[0]!r}: the first character must be a letter or a digit"


def _quoted(text: str) -> str:
    """The text in quotes and cut; what does not print is escaped, so that it is safe in a message or a log line."""
    return repr(text) if len(text) <= _SHOWN_LENGTH else repr(text[:_SHOWN_LENGTH]) + "…"
