"""The two addresses that machines ask whether the console is well: `/healthz` and `/readyz`.

They are views like all others, listed in the URLconf; but they are answered before anything looks up who asks, since the
database, where that is looked up, may be the very thing that is not well.
"""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.urls import resolve

PATHS = ("/healthz", "/readyz")


class VitalsFirst:
    """Answers them at once. Stands below what sets response headers and above what knows people."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not asks_vitals(request):
            return self.get_response(request)
        view, args, kwargs = resolve(request.path_info)
        return view(request, *args, **kwargs)


def asks_vitals(request: HttpRequest) -> bool:
    return request.path_info in PATHS
