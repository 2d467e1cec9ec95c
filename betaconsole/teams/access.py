"""Who may call a view. Every view carries a rule; a test walks the URLconf and fails on one that has none."""

from collections.abc import Callable
from dataclasses import dataclass
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


@dataclass(frozen=True)
class May:
    """What a person may do in a team, for templates: what one may not press is not shown."""

    run: bool  # and save, discuss: members
    manage: bool  # connections, members below owner, budgets, probes, others' things: admins
    own: bool

    @classmethod
    def of(cls, membership: Membership | None) -> "May":
        if membership is None:
            return cls(run=False, manage=False, own=False)
        role = Role(membership.role)
        return cls(run=role.includes(Role.MEMBER), manage=role.includes(Role.ADMIN), own=role.includes(Role.OWNER))


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


def signed_in(view: View) -> View:
    """The view needs a person, in a team or in none: what is about the person's own account and teams."""

    @wraps(view)
    def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not isinstance(getattr(request, "user", None), User):
            raise PermissionDenied
        return view(request, *args, **kwargs)

    checked.access_rule = "person"  # type: ignore[attr-defined]
    return checked
