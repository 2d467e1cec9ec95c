"""Exchanges from anywhere, opened as the columns of a new draft: each with the very request it sent."""

from collections.abc import Sequence

from betaconsole.claude import jsontext
from betaconsole.drafts import starting
from betaconsole.drafts.columns import MAX_COLUMNS, Column, new_key
from betaconsole.drafts.models import Draft
from betaconsole.runs.launching.from_exchange import without_nonce
from betaconsole.runs.models import Exchange
from betaconsole.teams.models import User


class CannotCompareError(Exception):
    """Why these exchanges are no columns of one draft, as a sentence."""


def draft_of(exchanges: Sequence[Exchange], author: User) -> Draft:
    """A draft with one column per exchange, in this order; the first one's request is the body, others that differ keep theirs.

    Raises `CannotCompareError`. Bodies, cases of which were filled in, stand as they were sent.
    """
    if not 2 <= len(exchanges) <= MAX_COLUMNS:
        raise CannotCompareError(f"Choose 2 to {MAX_COLUMNS} exchanges.")
    first = exchanges[0].comparison
    if any(one.comparison.endpoint != first.endpoint for one in exchanges):
        raise CannotCompareError("These exchanges went to different endpoints: their answers have nothing to compare.")
    bodies = [_body_text(one) for one in exchanges]
    columns = [_column(one, version=first.anthropic_version) for one in exchanges]
    own = {column.key: text for column, text in zip(columns, bodies, strict=True) if text != bodies[0]}
    return starting.from_comparison_parts(
        first.team,
        author,
        body_text=bodies[0],
        columns=columns,
        own_bodies=own,
        version=first.anthropic_version,
        repeats=1,
        connection=first.connection,
        title=_title(exchanges),
        endpoint=first.endpoint,
        tool_stubs=first.tool_stubs,
    )


def _title(exchanges: Sequence[Exchange]) -> str:
    numbers = list(dict.fromkeys(f"#{one.comparison.number}" for one in exchanges))
    return f"From {', '.join(numbers[:6])}{' …' if len(numbers) > 6 else ''}"


def _column(exchange: Exchange, *, version: str) -> Column:
    variant = exchange.variant
    return Column(
        key=new_key(),
        name=f"{variant.label} (#{exchange.comparison.number} {variant.letter})"[:200],
        betas=tuple(variant.betas),
        version="" if variant.anthropic_version == version else variant.anthropic_version,
        headers=tuple((name, value) for name, value in variant.headers),
    )


def _body_text(exchange: Exchange) -> str:
    try:
        body = jsontext.loads(bytes(exchange.request_body.data).decode()) if exchange.request_body else None
    except (jsontext.JsonError, UnicodeDecodeError):
        body = None
    if not isinstance(body, dict):
        raise CannotCompareError("One of these sent no JSON that the composer could open.")
    return jsontext.dumps(without_nonce(body, exchange.variant.cache_nonce), indent=2)
