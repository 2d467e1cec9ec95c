"""Decisions, discussion and public links, as programs read and make them."""

from datetime import date
from typing import Annotated, Literal

from django.http import Http404, HttpResponse
from ninja import Query, Router
from pydantic import Field
from typing_extensions import TypedDict

from betaconsole.decisions.deciding import Refused as NotDecided
from betaconsole.decisions.deciding import decide, people_of
from betaconsole.decisions.models import Decision, Stand, subject_of
from betaconsole.runs.models import Comparison
from betaconsole.runs.standpoints import standpoints
from betaconsole.sharing import commenting
from betaconsole.sharing.grounds import grounds_of
from betaconsole.sharing.linking import CHOICES, MOST_DAYS, links_of, make_link, revoke_link
from betaconsole.sharing.models import Comment, PublicLink
from betaconsole.teams.access import TeamRequest
from betaconsole.teams.models import Role
from betaconsole.web.paging import identifier

from .asking import Asked
from .exact_json import json_response
from .problems import Problem
from .shapes import ErrorAnswer
from .tokens import check_role

router = Router()
PAGE, MOST = 50, 200
DECISION_EXAMPLE = {"about": ["context-management-2025-06-27"], "stand": "wait", "reason": "Too few repeats to say."}
COMMENT_EXAMPLE = {"text": "Column B stops early. @bo, do you see it too?"}
LINK_EXAMPLE = {"days": 7, "shows": ["prompt"]}


class NewDecision(Asked):
    """What the team means to do."""

    about: list[str] = Field(
        min_length=1, max_length=64, description="A beta that a column sent, or all of a column's betas: a combination."
    )
    stand: str = Field(json_schema_extra={"enum": list(Stand.values)}, description="On simulated data only wait.")
    reason: str = Field(max_length=20_000, description="Markdown.")
    owner: str = Field("", max_length=300, description="E-mail of somebody in the team; empty for nobody.")
    look_again_on: str = Field("", max_length=10, description="A day, such as 2026-12-31.")


class NewComment(Asked):
    text: str = Field(max_length=40_000, description="Markdown; @name mentions somebody of the team.")


class NewPublicLink(Asked):
    days: int = Field(ge=1, le=MOST_DAYS)
    shows: list[Literal["prompt", "headers", "costs", "names"]] = Field(
        [], description="What anybody with the address reads besides betas, answers and figures."
    )


class DecisionAnswer(TypedDict):
    id: str
    betas: list[str]
    stand: Annotated[str, Field(json_schema_extra={"enum": list(Stand.values)})]
    reason: str
    author: str | None
    owner: str | None
    look_again_on: str | None
    comparison: Annotated[str, Field(description="Id of the comparison it rests on; that may be gone by now.")]
    number: int
    simulated: bool
    created_at: str
    stale: Annotated[list[str], Field(description="Why it may no longer hold; empty where nothing has changed.")]


class DecisionsAnswer(TypedDict):
    items: list[DecisionAnswer]


class CommentAnswer(TypedDict):
    id: str
    author: Annotated[str | None, Field(description="Null: somebody who left.")]
    text: Annotated[str | None, Field(description="Null: it was deleted.")]
    created_at: str
    edited_at: str | None


class CommentsAnswer(TypedDict):
    items: list[CommentAnswer]
    next: Annotated[str | None, Field(description="Ask with after= this for what comes after; null at the end.")]


class PublicLinkAnswer(TypedDict):
    id: str
    comparison: str
    author: str | None
    shows: list[str]
    created_at: str
    expires_at: str
    revoked_at: str | None
    works: bool


class MadeLinkAnswer(PublicLinkAnswer):
    url: Annotated[str, Field(description="The address. Nothing tells it again.")]


class PublicLinksAnswer(TypedDict):
    items: list[PublicLinkAnswer]


