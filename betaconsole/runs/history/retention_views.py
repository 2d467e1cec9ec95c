"""The page on which an owner says how long the team's history is kept."""

from datetime import timedelta

from django import forms
from django.db import transaction
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from betaconsole.teams.access import TeamRequest, requires
from betaconsole.teams.audit import record
from betaconsole.teams.models import Role

from .retention import GRACE, MOST_DAYS, Rule, begins_at, keep, preview

FOR_EVER, DAYS = "ever", "days"


class RetentionForm(forms.Form):
    """For ever, or so many days."""

    keep = forms.ChoiceField(choices=[(FOR_EVER, "for ever"), (DAYS, "for")])
    days = forms.IntegerField(min_value=1, max_value=MOST_DAYS, required=False, label="Days")
    takes_pinned = forms.BooleanField(required=False)
    takes_decided = forms.BooleanField(required=False)

    def clean(self) -> None:
        if self.cleaned_data.get("keep") == DAYS and not self.cleaned_data.get("days") and "days" not in self.errors:
            self.add_error("days", f"Say how many days, 1 to {MOST_DAYS:,}.")

    @property
    def rule(self) -> Rule:
        if self.cleaned_data["keep"] == FOR_EVER:
            return Rule()
        chosen = self.cleaned_data
        return Rule(chosen["days"], takes_pinned=chosen["takes_pinned"], takes_decided=chosen["takes_decided"])


def form_of(rule: Rule) -> RetentionForm:
    kept = {"takes_pinned": rule.takes_pinned, "takes_decided": rule.takes_decided}
    return RetentionForm(initial={"keep": FOR_EVER if rule.days is None else DAYS, "days": rule.days, **kept})


@requires(Role.OWNER)
@require_http_methods(["GET", "HEAD", "POST"])
def retention(request: TeamRequest) -> HttpResponse:
    """GET with `keep` in the query shows what that rule would remove; POST with `seen` makes it the team's."""
    sent: QueryDict = request.POST if request.method == "POST" else request.GET
    if "keep" not in sent:
        return _page(request, form_of(Rule.of(request.team)))
    form = RetentionForm(sent)
    if not form.is_valid():
        return _page(request, form, status=422)
    rule = form.rule
    if request.method != "POST" or (rule.days is not None and "seen" not in sent):
        return _page(request, form, proposed=rule)
    with transaction.atomic():
        keep(request.team, rule)
        detail = {} if rule.days is None else {"comparisons due": sent["seen"][:20]}
        record(request, "retention setting changed", about=str(rule), detail=detail)
    return redirect("runs:retention")


def _page(
    request: TeamRequest, form: RetentionForm, *, proposed: Rule | None = None, status: int = 200
) -> HttpResponse:
    now = timezone.now()
    context = {
        "form": form,
        "rule": Rule.of(request.team),
        "begins_at": begins_at(request.team),
        "has_begun": (begins_at(request.team) or now) < now,
        "proposed": proposed,
        "would_begin_at": now + GRACE,
        "most_days": MOST_DAYS,
    }
    if proposed is not None and proposed.days is not None:
        context |= {"found": preview(request.team, proposed, now), "cutoff": now - timedelta(days=proposed.days)}
    return render(request, "runs/retention.html", context, status=status)
