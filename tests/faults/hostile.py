"""A team whose every word is hostile: each place where a console keeps what somebody or something else wrote."""

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.contrib.sessions.backends.db import SessionStore
from django.test import Client
from django.utils import timezone

from betaconsole.decisions.models import Decision
from betaconsole.drafts.columns import Column
from betaconsole.drafts.models import Draft
from betaconsole.library.models import Combination, Prompt, PromptVersion
from betaconsole.runs.models import Body, Comparison
from betaconsole.runs.states import State
from betaconsole.sharing.models import Comment, PublicLink
from betaconsole.teams.audit import record
from betaconsole.teams.members.members import invite
from betaconsole.teams.models import ApiToken, Connection, Membership, Role, Team, User
from tests.builders import BODY, THINKING, make_comparison, make_exchange, message
from tests.drafts.desk import a_draft

RUN = "alert(1)"
BETA = "context-management-2025-06-27"


def evil(place: str) -> str:
    """Breaks out of text, attributes, scripts and comments wherever it is not escaped; names the place it was put in."""
    return (
        f"\"'><i data-xss={place} hx-get=/evil \u202e hx-trigger=load hx-on:load={RUN} onmouseover={RUN}>"
        f"--></title></script></textarea><img src=x onerror={RUN}>"
    )


def long_evil(place: str) -> str:
    """The same, where there is room."""
    more = (
        f"<script>{RUN}</script><svg onload={RUN}></svg><style>*{{display:none}}</style><base href=//evil.invalid>"
        f"<a href=javascript:{RUN}>x</a> [x](javascript:{RUN}) ![x](//evil.invalid/x.png) {{{{ {RUN} }}}} \u202e"
        "<hx-partial hx-target=body hx-swap=innerHTML>gone</hx-partial>"
    )
    return evil(place) + more


@dataclass(frozen=True)
class Seeded:
    """What there is, by the word its addresses begin with; a session of the owner's; the places that were written to."""

    objects: dict[str, list[str]]
    session: str
    places: set[str]


def seed() -> Seeded:
    """Write hostile words into every place; in the database that Django's default connection leads to."""
    owner = User.objects.create_user("owner@example.com", name=evil("person"))
    owner.emailaddress_set.create(email=owner.email, primary=True)
    team = Team.objects.create(name=evil("team")[:120])
    place = Membership.objects.create(user=owner, team=team, role=Role.OWNER)
    connection = Connection.objects.create(
        team=team, author=owner, name=evil("conn")[:120], kind="key", base_url="https://api.anthropic.com"
    )
    answered = _answered(team, owner, connection)
    failed = _failed(team, owner, connection)
    kept = _library(team, owner)
    _, secret = PublicLink.issue(
        answered, author=owner, days=7, shows_prompt=True, shows_headers=True, shows_costs=True, shows_names=True
    )
    _said(answered, owner)
    ApiToken.issue(user=owner, team=team, name=evil("token")[:120])
    invite(place, role=Role.VIEWER, note=evil("invited")[:200])
    record(place, "prompt saved", about=evil("audit"), detail={"name": evil("detail")})
    objects = {
        "comparisons": [answered.public_id, failed.public_id],
        "exchanges": [made.exchanges.latest("pk").public_id for made in (answered, failed)],
        "connections": [connection.public_id],
        "drafts": [_draft(team, owner, connection).public_id],
        "members": [place.public_id],
        "shared": [secret],
        "betas": [BETA],
        **kept,
    }
    return Seeded(objects, _session(owner), PLACES)


# Every place that is shown somewhere. What is not in a page's reach (a header's name, say) is put in with another one.
PLACES = {
    "person", "team", "conn", "title", "label", "case", "model", "text", "thinking", "toolname", "tooljson", "toolresult",
    "stop", "header", "unheard", "question", "system", "error", "errortype", "warning", "tag", "comment", "reason",
    "prompt", "note", "version", "variable", "ptag", "combination", "cnote", "token", "invited", "audit", "detail",
    "draft", "column", "body",
}  # fmt: skip


