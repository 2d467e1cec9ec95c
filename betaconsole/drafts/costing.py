"""What a run of a draft costs at most, column by column. It is shown with every edit, so nothing here reads a body."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from decimal import ROUND_UP, Decimal
from functools import lru_cache
from math import ceil

from betaconsole.catalogue.checks.estimate import CHARACTERS_A_TOKEN, Terms, estimated_tokens, most_cost, terms_of
from betaconsole.catalogue.pricing import Cost
from betaconsole.web.templatetags.figures import DASH, count

from .before_run import outlines_of, shaped
from .columns import Column, letter
from .facts import Facts
from .models import Draft, Engine
from .token_counts import ColumnCount, Way, counts_of, way_of

NOT_READ = "What it costs shows once its body can be read."
RECORDED = "What recorded requests cost shows once their tokens are counted."


def bound(value: Decimal | None) -> str:
    """Dollars that are not passed: rounded up, two digits of a small sum and cents of a larger one: `$0.064`, `$1.24`."""
    if value is None:
        return DASH
    places = min(max(1 - value.adjusted(), 2), 4) if value else 2
    return f"${value.quantize(Decimal(1).scaleb(-places), ROUND_UP):,.{places}f}"


@dataclass(frozen=True)
class ColumnCost:
    """One column: the input tokens of its cases, once each, and at most what all of its cells cost.

    `held` is the count that the tokens are from, where they were counted and that still holds.
    """

    letter: str
    input_tokens: int | None
    most: Cost
    held: ColumnCount | None = None

    @property
    def is_counted(self) -> bool:
        return self.held is not None and self.held.is_counted and self.held.input_tokens is not None

    @property
    def tokens_text(self) -> str:
        """`1,204` as counted, `1,204*` as counted without some beta, `≈ 1,150` as estimated."""
        if self.input_tokens is None:
            return DASH
        if not self.is_counted:
            return f"≈ {count(self.input_tokens)}"
        return f"{count(self.input_tokens)}{'*' if self.held and self.held.without else ''}"

    @property
    def cost_text(self) -> str:
        return bound(self.most.usd)


@dataclass(frozen=True)
class Said:
    """A sentence about some columns; `letters` is empty where it is true of all of several."""

    letters: str
    sentence: str


@dataclass(frozen=True)
class Costs:
    """All columns of a draft. `is_stale`: some were counted before an edit, and are estimated again. `turns`: how many each
    cell may take, all of which are in the costs."""

    columns: list[ColumnCost] = field(default_factory=list)
    is_stale: bool = False
    turns: int = 1

    @property
    def is_counted(self) -> bool:
        return all(column.is_counted for column in self.columns)

    @property
    def how(self) -> str:
        """Where the numbers are from that the API did not count; empty where it counted all of them."""
        is_estimated = any(column.input_tokens is not None and not column.is_counted for column in self.columns)
        said = ["edited since they were counted"] if self.is_stale else []
        return "; ".join([*said, *([f"≈ at {CHARACTERS_A_TOKEN} characters a token"] if is_estimated else [])])

    @property
    def most_usd(self) -> Decimal | None:
        """The sum, None where a part is missing."""
        known = [column.most.usd for column in self.columns if column.most.usd is not None]
        return sum(known, Decimal(0)) if len(known) == len(self.columns) else None

    @property
    def in_short(self) -> str:
        """`at most $0.42`, with `about` where input was estimated, and with what it holds or leaves out."""
        known = [column.most.usd for column in self.columns if column.most.usd is not None]
        if not known:
            return "cost not known"
        unknown = [column.letter for column in self.columns if column.most.usd is None]
        held = f" for {self.turns} turns each" if self.turns > 1 else ""
        left_out = f" without {', '.join(unknown)}, whose cost is not known" if unknown else ""
        return f"at most {'' if self.is_counted else 'about '}{bound(sum(known, Decimal(0)))}{held}{left_out}"

    @property
    def said(self) -> list[Said]:
        """Why a number is missing, or what a count leaves out, each once."""
        found: dict[str, list[str]] = {}
        for column in self.columns:
            for sentence in filter(None, _sentences(column)):
                found.setdefault(sentence, []).append(column.letter)
        everywhere = len(self.columns)
        return [
            Said("" if len(letters) == everywhere else ", ".join(letters), sentence)
            for sentence, letters in found.items()
        ]


def costs_of(draft: Draft, columns: Sequence[Column], facts: Facts) -> Costs:
    """What the draft's columns cost as they stand: from counts that still hold, else from an estimate of their outlines."""
    way = way_of(draft)
    counts = counts_of(draft, columns, facts, way)
    outlines = {} if draft.recorded else outlines_of(draft, columns, facts)
    found = []
    for position, column in enumerate(columns):
        held = counts.by_key.get(column.key)
        if draft.recorded:
            tokens, most = _recorded(draft, held)
        else:
            tokens, most = _composed(draft, column, outline=outlines.get(column.own_body, ""), held=held, way=way)
        found.append(ColumnCost(letter(position), tokens, most, held))
    return Costs(found, is_stale=counts.is_stale, turns=way.turns)


def _recorded(draft: Draft, held: ColumnCount | None) -> tuple[int | None, Cost]:
    """Input tokens and cost of a column whose bodies no edit reads: what the count found."""
    if held is None or not (held.most_usd or held.why_unknown):
        return None, Cost(None, RECORDED)
    most = Cost(Decimal(held.most_usd) * draft.repeats) if held.most_usd else Cost(None, held.why_unknown)
    return held.input_tokens, most


def _composed(
    draft: Draft, column: Column, *, outline: str, held: ColumnCount | None, way: Way
) -> tuple[int | None, Cost]:
    """Input tokens and cost of a column of the draft's own body; its cases are taken to be as long as each other."""
    counted = held.input_tokens if held else None
    basis = _basis(outline, _bare(column))
    if basis is None:
        return counted, Cost(None, NOT_READ)
    terms, estimated = basis
    cases, values = (draft.value_set.count or 1, draft.value_set.size_bytes) if draft.value_set else (1, 0)
    tokens = estimated * cases + round(values / CHARACTERS_A_TOKEN) if counted is None else counted
    most = most_cost(
        terms,
        ceil(tokens / cases),
        is_batch=draft.engine == Engine.BATCH,
        turns=way.turns,
        result_tokens=round(way.result_characters / CHARACTERS_A_TOKEN),
    )
    return tokens, most if most.usd is None else Cost(most.usd * draft.repeats * cases)


@lru_cache(maxsize=128)
def _basis(outline: str, column: Column) -> tuple[Terms, int] | None:
    """What decides the price of a column's body, and its tokens as estimated; None where the body is not known."""
    body = shaped(column, outline, model=column.model)
    return (terms_of(body), estimated_tokens(body)) if isinstance(body, dict) else None


def _bare(column: Column) -> Column:
    """The column without what makes no difference to its body, so that ticks find what was worked out before."""
    betas = tuple(beta for beta in column.examples if beta in column.betas)
    return replace(column, key="", name="", betas=betas, version="", baseline="", headers=())


def _sentences(column: ColumnCost) -> list[str]:
    held = column.held or ColumnCount()
    without = f"count_tokens refuses {', '.join(held.without)}: * is counted without." if held.without else ""
    return [held.problem, without, column.most.why_unknown]
