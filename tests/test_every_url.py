"""Who may ask what, for every URL there is: generated from the URLconf."""

from collections.abc import Iterator

import pytest
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpResponse
from django.test import Client, RequestFactory

from betaconsole.availability.models import Check
from betaconsole.drafts.models import Draft
from betaconsole.library.models import Combination, Prompt, PromptVersion
from betaconsole.sharing.models import Comment, PublicLink
from betaconsole.teams.models import ApiToken, Connection, Membership, Role
from betaconsole.teams.solo import set_up_solo
from tests.api.calling import request as comparison_of
from tests.builders import THINKING, make_comparison, make_team
from tests.drafts.desk import a_draft
from tests.urls import Url, every_url

URLS = every_url()
WITH_ID = [url for url in URLS if url.parameters]
OF_A_TEAM = [url for url in WITH_ID if url.noun not in ("examples", "betas", "shared")]  # those are everybody's
METHODS = ("get", "post")
NOTHING = ("api:nothing", "api:v1:api-root")  # say 404 to everything
VITALS = ("runs:healthz", "runs:readyz")  # answered before anybody is looked up, and read only
SECRET = "eves-secret-title"
# Views that are about a second object, which the values of the request name: URL, field, kind of object.
SECOND_OBJECTS = [
    ("drafts:new", "prompt", "prompts"),
    ("drafts:set_connection", "value", "connections"),
    ("drafts:apply_combination", "combination", "combinations"),
    ("library:new_prompt", "exchange", "exchanges"),
    ("runs:run", "draft", "drafts"),
    ("runs:list_files", "draft", "drafts"),
    ("runs:upload_file", "draft", "drafts"),
    ("runs:answer", "exchange", "exchanges"),
    ("runs:go_on", "exchange", "exchanges"),
    ("runs:leave", "exchange", "exchanges"),
    ("runs:say", "exchange", "exchanges"),
    ("betas:start_check", "connection", "connections"),
    ("betas:set_schedule", "connection", "connections"),
]
# What some views need to see before they do anything.
NEEDED = {
    "drafts:set_parameter": {"name": "max_tokens", "value": "5"},
    "drafts:set_column": {"field": "name", "value": "thinks"},
    "drafts:remove_message": {"index": "0"},
    "api:v1:create_comparison": comparison_of(),
    "api:v1:list_prompts": {"name": "P", "body": {}},
    "api:v1:create_prompt": {"name": "P", "body": {}},
    "api:v1:list_combinations": {"name": "C", "betas": ["a"]},
    "api:v1:create_combination": {"name": "C", "betas": ["a"]},
    "api:v1:check_availability": {"connection": "simulator", "betas": ["a"]},
    "api:v1:preflight": comparison_of(),
    "api:v1:answer_tool_calls": {"results": []},
    "api:v1:post_checks": {"checks": []},
    "api:v1:add_more": {"repeats": 1},
    "api:v1:create_prompt_version": {"body": {}},
    "api:v1:create_combination_version": {"betas": ["a"]},
    "api:v1:create_decision": {"about": [THINKING], "stand": "wait", "reason": "a"},
    "api:v1:list_comments": {"text": "a"},
    "api:v1:create_comment": {"text": "a"},
    "api:v1:list_comparison_links": {"days": 7},
    "api:v1:create_public_link": {"days": 7},
}

pytestmark = pytest.mark.django_db


def objects_of(membership: Membership, *, title: str = "Ann's own") -> dict[str, str]:
    """One object of each kind that has a URL, by the word its URLs begin with."""
    team, user = membership.team, membership.user
    comparison = make_comparison(team, user, title=title)
    connection = Connection.objects.create(
        team=team, author=user, name=title, kind=Connection.Kind.KEY, base_url="https://api.anthropic.com"
    )
    prompt = Prompt.objects.create(team=team, author=user, name=title)
    PromptVersion.objects.create(prompt=prompt, number=1, author=user, body_text="{}")
    draft = a_draft(title=title)
    Draft.objects.filter(pk=draft.pk).update(team=team, author=user)
    link, secret = PublicLink.issue(comparison, author=user, days=7)
    return {
        "comparisons": comparison.public_id,
        "exchanges": comparison.exchanges.first().public_id,
        "connections": connection.public_id,
        "prompts": prompt.public_id,
        "combinations": Combination.keep(team=team, author=user, name=title, betas=["a"]).combination.public_id,
        "drafts": draft.public_id,
        "examples": "wrong-header",
        "betas": "context-management-2025-06-27",
        "tokens": ApiToken.issue(user=user, team=team, name=title)[0].public_id,
        "shares": link.public_id,
        "public-links": link.public_id,
        "shared": secret,
        "comments": Comment.objects.create(team=team, comparison=comparison, author=user, text=title).public_id,
        "availability": Check.objects.create(team=team, connection=connection, author=user).public_id,
    }


@pytest.fixture
def asking(owner):
    """A browser of the owner's, with a token for the API."""
    _, secret = ApiToken.issue(user=owner.user, team=owner.team, name="test")
    return Client(headers={"host": "localhost", "authorization": f"Bearer {secret}"}, raise_request_exception=False)


