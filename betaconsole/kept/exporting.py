"""Prompts and combinations as lines of a file, read from the database as they are written.

A prompt is a line, and each of its versions is one after it: so neither side ever holds more than one body. The lines are
what `kept.importing` reads.
"""

import json
from collections.abc import Iterator
from typing import Any

from betaconsole.library.models import Combination, KeptQuerySet, Prompt, PromptVersion
from betaconsole.library.variables import variables_in_text

PROMPT, VERSION, COMBINATION = "betaconsole.prompt", "betaconsole.prompt_version", "betaconsole.combination"
AT_ONCE = 50
PROMPT_HEADING = ("prompt", "name", "tags", "archived", "version", "author", "note", "created", "variables", "body")
COMBINATION_HEADING = ("combination", "name", "betas", "note", "patch", "archived", "author", "created")


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


def combination_rows(combinations: KeptQuerySet) -> Iterator[tuple[Any, ...]]:
    """One row for each combination, under `COMBINATION_HEADING`."""
    for one in _combinations(combinations):
        is_archived = one.archived_at is not None
        yield (
            one.public_id,
            one.name,
            one.header,
            one.note,
            one.patch,
            is_archived,
            one.author,
            one.created_at.isoformat(),
        )


def _prompts(prompts: KeptQuerySet) -> Iterator[Prompt]:
    ordered = prompts.defer("words").prefetch_related("tags", "cases").order_by("pk")
    return ordered.iterator(chunk_size=AT_ONCE)


def _versions(prompt: Prompt) -> Iterator[PromptVersion]:
    return prompt.versions.select_related("author").order_by("number").iterator(chunk_size=1)


def _combinations(combinations: KeptQuerySet) -> Iterator[Combination]:
    return combinations.select_related("author").order_by("pk").iterator(chunk_size=AT_ONCE)


def _line(value: dict[str, Any]) -> bytes:
    # ASCII: NUL and lone surrogates as escapes.
    return json.dumps(value).encode() + b"\n"
