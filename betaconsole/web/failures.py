"""Answers to requests that cannot be served: they say what happened, why, and what to do next.

Somebody who goes to an address gets a page. htmx gets a line above the page as it stands: whatever was to be swapped
stays, and with it all that was typed.
"""

import sys
from typing import NamedTuple

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views import defaults

from .htmx import by_htmx
from .troubles import Trouble, trouble_of


class Line(NamedTuple):
    """What the line above a page says."""

    title: str
    message: str


TOO_OLD = Line("This page is too old to act", "Nothing was done. Copy what you typed last, then reload the page.")
TOO_LARGE = Line(
    "That is too large",
    "A request to the API holds at most 32 MB, so the console takes no more. Nothing was changed and nothing was sent.",
)
NOT_UNDERSTOOD = Line("Not understood", "The console could not read what this page asked for. Reload the page.")
NOT_ALLOWED = Line(
    "This needs another role",
    "Your place in the team does not allow this. Nothing was changed. An owner or an admin of the team can give you the role.",
)
GONE = Line(
    "That is gone",
    "It was deleted meanwhile, or belongs to a team you are not in. Copy what you typed last, then reload the page.",
)
BROKE = Line("Something broke in the console", "The fault is written to its log. What was saved before is kept.")


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return _failed(request, "403_csrf.html", TOO_OLD, status=403)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's own few words, but for what is too large: that somebody did, and it has a limit to name."""
    if isinstance(exception, RequestDataTooBig):
        return _failed(request, "413.html", TOO_LARGE, status=413)
    return _line(request, NOT_UNDERSTOOD, status=400) if by_htmx(request) else defaults.bad_request(request, exception)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _failed(request, "403.html", NOT_ALLOWED, status=403)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _failed(request, "404.html", GONE, status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    """For an exception that nobody handled; where the database refused it says what to do about it."""
    trouble = trouble_of(sys.exception())
    return _failed(request, "500.html", BROKE, status=500) if trouble is None else storage_failed(request, trouble)


def _failed(request: HttpRequest, page: str, line: Line, *, status: int) -> HttpResponse:
    return _line(request, line, status=status) if by_htmx(request) else render(request, page, status=status)


def _line(request: HttpRequest, line: Line | Trouble, *, status: int) -> HttpResponse:
    response = render(request, "_trouble.html", {"trouble": line}, status=status)
    response.headers["HX-Reswap"] = "none"
    return response


def storage_failed(request: HttpRequest, trouble: Trouble) -> HttpResponse:
    if by_htmx(request):
        response = _line(request, trouble, status=trouble.status)
    else:
        context = {"trouble": trouble, "has_form": request.method == "POST"}
        response = render(request, "storage_failed.html", context, status=trouble.status)
    if trouble.retry_after_s is not None:
        response.headers["Retry-After"] = str(trouble.retry_after_s)
    return response
