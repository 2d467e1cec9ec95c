"""The content blocks of two sides, turn by turn, for the page."""

from dataclasses import dataclass

from betaconsole.diffing.blocks import BlockChange, BlockKind, MessageDiff, message_diff
from betaconsole.diffing.rows import Row, around_changes, rows_of
from betaconsole.diffing.trees import MISSING
from betaconsole.diffing.words import Budget
from betaconsole.runs.models import Exchange
from betaconsole.runs.stored import read_message
from betaconsole.storage.fields import showable

from .leaves import Tree, json_text, tree_view
from .sides import Sides, Told, TurnPair, told

MAX_BLOCKS = 200
MAX_ROWS = 400  # of one block's words
MAX_START = 160


@dataclass(frozen=True)
class BlockView:
    """One block of either side, or both. `left` and `right`: its places counted from 1; `start`: how it begins, for one that
    is folded away; `value`: its JSON where only one side has it and it says nothing in words."""

    kind: BlockKind
    label: str
    left: int | None
    right: int | None
    start: str
    rows: list[Row]
    input: Tree | None
    rest: Tree | None
    citations: Tree | None
    value: str
    is_cut: bool


@dataclass(frozen=True)
class FieldView:
    """One field beside the blocks, such as the stop reason."""

    name: str
    left: str
    right: str
    is_same: bool


@dataclass(frozen=True)
class StructureTurn:
    """One turn. `has_message`: whether either side answered with a message."""

    number: int
    left_told: Told | None
    right_told: Told | None
    fields: list[FieldView]
    blocks: list[BlockView]
    counts: dict[BlockKind, int]
    has_message: bool
    is_cut: bool


def structure(sides: Sides) -> list[StructureTurn]:
    """Every turn of both sides; the words of all share one budget."""
    budget = Budget()
    return [_turn(pair, budget) for pair in sides.turns]


def messages(pair: TurnPair, budget: Budget) -> MessageDiff:
    """What differs between the messages of a turn."""
    return message_diff(*(_message(side) for side in (pair.left, pair.right)), budget=budget)


def _message(exchange: Exchange | None) -> dict | None:
    return read_message(exchange.message) if exchange else None


def _turn(pair: TurnPair, budget: Budget) -> StructureTurn:
    diff = messages(pair, budget)
    kinds: tuple[BlockKind, ...] = ("same", "changed", "added", "removed")
    return StructureTurn(
        number=pair.number,
        left_told=told(pair.left),
        right_told=told(pair.right),
        fields=[
            FieldView(
                showable(str(node.key)), json_text(_there(node.left)), json_text(_there(node.right)), node.is_same
            )
            for node in diff.fields
        ],
        blocks=[_block(change, budget) for change in diff.blocks[:MAX_BLOCKS]],
        counts={kind: diff.count(kind) for kind in kinds},
        has_message=any(_message(side) for side in (pair.left, pair.right)),
        is_cut=len(diff.blocks) > MAX_BLOCKS,
    )


def _there(value: object) -> object:
    return MISSING if value is None else value


def _block(change: BlockChange, budget: Budget) -> BlockView:
    says_the_same = change.words is None or (change.words.is_same and not change.is_same)
    rows = [] if says_the_same or change.words is None else rows_of(change.words.pieces)
    shown = rows if change.is_same else around_changes(rows)
    is_whole = change.kind in ("added", "removed") or change.is_same
    nodes = [] if not is_whole else [node for node in (change.input, change.rest) if node is not None]
    values = [json_text(node.left if node.right is MISSING else node.right) for node in nodes]
    said = "".join(piece.text for piece in change.words.pieces[:3]) if change.words else " ".join(values)
    return BlockView(
        kind=change.kind,
        label=showable(change.label),
        left=None if change.left_at is None else change.left_at + 1,
        right=None if change.right_at is None else change.right_at + 1,
        start=showable(" ".join(said[: 2 * MAX_START].split())[:MAX_START]),
        rows=shown[:MAX_ROWS],
        input=None if is_whole else tree_view(change.input, budget),
        rest=None if is_whole else tree_view(change.rest, budget),
        citations=tree_view(change.citations, budget),
        value="\n".join(values),
        is_cut=len(shown) > MAX_ROWS,
    )
