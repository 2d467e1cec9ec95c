"""What differs between two exchanges, as programs read it."""

from collections.abc import Iterable
from typing import Annotated, Any, Literal, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from betaconsole.compare.answered import usage_of
from betaconsole.compare.recorded import recorded_of
from betaconsole.compare.sides import said, sent
from betaconsole.diffing import trees
from betaconsole.diffing.blocks import BlockChange, message_diff
from betaconsole.diffing.headers import HeaderRow, header_diff
from betaconsole.diffing.requests import BodyDiff, RequestDiff, request_diff
from betaconsole.diffing.timing import timing_of
from betaconsole.diffing.turning_on import turning_on
from betaconsole.diffing.usage import UsageRow
from betaconsole.diffing.words import ADDED, REMOVED, SAME, Budget, TextDiff, text_diff
from betaconsole.runs.models import Exchange
from betaconsole.runs.pages.exchange_page import snippet_request
from betaconsole.runs.stored import read_message

MAX_CHANGES = 2_000
OPERATIONS = {SAME: "equal", ADDED: "insert", REMOVED: "delete"}
Kind = Literal["same", "added", "removed", "changed"]
Sided = Annotated[list[str], Field(description="[left, right]", min_length=2, max_length=2)]


class WordsAnswer(TypedDict):
    op: Literal["equal", "insert", "delete"]
    left: Annotated[str, Field(description="All of these together are the left text.")]
    right: Annotated[str, Field(description="All of these together are the right text.")]


class ChangeAnswer(TypedDict):
    path: Annotated[str, Field(description="Such as order.lines[0].sku; empty: the whole value.")]
    kind: Kind
    left: NotRequired[Annotated[Any, Field(description="Left out where there is nothing on the left.")]]
    right: NotRequired[Annotated[Any, Field(description="Left out where there is nothing on the right.")]]


class BlockAnswer(TypedDict):
    kind: Kind
    type: Annotated[
        str,
        Field(
            description="The block's type; message_field: what the message says beside its blocks, such as stop_reason."
        ),
    ]
    label: str
    left: Annotated[int | None, Field(description="Its place on the left, from 0; null where it has none.")]
    right: Annotated[int | None, Field(description="Its place on the right.")]
    words: Annotated[
        list[WordsAnswer], Field(description="What a text differs in; empty where the block says nothing.")
    ]
    changes: Annotated[list[ChangeAnswer], Field(description="Where its input, citations and other fields differ.")]


class UsageAnswer(TypedDict):
    field: Annotated[str, Field(description="Such as cache_creation.ephemeral_5m_input_tokens; cost_usd comes last.")]
    left: Any
    right: Any
    difference: Annotated[float | None, Field(description="Right minus left, of numbers.")]


class HeaderAnswer(TypedDict):
    name: Annotated[str, Field(description="In lower case.")]
    kind: Kind
    left: list[str]
    right: list[str]


class BetasAnswer(TypedDict):
    added: list[str]
    removed: list[str]
    same: list[str]
    reordered: bool


class BodyAnswer(TypedDict):
    kind: Annotated[
        Literal["same", "spelling", "json", "text", "bytes"],
        Field(
            description="spelling: the same JSON written otherwise; text: no JSON, or too large to be compared as such."
        ),
    ]
    patch_kind: Annotated[
        Literal["merge_patch", "json_patch"] | None,
        Field(description="RFC 7396 where a merge patch says it all, else RFC 6902; null where there is none."),
    ]
    patch: Annotated[Any, Field(description="Makes the right body of the left one.")]
    changes: list[ChangeAnswer]


class RequestDiffAnswer(TypedDict):
    same: Annotated[bool, Field(description="Whether the same was sent, byte for byte.")]
    method: Sided
    url: Sided
    version: Sided
    betas: BetasAnswer
    headers: Annotated[list[HeaderAnswer], Field(description="All others that differ.")]
    body: BodyAnswer
    code: Annotated[
        dict[str, list[WordsAnswer]],
        Field(description="What turns it on in curl, python and typescript; empty where a body is too large for code."),
    ]


class TimingsAnswer(TypedDict):
    left: Annotated[dict[str, Any], Field(description="The moments of its stream in milliseconds.")]
    right: dict[str, Any]


