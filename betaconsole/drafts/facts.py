"""What must be known about a body text between its edits: kept beside it, so that a tick reads a row and not megabytes."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from betaconsole.catalogue.checks.outline import outlined
from betaconsole.claude import jsontext
from betaconsole.library.variables import variables_in

from .apart import grown_by
from .endpoint_choice import COUNTED_FIELDS

MOST_FIELDS = 100
MOST_NODES = (500, 60, 8)  # of the outline, fewer where that is still too long to stand beside the draft
LONGEST_OUTLINE = 64_000  # characters
LONGEST_SORTED = 1_000_000  # characters of a body whose counted part is told apart from the rest
NO_FILES: Mapping[str, int] = {}
BETAS_IN_BODY = ("betas", "anthropic_beta")
TUPLES = ("betas_inside", "fields", "accepted", "variables")


def betas_inside_message(name: str) -> str:
    """Why betas in a body are not sent there."""
    return (
        f"`{name}` is not part of the body: betas go in the anthropic-beta header, per column. "
        "SDKs take them as an argument and cloud platforms in the body; here they are columns."
    )


@dataclass(frozen=True)
class Facts:
    """`size_bytes` is the size of the body that is sent, `apart_bytes` its part that does not stand in the text (drafts.apart).

    `problem` is empty for a JSON object; `line` and `column` (from 1) say where JSON does not parse, else 0.

    `betas_inside` are the fields of the body that should be a header (`betas`, `anthropic_beta`); `misfits` says for
    columns, by key, why their changes or own body cannot be used. `fields` are the names of the body's fields. `outline` is
    the JSON text of the body's outline (catalogue.checks.outline), empty where there is none. `accepted` are the ids of
    errors that were sent anyway (drafts.before_run). `counted` is a digest that changes with whatever count_tokens counts of
    the body (drafts.token_counts).
    """

    size_bytes: int = 0
    apart_bytes: int = 0
    problem: str = ""
    line: int = 0
    column: int = 0
    model: str = ""
    betas_inside: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()  # {{names}} in its strings, in order
    outline: str = ""
    accepted: tuple[str, ...] = ()
    counted: str = ""
    misfits: dict[str, str] = field(default_factory=dict)

    @classmethod
    def load(cls, stored: Mapping[str, Any]) -> "Facts":
        """Facts from their stored form; fields of a newer version are ignored."""
        known = {known.name for known in fields(cls)}
        values = {name: value for name, value in stored.items() if name in known}
        return cls(**{**values, **{name: tuple(values.get(name, ())) for name in TUPLES}})

    def dump(self) -> dict[str, Any]:
        return {**asdict(self), **{name: list(getattr(self, name)) for name in TUPLES}}


def facts_of(text: str, file_sizes: Mapping[str, int] = NO_FILES) -> Facts:
    """The facts of a body text, whatever was typed; `file_sizes` of the files that stand apart from it, by digest."""
    apart_bytes = grown_by(text, file_sizes.get)
    size_bytes = len(text.encode("utf-8", "surrogatepass")) + apart_bytes
    try:
        body = jsontext.loads(text)
    except jsontext.JsonError as error:
        return Facts(
            size_bytes=size_bytes, apart_bytes=apart_bytes, problem=error.message, line=error.line, column=error.column
        )
    if not isinstance(body, dict):
        return Facts(
            size_bytes=size_bytes,
            apart_bytes=apart_bytes,
            problem="A request body is a JSON object: { … }",
            line=1,
            column=1,
        )
    model = body.get("model")
    return Facts(
        size_bytes=size_bytes,
        apart_bytes=apart_bytes,
        model=model[:200] if isinstance(model, str) else "",
        betas_inside=tuple(name for name in BETAS_IN_BODY if name in body),
        fields=tuple(name[:100] for name in list(body)[:MOST_FIELDS]),
        variables=tuple(variables_in(body)) if "{{" in text else (),
        outline=outline_of(body),
        counted=_counted_digest(body, text),
    )


def outline_of(body: dict[str, Any]) -> str:
    """The JSON text of a body's outline; empty where even the barest one is long."""
    texts = (json.dumps(outlined(body, most_nodes=most_nodes)) for most_nodes in MOST_NODES)
    return next((text for text in texts if len(text) <= LONGEST_OUTLINE), "")


def _counted_digest(body: dict[str, Any], text: str) -> str:
    """Of a long body a digest of all its text: sorting out what is counted would take as long as reading it."""
    if len(text) <= LONGEST_SORTED:
        text = jsontext.dumps({name: value for name, value in body.items() if name in COUNTED_FIELDS})
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
