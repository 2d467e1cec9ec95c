"""A comparison as people outside the team read it: nothing but what the link was made to show."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.utils.safestring import SafeString

from betaconsole.runs.models import Comparison, Exchange, Variant
from betaconsole.runs.summaries import Summary
from betaconsole.storage.fields import showable
from betaconsole.web.markdown import render
from betaconsole.web.redaction import redact

from .models import PublicLink

MOST_LETTERS = 200_000  # of the request
SECRET_HEADERS = frozenset({"x-api-key", "authorization", "proxy-authorization", "cookie", "set-cookie"})
Header = tuple[str, str]


@dataclass(frozen=True)
class PublicColumn:
    """One column: its answer in the case and repeat that are looked at. `exchange` is None where nothing was sent.

    `others`: kinds of blocks that came besides text and are not shown.
    """

    variant: Variant
    exchange: Exchange | None
    html: SafeString | None
    others: Sequence[str]
    error: str
    headers: Sequence[tuple[str, Sequence[Header]]]


@dataclass(frozen=True)
class PublicPage:
    """All that the page shows. `cases` and `repeats` say what else there is to look at."""

    link: PublicLink
    comparison: Comparison
    columns: Sequence[PublicColumn]
    change: str
    prompt: str
    case: int
    repeat: int
    cases: Sequence[str]


def page_of(link: PublicLink, *, case: int, repeat: int) -> PublicPage:
    """The page at a case (from 0) and a repeat (from 1); what there is not becomes the first one. Four queries."""
    comparison = link.comparison
    cases = list(comparison.cases.all())
    case = case if case < len(cases) else 0
    repeat = repeat if 1 <= repeat <= comparison.repeats else 1
    rows = comparison.exchanges.filter(case=cases[case] if cases else None, repeat=repeat)
    newest = {row.variant_id: row for row in rows.order_by("turn", "attempt")}
    return PublicPage(
        link=link,
        comparison=comparison,
        columns=[_column(link, variant, newest.get(variant.pk)) for variant in comparison.variants.all()],
        change=_change(link),
        prompt=_prompt(comparison) if link.shows_prompt else "",
        case=case,
        repeat=repeat,
        cases=[str(one) for one in cases],
    )


def _change(link: PublicLink) -> str:
    """The verdict's first sentence, else the largest difference; nothing where it speaks of costs and they are not to be
    shown."""
    stored = link.comparison.summary
    change = Summary.load(stored).change if stored else ""
    said = link.comparison.verdict or (f"biggest change: {change}" if change else "")
    return said if link.shows_costs or "cost" not in said.lower() else ""


def _column(link: PublicLink, variant: Variant, exchange: Exchange | None) -> PublicColumn:
    if exchange is None:
        return PublicColumn(variant, None, None, (), "", ())
    said = " ".join(filter(None, (exchange.error_type or exchange.failure_kind, exchange.error_message)))
    headers = [("Request", exchange.request_headers), ("Response", exchange.response_headers or [])]
    return PublicColumn(
        variant=variant,
        exchange=exchange,
        html=render(redact(exchange.text)),
        others=_other_kinds(exchange),
        error=redact(showable(said)),
        headers=[(name, _shown_headers(pairs)) for name, pairs in headers] if link.shows_headers else (),
    )


def _shown_headers(pairs: Iterable[Sequence[str]]) -> list[Header]:
    return [(name, redact(showable(value))) for name, value in pairs if name.lower() not in SECRET_HEADERS]


def _other_kinds(exchange: Exchange) -> list[str]:
    """The types of blocks that are no text, each once."""
    try:
        message = json.loads(exchange.message or b"null")
    except ValueError:
        return []
    content = message.get("content") if isinstance(message, dict) else None
    blocks = [block for block in content if isinstance(block, dict)] if isinstance(content, list) else []
    kinds = dict.fromkeys(str(block.get("type")) for block in blocks)
    return [showable(kind) for kind in kinds if kind != "text"]


def _prompt(comparison: Comparison) -> str:
    """The request as composed, before the columns' changes, with every key taken out."""
    text = comparison.body.data.decode("utf-8", "replace")
    return redact(showable(text[:MOST_LETTERS]))
