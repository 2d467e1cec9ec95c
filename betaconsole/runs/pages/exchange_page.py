"""Everything about one exchange: the request as sent, the response as received, and what can be read from them."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.conf import settings
from django.utils.safestring import SafeString, mark_safe

from betaconsole.catalogue.help import Link
from betaconsole.claude import jsontext
from betaconsole.claude.headers import EXTRA_HEADERS
from betaconsole.claude.multipart import PartError, decode
from betaconsole.claude.snippets import SnippetRequest, curl, python_beta, python_headers, typescript
from betaconsole.runs.models import Exchange
from betaconsole.runs.sending.exchange_facts import sent_betas
from betaconsole.runs.sending.judging import outcomes_of
from betaconsole.runs.stored import read_message, response_bytes
from betaconsole.storage.fields import Damaged, showable, undamaged
from betaconsole.web.markdown import highlighted
from betaconsole.web.templatetags.figures import size

from .beta_chips import BetaLine, blamed, lines_of
from .block_views import BlockView, final_views
from .figures import Cell, Figure, figures_of, kinds_for
from .other_answers import Start, hex_dump, text_of
from .request_files import RequestFile, upload_files, without_files
from .timeline import Timeline, timeline_of
from .turn_page import TurnPart, turn_part
from .wording import ErrorView, Pill, error_of, help_with, note, pill, support_text

# More than this of a body is not put on a page: it is there to download.
MAX_SHOWN_BYTES = 200_000
MAX_USAGE_ROWS = 200
MAX_HEX_BYTES = 2_048
MAX_PARTS = 50


@dataclass(frozen=True)
class BodyView:
    """A body as a page shows it. `pretty` is highlighted JSON, None where it is none; `is_cut`: not all is shown.

    `is_hex`: it is no text, and `raw` is its first bytes. `parts`: what an upload carries, in words. `files` stand beside
    it; in JSON a reference stands in the place of each.
    """

    size: int
    raw: str
    pretty: SafeString | None
    is_cut: bool
    is_hex: bool = False
    parts: Sequence[str] = ()
    files: Sequence[RequestFile] = ()


@dataclass(frozen=True)
class Language:
    """A way of writing a request as code. `lexer` is Pygments' name for it."""

    label: str
    lexer: str
    extension: str
    write: Callable[[SnippetRequest], str]


LANGUAGES = {
    "curl": Language("curl", "bash", "sh", curl),
    "python": Language("Python, beta namespace", "python", "py", python_beta),
    "python-headers": Language("Python, extra_headers", "python", "py", python_headers),
    "typescript": Language("TypeScript", "typescript", "ts", typescript),
}


@dataclass(frozen=True)
class Snippet:
    """The same request as code; `code` is empty where it is too large for a page."""

    slug: str
    label: str
    code: str
    html: SafeString | None


@dataclass(frozen=True)
class ExchangePage:
    """One exchange in full. `previous` and `next` are the neighbouring columns of the same case, repeat and turn."""

    exchange: Exchange
    baseline: Exchange | None
    pill: Pill
    error: ErrorView | None
    help: list[Link]  # where to read on about how it failed
    support: str  # what to send to Anthropic's support; empty where nothing was sent
    note: str
    betas: tuple[str, ...]
    beta_lines: list[BetaLine]  # what came of each beta
    request_body: BodyView
    response_body: BodyView
    blocks: list[BlockView]
    timeline: Timeline | None
    usage: list[tuple[str, str]]
    figures: list[Figure]
    snippets: list[Snippet]
    turn: TurnPart
    previous: Exchange | None
    next: Exchange | None


