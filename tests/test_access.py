"""Team mode: every URL of the app and of the API × nobody, a stranger, a viewer, a member, an admin, the owner.

Generated from the URLconf: a view that says nothing about who may call it fails here before anybody tries it.
"""

import itertools
import re
from collections.abc import Iterator

import pytest
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import URLResolver, get_resolver
from django.urls import path as route
from django.urls.resolvers import RegexPattern

from betaconsole import team_urls
from betaconsole.teams.members.members import invite
from betaconsole.teams.models import ApiToken, Membership, OneTimeLink, Role, User
from tests.team_mode import browser_of
from tests.test_every_url import METHODS, NOTHING, SECRET, VITALS, address, ask, objects_of, values
from tests.urls import Url, urls_of

pytestmark = pytest.mark.django_db

URLS = urls_of(get_resolver("betaconsole.team_urls"))
ROLES = list(Role)
BY_RULE = {
    rule: [url for url in URLS if url.view.access_rule == rule] for rule in (*ROLES, "person", "public", "token")
}
OF_ROLES = [url for role in ROLES for url in BY_RULE[role]]
# Whoever adds to these says so here: they answer people who are not signed in.
PUBLIC = {
    "account_inactive",
    "account_login",
    "account_logout",
    "api:nothing",
    "api:v1:api-root",
    "entering:first",
    "entering:invited",
    "entering:new_password",
    "mfa_authenticate",
    "mfa_login_webauthn",
    "openid_connect_callback",
    "openid_connect_login",
    "runs:healthz",
    "runs:readyz",
    "sharing:shared",
    "socialaccount_login_cancelled",
}
EVERYBODYS = ("examples", "betas", "shared")  # of no team
ASKS_ONLY = {"api:v1:preflight"}  # a POST that changes nothing, so a viewer's token may
# A member changes what is their own, an admin anybody's: the owner's, as here, is refused to a member.
OWN = {"runs:change_comparison", "runs:delete_comparison", "runs:restore_comparison"}
LOGIN = "/account/login/"


def objects(crew: dict[str, User]) -> dict[str, str]:
    """What the owner's team has, one of each kind."""
    place = Membership.objects.select_related("team", "user").get(user=crew["owner"])
    invite(place, role=Role.VIEWER, note="somebody")
    return {
        **objects_of(place, title=SECRET),
        "members": Membership.objects.get(user=crew["viewer"]).public_id,
        "invitations": OneTimeLink.objects.get().public_id,
    }


def asks_to_sign_in(answer: HttpResponse) -> bool:
    return answer.status_code == 302 and answer.headers["Location"].startswith(LOGIN)


def shown(answer: HttpResponse) -> str:
    return (
        b"".join(answer).decode("utf-8", "replace") if answer.streaming else answer.content.decode("utf-8", "replace")
    )


def unruled(urls: list[Url]) -> list[str]:
    return [url.name for url in urls if not hasattr(url.view, "access_rule")]


def test_b20_every_view_says_who_may_call_it():
    assert unruled(URLS) == []
    assert {url.view.access_rule for url in URLS} <= set(BY_RULE)
    assert {url.name for url in BY_RULE["public"]} == PUBLIC


def groups(urls: list[Url]) -> dict[str, list[Url]]:
    """By the folder they are of: a test for each sets its people up once."""
    names = sorted({url.name.split(":")[0] for url in urls})
    return {name: [url for url in urls if url.name.split(":")[0] == name] for name in names}


def each(urls: list[Url], crew: dict[str, User]) -> Iterator[tuple[Url, str, dict]]:
    """Each with its address and what to send along; what is done with one is undone before the next."""
    own = objects(crew)
    for url in urls:
        with transaction.atomic():
            yield url, address(url, own) if url.parameters and url.noun in own else url.path(pk="1"), values(url, own)
            transaction.set_rollback(True)


@pytest.mark.parametrize("group", groups([*OF_ROLES, *BY_RULE["person"]]))
def test_b20_a_view_answers_each_person_as_its_rule_says(group, crew):
    urls = groups([*OF_ROLES, *BY_RULE["person"]])[group]
    # The stranger first: what the others do may have spent the object, and nobody finds it then.
    browsers = {name: browser_of(crew[name]) for name in sorted(crew, key=lambda name: name != "stranger")}
    nobody, fragment = browser_of(None), browser_of(None, **{"hx-request": "true"})
    wrong = []
    for url, path, sent in each(urls, crew):
        told = [("nobody", method, _nobody(nobody, fragment, method, url, path, sent)) for method in METHODS]
        if url.view.access_rule in ROLES:
            for actor, browser in browsers.items():
                told += [(actor, method, _somebody(browser, actor, method, url, path, sent)) for method in METHODS]
        wrong += [(url.name, actor, method, problem) for actor, method, problem in told if problem]
    assert wrong == []


def _nobody(page: Client, part: Client, method: str, url: Url, path: str, sent: dict) -> str:
    """What is wrong with what nobody is answered; empty where nothing is."""
    whole, fragment = ask(page, method, url, path, sent), ask(part, method, url, path, sent)
    is_right = asks_to_sign_in(whole) and (fragment.status_code, fragment.headers.get("HX-Redirect")) == (401, LOGIN)
    return "" if is_right else f"{whole.status_code}, as a fragment {fragment.status_code}"


