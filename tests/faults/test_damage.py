"""Rows that cannot be read any more: what is theirs says so, and everything else works."""

from dataclasses import replace
from pathlib import Path

import pytest
from allauth.mfa.models import Authenticator
from cryptography.fernet import Fernet
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import Client
from django.urls import reverse

from betaconsole.drafts.models import Draft, Engine
from betaconsole.drafts.starting import latest_or_blank
from betaconsole.runs.launching.planning import VariantPlan
from betaconsole.runs.management.commands.serve import Command as Serve
from betaconsole.runs.models import Comparison, Exchange, Segment
from betaconsole.runs.sending.recording import interrupt
from betaconsole.runs.states import State
from betaconsole.storage.fields import damaged_columns
from betaconsole.teams import sealing
from betaconsole.teams.models import Connection, Membership
from betaconsole.teams.solo import set_up_solo
from tests.builders import event_stream, make_comparison, make_exchange, message
from tests.console import load_wsgi
from tests.damage import NO_JSON, NO_ZLIB, SHOWN, spoil
from tests.runs.engines import VERSION, connection_to, plan, run, running, wait_until_finished
from tests.upstream import Upstream, answer, read, send

pytestmark = pytest.mark.django_db


@pytest.fixture
def visitor() -> Client:
    return Client(raise_request_exception=False, headers={"host": "localhost"})


@pytest.fixture
def pair(owner: Membership) -> tuple[Comparison, Comparison]:
    """Two comparisons that have nothing in common but the team."""
    made = []
    for title in ("The damaged one", "Another one"):
        comparison = make_comparison(
            owner.team, owner.user, title=title, exchanges=False, body={"messages": [], "about": title}
        )
        for variant in comparison.variants.all():
            make_exchange(comparison, variant, answer=f"{title}, {variant.label}")
        made.append(comparison)
    return made[0], made[1]


@pytest.mark.both_databases
def test_s10_a_damaged_exchange_says_so_and_all_around_it_works(
    visitor: Client, pair: tuple[Comparison, Comparison]
) -> None:
    bad, good = pair
    first, second = bad.exchanges.order_by("pk")
    spoil(first, **SHOWN)
    page = visitor.get(first.get_absolute_url())
    assert page.status_code == 200
    assert "A part of this exchange is damaged" in page.content.decode()
    assert "No status line came back" not in page.content.decode()
    assert ", ".join(sorted(SHOWN)) == ", ".join(sorted(page.context["damaged"]))
    for other in ("/history/", bad.get_absolute_url(), second.get_absolute_url(), good.get_absolute_url()):
        around = visitor.get(other)
        assert (other, around.status_code) == (other, 200)
        assert "A part of this exchange is damaged" not in around.content.decode()
    assert "The damaged one, Column 1" in visitor.get(bad.get_absolute_url()).content.decode()


@pytest.mark.both_databases
def test_s10_reparse_brings_back_all_that_the_bytes_say_and_loses_nothing(pair: tuple[Comparison, Comparison]) -> None:
    exchange = pair[0].exchanges.order_by("pk")[0]
    spoil(exchange, **SHOWN)
    call_command("reparse", "--exchange", exchange.public_id)
    healed = Exchange.objects.get(pk=exchange.pk)
    assert sorted(damaged_columns(healed)) == ["response_headers", "timeline"]
    names = ("text", "usage", "message", "error_message", "warnings", "refused_betas", "request_id")
    assert {name: getattr(healed, name) for name in names} == {name: getattr(exchange, name) for name in names}


@pytest.mark.both_databases
def test_s10_a_damaged_comparison_does_not_take_the_list_with_it(
    visitor: Client, pair: tuple[Comparison, Comparison]
) -> None:
    bad, _ = pair
    spoil(bad, summary=NO_JSON, tags=NO_JSON, tool_stubs=NO_JSON, checks=NO_JSON)
    listed = visitor.get("/history/")
    assert listed.status_code == 200
    assert {"The damaged one", "Another one"} <= set(listed.content.decode().replace("<", ">").split(">"))
    assert visitor.get(bad.get_absolute_url()).status_code == 200
    for route in ("runs:edit", "runs:again"):  # nothing goes out without what it was sent with
        told = visitor.post(reverse(route, args=[bad.public_id]))
        assert (route, told.status_code) == (route, 500)
        assert "A part of this is damaged" in told.content.decode()
    assert (Comparison.objects.count(), Draft.objects.count()) == (2, 0)


