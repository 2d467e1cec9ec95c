"""Where one is signed in, and ending it."""

import re

from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from betaconsole.storage.fields import showable
from betaconsole.teams.access import TeamRequest, signed_in

LONGEST_NAME = 60
# What a browser calls itself holds the names of others too, so the order counts.
BROWSERS = (
    ("Edge", r"Edg[A-Z]*/(\d+)"),
    ("Opera", r"OPR/(\d+)"),
    ("Firefox", r"(?:Firefox|FxiOS)/(\d+)"),
    ("Chrome", r"(?:Chrome|CriOS)/(\d+)"),
    ("Safari", r"Version/(\d+).*Safari/"),
)
SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("macOS", "Mac OS X|Macintosh"),
    ("ChromeOS", "CrOS"),
    ("Linux", "Linux"),
)


def browser_name(user_agent: str) -> str:
    """`Firefox 140 on Windows`; what it calls itself where that is none of the usual ones."""
    for browser, pattern in BROWSERS:
        if found := re.search(pattern, user_agent):
            system = next((name for name, sign in SYSTEMS if re.search(sign, user_agent)), "")
            return f"{browser} {found[1]}{f' on {system}' if system else ''}"
    return showable(user_agent[:LONGEST_NAME]) or "unknown"


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def sessions(request: TeamRequest) -> HttpResponse:
    """One's sessions; posted, ends `session` (a number of the list), or all but this one where none is named."""
    listed = UserSession.objects.purge_and_list(request.user)
    mine = sorted(listed, key=lambda one: (one.is_current(), one.last_seen_at), reverse=True)
    if request.method != "POST":
        rows = [(one, browser_name(one.user_agent), one.is_current()) for one in mine]
        return render(request, "usersessions/usersession_list.html", {"sessions": rows})
    wanted = request.POST.get("session")
    ended = [one for one in mine if not one.is_current() and wanted in (None, str(one.pk))]
    for one in ended:
        one.end()
    if ended:
        messages.success(request, "The session is ended." if wanted else "The other sessions are ended.")
    return redirect("usersessions_list")
