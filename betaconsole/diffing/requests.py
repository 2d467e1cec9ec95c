"""What was really sent differently by two requests: address, version, betas, other headers, body. Pure.

Of a body that is JSON the difference is a patch that makes the right one of the left one, numbers as they were spelled.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Literal

from betaconsole.claude import jsontext
from betaconsole.claude.headers import parse_betas

from .headers import HeaderRow, header_diff
from .trees import Node, is_same, tree_diff
from .words import Budget, TextDiff, text_diff

# Of a body that is compared as JSON; larger ones are compared line by line.
MAX_JSON_BYTES = 4_000_000
MAX_JSON_VALUES = 40_000
MAX_OPERATIONS = 2_000  # of a JSON patch; what needs more is replaced as a whole
BodyKind = Literal["same", "spelling", "json", "text", "bytes"]
PatchKind = Literal["merge_patch", "json_patch"]
_VALUE = re.compile(r"[\[,:]\s*[-\d\[{\"]")  # about one for each value of a JSON text
BETAS, VERSION = "anthropic-beta", "anthropic-version"


@dataclass(frozen=True)
class Sent:
    """A request as it was sent: its headers in order, its body's exact bytes (empty: none)."""

    method: str
    url: str
    headers: Sequence[Sequence[str]]
    body: bytes

    def values(self, name: str) -> list[str]:
        """Every value of a header, in wire order; `name` in lower case."""
        return [value for there, value in self.headers if there.lower() == name]

    @property
    def betas(self) -> tuple[str, ...]:
        """The names in the order sent; the header may stand several times."""
        return parse_betas(",".join(self.values(BETAS)))


@dataclass(frozen=True)
class BetasDiff:
    """The names of both headers. `is_reordered`: the same names in another order."""

    same: tuple[str, ...]
    added: tuple[str, ...]
    removed: tuple[str, ...]
    is_reordered: bool


@dataclass(frozen=True)
class BodyDiff:
    """Two bodies. `spelling`: the same JSON written otherwise; `text`: no JSON, or too large for it; `bytes`: no text.

    Of `json`: `tree` and `patch`, a merge patch (RFC 7396) where one says it all, else a JSON patch (RFC 6902). `is_large`:
    it is JSON, but was compared line by line. `lines` are the words of `spelling` and `text`.
    """

    kind: BodyKind
    tree: Node | None = None
    patch_kind: PatchKind | None = None
    patch: Any = None
    lines: TextDiff | None = None
    is_large: bool = False


@dataclass(frozen=True)
class RequestDiff:
    """`method`, `url` and `version` are (left, right); `headers` are all others that differ or not, betas and version left out."""

    method: tuple[str, str]
    url: tuple[str, str]
    version: tuple[str, str]
    betas: BetasDiff
    headers: list[HeaderRow]
    body: BodyDiff

    @property
    def is_same(self) -> bool:
        pairs = (self.method, self.url, self.version)
        betas = self.betas.added or self.betas.removed or self.betas.is_reordered
        rows = all(row.kind == "same" for row in self.headers)
        return all(one == other for one, other in pairs) and not betas and rows and self.body.kind == "same"


def request_diff(left: Sent, right: Sent) -> RequestDiff:
    """What the right request did otherwise than the left one."""
    return RequestDiff(
        (left.method, right.method),
        (left.url, right.url),
        (", ".join(left.values(VERSION)), ", ".join(right.values(VERSION))),
        betas_diff(left.betas, right.betas),
        [row for row in header_diff(left.headers, right.headers) if row.name not in (BETAS, VERSION)],
        body_diff(left.body, right.body),
    )


def betas_diff(left: Sequence[str], right: Sequence[str]) -> BetasDiff:
    """Which betas the right side adds and leaves out, and whether those of both stand in another order."""
    same = tuple(name for name in right if name in left)
    added, removed = (tuple(name for name in one if name not in other) for one, other in ((right, left), (left, right)))
    return BetasDiff(same, added, removed, is_reordered=same != tuple(name for name in left if name in right))


def body_diff(left: bytes, right: bytes) -> BodyDiff:
    """What makes the right body of the left one."""
    if left == right:
        return BodyDiff("same")
    try:
        texts = left.decode(), right.decode()
    except UnicodeDecodeError:
        return BodyDiff("bytes")
    if any("\0" in text for text in texts):
        return BodyDiff("bytes")
    is_large = max(len(left), len(right)) > MAX_JSON_BYTES or any(
        len(_VALUE.findall(text)) > MAX_JSON_VALUES for text in texts
    )
    values = [] if is_large else [_value(text) for text in texts]
    if is_large or any(isinstance(value, _NotJson) for value in values):
        is_json = all(text[:1] in ("{", "[") for text in texts)
        return BodyDiff("text", lines=text_diff(*texts), is_large=is_large and is_json)
    return _json_diff(values[0], values[1], texts)


def patch_for(left: object, right: object) -> tuple[PatchKind, Any]:
    """The patch that makes `right` of `left`: a merge patch where it does, else a JSON patch that does."""
    try:
        merge = jsontext.make_merge_patch(left, right)
        if isinstance(merge, dict) and isinstance(right, dict) and is_same(jsontext.merge_patch(left, merge), right):
            return "merge_patch", merge
    except jsontext.PatchError:
        pass
    operations = list(islice(operations_of(tree_diff(left, right)), MAX_OPERATIONS + 1))
    if len(operations) > MAX_OPERATIONS:
        operations = [{"op": "replace", "path": "", "value": right}]
    return "json_patch", operations


def operations_of(node: Node, path: str = "") -> Iterator[dict[str, Any]]:
    """The operations of a JSON patch that make a tree's right side of its left one, in the order they are to be applied."""
    if node.kind == "same":
        return
    if not node.children:
        yield {"op": "replace", "path": path, "value": node.right}
        return
    place = 0  # in a list, as it stands once the operations so far are done
    for child in node.children:
        there = f"{path}/{place if isinstance(node.right, list) else _escaped(str(child.key))}"
        if child.kind == "removed":
            yield {"op": "remove", "path": there}
            continue
        if child.kind == "added":
            yield {"op": "add", "path": there, "value": child.right}
        else:
            yield from operations_of(child, there)
        place += 1


def _escaped(key: str) -> str:
    """A member's name in a JSON pointer (RFC 6901)."""
    return key.replace("~", "~0").replace("/", "~1")


class _NotJson:
    """What a text is that cannot be read."""


def _value(text: str) -> object:
    try:
        return jsontext.loads(text)
    except jsontext.JsonError:
        return _NotJson()


def _json_diff(left: object, right: object, texts: tuple[str, str]) -> BodyDiff:
    tree = tree_diff(left, right)
    if tree.is_same:
        return BodyDiff("spelling", lines=text_diff(*texts, budget=Budget()))
    kind, patch = patch_for(left, right)
    return BodyDiff("json", tree, kind, patch)
