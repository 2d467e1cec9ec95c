"""The page on which an owner deletes the team, and taking that back."""

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from betaconsole.teams.access import TeamRequest, requires, signed_in
from betaconsole.teams.models import Role, Team
from betaconsole.web.paging import identifier

from .closing import GRACE, close, contents, reopen


class NameForm(forms.Form):
    """The name of the team once more, so that nobody deletes it by a slip."""

    name = forms.CharField(max_length=120)

    def __init__(self, *args: object, team: Team, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.team = team

    def clean_name(self) -> str:
        typed = " ".join(self.cleaned_data["name"].split())
        if typed != " ".join(self.team.name.split()):
            raise forms.ValidationError("That is not the name of this team.")
        return typed


@requires(Role.OWNER)
@require_http_methods(["GET", "HEAD", "POST"])
def delete_team(request: TeamRequest) -> HttpResponse:
    """What would go and what stays; with its `name` typed the team is deleted."""
    form = NameForm(request.POST or None, team=request.team)
    if request.method == "POST" and form.is_valid():
        team = close(request.membership)
        until = timezone.localtime(team.deletes_at).strftime("%-d %B, %H:%M")
        messages.success(request, f"{team.name} is deleted. Until {until} an owner can bring it back from here.")
        return redirect("entering:account")
    context = {"form": form, "found": contents(request.team), "days": GRACE.days, "until": timezone.now() + GRACE}
    return render(request, "runs/delete_team.html", context, status=422 if form.errors else 200)


@signed_in
@require_POST
def bring_team_back(request: TeamRequest) -> HttpResponse:
    """The `team` that its owner deleted is there again, as it was."""
    team = get_object_or_404(Team.objects.closed_by(request.user), public_id=identifier(request.POST.get("team")))
    if not reopen(request.user, team):
        raise Http404
    messages.success(request, f"{team.name} is there again. What was stopped stays stopped.")
    return redirect("/")
