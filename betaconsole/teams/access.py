"""Who may call a view. Every view carries a rule; a test walks the URLconf and fails on one that has none."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase

from .models import Membership, Role, Team, User


class TeamRequest(HttpRequest):
    """A request as views that carry a rule see it: somebody asks, in a team. The type of their first parameter."""

    user: User
    team: Team
    membership: Membership


View = Callable[..., HttpResponseBase]


def requires(role: Role) -> Callable[[View], View]:
    """The view needs a member of the team with at least this role. Foreign objects are the view's own 404."""

    def decorate(view: View) -> View:
        @wraps(view)
        def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            membership = getattr(request, "membership", None)
            if membership is None or not Role(membership.role).includes(role):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        checked.access_rule = role  # type: ignore[attr-defined]
        return checked

    return decorate


def public(view: View) -> View:
    """The view answers anybody who reaches the console."""
    view.access_rule = "public"  # type: ignore[attr-defined]
    return view
