"""Links with which people outside the team read one comparison."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from betaconsole.runs.models import Comparison
from betaconsole.runs.pages.views import visible_comparison
from betaconsole.teams.access import TeamRequest, public, requires
from betaconsole.teams.models import Role
from betaconsole.web.htmx import by_htmx
from betaconsole.web.paging import number, page

from .linking import MOST_DAYS, links_of, make_link, revoke_link
from .models import PublicLink
from .panel import NOTHING_REFUSED, Refusal, links_context, shown
from .public_page import page_of


@requires(Role.MEMBER)
@require_POST
def share(request: TeamRequest, public_id: str) -> HttpResponse:
    """Make a link that works for some days; its address stands in this answer and nowhere else."""
    comparison = visible_comparison(request, public_id)
    days = number(request.POST.get("days"))
    if days is None or not 1 <= days <= MOST_DAYS:
        refused = Refusal(request.POST.dict(), {"days": f"Give 1 to {MOST_DAYS} days."})
        return _links(request, comparison, refused=refused)
    _, address = make_link(request, comparison, days=days, shows=request.POST.keys())
    return _links(request, comparison, made_url=address)


@requires(Role.MEMBER)
@require_POST
def revoke_share(request: TeamRequest, public_id: str) -> HttpResponse:
    """From the comparison's own panel, or (`from` says so) from the list of all."""
    link = get_object_or_404(links_of(request), public_id=public_id)
    if not link.may_revoke(request.membership):
        raise Http404
    revoke_link(request, link)
    if request.POST.get("from") == "list":
        return redirect("sharing:public_links")
    if by_htmx(request):
        return _links(request, link.comparison)
    return redirect(reverse("sharing:discussion", args=[link.comparison.public_id]) + "#links")


@requires(Role.ADMIN)
@require_safe
def public_links(request: TeamRequest) -> HttpResponse:
    """All links of the team, newest first; those that ended say so."""
    found = page(links_of(request), key="pk", before=number(request.GET.get("before")))
    return render(request, "sharing/public_links.html", {"page": found})


@public
@require_safe
def shared(request: HttpRequest, secret: str) -> HttpResponse:
    """The comparison a link is for. Unknown, expired and revoked ones are answered alike."""
    link = PublicLink.with_secret(secret)
    if link is None:
        answer = render(request, "sharing/shared_gone.html", status=404)
    else:
        found = page_of(link, case=number(request.GET.get("case")) or 0, repeat=number(request.GET.get("repeat")) or 1)
        answer = render(request, "sharing/shared.html", {"page": found, "link": link, "comparison": link.comparison})
    answer.headers["Referrer-Policy"] = "no-referrer"  # the address is the secret
    answer.headers["X-Robots-Tag"] = "noindex, nofollow"
    return answer


def _links(
    request: TeamRequest, comparison: Comparison, *, refused: Refusal = NOTHING_REFUSED, made_url: str = ""
) -> HttpResponse:
    if not by_htmx(request):
        return shown(request, comparison, share=refused, made_url=made_url)
    context = {"comparison": comparison, **links_context(request, comparison, refused=refused, made_url=made_url)}
    return render(request, "sharing/_links.html", context, status=refused.status)
