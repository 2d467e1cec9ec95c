"""Exchanges from anywhere as columns beside each other, as they were answered: nothing is sent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from betaconsole.drafts.columns import letter
from betaconsole.runs.models import Exchange
from betaconsole.runs.pages.block_views import BlockView, final_views
from betaconsole.runs.pages.figures import Cell, Figure, figures_of, kinds_for
from betaconsole.runs.pages.header_line import HeaderPart, header_parts
from betaconsole.runs.pages.other_answers import Start, answer_views, starts_of
from betaconsole.runs.pages.wording import ErrorView, Pill, error_of, pill
from betaconsole.runs.stored import read_message

from .within import place_of

MOST = 8  # beside each other; a page with more of them is too heavy to be read


@dataclass(frozen=True)
class Side:
    """One exchange as a column. `place`: where it comes from (`B × 2, Ann`), `differs_in` what it was asked with that the
    first was not. Figures are compared with the first column's; `without` is the query of the page that leaves it out, empty
    where two are left."""

    letter: str
    exchange: Exchange
    place: str
    pill: Pill
    header: Sequence[HeaderPart]
    left_out: Sequence[str]  # betas of the first that it did not send
    differs_in: Sequence[str]
    error: ErrorView | None
    blocks: Sequence[BlockView]
    figures: Sequence[Figure]
    without: str


def side_by_side(exchanges: Sequence[Exchange]) -> list[Side]:
    """The columns in this order, the first as what the others are compared with. One query, for answers of other endpoints
    than Messages."""
    starts = starts_of([one.pk for one in exchanges if one.is_final and not one.answers_message])
    return [_side(index, exchanges, starts) for index in range(len(exchanges))]


def _side(index: int, exchanges: Sequence[Exchange], starts: Mapping[int, Start]) -> Side:
    exchange, first = exchanges[index], exchanges[0]
    betas, base = exchange.variant.betas, first.variant.betas
    others = [one.public_id for one in exchanges if one.pk != exchange.pk]
    place = place_of(exchange, has_repeats=exchange.comparison.repeats > 1)
    return Side(
        letter=letter(index),
        exchange=exchange,
        place=f"{exchange.variant.letter} {place}".strip(),
        pill=pill(exchange, done=1, total=1),
        header=header_parts(betas, baseline=base if index else None, refused=exchange.refused_betas or ()),
        left_out=[beta for beta in base if beta not in betas],
        differs_in=_differences(exchange, first) if index else [],
        error=error_of(exchange),
        blocks=_blocks(exchange, starts.get(exchange.pk)),
        figures=figures_of(
            Cell([exchange]), Cell([first]), is_baseline=not index, chosen=kinds_for(first.comparison, exchanges)
        ),
        without="&".join(f"exchange={one}" for one in others) if len(others) > 1 else "",
    )


def _differences(exchange: Exchange, first: Exchange) -> list[str]:
    """What it was asked with that the first was not, in words; betas are said apart."""
    said = []
    if exchange.model != first.model:
        said.append(exchange.model or "no model")
    if exchange.variant.anthropic_version != first.variant.anthropic_version:
        said.append(f"version {exchange.variant.anthropic_version}")
    if exchange.request_body_id != first.request_body_id:
        said.append("another body")
    return said


def _blocks(exchange: Exchange, start: Start | None) -> list[BlockView]:
    if not exchange.answers_message:
        return answer_views(start, exchange.public_id) if start else []
    return final_views(read_message(exchange.message), exchange.public_id) if exchange.is_final else []
