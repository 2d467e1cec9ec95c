"""What two sides really sent, turn by turn, for the page: headers, body, and the code that turns it on."""

from dataclasses import dataclass

from betaconsole.claude import jsontext
from betaconsole.diffing.requests import RequestDiff, request_diff
from betaconsole.diffing.rows import Row, around_changes, rows_of
from betaconsole.diffing.turning_on import turning_on
from betaconsole.diffing.words import Budget
from betaconsole.runs.models import Exchange
from betaconsole.runs.pages.exchange_page import snippet_request
from betaconsole.runs.sending.exchange_facts import sent_betas
from betaconsole.storage.fields import showable

from .leaves import Tree, tree_view
from .sides import Sides, TurnPair, sent

MAX_ROWS = 400
MAX_PATCH = 100_000


@dataclass(frozen=True)
class CodeView:
    """The change of the code in one language."""

    slug: str
    label: str
    rows: list[Row]


@dataclass(frozen=True)
class AskedTurn:
    """One turn. `diff` is None where only one side sent it; `patch` the body's as JSON; `lines` where the body is compared as
    text; `code` nothing but for the first turn, where all of what is turned on stands."""

    number: int
    left: Exchange | None
    right: Exchange | None
    diff: RequestDiff | None
    tree: Tree | None
    patch: str
    lines: list[Row]
    code: list[CodeView]
    is_cut: bool

    @property
    def left_betas(self) -> tuple[str, ...]:
        return sent_betas(self.left) if self.left else ()

    @property
    def right_betas(self) -> tuple[str, ...]:
        return sent_betas(self.right) if self.right else ()

    @property
    def pairs(self) -> list[tuple[str, tuple[str, str]]]:
        """What every request has, of both."""
        if self.diff is None:
            return []
        return [("anthropic-version", self.diff.version), ("method", self.diff.method), ("address", self.diff.url)]


def asked(sides: Sides) -> list[AskedTurn]:
    """Every turn of both sides."""
    return [_turn(pair, Budget()) for pair in sides.turns]


def _turn(pair: TurnPair, budget: Budget) -> AskedTurn:
    if pair.left is None or pair.right is None:
        return AskedTurn(pair.number, pair.left, pair.right, None, None, "", [], [], is_cut=False)
    diff = request_diff(sent(pair.left), sent(pair.right))
    lines = around_changes(rows_of(diff.body.lines.pieces)) if diff.body.lines else []
    patch = showable(jsontext.dumps(diff.body.patch, indent=2)) if diff.body.patch_kind else ""
    return AskedTurn(
        pair.number,
        pair.left,
        pair.right,
        diff,
        tree_view(diff.body.tree, budget),
        patch[:MAX_PATCH],
        lines[:MAX_ROWS],
        _code(pair.left, pair.right) if pair.number == 1 else [],
        is_cut=len(lines) > MAX_ROWS or len(patch) > MAX_PATCH,
    )


def _code(left: Exchange, right: Exchange) -> list[CodeView]:
    """The lines that change; nothing in a language where none does."""
    changes = turning_on(snippet_request(left), snippet_request(right))
    return [
        CodeView(change.slug, change.label, around_changes(rows_of(change.diff.pieces))[:MAX_ROWS])
        for change in changes
        if not change.diff.is_same
    ]
