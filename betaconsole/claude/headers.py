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
# The request headers a person may add: they say for whom a request is made and change nothing else about it.
EXTRA_HEADERS = ("anthropic-workspace-id", "anthropic-user-profile-id")

_BETA = re.compile(r"[a-z0-9][a-z0-9.-]{0,127}")
_VERSION = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_EXTRA_VALUE = re.compile(r"[A-Za-z0-9_.-]{1,128}")
_CONTENT_TYPE = re.compile(r"[a-z]+/[a-z0-9.+-]+(; ?[a-z]+=[A-Za-z0-9._-]+)*")
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


def check_extra_header(name: str, value: str) -> tuple[str, str]:
    """The pair itself if the name is one of `EXTRA_HEADERS` and the value an id (letters, digits, `_`, `.`, `-`)."""
    if name not in EXTRA_HEADERS:
        raise HeaderError(f"The header {_quoted(name)} cannot be added: only {' and '.join(EXTRA_HEADERS)} can.")
    if not value:
        raise HeaderError(f"The header {name} is empty: give it an id, or leave it out.")
    if not _EXTRA_VALUE.fullmatch(value):
        raise HeaderError(
            f"The header {name} cannot be {_quoted(value)}: an id has at most 128 letters, digits, dots, hyphens and "
            "underscores."
        )
    return name, value


def request_headers(
    *,
    betas: Sequence[str],
    version: str,
    stream: bool,
    content_type: str | None = "application/json",
    extra: Sequence[tuple[str, str]] = (),
) -> tuple[tuple[str, str], ...]:
    """The headers this console sets, in the order sent (alphabetical); the key stands as a reference (`KEY_REFERENCE`).

    Without betas there is no `anthropic-beta` line at all: the API refuses an empty one. `content_type` is None where
    there is no body. `extra` are pairs as `check_extra_header` takes them, each name once.
    """
    headers = [
        ("accept", "text/event-stream" if stream else "application/json"),
        ("accept-encoding", "identity"),
        ("anthropic-version", check_version(version)),
        ("user-agent", USER_AGENT),
        ("x-api-key", KEY_REFERENCE),
        *(check_extra_header(name, value) for name, value in extra),
    ]
    if len({name for name, _ in headers}) < len(headers):
        raise HeaderError("The same extra header is given twice.")
    if betas:
        headers.append(("anthropic-beta", join_betas(betas)))
    if content_type is not None:
        headers.append(("content-type", _check_content_type(content_type)))
    return tuple(sorted(headers))


def _check_content_type(value: str) -> str:
    if not _CONTENT_TYPE.fullmatch(value):
        raise HeaderError(f"The content-type {_quoted(value)} is not one this console sends.")
    return value


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
