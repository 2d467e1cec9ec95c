"""One line in the log for each request, under an id that its answer carries too (`X-Request-Id`, and error pages show it).

A line says who asked for what kind of thing and how that went: ids, sizes and states. No query, no body, no header.
"""

import logging
import secrets
import time
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase

from .vitals import asks_vitals

logger = logging.getLogger("betaconsole.requests")

# Of the request that this thread answers, or answered last: a stream is still read when its view has long returned.
request_id: ContextVar[str] = ContextVar("request_id", default="")
SECRETS = ("secret", "key", "uidb36")  # parts of an address that let somebody in
MOST = 200  # characters of a path


class RequestLog:
    """Outermost: gives the request its id, and writes its line when the answer, or the stream, has ended."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        began = time.monotonic()
        request.request_id = secrets.token_hex(8)  # type: ignore[attr-defined] # never a client's: it could be anybody's
        request_id.set(request.request_id)  # type: ignore[attr-defined]
        response: HttpResponseBase = self.get_response(request)
        response.headers["X-Request-Id"] = request.request_id  # type: ignore[attr-defined]
        if response.streaming and response.headers.get("Content-Type", "").startswith("text/event-stream"):
            response.streaming_content = _to_its_end(response.streaming_content, request, response, began)  # type: ignore[attr-defined]
        else:
            _write(request, response, began)
        return response


def _to_its_end(
    stream: Iterator[bytes], request: HttpRequest, response: HttpResponseBase, began: float
) -> Iterator[bytes]:
    try:
        yield from stream
    finally:
        _write(request, response, began)


def _write(request: HttpRequest, response: HttpResponseBase, began: float) -> None:
    level = _level(request, response.status_code)
    if not logger.isEnabledFor(level):
        return
    fields = {
        "method": (request.method or "")[:20],
        "path": shown_path(request),
        "status": response.status_code,
        "duration_ms": round((time.monotonic() - began) * 1000),
        **_who(request),
        "request_id": getattr(request, "request_id", ""),
    }
    logger.log(level, "request", extra={"fields": fields})


def _level(request: HttpRequest, status: int) -> int:
    if status >= 400:
        return logging.WARNING
    is_noise = asks_vitals(request) or request.path_info.startswith(f"/{settings.STATIC_URL.lstrip('/')}")
    return logging.DEBUG if is_noise else logging.INFO


def _who(request: HttpRequest) -> dict[str, Any]:
    """Ids of the person and the team, as far as they were looked up; nobody is looked up for the log."""
    membership = getattr(request, "membership", None)
    if membership is not None:
        return {"user_id": membership.user_id, "team_id": membership.team_id}
    user = getattr(request, "_cached_user", None)
    return {"user_id": user.pk} if user is not None and user.pk else {}


def shown_path(request: HttpRequest) -> str:
    """The path as it may be written down: without what lets somebody in. One that leads nowhere, whose parts nobody can
    tell, is cut after its first."""
    match = request.resolver_match
    if match is None or not match.url_name:
        return shown_beginning(request.path)
    path = request.path
    for name in SECRETS:
        if secret := match.kwargs.get(name):
            path = path.replace(str(secret), "-")
    return quote(path[:MOST], safe="/:@-")


def shown_beginning(path: str) -> str:
    """The first part of a path, without its query."""
    first, slash, rest = path.partition("?")[0].lstrip("/").partition("/")
    return "/" + quote(first[:40]) + (f"{slash}..." if rest else slash)