@router.get(
    "/decisions",
    operation_id="list_decisions",
    summary="List decisions",
    response={200: DecisionsAnswer, (401, 422): ErrorAnswer},
)
def list_decisions(
    request: TeamRequest, stale: bool | None = Query(None, description="Only those that are stale, or only the others.")
) -> HttpResponse:
    """Where the team stands: the newest decision about each beta and each combination."""
    points = standpoints(request.user, request.team).values()
    items = [_decision(one.decision, list(one.stale)) for one in points if stale is None or bool(one.stale) is stale]
    return json_response({"items": items})


@router.post(
    "/comparisons/{slug:comparison_id}/decisions",
    operation_id="create_decision",
    summary="Decide about a beta",
    response={201: DecisionAnswer, (401, 403, 404, 413, 422): ErrorAnswer},
    openapi_extra={"requestBody": {"content": {"application/json": {"example": DECISION_EXAMPLE}}}},
)
def create_decision(request: TeamRequest, comparison_id: str, asked: NewDecision) -> HttpResponse:
    """Decides on the grounds of a comparison. The newest decision is the team's stand; the ones before are kept."""
    check_role(request, Role.MEMBER)
    comparison = _comparison(request, comparison_id)
    posted = {
        "about": subject_of(asked.about),
        "stand": asked.stand,
        "reason": asked.reason,
        "owner": _owner(request, asked.owner),
        "look_again_on": asked.look_again_on,
    }
    try:
        made = decide(grounds_of(comparison), posted, team=request.team, author=request.user)
    except NotDecided as error:
        field, message = next(iter(error.problems.items()))
        raise Problem(422, message, field=field) from error
    return json_response(_decision(made, []), status=201)


@router.get(
    "/comparisons/{slug:comparison_id}/comments",
    operation_id="list_comments",
    summary="Read a discussion",
    response={200: CommentsAnswer, (401, 404, 422): ErrorAnswer},
)
def list_comments(
    request: TeamRequest,
    comparison_id: str,
    limit: int = Query(PAGE, ge=1, le=MOST),
    after: str = Query("", description="Where the next page starts: next of the page before."),
) -> HttpResponse:
    """What was said about a comparison, oldest first. What was deleted keeps its place."""
    comparison = _comparison(request, comparison_id)
    rows = Comment.objects.visible_to(request.user).filter(comparison=comparison).order_by("pk")
    if after:
        last = rows.filter(public_id=identifier(after)).values_list("pk", flat=True).first()
        if last is None:
            raise Problem(422, "This is not the next of a page of this list.", field="after")
        rows = rows.filter(pk__gt=last)
    found = list(rows.select_related("author")[: limit + 1])
    following = found[limit - 1].public_id if len(found) > limit else None
    return json_response({"items": [_comment(one) for one in found[:limit]], "next": following})


@router.post(
    "/comparisons/{slug:comparison_id}/comments",
    operation_id="create_comment",
    summary="Say something about a comparison",
    response={201: CommentAnswer, (401, 403, 404, 413, 422): ErrorAnswer},
    openapi_extra={"requestBody": {"content": {"application/json": {"example": COMMENT_EXAMPLE}}}},
)
def create_comment(request: TeamRequest, comparison_id: str, asked: NewComment) -> HttpResponse:
    """Adds to the discussion; whoever is named in it finds it among their mentions."""
    check_role(request, Role.MEMBER)
    comparison = _comparison(request, comparison_id)
    try:
        made = commenting.say(comparison, asked.text, author=request.user)
    except commenting.Refused as error:
        raise Problem(422, str(error), field="text") from error
    return json_response(_comment(made), status=201)


@router.get(
    "/comparisons/{slug:comparison_id}/public-links",
    operation_id="list_comparison_links",
    summary="List a comparison's public links",
    response={200: PublicLinksAnswer, (401, 404): ErrorAnswer},
)
def list_comparison_links(request: TeamRequest, comparison_id: str) -> HttpResponse:
    """Those that still work, newest first, without their addresses."""
    rows = links_of(request).filter(comparison=_comparison(request, comparison_id), revoked_at=None)
    return json_response({"items": [_link(one) for one in rows[:MOST] if one.is_open]})