def address(url: Url, objects: dict[str, str]) -> str:
    """The URL of an object: its id for the first parameter, the first column and the like for further ones."""
    first, *others = url.parameters
    return url.path(**{first: objects[url.noun], **{name: "1" if url.kinds[name] == "int" else "a" for name in others}})


def values(url: Url, objects: dict[str, str]) -> dict:
    """What to send along, so that nothing but the object in the address decides the answer."""
    second = {field: objects[kind] for name, field, kind in SECOND_OBJECTS if name == url.name}
    return second or NEEDED.get(url.name, {})


def ask(client: Client, method: str, url: Url, path: str, sent: dict) -> HttpResponse:
    """The API reads JSON where it is sent something, the pages read forms."""
    if url.view.access_rule == "token":
        return (
            client.post(path, sent or None, content_type="application/json") if method == "post" else client.get(path)
        )
    return getattr(client, method)(path, sent)


def test_the_walk_finds_the_urls():
    names = {url.name for url in URLS}
    assert {"runs:compose", "runs:live", "runs:exchange", "drafts:new", "api:v1:create_comparison"} <= names
    assert len(URLS) > 40


def test_b20_every_view_says_who_may_call_it():
    assert {url.name for url in URLS if url.view.access_rule not in (*Role, "public", "token")} == set()


def test_b20_a_view_refuses_nobody_and_a_role_below_its_own():
    let_in = []
    for url in [url for url in URLS if url.view.access_rule in list(Role)]:
        below = list(Role)[: list(Role).index(url.view.access_rule)]
        for membership in (None, *(Membership(role=role) for role in below)):
            request = RequestFactory().get("/")
            request.membership = membership
            try:
                url.view(request, **dict.fromkeys(url.parameters, "x"))
            except PermissionDenied:
                continue
            let_in.append((url.name, membership and membership.role))
    assert let_in == []


def test_the_api_answers_nobody_without_a_token_whatever_cookie_comes(client):
    answered = {}
    for url in [url for url in URLS if url.view.access_rule == "token"]:
        said = {getattr(client, method)(url.path(), content_type="application/json").status_code for method in METHODS}
        if said - {401, 405} or 401 not in said:
            answered[url.name] = said
    assert answered == {}


def each_undone(urls: list[Url]) -> Iterator[Url]:
    """One after the other; what is done with one is undone before the next."""
    for url in urls:
        with transaction.atomic():
            yield url
            transaction.set_rollback(True)


def shown(answer: HttpResponse) -> str:
    return b"".join(answer.streaming_content).decode() if answer.streaming else answer.content.decode()


def test_b20_an_object_of_another_team_is_answered_like_one_that_does_not_exist(asking):
    foreign = objects_of(Membership.objects.get(team=make_team("Strangers")), title=SECRET)
    own = objects_of(set_up_solo())
    wrong = []
    for url in each_undone(OF_A_TEAM):
        for method in METHODS:
            answer = ask(asking, method, url, address(url, foreign), values(url, own))
            missing = ask(asking, method, url, url.path(), values(url, own))
            if answer.headers.get("Content-Type", "").startswith("text/event-stream"):
                # A stream says it in words: an error status would be asked again every half second for ever.
                said = shown(answer)
                is_right = said == shown(missing) and "event: finished" in said
            else:
                is_right = answer.status_code == missing.status_code in (404, 405) and SECRET not in shown(answer)
            if not is_right:
                wrong.append((url.name, method, answer.status_code, missing.status_code))
    assert wrong == []


def test_an_object_of_ones_own_is_found(asking):
    own = objects_of(set_up_solo())
    wrong = []
    for url in each_undone(WITH_ID):
        found = {
            method: ask(asking, method, url, address(url, own), values(url, own)).status_code for method in METHODS
        }
        if not set(found.values()) - {404, 405} or any(status >= 500 for status in found.values()):
            wrong.append((url.name, found))
    assert wrong == []


def test_b20_an_object_of_another_team_cannot_be_brought_in_by_its_id(asking):
    foreign, own = objects_of(Membership.objects.get(team=make_team("Strangers"))), objects_of(set_up_solo())
    by_name = {url.name: url for url in URLS}
    wrong = []
    for (_, field, kind), url in zip(
        SECOND_OBJECTS, each_undone([by_name[name] for name, *_ in SECOND_OBJECTS]), strict=True
    ):
        path = address(url, own) if url.parameters else url.path()
        statuses = [asking.post(path, {field: objects[kind]}).status_code for objects in (foreign, own)]
        if statuses[0] != 404 or statuses[1] == 404:
            wrong.append((url.name, field, statuses))
    assert wrong == []


@pytest.mark.parametrize(
    "how",
    [
        {"headers": {"host": "evil.example"}},
        {"headers": {"host": "localhost", "x-forwarded-for": "203.0.113.7"}},
        {"REMOTE_ADDR": "203.0.113.7"},
    ],
    ids=["another Host", "a proxy header", "another machine"],
)
def test_nothing_answers_what_is_not_local(how, asking):
    answered = [
        (url.name, method)
        for url in URLS
        for method in (*METHODS, "put", "delete", "options", "head")
        if getattr(asking, method)(url.path(), **how).status_code != 403
    ]
    assert answered == []


def test_nor_does_a_static_file(client, settings):
    assert client.get("/static/css/base.css", REMOTE_ADDR="203.0.113.7").status_code == 403
