"""The table of contents."""

from django.urls import include, path

handler400 = "betaconsole.web.failures.bad_request"
handler403 = "betaconsole.web.failures.forbidden"
handler404 = "betaconsole.web.failures.not_found"
handler500 = "betaconsole.web.failures.server_error"

urlpatterns = [
    path("", include("betaconsole.runs.urls")),
    path("drafts/", include("betaconsole.drafts.urls")),
    path("connections/", include("betaconsole.connections.urls")),
    path("", include("betaconsole.kept.urls")),
    path("betas/", include("betaconsole.betas.urls")),
    path("", include("betaconsole.sharing.urls")),
    path("", include("betaconsole.compare.urls")),
    path("team/", include("betaconsole.teams.pages.urls")),
    path("api/", include("betaconsole.api.urls")),
]
