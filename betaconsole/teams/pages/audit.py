"""The audit log as admins read it: newest first, by subject, by person, by words."""

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
    found = page(rows, key="pk", before=number(request.GET.get("before")))
    context = {"page": found, "subjects": SUBJECTS.items(), "subject": subject, "q": query}
    return render(request, "team/audit.html", context)


def entries_of(request: TeamRequest) -> QuerySet[AuditEntry]:
    """What was done in the team, and what its people did with their accounts."""
    people = Membership.objects.filter(team=request.team).values("user")
    return AuditEntry.objects.filter(Q(team=request.team) | Q(team=None, person__in=people))
