"""Where to read on about a beta or an error: pages of the API's documentation and the SDK's changelog. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from .betas import find


@dataclass(frozen=True)
class Link:
    """A page outside the console."""

    label: str
    url: str


_DOCS = "https://platform.claude.com/docs/en"
CHANGELOG = Link("Changelog", "https://github.com/anthropics/anthropic-sdk-python/blob/main/CHANGELOG.md")
BETA_HEADERS = Link("About beta headers", f"{_DOCS}/api/beta-headers")
ERRORS = Link("About errors", f"{_DOCS}/api/errors")
RATE_LIMITS = Link("About rate limits", f"{_DOCS}/api/rate-limits")
VERSIONING = Link("About versions", f"{_DOCS}/api/versioning")
MODELS = Link("About models", f"{_DOCS}/about-claude/models/overview")

_VERSION = re.compile(r"anthropic-version|\b(?:temperature|top_p|top_k)\b")
_BETA = re.compile(
    r"anthropic-beta|Extra inputs are not permitted|does not match any of the expected tags|beta (?:header|flag)"
)


def help_for_beta(name: str) -> list[Link]:
    """What is documented of this name, else of beta headers; and the changelog."""
    return [documentation(name) or BETA_HEADERS, CHANGELOG]


def help_for_error(*, status: int | None, message: str, betas: Iterable[str] = ()) -> list[Link]:
    """What an error is about, the most particular first. `betas`: those that it refuses or asks for."""
    documented = filter(None, map(documentation, betas))
    return list(dict.fromkeys([*documented, *_subjects(status, message), ERRORS, CHANGELOG]))


def documentation(name: str) -> Link | None:
    """The page of the documentation that is about this beta; None where there is none, or none is known."""
    beta = find(name)
    return Link(f"About {beta.family}", beta.docs_url) if beta and beta.docs_url else None


def _subjects(status: int | None, message: str) -> Iterator[Link]:
    if status == 429:
        yield RATE_LIMITS
    if status == 404 and message.startswith("model:"):
        yield MODELS
    if status == 400 and _VERSION.search(message):
        yield VERSIONING
    elif status == 400 and _BETA.search(message):
        yield BETA_HEADERS