def _somebody(browser: Client, actor: str, method: str, url: Url, path: str, sent: dict) -> str:
    """The same for somebody who is signed in."""
    answer = ask(browser, method, url, path, sent)
    status = f"{answer.status_code}"
    if actor == "stranger":
        is_foreign = bool(url.parameters) and url.noun not in EVERYBODYS
        is_stream = answer.headers.get("Content-Type", "").startswith("text/event-stream")
        if SECRET in shown(answer):
            return "shows what is another team's"
        return status if is_foreign and not is_stream and answer.status_code not in (404, 405) else ""
    if not Role(actor).includes(Role(url.view.access_rule)):
        return "" if answer.status_code == 403 else status
    if url.name in OWN and actor == "member":
        return "" if answer.status_code in (403, 405) else status
    is_let_in = answer.status_code not in (401, 403) and answer.status_code < 500 and not asks_to_sign_in(answer)
    return "" if is_let_in else status


def test_b20_the_api_answers_each_token_as_its_persons_role_says(crew):
    tokens = {name: ApiToken.issue(user=user, team=user.teams.get(), name="test")[1] for name, user in crew.items()}
    names = sorted(tokens, key=lambda name: name != "stranger")  # first, as above
    clients = {name: browser_of(None, authorization=f"Bearer {tokens[name]}") for name in names}
    owner = browser_of(crew["owner"])
    wrong = []
    for url, path, sent in each(BY_RULE["token"], crew):
        for actor, client in clients.items():
            told = [(method, _token(client, actor, method, url, path, sent)) for method in METHODS]
            wrong += [(url.name, actor, method, status) for method, status in told if status]
        signed_in = {ask(owner, method, url, path, sent).status_code for method in METHODS}
        wrong += [(url.name, "a cookie", signed_in)] if not signed_in <= {401, 405} else []
    assert wrong == []


def _token(client: Client, actor: str, method: str, url: Url, path: str, sent: dict) -> str:
    """The status of an answer that is not right; empty where it is."""
    answer = ask(client, method, url, path, sent)
    if actor == "stranger":
        is_foreign = bool(url.parameters) and url.noun not in EVERYBODYS
        is_right = SECRET not in shown(answer) and (not is_foreign or answer.status_code in (404, 405, 422))
    elif actor == "viewer" and method == "post" and url.name not in ASKS_ONLY:
        is_right = answer.status_code in (403, 405)
    else:
        is_right = answer.status_code not in (401, 403) and answer.status_code < 500
    return "" if is_right else f"{answer.status_code}"


def forgotten(request: HttpRequest) -> HttpResponse:
    """A view somebody added without a thought of who may call it."""
    return HttpResponse("secrets")


urlpatterns = [route("forgotten/", forgotten, name="forgotten"), *team_urls.urlpatterns]


def test_b20_a_view_without_a_rule_is_found_by_this_file_and_answers_nobody(crew, settings):
    assert unruled(urls_of(URLResolver(RegexPattern(r"^/"), urlpatterns))) == ["forgotten"]
    settings.ROOT_URLCONF = __name__
    assert asks_to_sign_in(browser_of(None).get("/forgotten/"))
    assert browser_of(crew["owner"]).get("/forgotten/").status_code == 403


FORGED: dict[str, dict[str, str]] = {
    "no token": {},
    "a token of another session": {"x-csrftoken": "a" * 64},
    "the right token, from another site": {"x-csrftoken": "own", "origin": "https://evil.example"},
}


@pytest.mark.parametrize("how", FORGED)
def test_b11_nothing_unsafe_passes_without_the_token_of_its_own_session(how, crew):
    own, strict = objects(crew), Client(enforce_csrf_checks=True, headers={"host": "localhost"})
    strict.raise_request_exception = False
    strict.force_login(crew["owner"])
    token = re.search(r'"X-CSRFToken": "(\w{64})"', shown(strict.get("/team/tokens/")))
    assert token, "the page carries its token"
    assert strict.post("/team/tokens/new/", {"name": "t"}, headers={"x-csrftoken": token[1]}).status_code < 400
    headers = {name: token[1] if value == "own" else value for name, value in FORGED[how].items()}
    done = {}
    # A program's bearer token is no cookie: no other site's page can send it.
    pages = [url for url in URLS if url.view.access_rule != "token" and url.name not in (*NOTHING, *VITALS)]
    for url, other in zip(pages, itertools.cycle(("put", "patch", "delete")), strict=False):
        path = address(url, own) if url.parameters and url.noun in own else url.path(pk="1")
        for method in ("post", other) if how == "no token" else ("post",):
            done[method, url.name] = getattr(strict, method)(path, headers=headers).status_code
    # A view that reads files looks at the token itself, once it is known to be a POST.
    exempt = {url.name for url in URLS if getattr(url.view, "csrf_exempt", False)}
    late = {(method, name): 405 for method in ("put", "patch", "delete") for name in exempt}
    assert {key: status for key, status in done.items() if status not in (403, late.get(key))} == {}
