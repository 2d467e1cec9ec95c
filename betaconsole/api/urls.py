"""The JSON API and its reference."""

from functools import wraps

from django.http import HttpRequest, HttpResponseBase
from django.urls import URLPattern, include, path, re_path

from betaconsole.teams.access import View

from . import views
from .problems import Problem
from .routes import api

app_name = "api"


def _mounted() -> list[URLPattern]:
    """ninja's patterns, each answering HEAD where it answers GET, and in JSON also where it is asked wrongly. Its root only
    lends its address."""
    patterns = [one for one in api.urls[0] if isinstance(one, URLPattern)]
    return [path(str(one.pattern), _view(one), name=one.name) for one in patterns]


def _view(pattern: URLPattern) -> View:
    return views.nothing if pattern.name == "api-root" else _in_json(pattern.callback)


def _in_json(view: View) -> View:
    @wraps(view)
    def answered(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        asked = request.method
        if asked == "HEAD":  # ninja knows none; the server leaves the body out
            request.method = "GET"
        response = view(request, *args, **kwargs)
        request.method = asked
        if response.status_code != 405:
            return response
        allowed = response.headers["Allow"].replace("GET", "GET, HEAD")
        return Problem(405, f"This address answers {allowed}.", headers={"Allow": allowed}).response()

    answered.access_rule = "token"  # type: ignore[attr-defined]
    return answered


urlpatterns = [
    path("docs", views.docs, name="docs"),
    path("openapi.json", views.openapi, name="openapi"),
    path("v1/", include((_mounted(), "v1"))),
    re_path("", views.nothing, name="nothing"),
]
