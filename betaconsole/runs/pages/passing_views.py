"""A run that would pass a budget asks an admin: its author hands over a link, and an admin sends it in the author's name."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.core import signing
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from betaconsole.drafts.composing import NotReady
from betaconsole.drafts.models import Draft
from betaconsole.runs.launching.budgeting import Promise, budgets_left, spending_of
from betaconsole.runs.launching.from_draft import plan_of_draft
from betaconsole.runs.launching.launching import SendingDisabled, TokenReused, launch
from betaconsole.runs.launching.planning import PlanError
from betaconsole.runs.models import Comparison
from betaconsole.teams.access import TeamRequest, requires
from betaconsole.teams.models import Connection, Membership, Role

SALT = "betaconsole.runs.pages.passing"
# No longer than what is deleted is kept (history.keeping): what a link sent would be forgotten, and it could send it again.
LASTS_S = 86_400
DELETED = "It was let pass and sent, and what came of it was deleted since. Ask for a new link to send it again."
CHANGED = "What it would send was changed since the link was made. Ask for a new one."


@dataclass(frozen=True)
class Asked:
    """A draft that somebody asks an admin to send, and whether it still is what was asked."""

    draft: Draft
    revision: int
    connection: Connection

    @property
    def is_changed(self) -> bool:
        return self.draft.revision != self.revision

    @property
    def client_token(self) -> str:
        """One for each state of the draft, whatever the form says: it is let pass once."""
        return f"pass-{self.draft.public_id}-{self.revision}"


def pass_link(draft: Draft) -> str:
    """The address to hand to an admin: it names the draft as it stands, and works for `LASTS_S`."""
    secret = signing.dumps([draft.public_id, draft.revision], salt=SALT)
    return f"{settings.PUBLIC_URL}{reverse('runs:let_pass')}?{urlencode({'run': secret})}"


@requires(Role.ADMIN)
@require_http_methods(["GET", "HEAD", "POST"])
def let_pass(request: TeamRequest) -> HttpResponse:
    """What somebody's run would send and cost; posted, sends it in their name, once: afterwards the link leads to what was
    sent. The audit log says who let it pass."""
    asked = _asked(request)
    sent = Comparison.objects.filter(team=request.team, client_token=asked.client_token).first()
    if sent is not None:
        return redirect(sent) if sent.deleted_at is None else _page(request, asked, problem=DELETED, offers=False)
    if asked.is_changed:
        return _page(request, asked, problem=CHANGED, offers=False)
    if request.method != "POST":
        return _page(request, asked)
    draft = asked.draft
    try:
        comparison, _ = launch(
            plan_of_draft(draft),
            team=request.team,
            author=draft.author,
            connection=asked.connection,
            client_token=asked.client_token,
            draft=draft,
            prompt_version=draft.prompt_version,
            prompt_changed=draft.is_changed,
            passed_by=request.user,
        )
    except (NotReady, PlanError, TokenReused, SendingDisabled) as error:
        return _page(request, asked, problem=str(error) or "It cannot be sent as it stands.")
    return redirect(comparison)


def _asked(request: TeamRequest) -> Asked:
    """What the link names; 404 where it is none of ours, too old, of another team, or its author may send nothing any more."""
    values = request.POST if request.method == "POST" else request.GET
    try:
        public_id, revision = signing.loads(values.get("run", ""), salt=SALT, max_age=LASTS_S)
    except (signing.BadSignature, ValueError):
        raise Http404 from None
    drafts = Draft.objects.filter(team=request.team, connection__archived_at=None, public_id=public_id)
    draft = drafts.select_related("connection", "author", "prompt_version__prompt").first()
    places = Membership.objects.filter(team=request.team, user=draft.author_id if draft else None)
    if draft is None or draft.connection is None or not any(Role(one.role).includes(Role.MEMBER) for one in places):
        raise Http404
    return Asked(draft, revision, draft.connection)


def _page(request: TeamRequest, asked: Asked, *, problem: str = "", offers: bool = True) -> HttpResponse:
    """`offers`: whether it may still be sent."""
    values = request.POST if request.method == "POST" else request.GET
    context = {
        "draft": asked.draft,
        "run": values["run"],
        "problem": problem,
        **(_cost(asked) if offers else {}),
    }
    return render(request, "runs/let_pass.html", context, status=409 if problem else 200)


def _cost(asked: Asked) -> dict[str, Any]:
    """The columns, what they cost at most, and what is left; nothing where the draft is not ready."""
    connection = asked.connection
    try:
        plan = plan_of_draft(asked.draft)
        promise = Promise.of_plan(plan)
    except (NotReady, PlanError):
        return {}
    return {
        "variants": plan.variants,
        "promise": promise,
        "left": budgets_left(connection, spending_of([connection])[connection.pk]),
    }
