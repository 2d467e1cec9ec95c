"""NUL in a path: no page of ours has one, and PostgreSQL refuses to look for an id that does."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


class RefuseNul:
    """404 for a path with NUL in it. The API answers such paths itself, as JSON."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if "\x00" in request.path_info and not request.path_info.startswith("/api/"):
            return render(request, "404.html", status=404)
        return self.get_response(request)