@pytest.mark.both_databases
def test_s10_a_request_that_cannot_be_read_is_shown_as_damaged_and_nothing_is_made_of_it(
    visitor: Client, pair: tuple[Comparison, Comparison]
) -> None:
    bad, good = pair
    exchange, sibling = bad.exchanges.order_by("pk")
    Exchange.objects.filter(pk=exchange.pk).update(state=State.INCOMPLETE)
    spoil(exchange, request_headers=NO_JSON)
    page = visitor.get(exchange.get_absolute_url())
    assert (page.status_code, page.context["damaged"]) == (200, ["request_headers"])
    assert "A part of this exchange is damaged" in page.content.decode()
    assert "The same request as code" not in page.content.decode()
    beside = f"{reverse('runs:side_by_side')}?exchange={exchange.public_id}&exchange={sibling.public_id}"
    whole = (bad.get_absolute_url(), sibling.get_absolute_url(), good.get_absolute_url(), "/history/", beside)
    for other in (*whole, reverse("compare:record", args=[bad.public_id])):
        assert (other, visitor.get(other).status_code) == (other, 200)
    difference = f"{reverse('compare:diff')}?left={exchange.public_id}&right={sibling.public_id}&part=requests"
    for concluded in (f"{reverse('runs:code', args=[exchange.public_id])}?language=curl", difference):
        assert (concluded, visitor.get(concluded).status_code) == (concluded, 500)
    again = visitor.post(reverse("runs:again", args=[bad.public_id]), {"variant": "0", "case": "0", "repeat": "1"})
    assert (again.status_code, bad.exchanges.count()) == (500, 2)


@pytest.mark.django_db(transaction=True)
def test_s10_a_queued_request_that_cannot_be_read_is_not_sent_and_holds_nobody_up(owner: Membership) -> None:
    said = b'{"type":"message","role":"assistant","content":[{"type":"text","text":"Hi."}],"stop_reason":"end_turn"}'
    with Upstream([read(), send(answer(said))]) as upstream:
        comparison = run(owner, connection_to(owner, upstream.url), plan(stream=False))
        first, second = comparison.exchanges.order_by("pk")
        spoil(first, request_headers=NO_JSON)
        with running():
            wait_until_finished(comparison)
        first.refresh_from_db()
        second.refresh_from_db()
        assert (first.state, second.state) == (State.FAILED, State.SUCCEEDED)
        assert (first.sent_at, len(upstream.requests)) == (None, 1)
        assert "nothing was sent" in first.error_message


@pytest.mark.django_db(transaction=True)
def test_s10_a_queued_body_that_cannot_be_read_is_not_sent_and_holds_nobody_up(owner: Membership) -> None:
    said = b'{"type":"message","role":"assistant","content":[{"type":"text","text":"Hi."}],"stop_reason":"end_turn"}'
    with Upstream([read(), send(answer(said))]) as upstream:
        changed = VariantPlan("Changed", (), VERSION, changes={"max_tokens": 65})
        asked = plan([[]], stream=False)
        comparison = run(owner, connection_to(owner, upstream.url), replace(asked, variants=[*asked.variants, changed]))
        first, second = comparison.exchanges.order_by("variant__position")
        spoil(first.request_body, data=NO_ZLIB)
        with running():
            wait_until_finished(comparison)
        states = dict(comparison.exchanges.values_list("pk", "state"))
        assert states == {first.pk: State.FAILED, second.pk: State.SUCCEEDED}
        failed = comparison.exchanges.get(pk=first.pk)
        assert (failed.sent_at, failed.failure_kind, len(upstream.requests)) == (None, "not_sent", 1)
        assert "request body is damaged" in failed.error_message


@pytest.mark.django_db(transaction=True)
def test_s10_a_cell_of_a_batch_that_cannot_be_read_is_left_out_of_it(owner: Membership) -> None:
    simulator = Connection.objects.get(team=owner.team, kind=Connection.Kind.SIMULATOR)
    asked = replace(plan(stream=False, system="[[simulator: tps=inf]]"), engine=Engine.BATCH)
    comparison = run(owner, simulator, asked)
    first, second = comparison.exchanges.order_by("pk")
    spoil(first, request_headers=NO_JSON)
    with running():
        wait_until_finished(comparison)
    states = dict(comparison.exchanges.values_list("pk", "state"))
    assert states == {first.pk: State.FAILED, second.pk: State.SUCCEEDED}
    assert "nothing was sent" in comparison.exchanges.get(pk=first.pk).error_message


