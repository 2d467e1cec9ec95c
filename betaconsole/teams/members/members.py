"""Who is in a team and as what: changing roles, removing, leaving, inviting, making teams.

Admins act on members below owner; owners on everybody. A team always keeps an owner.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction
from django.utils import timezone

from betaconsole.teams.accounts.entering import INVITATION_LASTS, PASSWORD_LASTS
from betaconsole.teams.audit import record
from betaconsole.teams.models import ApiToken, Membership, OneTimeLink, Role, Team, User
from betaconsole.teams.solo import make_connections


class Refused(Exception):
    """What was asked for is not allowed; the message says why, in words for a page."""


def may_act_on(actor: Membership, other: Membership) -> bool:
    """Whether the actor's role reaches this member of the same team."""
    role, theirs = Role(actor.role), Role(other.role)
    return role == Role.OWNER or (role == Role.ADMIN and theirs != Role.OWNER)


def roles_to_give(actor: Membership) -> list[Role]:
    """The roles the actor may give to others, lowest first."""
    if Role(actor.role) == Role.OWNER:
        return list(Role)
    return [role for role in Role if role != Role.OWNER] if Role(actor.role) == Role.ADMIN else []


def change_role(actor: Membership, other: Membership, role: Role) -> None:
    with _held(other) as standing:
        if not may_act_on(actor, standing) or role not in roles_to_give(actor):
            raise Refused(f"As {actor.role} you cannot make {standing.user} {role.label.lower()}.")
        if role != Role.OWNER:
            _check_an_owner_stays(standing)
        before, standing.role = standing.role, role
        standing.save(update_fields=["role"])
        record(actor, "role changed", about=str(standing.user), detail={"from": before, "to": role})


def remove(actor: Membership, other: Membership) -> None:
    """Out of the team, at once: open pages end, tokens for the team work no more. What was done stays."""
    with _held(other) as standing:
        if not may_act_on(actor, standing):
            raise Refused(f"As {actor.role} you cannot remove {standing.user}.")
        _check_an_owner_stays(standing)
        record(actor, "member removed", about=str(standing.user), detail={"role": standing.role})
        _end(standing)


def leave(membership: Membership) -> None:
    with _held(membership) as standing:
        _check_an_owner_stays(standing)
        record(standing, "member left", detail={"role": standing.role})
        _end(standing)


def invite(actor: Membership, *, role: Role, note: str) -> str:
    """The secret of a new invitation into the actor's team."""
    if role not in roles_to_give(actor):
        raise Refused(f"As {actor.role} you cannot invite somebody as {role.label.lower()}.")
    _, secret = OneTimeLink.issue(
        OneTimeLink.Kind.INVITATION, lasts=INVITATION_LASTS, team=actor.team, role=role, note=note, author=actor.user
    )
    record(actor, "invitation made", about=note, detail={"role": role})
    return secret


def revoke(actor: Membership, link: OneTimeLink) -> None:
    link.revoke()
    record(actor, "invitation revoked", about=link.note)


def offer_new_password(actor: Membership, other: Membership) -> str:
    """The secret of a link to a new password. Whoever has one is that person, so the actor's role must reach the person
    in every team the person is in."""
    mine = {one.team_id: one for one in Membership.objects.filter(user=actor.user)}
    theirs = Membership.objects.filter(user=other.user)
    if not all(one.team_id in mine and may_act_on(mine[one.team_id], one) for one in theirs):
        raise Refused(
            f"{other.user} has a role that yours does not reach, here or in another team. "
            "Whoever runs the console can make a link with manage.py new_password."
        )
    _, secret = OneTimeLink.issue(OneTimeLink.Kind.PASSWORD, lasts=PASSWORD_LASTS, person=other.user, author=actor.user)
    record(actor, "password link made", about=str(other.user))
    return secret


@transaction.atomic
def make_team(user: User, name: str) -> Membership:
    """A new team that this person owns, with the simulator to begin on."""
    team = Team.objects.create(name=name)
    made = Membership.objects.create(user=user, team=team, role=Role.OWNER)
    make_connections(team, author=user, environment=False)
    record(made, "team made", about=name)
    return made


def rename_team(actor: Membership, name: str) -> None:
    before = actor.team.name
    Team.objects.filter(pk=actor.team_id).update(name=name)
    record(actor, "team renamed", about=name, detail={"from": before})


@contextmanager
def _held(membership: Membership) -> Iterator[Membership]:
    """The membership as it stands now, while nobody else changes who is in its team."""
    with transaction.atomic():
        Team.objects.select_for_update().get(pk=membership.team_id)
        standing = Membership.objects.select_related("user", "team").filter(pk=membership.pk).first()
        if standing is None:
            raise Refused("This person is not in the team any more.")
        yield standing


def _check_an_owner_stays(standing: Membership) -> None:
    owners = Membership.objects.filter(team=standing.team_id, role=Role.OWNER)
    if standing.role == Role.OWNER and not owners.exclude(pk=standing.pk).exists():
        raise Refused("A team needs an owner: make somebody else owner first.")


def _end(standing: Membership) -> None:
    """Out; tokens for the team and invitations into it that this person made end too."""
    live = ApiToken.objects.filter(user=standing.user, team=standing.team_id, revoked_at=None)
    live.update(revoked_at=timezone.now())
    invitations = OneTimeLink.objects.open().filter(author=standing.user, team=standing.team_id)
    invitations.update(revoked_at=timezone.now())
    standing.delete()
