""" "Turn this on in your code": the few lines of code in which two requests differ. Pure; a key is in none of it.

A request without betas is written the way most code is, through `client.messages`; one with betas through `client.beta`.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from betaconsole.claude import jsontext
from betaconsole.claude.snippets import SnippetRequest, curl, python_beta, python_headers, typescript

from .words import TextDiff, text_diff

MAX_BODY_BYTES = 200_000


@dataclass(frozen=True)
class CodeChange:
    """The code of both requests in one language, `slug` as in the address of an exchange's code."""

    slug: str
    label: str
    diff: TextDiff


def turning_on(left: SnippetRequest, right: SnippetRequest) -> list[CodeChange]:
    """The change in each language; nothing where a body is too large for code."""
    if max(len(call.body or b"") for call in (left, right)) > MAX_BODY_BYTES:
        return []
    written: list[tuple[str, str, Callable[[SnippetRequest], str]]] = [
        ("curl", "curl", _curl),
        ("python", "Python", _python),
        ("typescript", "TypeScript", typescript),
    ]
    return [CodeChange(slug, label, text_diff(write(left), write(right))) for slug, label, write in written]


def _python(call: SnippetRequest) -> str:
    return python_beta(call) if call.betas else python_headers(call)


def _curl(call: SnippetRequest) -> str:
    """With the body over several lines: in one, a small change would be lost."""
    if call.upload is not None or not isinstance(call.value, dict):
        return curl(call)
    return curl(replace(call, body=jsontext.dumps(call.value, indent=2).encode()))
