"""The table of contents in team mode: everything solo mode has, and what is about people."""

from django.urls import include, path

from . import urls

handler400, handler403, handler404, handler500 = (
    urls.handler400,
    urls.handler403,
    urls.handler404,
    urls.handler500,
)

urlpatterns = [
    *urls.urlpatterns,
    path("account/", include("betaconsole.teams.accounts.urls")),
    path("team/", include("betaconsole.teams.members.urls")),
    path("team/", include("betaconsole.runs.history.closing_urls")),
]
