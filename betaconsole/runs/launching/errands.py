"""What the console asks the API on somebody's way to a comparison: a file uploaded, files listed.

Each is a comparison of one column, sent and kept like any other, and left out of the history.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.utils import timezone

from betaconsole.claude.endpoints import Endpoint
from betaconsole.claude.multipart import Part, PartError, encode
from betaconsole.drafts.models import Draft
from betaconsole.runs.models import Comparison, Exchange
from betaconsole.runs.states import State
from betaconsole.runs.stored import response_bytes
from betaconsole.storage.fields import showable
from betaconsole.teams.models import User

from .launching import launch
from .planning import Plan, PlanError, VariantPlan

FILES = "/v1/files"
FILES_BETA = "files-api-2025-04-14"  # the files are generally available: it only selects the older shape of lists
LISTED = 100
FRESH = timedelta(minutes=5)
MOST_LETTERS = 300


@dataclass(frozen=True)
class ApiFile:
    """A file as the API lists it; empty and None where it does not say."""

    file_id: str
    name: str
    media_type: str
    size_bytes: int | None
    created_at: str
    expires_at: str


@dataclass(frozen=True)
class Listing:
    """The files of a connection. `has_more`: only the newest are listed."""

    files: list[ApiFile]
    has_more: bool


def upload(
    draft: Draft, author: User, *, name: str, data: bytes, media_type: str, with_beta: bool = False
) -> Comparison:
    """Send a file to the connection of the draft. Raises `PlanError` and `SendingDisabled`."""
    try:
        body, content_type = encode([Part("file", data, name, media_type)])
    except PartError as error:
        raise PlanError("file", str(error)) from error
    endpoint = Endpoint("POST", FILES)
    return _launched(
        draft, author, f"Upload {name}", endpoint, with_beta=with_beta, raw_body=body, content_type=content_type
    )


def list_files(draft: Draft, author: User, *, with_beta: bool = False) -> Comparison:
    """Ask the connection of the draft for its newest files. Raises `PlanError` and `SendingDisabled`."""
    return _launched(draft, author, "List files", Endpoint("GET", FILES, f"limit={LISTED}"), with_beta=with_beta)


def latest_listing(draft: Draft, author: User) -> Comparison | None:
    """A listing of this connection that is minutes old, after the last upload to it; None where there is none."""
    errands = Comparison.objects.visible_to(author).filter(
        is_errand=True, team=draft.team_id, connection=draft.connection_id, path=FILES
    )
    latest = errands.order_by("-pk").first()
    if latest is None or latest.method != "GET" or latest.created_at < timezone.now() - FRESH:
        return None
    exchange = exchange_of(latest)
    return latest if not exchange.is_final or exchange.state == State.SUCCEEDED else None


def exchange_of(errand: Comparison) -> Exchange:
    """Its one exchange, or the latest where it was sent again."""
    return errand.exchanges.select_related("connection", "response_body").order_by("-pk")[0]


def listing_of(exchange: Exchange) -> Listing | None:
    """The files that a listing brought; None where it brought none that can be read."""
    answer = _answer(exchange)
    rows = answer.get("data")
    if not isinstance(rows, list):
        return None
    has_more = bool(answer.get("next_page")) or answer.get("has_more") is True
    return Listing(list(_files(rows)), has_more)


def uploaded_of(exchange: Exchange) -> ApiFile | None:
    """The file that an upload made; None where the answer names none."""
    return next(_files([_answer(exchange)]), None)


def _launched(
    draft: Draft, author: User, title: str, endpoint: Endpoint, *, with_beta: bool, **sent: Any
) -> Comparison:
    if draft.connection is None or draft.connection.archived_at:
        raise PlanError("connection", "The connection this draft used is gone. Choose another one.")
    betas = (FILES_BETA,) if with_beta else ()
    plan = Plan(
        body=None,
        variants=[VariantPlan(label=title[:200], betas=betas, version=draft.version)],
        version=draft.version,
        title=title[:200],
        endpoint=endpoint,
        is_errand=True,
        **{"content_type": "", **sent},
    )
    errand, _ = launch(plan, team=draft.team, author=author, connection=draft.connection)
    return errand


def _answer(exchange: Exchange) -> dict[str, Any]:
    if exchange.state != State.SUCCEEDED:
        return {}
    try:
        value = json.loads(response_bytes(exchange))
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _files(rows: list[Any]) -> Iterator[ApiFile]:
    for row in rows:
        if isinstance(row, dict) and isinstance(row.get("id"), str) and row["id"]:
            size = row.get("size_bytes")
            yield ApiFile(
                file_id=_text(row["id"]),
                name=_text(row.get("filename")) or _text(row["id"]),
                media_type=_text(row.get("mime_type")),
                size_bytes=size if isinstance(size, int) and not isinstance(size, bool) else None,
                created_at=_day(row.get("created_at")),
                expires_at=_day(row.get("expires_at")),
            )


def _text(value: Any) -> str:
    return showable(value[:MOST_LETTERS]) if isinstance(value, str) else ""


def _day(value: Any) -> str:
    """`2026-11-22 09:14` of a moment as the API writes it."""
    return _text(value)[:16].replace("T", " ")
