"""Team mode: every URL of the app and of the API × nobody, a stranger, a viewer, a member, an admin, the owner.

Generated from the URLconf: a view that says nothing about who may call it fails here before anybody tries it.
"""

from collections.abc import Iterator

import pytest
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import get_resolver

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


def test_every_view_says_who_may_call_it():
    unruled = [url.name for url in URLS if not hasattr(url.view, "access_rule")]
    assert unruled == []
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
def test_a_view_answers_each_person_as_its_rule_says(group, crew):
    urls = groups([*OF_ROLES, *BY_RULE["person"]])[group]
    browsers = {name: browser_of(user) for name, user in crew.items()}
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


def test_the_api_answers_each_token_as_its_persons_role_says(crew):
    tokens = {name: ApiToken.issue(user=user, team=user.teams.get(), name="test")[1] for name, user in crew.items()}
    clients = {name: browser_of(None, authorization=f"Bearer {secret}") for name, secret in tokens.items()}
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
        # What was sent is read before it is looked at who sent it.
        is_right = answer.status_code in (403, 405, 422)
    else:
        is_right = answer.status_code not in (401, 403) and answer.status_code < 500
    return "" if is_right else f"{answer.status_code}"


def test_a_post_from_elsewhere_changes_nothing_for_anybody(crew):
    own = objects(crew)
    client = Client(enforce_csrf_checks=True, headers={"host": "localhost"}, raise_request_exception=False)
    client.force_login(crew["owner"])
    done = {}
    for url in URLS:
        if url.view.access_rule == "token" or url.name in (*NOTHING, *VITALS):
            continue
        path = address(url, own) if url.parameters and url.noun in own else url.path(pk="1")
        done[url.name] = client.post(path, values(url, own), headers={"origin": "https://evil.example"}).status_code
    assert {name: status for name, status in done.items() if status != 403} == {}