def page(exchange: Exchange, *, viewer_id: int | None = None) -> ExchangePage:
    """The page of an exchange that was loaded with its comparison, variant, case and bodies."""
    response = response_bytes(exchange)
    beside = neighbours(exchange)
    same_turn = {other.variant_id: other for other in beside if other.turn == exchange.turn}
    baseline = same_turn.get(exchange.variant.baseline_id or 0)
    order = sorted({**_last_turns(beside), **same_turn, exchange.variant_id: exchange}.values(), key=_column)
    here = order.index(exchange)
    message = read_message(exchange.message)
    lines = lines_of([outcomes_of([exchange]).get(exchange.pk, [])])
    return ExchangePage(
        exchange=exchange,
        baseline=baseline,
        pill=pill(exchange, done=1, total=1),
        error=error_of(exchange),
        help=help_with(exchange, blamed(lines)),
        support=support_text(exchange, {f"outcome of {line.beta}": line.words.text for line in lines}),
        note=note(exchange, kept_bytes=len(response)),
        betas=sent_betas(exchange),
        beta_lines=lines,
        request_body=request_view(exchange),
        response_body=body_view(response),
        blocks=final_views(message, exchange.public_id) if exchange.answers_message else [],
        timeline=timeline_of(recorded_events(exchange)),
        usage=list(flat(exchange.usage or {}))[:MAX_USAGE_ROWS],
        figures=figures_of(
            Cell([exchange]),
            Cell([baseline]) if baseline else None,
            is_baseline=exchange.variant.baseline_id is None,
            chosen=kinds_for(exchange.comparison, [exchange]),
        ),
        snippets=snippets_of(exchange),
        turn=turn_part(exchange, message, beside, viewer_id=viewer_id),
        previous=order[here - 1] if here else None,
        next=order[here + 1] if here + 1 < len(order) else None,
    )


def neighbours(exchange: Exchange) -> list[Exchange]:
    """Every exchange of the same case and repeat, in the order of the columns, without their bodies."""
    cell = Exchange.objects.filter(
        comparison_id=exchange.comparison_id, case_id=exchange.case_id, repeat=exchange.repeat
    ).defer("message", "added", "text", "timeline", "request_headers", "response_headers")
    return list(cell.select_related("variant").order_by("variant__position", "turn", "attempt"))


def _last_turns(exchanges: Sequence[Exchange]) -> dict[int, Exchange]:
    """By column where its cell stands."""
    return {other.variant_id: other for other in exchanges}


def _column(exchange: Exchange) -> int:
    return exchange.variant.position


def request_bytes(exchange: Exchange) -> bytes:
    """The request body exactly as sent."""
    return bytes(exchange.request_body.data) if exchange.request_body else b""


def recorded_events(exchange: Exchange) -> list[list[Any]]:
    """The events with their moments: [[at_ms, end offset, type], …]."""
    if exchange.timeline:
        return json.loads(exchange.timeline)
    return [event for events in exchange.segments.values_list("timeline", flat=True) for event in events]


def request_view(exchange: Exchange) -> BodyView:
    """The request body for the page, its files beside it."""
    data = request_bytes(exchange)
    if (short := without_files(data)) is not None:
        return replace(body_view(short.text.encode("utf-8", "surrogatepass")), size=len(data), files=short.files)
    return replace(body_view(data, parts=parts_of(exchange)), files=upload_files(data, content_type(exchange)))


def content_type(exchange: Exchange) -> str:
    """The content type of the request; empty where nothing was sent."""
    return next((value for name, value in exchange.request_headers if name.lower() == "content-type"), "")


def body_view(data: bytes, *, parts: Sequence[str] = ()) -> BodyView:
    """A body for the page; a large one only as far as a page bears it."""
    if text_of(Start(data[:MAX_SHOWN_BYTES], len(data))) is None:
        shown = hex_dump(data[:MAX_HEX_BYTES])
        return BodyView(len(data), shown, None, is_cut=len(data) > MAX_HEX_BYTES, is_hex=True, parts=parts)
    is_cut = len(data) > MAX_SHOWN_BYTES
    raw = showable(data[:MAX_SHOWN_BYTES].decode("utf-8", "replace"))
    pretty = None if is_cut else pretty_json(raw)
    return BodyView(size=len(data), raw=raw, pretty=pretty, is_cut=is_cut, parts=parts)


