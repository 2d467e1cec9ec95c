"""Prompts and combinations as lines of a file, read from the database as they are written.

A prompt or a combination is a line, and each of its versions is one after it: so neither side ever holds more than one body.
The lines are what `kept.importing` reads.
"""

import json
from collections.abc import Iterator
from typing import Any

from django.db.models import Prefetch

from betaconsole.library.models import Combination, CombinationVersion, KeptQuerySet, Prompt, PromptVersion
from betaconsole.library.variables import variables_in_text

PROMPT, VERSION = "betaconsole.prompt", "betaconsole.prompt_version"
COMBINATION, COMBINATION_VERSION = "betaconsole.combination", "betaconsole.combination_version"
AT_ONCE = 50
PROMPT_HEADING = ("prompt", "name", "tags", "archived", "version", "author", "note", "created", "variables", "body")
COMBINATION_HEADING = (
    "combination",
    "name",
    "for",
    "archived",
    "version",
    "author",
    "note",
    "created",
    "betas",
    "patch",
)


def prompt_lines(prompts: KeptQuerySet) -> Iterator[bytes]:
    """Every prompt with its cases, and all of its versions, oldest first."""
    for prompt in _prompts(prompts):
        yield _line(
            {
                "kind": PROMPT,
                "id": prompt.public_id,
                "name": prompt.name,
                "tags": [tag.tag for tag in prompt.tags.all()],
                "archived": prompt.archived_at is not None,
                "created_at": prompt.created_at.isoformat(),
                "cases": [{"name": case.name, "variables": case.values} for case in prompt.cases.all()],
            }
        )
        for version in _versions(prompt):
            yield _line(
                {
                    "kind": VERSION,
                    "prompt": prompt.public_id,
                    "number": version.number,
                    "note": version.note,
                    "author": str(version.author or ""),
                    "created_at": version.created_at.isoformat(),
                    "body_text": version.body_text,
                    "variables": version.variables,
                    "tool_stubs": version.tool_stubs,
                    "max_turns": version.max_turns,
                }
            )


def prompt_rows(prompts: KeptQuerySet) -> Iterator[tuple[Any, ...]]:
    """One row for each version of each prompt, under `PROMPT_HEADING`."""
    for prompt in _prompts(prompts):
        tags = ", ".join(tag.tag for tag in prompt.tags.all())
        for version in _versions(prompt):
            yield (
                prompt.public_id,
                prompt.name,
                tags,
                prompt.archived_at is not None,
                version.number,
                version.author,
                version.note,
                version.created_at.isoformat(),
                ", ".join(variables_in_text(version.body_text)),
                version.body_text,
            )


def combination_lines(combinations: KeptQuerySet) -> Iterator[bytes]:
    """Every combination, and all of its versions, oldest first."""
    for one in _combinations(combinations):
        yield _line(
            {
                "kind": COMBINATION,
                "id": one.public_id,
                "name": one.name,
                "betas": one.betas,
                "note": one.note,
                "patch": one.patch,
                "archived": one.archived_at is not None,
                "author": str(one.author or ""),
                "created_at": one.created_at.isoformat(),
            }
        )
        for version in one.versions.all():
            yield _line(
                {
                    "kind": COMBINATION_VERSION,
                    "combination": one.public_id,
                    "number": version.number,
                    "note": version.note,
                    "author": str(version.author or ""),
                    "created_at": version.created_at.isoformat(),
                    "betas": version.betas,
                    "patch": version.patch,
                }
            )


def combination_rows(combinations: KeptQuerySet) -> Iterator[tuple[Any, ...]]:
    """One row for each version of each combination, under `COMBINATION_HEADING`."""
    for one in _combinations(combinations):
        for version in one.versions.all():
            yield (
                one.public_id,
                one.name,
                one.note,
                one.archived_at is not None,
                version.number,
                version.author,
                version.note,
                version.created_at.isoformat(),
                version.header,
                version.patch,
            )


def _prompts(prompts: KeptQuerySet) -> Iterator[Prompt]:
    ordered = prompts.defer("words").prefetch_related("tags", "cases").order_by("pk")
    return ordered.iterator(chunk_size=AT_ONCE)


def _versions(prompt: Prompt) -> Iterator[PromptVersion]:
    return prompt.versions.select_related("author").order_by("number").iterator(chunk_size=1)


def _combinations(combinations: KeptQuerySet) -> Iterator[Combination]:
    versions = Prefetch("versions", CombinationVersion.objects.select_related("author").order_by("number"))
    ordered = combinations.select_related("author").prefetch_related(versions).order_by("pk")
    return ordered.iterator(chunk_size=AT_ONCE)


def _line(value: dict[str, Any]) -> bytes:
    # ASCII: NUL and lone surrogates as escapes.
    return json.dumps(value).encode() + b"\n"
