"""What changed between the messages of two answers: their content blocks, and what they say beside them. Pure.

Blocks are aligned by type, by the name of their tool and by position. What every answer draws anew, ids and signatures,
makes no difference.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from rapidfuzz.distance import Indel

from betaconsole.claude.blocks import Block, block_at, shown, text_in

from .trees import MISSING, Node, canonical, tree_diff
from .words import Budget, TextDiff, aligned, text_diff

BlockKind = Literal["same", "added", "removed", "changed"]
# Drawn anew for every answer, by the field of a block that holds them.
DRAWN = frozenset(
    {"id", "tool_use_id", "signature", "encrypted_content", "encrypted_index", "encrypted_stdout", "container_id"}
)
# What the page of a message shows elsewhere, or is drawn anew.
ELSEWHERE = frozenset({"id", "type", "role", "content", "usage"})
CALLS = frozenset({"tool_use", "server_tool_use", "mcp_tool_use"})
MAX_WEIGHED = 150 * 150  # pairs of blocks that are weighed; more of them are aligned by their names alone
WEIGHED_CHARACTERS = 300


@dataclass(frozen=True)
class BlockChange:
    """One block of either side, or of both. `label` says what it is; `left_at` and `right_at` are its places, from 0.

    `words` compares what it says, None where it says nothing in words; `input` what a tool was called with, `rest` all other
    fields (of a type that nobody knows, all of it), `citations` what it points to; each None where neither side has it.
    """

    kind: BlockKind
    type: str
    label: str
    left_at: int | None
    right_at: int | None
    words: TextDiff | None
    input: Node | None
    rest: Node | None
    citations: Node | None

    @property
    def is_same(self) -> bool:
        return self.kind == "same"


@dataclass(frozen=True)
class MessageDiff:
    """Two messages: their blocks in order, and the fields beside them (stop reason, model, what betas add)."""

    blocks: tuple[BlockChange, ...]
    fields: tuple[Node, ...]

    def count(self, kind: BlockKind) -> int:
        """How many blocks changed in this way."""
        return sum(block.kind == kind for block in self.blocks)


@dataclass(frozen=True)
class _Part:
    """A block of one side, ready to be compared: `name` is what it is aligned by, `said` what it says."""

    at: int
    fields: Any
    block: Block
    name: str
    said: str
    input: Any
    rest: Any
    citations: Any
    sameness: str

    @classmethod
    def of(cls, at: int, fields: Any, tools: Mapping[str, str]) -> "_Part":
        block = block_at(at, fields)
        is_call = block.type in CALLS and block.known
        given = fields.get("input", MISSING) if is_call else MISSING
        cited = fields.get("citations") if block.known else None
        said = _said(block, fields)
        left_out = (
            DRAWN | ({"citations"} if cited else set()) | ({"input", "name", "server_name"} if is_call else set())
        )
        left_out |= {"data"} if block.type == "redacted_thinking" else set()
        rest = _rest(fields, left_out | _words_of(block)) if isinstance(fields, dict) else {"value": fields}
        cited = [_lasting(one) for one in cited] if isinstance(cited, list) and cited else MISSING
        name = f"{block.type} {_tool(fields, tools)}" if isinstance(fields, dict) else "?"
        sameness = canonical([name, said, _given(given), rest, _given(cited)])
        return cls(at, fields, block, name, said, given, rest or MISSING, cited, sameness)


def message_diff(
    left: Mapping[str, Any] | None, right: Mapping[str, Any] | None, *, budget: Budget | None = None
) -> MessageDiff:
    """Two messages as the API gives them; None where there is none. `budget` as for words."""
    budget = budget or Budget()
    one, other = _parts(left), _parts(right)
    blocks = tuple(_change(a, b, budget) for a, b in _paired(one, other))
    beside = [{name: value for name, value in (side or {}).items() if name not in ELSEWHERE} for side in (left, right)]
    return MessageDiff(blocks, _fields(*beside))


def _fields(left: dict[str, Any], right: dict[str, Any]) -> tuple[Node, ...]:
    """What both say beside their blocks, the stop reason first; nothing that neither of them says."""
    names = list(dict.fromkeys(["stop_reason", "stop_sequence", "model", *left, *right]))
    nodes = []
    for name in names:
        one, other = left.get(name), right.get(name)
        if one is not None or other is not None:
            found = tree_diff(one, other)
            nodes.append(Node(found.kind, name, one, other, found.children))
    return tuple(nodes)


def _parts(message: Mapping[str, Any] | None) -> list[_Part]:
    content = message.get("content") if message else None
    blocks = content if isinstance(content, list) else []
    tools = {text_in(one, "id"): text_in(one, "name") for one in blocks if isinstance(one, dict)}
    return [_Part.of(at, fields, tools) for at, fields in enumerate(blocks)]


def _tool(fields: Mapping[str, Any], tools: Mapping[str, str]) -> str:
    """The tool that a block calls, or answers."""
    return " ".join(
        [text_in(fields, "server_name"), text_in(fields, "name") or tools.get(text_in(fields, "tool_use_id"), "")]
    )


def _words_of(block: Block) -> set[str]:
    """The fields whose words are compared word by word."""
    if not block.known:
        return {"type"}
    names = {"text": "text", "thinking": "thinking", "compaction": "content"}
    return {"type", *([names[block.type]] if block.type in names else [])}


def _said(block: Block, fields: Any) -> str:
    return block.text if block.known and block.type in ("text", "thinking", "compaction") else ""


def _rest(fields: Mapping[str, Any], left_out: frozenset[str] | set[str]) -> dict[str, Any]:
    """The other fields that hold something, without what is drawn anew."""
    return {
        name: _lasting(value) for name, value in fields.items() if name not in left_out and value not in (None, [], "")
    }


def _lasting(value: Any, depth: int = 0) -> Any:
    """The value without what is drawn anew for every answer, as far down as results go."""
    if depth > 8:
        return value
    if isinstance(value, dict):
        return {name: _lasting(inner, depth + 1) for name, inner in value.items() if name not in DRAWN}
    if isinstance(value, list):
        return [_lasting(inner, depth + 1) for inner in value]
    return value


def _given(value: Any) -> Any:
    return [] if value is MISSING else [value]


def _paired(one: Sequence[_Part], other: Sequence[_Part]) -> Iterator[tuple[_Part | None, _Part | None]]:
    """The blocks of both sides in order, side by side where they are the same kind of thing."""
    a = b = 0
    for left, right in [*_matches(one, other), (len(one), len(other))]:
        yield from ((part, None) for part in one[a:left])
        yield from ((None, part) for part in other[b:right])
        if left < len(one):
            yield one[left], other[right]
        a, b = left + 1, right + 1


def _matches(one: Sequence[_Part], other: Sequence[_Part]) -> list[tuple[int, int]]:
    """Which blocks belong together, rising on both sides: as many as can, and of those the most alike."""
    if len(one) * len(other) > MAX_WEIGHED:
        codes = aligned([part.name for part in one], [part.name for part in other])
        return [(a + step, c + step) for is_equal, a, b, c, _ in codes if is_equal for step in range(b - a)]
    best = [[0.0] * (len(other) + 1) for _ in range(len(one) + 1)]
    weights = [[_alike(left, right) for right in other] for left in one]
    for a in range(len(one) - 1, -1, -1):
        for b in range(len(other) - 1, -1, -1):
            paired = best[a + 1][b + 1] + weights[a][b] if weights[a][b] else 0.0
            best[a][b] = max(paired, best[a + 1][b], best[a][b + 1])
    found, a, b = [], 0, 0
    while a < len(one) and b < len(other):
        if weights[a][b] and best[a][b] == best[a + 1][b + 1] + weights[a][b]:
            found.append((a, b))
            a, b = a + 1, b + 1
        elif best[a][b] == best[a + 1][b]:
            a += 1
        else:
            b += 1
    return found


def _alike(one: _Part, other: _Part) -> float:
    """0 for two kinds of things; else 1 and how alike they are, a share."""
    if one.name != other.name:
        return 0.0
    if one.sameness == other.sameness:
        return 2.0
    return 1.0 + Indel.normalized_similarity(one.sameness[:WEIGHED_CHARACTERS], other.sameness[:WEIGHED_CHARACTERS])


def _change(left: _Part | None, right: _Part | None, budget: Budget) -> BlockChange:
    there = right or left
    assert there is not None
    kind: BlockKind = "added" if left is None else "removed" if right is None else "changed"
    if left and right and left.sameness == right.sameness:
        kind = "same"
    said = left.said if left else "", right.said if right else ""
    return BlockChange(
        kind,
        shown(there.block.type),
        there.block.label,
        left.at if left else None,
        right.at if right else None,
        words=text_diff(*said, budget=budget) if any(said) else None,
        input=_tree("input", left, right),
        rest=_tree("rest", left, right),
        citations=_tree("citations", left, right),
    )


def _tree(name: str, left: _Part | None, right: _Part | None) -> Node | None:
    one, other = (getattr(part, name) if part else MISSING for part in (left, right))
    return None if one is MISSING and other is MISSING else tree_diff(one, other)