def _answered(team: Team, owner: User, connection: Connection) -> Comparison:
    """Two columns that were answered, differently, with every kind of block."""
    body = {
        **BODY,
        "system": long_evil("system"),
        "messages": [
            {"role": "user", "content": long_evil("question")},
            {"role": "assistant", "content": [{"type": "tool_use", "id": "t1", "name": "a", "input": {}}]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1", "content": evil("toolresult")}]},
        ],
    }
    made = make_comparison(
        team, owner, betas=[[], [THINKING]], labels=[evil("label"), "B"], cases=[evil("case")], title=evil("title"),
        body=body, connection=connection, exchanges=False, tags=[evil("tag")],
        checks=[{"name": evil("check"), "kind": "contains", "value": "x"}],
    )  # fmt: skip
    for variant in made.variants.all():
        answer = message(
            {"type": "thinking", "thinking": long_evil("thinking"), "signature": "s"},
            {
                "type": "tool_use",
                "id": "t2",
                "name": evil("toolname"),
                "input": {evil("tooljson"): long_evil("tooljson")},
            },
            {"type": evil("unheard"), "what": evil("unheard")},
            f"{long_evil('text')} {variant.label}",
            stop_reason=evil("stop")[:64],
            model=evil("model"),
        )
        one = make_exchange(made, variant, answer=answer)
        headers = [["content-type", "text/event-stream"], ["x-" + evil("header"), evil("header")], ["request-id", "r"]]
        type(one).objects.filter(pk=one.pk).update(
            response_headers=headers,
            model_used=evil("model"),
            request_body_id=Body.keep(team.pk, json.dumps(body).encode()),
            warnings=[evil("warning")],
        )
    return _finished(made)


def _failed(team: Team, owner: User, connection: Connection) -> Comparison:
    made = make_comparison(team, owner, betas=[[], [BETA]], title=evil("title"), connection=connection, exchanges=False)
    for variant in made.variants.all():
        make_exchange(
            made, variant, state=State.FAILED, status=400, failure_kind="http_status", error_message=long_evil("error"),
            error_type=evil("errortype")[:100], refused_betas=[BETA] if variant.betas else [], request_id=evil("header"),
            response_body_id=Body.keep(team.pk, evil("error").encode()),
            response_headers=[["content-type", "text/html"], ["x-evil", evil("header")]],
        )  # fmt: skip
    return _finished(made)


def _finished(made: Comparison) -> Comparison:
    Comparison.objects.filter(pk=made.pk).update(finished_at=timezone.now() + timedelta(seconds=7))
    return made


def _library(team: Team, owner: User) -> dict[str, list[str]]:
    prompt = Prompt.objects.create(team=team, author=owner, name=evil("prompt"))
    prompt.set_tags([evil("ptag")[:40]])
    for number in (1, 2):
        text = json.dumps({**BODY, "system": long_evil("version") + " {{a}}" * number})
        PromptVersion.objects.create(
            prompt=prompt, number=number, author=owner, body_text=text, note=evil("note")[:200],
            variables=[{"name": "a", "description": evil("variable"), "default": evil("variable")}],
        )  # fmt: skip
    combination = Combination.objects.create(
        team=team, author=owner, name=evil("combination"), note=evil("cnote"), betas=[BETA]
    )
    return {"prompts": [prompt.public_id], "combinations": [combination.public_id]}


def _said(made: Comparison, owner: User) -> None:
    Comment.objects.create(team_id=made.team_id, comparison=made, author=owner, text=long_evil("comment"))
    about: dict[str, Any] = {"comparison": made.public_id, "comparison_key": made.pk, "number": 1, "simulated": False}
    Decision.objects.create(
        team_id=made.team_id, author=owner, owner=owner, betas=[BETA], subject=BETA, stand="adopt",
        reason=long_evil("reason"), title=evil("title"), connection=made.connection, models_sent=[evil("model")], **about,
    )  # fmt: skip


def _draft(team: Team, owner: User, connection: Connection) -> Draft:
    columns = (
        Column("a", name=evil("column")),
        Column("b", betas=(BETA,), changes_text=json.dumps({"x": evil("column")})),
    )
    body = {**BODY, "system": long_evil("body"), "messages": [{"role": "user", "content": long_evil("body")}]}
    made = a_draft(body, columns, title=evil("draft"))
    Draft.objects.filter(pk=made.pk).update(team=team, author=owner, connection=connection)
    return made


def _session(user: User) -> str:
    """The key of a session in which this person is signed in."""
    client = Client()
    client.force_login(user)
    return str(SessionStore(client.session.session_key).session_key)
