"""Input that is odd or enormous, in every form there is: answered with a reason or kept, and never a fault of ours."""

import json
import time
from urllib.parse import quote_from_bytes

import pytest
from django.urls import get_resolver, reverse

from betaconsole.drafts.models import Draft
from betaconsole.runs.models import Comparison, Exchange
from betaconsole.teams.models import Role
from tests.drafts.desk import BODY, Tab, a_draft
from tests.team_mode import browser_of
from tests.test_access import objects
from tests.test_every_url import address
from tests.urls import urls_of

pytestmark = pytest.mark.django_db
MEGABYTE = 1_000_000
FORM = "application/x-www-form-urlencoded"
URLS = urls_of(get_resolver("betaconsole.team_urls"))
FORMS = [url for url in URLS if url.view.access_rule in (*Role, "person") and not url.name.startswith("drafts:")]
# What would take away the objects that the others are about, or the person who asks.
TAKES_AWAY = ("delete", "archive", "remove", "revoke", "leave", "logout", "purge", "reauthenticate", "end_session")
FIELDS = (
    "name", "note", "tags", "title", "text", "reason", "email", "betas", "patch", "key", "base_url", "model", "q", "next",
    "change", "version", "days", "stand", "role", "value", "variant", "case", "repeat", "label", "about", "description-a",
    "default-a", "name-1", "value-1-a", "look_again_on", "team", "client_token", "kind", "repeats", "anthropic_version",
    "daily_usd", "monthly_usd", "max_in_flight", "password", "exchange", "models", "connection", "code", "where",
)  # fmt: skip
ZALGO = "Z" + "\u0301\u0328\u0353\u20dd" * 40
LONG = b"n" * 65_536
ODD = {
    "NUL, controls, and a long name": {"": b"a\x00b\x01\x1b[31m\r\n\x7f", "name": LONG, "title": LONG},
    "right to left, marks on marks, joined emoji, a lone surrogate": {
        "": f"\u202e{ZALGO}\U0001f469\u200d\U0001f680\ufeff\u2066\uffff".encode() + b"\xed\xa0\x80"
    },
}


@pytest.mark.parametrize("kind", ODD)
def test_b13_odd_words_in_every_field_of_every_form_are_refused_or_kept(crew, kind):
    own = objects(crew)
    owner = browser_of(crew["owner"])
    owner.raise_request_exception = True
    sent = "&".join(f"{field}={quote_from_bytes(ODD[kind].get(field, ODD[kind]['']))}" for field in FIELDS)
    for url in FORMS:
        if any(word in url.name for word in TAKES_AWAY) or (url.parameters and url.noun not in own):
            continue
        path = address(url, own) if url.parameters else url.path()
        answer = owner.post(path, sent.encode(), content_type=FORM)
        assert answer.status_code < 500, url.name
    pages = ("runs:history", "library:prompts", "library:combinations", "connections:connections", "people:members")
    assert {owner.get(reverse(name)).status_code for name in pages} == {200}
    for noun in ("comparisons", "prompts", "combinations", "connections"):
        assert owner.get(f"/{noun}/{own[noun]}/").status_code == 200


@pytest.mark.parametrize("prompt", ["x" * (10 * MEGABYTE), "line\n" * MEGABYTE], ids=["10 MB", "a million lines"])
def test_b12_a_large_prompt_is_composed_and_queued(client, owner, prompt):
    tab = Tab(client, a_draft())
    spelled = json.dumps({**BODY, "messages": [{"role": "user", "content": prompt}]})
    before = time.process_time()
    assert tab.post("set_body", body=spelled, view="json").status_code == 200
    form = {"draft": tab.id, "revision": tab.revision, "tab": tab.name, "client_token": "large", "confirmed": "on"}
    answer = client.post("/comparisons/", form)
    assert (answer.status_code, answer["Location"]) == (302, Comparison.objects.get().get_absolute_url())
    assert time.process_time() - before < 20
    sizes = Exchange.objects.values_list("request_body__size", flat=True)
    assert len(sizes) == 2
    assert min(sizes) > len(prompt)


def test_b12_a_body_over_32_mb_is_refused_and_nothing_is_sent(client, owner):
    tab = Tab(client, a_draft())
    kept = Draft.objects.get().body_text
    large = json.dumps({**BODY, "system": "z" * 34 * MEGABYTE})
    answer = tab.post("set_body", body=large, view="json")
    assert answer.status_code == 422
    assert "33,554,432 (32 MB)" in answer.content.decode()
    assert Draft.objects.get().body_text == kept
    assert not Exchange.objects.exists()


def test_b12_a_form_larger_than_any_is_refused_before_it_is_read(client, owner, settings):
    length = settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1
    answer = client.post("/comparisons/", b"draft=x", content_type=FORM, CONTENT_LENGTH=str(length))
    assert answer.status_code == 413
    assert "32 MB" in answer.content.decode()
