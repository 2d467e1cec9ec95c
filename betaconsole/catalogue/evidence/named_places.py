"""The place an error message names (`tools.0.custom.defer_loading`) as a path of betas.toml (`tools[].defer_loading`). Pure.

The API puts the kind of a thing into the places it names, and the number of the request in a batch before them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from betaconsole.catalogue.checks.paths import BodyPath, Step

MOST_CHARACTERS = 300
_BATCH_PREFIX = re.compile(r"requests\.\d+\.params\.")


def is_named(path: BodyPath, place: str) -> bool:
    """Whether a message that names this place means this path; what value stands there is left aside."""
    return _fits(_words(place), path.steps)


def is_kind_named(path: BodyPath, place: str, kind: str) -> bool:
    """Whether a message that calls the kind at this place unexpected means this path (`…[].type=file`)."""
    is_of_kind = path.value == kind and path.steps[-1].name == "type"
    return is_of_kind and _fits(_words(place), path.steps[:-1])


def _words(place: str) -> list[str]:
    return _BATCH_PREFIX.sub("", place[:MOST_CHARACTERS], count=1).split(".")


def _fits(words: Sequence[str], steps: Sequence[Step]) -> bool:
    """Whether the words are these steps, with the kind of a thing before a name where the API says it."""
    if not steps:
        return not words
    step, rest = steps[0], steps[1:]
    if step.name == "**":
        return any(_fits(words[skipped:], rest) for skipped in range(len(words)))
    if not words:
        return False
    if words[0] != step.name:
        return not words[0].isdigit() and len(words) > 1 and words[1] == step.name and _fits(words[1:], steps)
    if not step.each:
        return _fits(words[1:], rest)
    return len(words) > 1 and words[1].isdigit() and _fits(words[2:], rest)