class DiffAnswer(TypedDict):
    words: Annotated[
        list[WordsAnswer],
        Field(description="Lines too many to be compared word by word stand as one delete and one insert."),
    ]
    blocks: list[BlockAnswer]
    usage: list[UsageAnswer]
    headers: list[HeaderAnswer]
    request: RequestDiffAnswer
    timing: TimingsAnswer
    level: Annotated[
        Literal["words", "lines"],
        Field(description="lines: some lines that differ were too many to be compared word by word."),
    ]


def diff_answer(left: Exchange, right: Exchange, *, ignore_space: bool, ignore_case: bool) -> DiffAnswer:
    """What leads from the left exchange to the right one. Both were loaded with their bodies."""
    words = text_diff(said(left), said(right), ignore_space=ignore_space, ignore_case=ignore_case)
    return {
        "words": _words(words),
        "blocks": _blocks(left, right),
        "usage": [_usage(row) for row in usage_of(left, right)],
        "headers": _headers(header_diff(left.response_headers, right.response_headers)),
        "request": _request(request_diff(sent(left), sent(right)), left, right),
        "timing": {"left": timing_of([recorded_of(left)]).dump(), "right": timing_of([recorded_of(right)]).dump()},
        "level": words.level,
    }


def _words(diff: TextDiff | None) -> list[WordsAnswer]:
    pieces = diff.pieces if diff else ()
    return [{"op": OPERATIONS[piece.kind], "left": piece.left, "right": piece.right} for piece in pieces]  # type: ignore[typeddict-item]


def _blocks(left: Exchange, right: Exchange) -> list[BlockAnswer]:
    diff = message_diff(read_message(left.message), read_message(right.message), budget=Budget())
    fields: list[BlockAnswer] = [
        {
            "kind": node.kind,
            "type": "message_field",
            "label": str(node.key),
            "left": None,
            "right": None,
            "words": [],
            "changes": _changes([node]),
        }
        for node in diff.fields
    ]
    return [*(_block(change) for change in diff.blocks), *fields]


def _block(change: BlockChange) -> BlockAnswer:
    nodes = [node for node in (change.input, change.citations, change.rest) if node is not None]
    return {
        "kind": change.kind,
        "type": change.type,
        "label": change.label,
        "left": change.left_at,
        "right": change.right_at,
        "words": _words(change.words),
        "changes": _changes(nodes),
    }


def _changes(nodes: Iterable[trees.Node]) -> list[ChangeAnswer]:
    found = [_change(path, leaf) for node in nodes for path, leaf in trees.leaves(node)]
    return found[:MAX_CHANGES]


def _change(path: str, leaf: trees.Node) -> ChangeAnswer:
    sides = {"left": leaf.left, "right": leaf.right}
    there = {side: value for side, value in sides.items() if value is not trees.MISSING}
    return {"path": path, "kind": leaf.kind, **there}  # type: ignore[typeddict-item]


def _usage(row: UsageRow) -> UsageAnswer:
    left, right = (None if value is trees.MISSING else _number(value) for value in (row.left, row.right))
    return {"field": row.path, "left": left, "right": right, "difference": _number(row.difference)}


def _number(value: Any) -> Any:
    """A cost as a number, as everywhere in the API."""
    return value if value is None or isinstance(value, str | int | float | list | dict) else float(value)


def _headers(rows: Iterable[HeaderRow]) -> list[HeaderAnswer]:
    return [{"name": row.name, "kind": row.kind, "left": list(row.left), "right": list(row.right)} for row in rows]


def _request(diff: RequestDiff, left: Exchange, right: Exchange) -> RequestDiffAnswer:
    code = turning_on(snippet_request(left), snippet_request(right))
    betas = diff.betas
    return {
        "same": diff.is_same,
        "method": list(diff.method),
        "url": list(diff.url),
        "version": list(diff.version),
        "betas": {
            "added": list(betas.added),
            "removed": list(betas.removed),
            "same": list(betas.same),
            "reordered": betas.is_reordered,
        },
        "headers": _headers(row for row in diff.headers if row.kind != "same"),
        "body": _body(diff.body),
        "code": {change.slug: _words(change.diff) for change in code},
    }


def _body(diff: BodyDiff) -> BodyAnswer:
    changes = _changes([diff.tree] if diff.tree else [])
    return {"kind": diff.kind, "patch_kind": diff.patch_kind, "patch": diff.patch, "changes": changes}