@router.post(
    "/comparisons/{slug:comparison_id}/public-links",
    operation_id="create_public_link",
    summary="Make a public link",
    response={201: MadeLinkAnswer, (401, 403, 404, 413, 422): ErrorAnswer},
    openapi_extra={"requestBody": {"content": {"application/json": {"example": LINK_EXAMPLE}}}},
)
def create_public_link(request: TeamRequest, comparison_id: str, asked: NewPublicLink) -> HttpResponse:
    """An address at which anybody who has it reads this comparison, without signing in, for some days."""
    check_role(request, Role.MEMBER)
    comparison = _comparison(request, comparison_id)
    link, address = make_link(request, comparison, days=asked.days, shows=set(CHOICES) & set(asked.shows))
    return json_response({**_link(link), "url": address}, status=201)


@router.get(
    "/public-links",
    operation_id="list_public_links",
    summary="List public links",
    response={200: PublicLinksAnswer, 401: ErrorAnswer},
)
def list_public_links(request: TeamRequest) -> HttpResponse:
    """Those that still work, newest first, at most 200: one's own, and for an admin everybody's in the team."""
    rows = links_of(request).filter(pk__in=PublicLink.objects.visible_to(request.user).open())
    if not Role(request.membership.role).includes(Role.ADMIN):
        rows = rows.filter(author=request.user)
    return json_response({"items": [_link(one) for one in rows[:MOST]]})


@router.post(
    "/public-links/{slug:link_id}/revoke",
    operation_id="revoke_public_link",
    summary="End a public link",
    response={200: PublicLinkAnswer, (401, 403, 404): ErrorAnswer},
)
def revoke_public_link(request: TeamRequest, link_id: str) -> HttpResponse:
    """It opens nothing any more. Members end their own, admins all; anybody else's is answered 404."""
    check_role(request, Role.MEMBER)
    link = links_of(request).filter(public_id=identifier(link_id)).first()
    if link is None or not link.may_revoke(request.membership):
        raise Http404
    revoke_link(request, link)
    link.refresh_from_db(fields=["revoked_at"])
    return json_response(_link(link))


def _comparison(request: TeamRequest, public_id: str) -> Comparison:
    rows = Comparison.objects.visible_to(request.user).filter(team=request.team).select_related("connection")
    found = rows.filter(public_id=public_id).first()
    if found is None:
        raise Http404
    return found


def _owner(request: TeamRequest, email: str) -> str:
    """The membership that a form would name. Raises `Problem`."""
    if not email:
        return ""
    people = people_of(request.team)
    known = next((key for key, place in people.items() if place.user.email.lower() == email.lower()), None)
    if known is None:
        raise Problem(422, "Nobody of the team who may do more than read has this e-mail.", field="owner")
    return known


def _decision(decision: Decision, stale: list[str]) -> DecisionAnswer:
    day: date | None = decision.look_again_on
    return {
        "id": decision.public_id,
        "betas": list(decision.betas),
        "stand": decision.stand,
        "reason": decision.reason,
        "author": str(decision.author) if decision.author else None,
        "owner": str(decision.owner) if decision.owner else None,
        "look_again_on": day.isoformat() if day else None,
        "comparison": decision.comparison,
        "number": decision.number,
        "simulated": decision.simulated,
        "created_at": decision.created_at.isoformat(),
        "stale": stale,
    }


def _comment(comment: Comment) -> CommentAnswer:
    return {
        "id": comment.public_id,
        "author": str(comment.author) if comment.author else None,
        "text": None if comment.deleted_at else comment.text,
        "created_at": comment.created_at.isoformat(),
        "edited_at": comment.edited_at.isoformat() if comment.edited_at else None,
    }


def _link(link: PublicLink) -> PublicLinkAnswer:
    return {
        "id": link.public_id,
        "comparison": link.comparison.public_id,
        "author": str(link.author) if link.author else None,
        "shows": link.shows,
        "created_at": link.created_at.isoformat(),
        "expires_at": link.expires_at.isoformat(),
        "revoked_at": link.revoked_at.isoformat() if link.revoked_at else None,
        "works": link.is_open,
    }