def parts_of(exchange: Exchange) -> list[str]:
    """What an upload carries: `file: apples.pdf · application/pdf · 12.4 kB`. Empty for what is none."""
    kind = content_type(exchange)
    if not kind.startswith("multipart/"):
        return []
    try:
        parts = decode(request_bytes(exchange), kind)
    except PartError:
        return []
    said = [(part.name, filter(None, [part.filename, part.content_type, size(len(part.data))])) for part in parts]
    more = [f"{len(said) - MAX_PARTS:,} more"] if len(said) > MAX_PARTS else []
    return [showable(f"{name}: {' · '.join(what)}") for name, what in said[:MAX_PARTS]] + more


def pretty_json(text: str) -> SafeString | None:
    """JSON over several lines, highlighted, every number as it was spelt; None for what is no clean JSON object or list."""
    try:
        value = jsontext.loads(text)
    except jsontext.JsonError:
        return None
    return coloured(jsontext.dumps(value, indent=2), "json") if isinstance(value, dict | list) else None


def coloured(code: str, language: str) -> SafeString | None:
    """The code as highlighted HTML, or None where it is too long for that."""
    html = highlighted(code, language)
    return None if html is None else mark_safe(html)  # noqa: S308 - Pygments escapes


def snippets_of(exchange: Exchange) -> list[Snippet]:
    """The same request as curl, Python and TypeScript, the key as a reference. Without code where the body is large;
    nothing where nobody can say any more what it asked."""
    if isinstance(exchange.request_headers, Damaged):
        return []
    is_large = exchange.request_body is not None and exchange.request_body.size > MAX_SHOWN_BYTES
    return [_snippet(exchange, slug, with_code=not is_large) for slug in LANGUAGES]


def code_of(exchange: Exchange, slug: str) -> str:
    """The same request in one of `LANGUAGES`."""
    return LANGUAGES[slug].write(snippet_request(exchange))


def snippet_request(exchange: Exchange) -> SnippetRequest:
    """The request as code is written of it: where anybody can send it, without a key. Raises `DamagedValue`."""
    sent = {name.lower(): value for name, value in undamaged(exchange.request_headers)}
    return SnippetRequest(
        method=exchange.method,
        url=public_url(exchange),
        betas=sent_betas(exchange),
        version=sent.get("anthropic-version", ""),
        body=request_bytes(exchange) or None,
        stream=exchange.stream,
        content_type=sent.get("content-type"),
        extra=tuple((name, sent[name]) for name in EXTRA_HEADERS if name in sent),
    )


def public_url(exchange: Exchange) -> str:
    """Where anybody can send this request: the official API in place of the simulator, which has no address.

    What goes out in a batch is a message by itself.
    """
    url = exchange.url
    if exchange.batch_id is not None:
        url = url.removesuffix("/batches")
    if not exchange.connection.is_simulator:
        return url
    return settings.OFFICIAL_API + url.removeprefix(exchange.connection.base_url)


def _snippet(exchange: Exchange, slug: str, *, with_code: bool) -> Snippet:
    code = showable(code_of(exchange, slug)) if with_code else ""
    return Snippet(slug, LANGUAGES[slug].label, code, coloured(code, LANGUAGES[slug].lexer))


def flat(value: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, str]]:
    """Every field of a nested object as (path, JSON): `cache_creation.ephemeral_5m_input_tokens`, `iterations[0].type`."""
    for name, item in value.items():
        yield from _flat(item, f"{path}.{name}" if path else str(name))


def _flat(item: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(item, dict) and item:
        yield from flat(item, path)
    elif isinstance(item, list) and item:
        for index, inner in enumerate(item):
            yield from _flat(inner, f"{path}[{index}]")
    else:
        yield showable(path), showable(json.dumps(item, ensure_ascii=False))
