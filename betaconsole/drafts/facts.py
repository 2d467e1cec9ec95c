"""What must be known about a body text between its edits: kept beside it, so that a tick reads a row and not megabytes."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from betaconsole.claude import jsontext

BETAS_IN_BODY = ("betas", "anthropic_beta")


def betas_inside_message(name: str) -> str:
    """Why betas in a body are not sent there."""
    return (
        f"`{name}` is not part of the body: betas go in the anthropic-beta header, per column. "
        "SDKs take them as an argument and cloud platforms in the body; here they are columns."
    )


@dataclass(frozen=True)
class Facts:
    """`problem` is empty for a JSON object; `line` and `column` (from 1) say where JSON does not parse, else 0.

    `betas_inside` are the fields of the body that should be a header (`betas`, `anthropic_beta`); `misfits` says for
    columns, by key, why their changes or own body cannot be used.
    """

    size_bytes: int = 0
    problem: str = ""
    line: int = 0
    column: int = 0
    model: str = ""
    betas_inside: tuple[str, ...] = ()
    misfits: dict[str, str] = field(default_factory=dict)

    @classmethod
    def load(cls, stored: Mapping[str, Any]) -> "Facts":
        """Facts from their stored form; fields of a newer version are ignored."""
        known = {known.name for known in fields(cls)}
        values = {name: value for name, value in stored.items() if name in known}
        return cls(**{**values, "betas_inside": tuple(values.get("betas_inside", ()))})

    def dump(self) -> dict[str, Any]:
        return {**asdict(self), "betas_inside": list(self.betas_inside)}


def facts_of(text: str) -> Facts:
    """The facts of a body text, whatever was typed."""
    size_bytes = len(text.encode("utf-8", "surrogatepass"))
    try:
        body = jsontext.loads(text)
    except jsontext.JsonError as error:
        return Facts(size_bytes=size_bytes, problem=error.message, line=error.line, column=error.column)
    if not isinstance(body, dict):
        return Facts(size_bytes=size_bytes, problem="A request body is a JSON object: { … }", line=1, column=1)
    model = body.get("model")
    return Facts(
        size_bytes=size_bytes,
        model=model[:200] if isinstance(model, str) else "",
        betas_inside=tuple(name for name in BETAS_IN_BODY if name in body),
    )
