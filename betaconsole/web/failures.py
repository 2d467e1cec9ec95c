"""Pages for requests that cannot be served: they say what happened, why, and what to do next."""

import sys

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views import defaults

from .htmx import by_htmx
from .troubles import Trouble, trouble_of


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return render(request, "403_csrf.html", {"reason": reason}, status=403)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's own few words, but for what is too large: that somebody did, and it has a limit to name."""
    if isinstance(exception, RequestDataTooBig):
        return render(request, "413.html", status=413)
    return defaults.bad_request(request, exception)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return render(request, "403.html", status=403)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return render(request, "404.html", status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    """The page for an exception that nobody handled; where the database refused it says what to do about it."""
    trouble = trouble_of(sys.exception())
    return render(request, "500.html", status=500) if trouble is None else storage_failed(request, trouble)


def storage_failed(request: HttpRequest, trouble: Trouble) -> HttpResponse:
    """A page, or for htmx a line above the page as it stands: nothing that was typed goes away."""
    context = {"trouble": trouble, "has_form": request.method == "POST"}
    if by_htmx(request):
        response = render(request, "_trouble.html", context, status=trouble.status)
        response.headers["HX-Reswap"] = "none"
    else:
        response = render(request, "storage_failed.html", context, status=trouble.status)
    if trouble.retry_after_s is not None:
        response.headers["Retry-After"] = str(trouble.retry_after_s)
    return response
