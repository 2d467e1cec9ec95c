"""A run that would pass a budget: refused in words, with a button for admins that sends it all the same."""

import html
import re
from decimal import Decimal
from urllib.parse import parse_qs, urlsplit

import pytest
from django.urls import reverse
from django.utils import timezone

from betaconsole.drafts.models import Draft
from betaconsole.runs.history.keeping import UNDO_FOR
from betaconsole.runs.models import Comparison, Exchange
from betaconsole.runs.pages.passing_views import LASTS_S, pass_link
from betaconsole.runs.states import State
from betaconsole.teams.models import AuditEntry, Membership, Role
from tests.builders import make_comparison, message, succeeded_fields
from tests.drafts.desk import BODY, a_draft
from tests.runs.engines import connection_to

pytestmark = pytest.mark.django_db
BUTTON = "Send anyway, over the budget"


@pytest.fixture
def connection(owner):
    """It is the default of new drafts; nothing fits in its budget."""
    return connection_to(owner, "https://api.anthropic.com", daily_budget_usd=Decimal("0.01"))


def text(answer) -> str:
    return html.unescape(answer.content.decode())


def said_of(answer) -> str:
    """The sentence about the budget, as it begins."""
    [said] = set(re.findall(r"This may cost up to \$[\d.]+, and", text(answer)))
    return said


def pressed(client, draft, **more):
    values = {"draft": draft.public_id, "revision": draft.revision, "client_token": "press-1", **more}
    return client.post(reverse("runs:run"), values)


def test_run_is_refused_with_what_is_left_and_an_admin_sends_it_anyway(client, connection):
    draft = a_draft({**BODY, "max_tokens": 64_000})
    refused = pressed(client, draft)
    assert refused.status_code == 409
    assert "$0.01 of today's $0.01 is left on Upstream: nothing was sent." in text(refused)
    assert f'form="run" name="over_budget" value="on">{BUTTON}</button>' in text(refused)
    assert f'id="problem-connection" role="alert">{said_of(refused)}' in text(refused)
    assert not Comparison.objects.exists()
    assert pressed(client, draft, over_budget="on").status_code == 302
    assert Comparison.objects.get().exchanges.count() == 2
    assert AuditEntry.objects.filter(action="budget passed").count() == 1


def test_a_member_is_told_to_ask_an_admin_and_has_no_such_button(client, connection, settings):
    draft = a_draft({**BODY, "max_tokens": 64_000})
    Membership.objects.update(role=Role.MEMBER)
    for refused in (pressed(client, draft), pressed(client, draft, over_budget="on")):
        assert "ask an admin to let it pass" in text(refused)
        assert f"{settings.PUBLIC_URL}/let-pass/?run=" in text(refused)
        assert BUTTON not in text(refused)
    assert not Comparison.objects.exists()


def test_an_admin_sends_what_a_member_asks_for_in_the_members_name(client, connection, owner, bo):
    a_draft({**BODY, "max_tokens": 64_000}, title="<b>Dear</b>")
    Draft.objects.update(author=bo)
    [link] = parse_qs(urlsplit(pass_link(Draft.objects.get())).query)["run"]
    asked = text(client.get(reverse("runs:let_pass"), {"run": link}))
    assert "Bo</bdi> asks to send 2 requests, “<bdi><b>Dear</b></bdi>”" in asked
    assert "Of today's $0.01, $0.01 is left." in asked
    for press in "12":  # the link is good for one run: whatever a second press brings, it finds the first
        sent = client.post(reverse("runs:let_pass"), {"run": link, "client_token": press})
    made = Comparison.objects.get()
    assert client.get(reverse("runs:let_pass"), {"run": link}).headers["Location"] == made.get_absolute_url()
    assert (sent.headers["Location"], made.author, made.exchanges.count()) == (made.get_absolute_url(), bo, 2)
    entry = AuditEntry.objects.get(action="budget passed")
    assert (entry.person, entry.detail["for"]) == (owner.user, "Bo")
    Comparison.objects.update(deleted_at=timezone.now())
    gone = client.post(reverse("runs:let_pass"), {"run": link})
    assert (gone.status_code, "deleted since" in text(gone), "Send it" in text(gone)) == (409, True, False)


def test_no_link_outlives_the_memory_of_what_it_sent():
    """What was sent may be deleted at once, and is gone for good when its deletion can no longer be undone."""
    assert UNDO_FOR.total_seconds() >= LASTS_S


def test_what_was_changed_since_or_is_no_admins_to_decide_is_not_sent(client, connection, owner, bo):
    draft = a_draft({**BODY, "max_tokens": 64_000})
    Draft.objects.update(author=bo)
    [link], url = parse_qs(urlsplit(pass_link(draft)).query)["run"], reverse("runs:let_pass")
    Draft.objects.update(revision=draft.revision + 1)
    changed = client.post(url, {"run": link})
    assert (changed.status_code, "changed since the link was made" in text(changed)) == (409, True)
    Draft.objects.update(revision=draft.revision)
    assert client.post(url, {"run": f"{link}x"}).status_code == 404
    Membership.objects.filter(user=bo).update(role=Role.VIEWER)
    assert client.post(url, {"run": link}).status_code == 404, "the author may send nothing any more"
    Membership.objects.update(role=Role.MEMBER)
    assert client.get(url, {"run": link}).status_code == 403
    assert not Comparison.objects.exists()


def test_a_column_that_is_sent_once_more_needs_room_too(client, owner, connection):
    made = make_comparison(owner.team, owner.user, betas=[()], connection=connection)
    made.exchanges.update(state=State.INCOMPLETE)
    connection.daily_budget_usd = Decimal(0)
    connection.save()
    url = reverse("runs:again", args=[made.public_id])
    refused = client.post(url, {"variant": "0", "case": "0", "repeat": "1"})
    assert refused.status_code == 409
    assert '<input type="hidden" name="variant" value="0">' in text(refused)
    assert BUTTON in text(refused)
    assert client.post(url, {"variant": "0", "case": "0", "repeat": "1", "over_budget": "on"}).status_code == 302
    assert Exchange.objects.filter(attempt=2).count() == 1


def test_a_next_message_is_refused_with_what_was_typed_and_the_same_button(client, owner, connection):
    made = make_comparison(owner.team, owner.user, betas=[()], connection=connection)
    made.exchanges.update(state=State.SUCCEEDED, **succeeded_fields(owner.team.pk, message("Hello.")))
    connection.daily_budget_usd = Decimal(0)
    connection.save()
    url = reverse("runs:say", args=[made.public_id])
    said = {"exchange": made.exchanges.get().public_id, "text": "And what then?"}
    refused = client.post(url, said)
    assert refused.status_code == 409
    assert "And what then?</textarea>" in text(refused)
    assert f'name="over_budget" value="on">{BUTTON}</button>' in text(refused)
    assert client.post(url, {**said, "over_budget": "on"}).status_code == 302
    assert Exchange.objects.filter(turn=2).count() == 1
