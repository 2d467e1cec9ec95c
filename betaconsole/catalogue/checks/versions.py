"""What an anthropic-version takes away (api.md section 1.1)."""

from __future__ import annotations

from collections.abc import Iterator

from betaconsole.catalogue.model_specs import known_versions, sampling_versions
from betaconsole.claude.headers import HeaderError, check_version

from .asked import Asked
from .findings import Finding, error, remove_field, warning
from .paths import Place

SAMPLING = ("temperature", "top_p", "top_k")
STRICTER = "2026-10-21"


def known_version(asked: Asked) -> Iterator[Finding]:
    """missing_version, malformed_version, unknown_version."""
    version = asked.request.version
    if not version:
        yield error("missing_version", "The header anthropic-version is missing: the API refuses requests without it.")
        return
    try:
        check_version(version)
    except HeaderError as problem:
        yield error("malformed_version", str(problem))
        return
    if version not in known_versions():
        known = ", ".join(known_versions())
        yield warning("unknown_version", f"No anthropic-version {version} is known: there are {known}.")


def sampling(asked: Asked) -> Iterator[Finding]:
    """parameter_removed: sampling parameters under a version that has them no more."""
    version = asked.request.version
    if asked.is_counted or version in sampling_versions() or version < STRICTER:
        return
    for name in SAMPLING:
        if asked.get(name) is not None:
            message = (
                f"{name} is gone with anthropic-version {version}: only {' and '.join(sampling_versions())} takes it."
            )
            yield error(
                "parameter_removed", message, path=asked.shown((name,)), fix=remove_field(asked.pointer((name,)))
            )


def blocks(asked: Asked) -> Iterator[Finding]:
    """document_from_assistant, citations_from_user: blocks that the newer version takes from the other side only."""
    if asked.request.version < STRICTER:
        return
    for place, role, block in asked.blocks:
        if block.get("type") == "document" and role == "assistant":
            message = f"A document in an assistant message is refused since anthropic-version {STRICTER}."
            yield _refused(asked, "document_from_assistant", message, place)
        if block.get("type") == "text" and block.get("citations") and role == "user":
            message = f"Citations on the text of a user message are refused since anthropic-version {STRICTER}."
            yield _refused(asked, "citations_from_user", message, (*place, "citations"))


def _refused(asked: Asked, code: str, message: str, place: Place) -> Finding:
    return error(code, message, path=asked.shown(place), fix=remove_field(asked.pointer(place)))
