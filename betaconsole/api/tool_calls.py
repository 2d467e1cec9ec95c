"""Tool stubs and results as the JSON API takes them, with their numbers kept as they were written."""

import json
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from betaconsole.library.stubs import MAX_DELAY_MS, result_content
from betaconsole.runs.sending.turns import Result

from .problems import Problem

RESULTS_EXAMPLE = {"results": [{"tool_use_id": "toolu_01A09q90qw90lq917835lq9", "content": {"status": "delivered"}}]}
CONTENT = "Text, content blocks, or any other JSON, which is sent as its text."


class AskedStub(BaseModel):
    """What a tool says to a call: a result or an error."""

    model_config = ConfigDict(extra="forbid", strict=True)

    tool: str = Field(description="The tool's name.")
    match: Any = Field(None, description="The call's input must hold this: objects may have more members.")
    match_exactly: bool | None = Field(None, description="The input must be the match and nothing more.")
    result: Any = Field(None, description=CONTENT)
    error: str | None = Field(None, description="In place of result: sent as a result that is an error.")
    delay_ms: int | None = Field(None, ge=0, le=MAX_DELAY_MS, description="How long the tool takes.")


class AskedResult(BaseModel):
    """The answer to one tool call."""

    model_config = ConfigDict(extra="forbid", strict=True)

    tool_use_id: str
    content: Any = Field(description=CONTENT)
    is_error: bool = False


class NewResults(BaseModel):
    """The answers to what an exchange is waiting for."""

    model_config = ConfigDict(extra="forbid", strict=True)

    results: list[AskedResult] = Field(
        description="One for each call that no stub answers. Empty: go on without, after a restart or past max_turns."
    )
    save: bool = Field(
        False, description="Keep them as tool stubs of the comparison: other cells that wait for the same go on too."
    )
    over_budget: bool = Field(
        False,
        description="Pass the connection's budget, which an admin's token may; it is written down in the audit log.",
    )


def stubs_of(asked: Sequence[AskedStub]) -> list[dict[str, Any]]:
    """The stubs in their written form. Raises `Problem`; whether they make sense is library.stubs' to say."""
    return [_stub(stub, f"tool_stubs.{index}") for index, stub in enumerate(asked)]


def results_of(asked: NewResults) -> list[Result]:
    """The results as they are sent. Raises `Problem`."""
    return [
        Result(result.tool_use_id, _content(result.content, f"results.{index}.content"), result.is_error)
        for index, result in enumerate(asked.results)
    ]


def _stub(asked: AskedStub, place: str) -> dict[str, Any]:
    """One stub. What is null is left out, but for a result: that may be null itself."""
    given = {name: getattr(asked, name) for name in AskedStub.model_fields if name in asked.model_fields_set}
    stub = {name: value for name, value in given.items() if value is not None}
    if "result" in given and (given["result"] is not None or "error" not in stub):
        stub["result"] = _content(given["result"], f"{place}.result")
    if "match" in stub:
        _check_finite(stub["match"], f"{place}.match")
    return stub


def _content(value: Any, place: str) -> Any:
    """A result as it is kept: text and blocks as they are; other JSON as its text, so that numbers stay as written."""
    content = result_content(value)
    _check_finite(content, place)
    return content


def _check_finite(value: Any, place: str) -> None:
    try:
        json.dumps(value, allow_nan=False)
    except ValueError as error:
        raise Problem(422, "This holds a number that is too big.", field=place) from error