@pytest.mark.both_databases
def test_s10_whoever_had_a_draft_open_that_is_damaged_begins_anew(visitor: Client, owner: Membership) -> None:
    draft = latest_or_blank(owner.team, owner.user)
    spoil(draft, columns=NO_JSON)
    assert visitor.get(f"/?draft={draft.public_id}").status_code == 500
    for says_so in (True, False):
        page = visitor.get("/")
        assert page.status_code == 200
        assert ("What you had open last is damaged" in page.content.decode()) is says_so
    assert Draft.objects.count() == 2


@pytest.mark.both_databases
def test_s10_bytes_past_a_missing_segment_are_not_taken_for_the_answer(owner: Membership) -> None:
    comparison = make_comparison(owner.team, owner.user, exchanges=False)
    cut = make_exchange(
        comparison,
        comparison.variants.first(),
        state=State.STREAMING,
        status=200,
        response_headers=[["content-type", "text/event-stream"]],
    )
    data, _ = event_stream(message("Hello.", "There."))
    first, second, third = data[:100], data[100:150], data[150:]
    for seq, piece in ((0, first), (2, third)):
        Segment.objects.create(exchange=cut, seq=seq, data=piece)
    assert second
    assert interrupt(cut.pk)
    cut.refresh_from_db()
    assert (cut.state, bytes(cut.response_body.data)) == (State.INTERRUPTED, first)


@pytest.fixture
def masters(settings):
    """Set the master keys of this process; none: what their file says."""

    def use(*keys: bytes) -> None:
        settings.ENCRYPTION_KEYS = [key.decode() for key in keys]
        sealing._master_keys.cache_clear()

    yield use
    sealing._master_keys.cache_clear()


@pytest.mark.django_db(transaction=True)
def test_s11_with_another_master_key_it_starts_says_which_is_missing_and_leaves_the_seals_alone(
    masters, capsys: pytest.CaptureFixture[str], visitor: Client, settings, tmp_path: Path
) -> None:
    settings.STATIC_ROOT = tmp_path
    ann = set_up_solo()
    ours, other = Fernet.generate_key(), Fernet.generate_key()
    masters(ours)
    sealed = connection_to(ann, "http://127.0.0.1:9")
    before = sealed.sealed_key
    Serve().prepare()
    assert "master key" not in capsys.readouterr().err

    masters(other)
    Serve().prepare()
    said = capsys.readouterr().err
    assert sealing._key_id(ours) in said  # expected
    assert sealing._key_id(other) in said  # found
    for page in ("/connections/", f"/connections/{sealed.public_id}/"):
        assert "cannot be opened" in visitor.get(page).content.decode()
    with running():
        [exchange] = wait_until_finished(run(ann, sealed, plan([[]])))
    assert (exchange.state, exchange.failure_kind) == (State.FAILED, "not_sent")
    assert "which this console does not have" in exchange.error_message
    assert Connection.objects.get(pk=sealed.pk).sealed_key == before


@pytest.mark.django_db(transaction=True)
def test_s11_without_any_master_key_it_does_not_start_and_makes_none_until_the_seals_are_given_up(
    masters, settings, tmp_path: Path
) -> None:
    settings.STATIC_ROOT = tmp_path / "static"
    settings.STATIC_ROOT.mkdir()
    ann, ours = set_up_solo(), Fernet.generate_key()
    masters(ours)
    sealed = connection_to(ann, "http://127.0.0.1:9")
    Authenticator.objects.create(
        user=ann.user, type=Authenticator.Type.TOTP, data={"secret": sealing.seal_factor("a secret")}
    )
    settings.ENCRYPTION_KEYS_FILE = tmp_path / "encryption.key"
    masters()
    starts = (Serve().prepare, load_wsgi)  # `manage.py serve`, and a gunicorn of somebody's own
    for start in starts:
        with pytest.raises((CommandError, sealing.Unreadable)) as refusal:
            start()
        assert f"1 API key and 1 second factor sealed under master key {sealing._key_id(ours)}" in str(refusal.value)
        assert "serve --without-master-key" in str(refusal.value)
        assert not settings.ENCRYPTION_KEYS_FILE.exists()
    with pytest.raises(sealing.NoMasterKey):  # nothing else makes one on the way
        sealed.put_key("sk-ant-test-9999999999")
    Serve().prepare(gives_up_seals=True)
    assert settings.ENCRYPTION_KEYS_FILE.stat().st_mode & 0o777 == 0o600
    for start in starts:
        start()
    assert Connection.objects.get(pk=sealed.pk).lacks_master_key == sealing._key_id(ours)
