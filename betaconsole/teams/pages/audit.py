"""The audit log as admins read it: newest first, by subject, by person, by words, by day."""

from datetime import UTC, date, datetime, time, timedelta
from urllib.parse import urlencode

from django.db.models import Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from betaconsole.teams.access import TeamRequest, requires
from betaconsole.teams.models import AuditEntry, Membership, Role
from betaconsole.web.paging import number, page

# Words of actions: what somebody looks for.
SUBJECTS = {
    "": "Everything",
    "person": "Sign-ins",
    "sign-in failed": "Failed sign-ins",
    "password": "Passwords",
    "second factor": "Second factors",
    "member": "Members",
    "role": "Roles",
    "invitation": "Invitations",
    "token": "API tokens",
    "key": "Keys",
    "connection": "Connections",
    "budget": "Budgets",
    "run": "Runs",
    "schedule": "Schedules",
    "library": "Library",
    "export": "Exports",
    "share": "Shares",
    "setting": "Settings",
    "team": "Team",
}
LONGEST_QUERY = 200


@requires(Role.ADMIN)
@require_safe
def audit(request: TeamRequest) -> HttpResponse:
    subject = request.GET.get("subject", "")
    query = request.GET.get("q", "").replace("\x00", "")[:LONGEST_QUERY]
    rows = entries_of(request)
    if subject in SUBJECTS and subject:
        rows = rows.filter(action__contains=subject)
    if query:
        rows = rows.filter(Q(who__icontains=query) | Q(about__icontains=query) | Q(action__icontains=query))
    since, until = day_of(request.GET.get("since", "")), day_of(request.GET.get("until", ""))
    rows = within(rows, since=since, until=until)
    found = page(rows, key="pk", before=number(request.GET.get("before")))
    chosen = {"subject": subject, "q": query, "since": since or "", "until": until or ""}
    asked = {name: value for name, value in chosen.items() if value}
    context = {"page": found, "subjects": SUBJECTS.items(), **chosen, "asked": urlencode(asked)}
    return render(request, "team/audit.html", context)


def within(rows: QuerySet[AuditEntry], *, since: date | None, until: date | None) -> QuerySet[AuditEntry]:
    """Those of these days of UTC, the first and the last included."""
    if since:
        rows = rows.filter(at__gte=datetime.combine(since, time(), UTC))
    if until and until < date.max:
        rows = rows.filter(at__lt=datetime.combine(until + timedelta(days=1), time(), UTC))
    return rows


def day_of(text: str) -> date | None:
    """`2026-11-22` as a day; None for anything else."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def entries_of(request: TeamRequest) -> QuerySet[AuditEntry]:
    """What was done in the team, and what its people did with their accounts."""
    people = Membership.objects.filter(team=request.team).values("user")
    return AuditEntry.objects.filter(Q(team=request.team) | Q(team=None, person__in=people))
