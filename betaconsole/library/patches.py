"""The default body patch of a combination: JSON as typed, checked before it is kept. Pure."""

from typing import Any

from betaconsole.claude import jsontext

MAX_PATCH = 100_000  # characters
BETAS_IN_BODY = ("betas", "anthropic_beta")


class BadPatch(ValueError):
    """A patch that cannot be kept; the message is for people."""


def checked_patch(text: str) -> str:
    """The text of a merge patch (RFC 7396) that is a JSON object; empty for none. Raises `BadPatch`."""
    text = text.strip()
    if not text:
        return ""
    if len(text) > MAX_PATCH:
        raise BadPatch(f"A patch has at most {MAX_PATCH:,} characters; this one has {len(text):,}.")
    try:
        patch = jsontext.loads(text)
    except jsontext.JsonError as error:
        raise BadPatch(f"The patch is not JSON: {error}.") from error
    check_patch(patch)
    return text


def as_patch(text: str) -> str:
    """The same for changes that may be something else, such as operations (RFC 6902); empty for those."""
    try:
        return checked_patch(text)
    except BadPatch:
        return ""


def same_patch(one: str, other: str) -> bool:
    """Whether two texts change a body in the same way, however they are written."""
    try:
        return _document(one) == _document(other)
    except jsontext.JsonError:
        return False


def _document(text: str) -> Any:
    return jsontext.loads(text) if text.strip() else {}


def check_patch(patch: Any) -> None:
    """The same for a document. Raises `BadPatch`."""
    if not isinstance(patch, dict):
        raise BadPatch("The patch is a JSON object: fields to set, or null to take a field away.")
    for name in BETAS_IN_BODY:
        if name in patch:
            raise BadPatch(f"`{name}` is not part of the body: betas go in the anthropic-beta header.")
