"""Pages of comparisons that are no live messages: other endpoints, uploads, batches."""

import html
import json
import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from betaconsole.claude.multipart import Part, encode
from betaconsole.runs.models import Batch, Body, Comparison, Exchange
from betaconsole.runs.pages.batch_views import said
from betaconsole.runs.states import State
from betaconsole.teams.models import Membership, User
from tests.builders import make_comparison, make_exchange, message

pytestmark = pytest.mark.django_db
MODELS = json.dumps({"data": [{"id": "claude-sonnet-5-5", "type": "model"}], "has_more": False}).encode()


def text_of(page: Any) -> str:
    """The page's words, single blanks between them."""
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", page.content.decode())).split())


def elsewhere(owner: Membership, answer: bytes, *, kind: str = "application/json", **fields: Any) -> Comparison:
    """A comparison at another endpoint whose two columns were answered with these bytes."""
    fields = {"method": "GET", "path": "/v1/models", "content_type": "", "title": "Which models?", **fields}
    made = make_comparison(owner.team, owner.user, exchanges=False, **fields)
    for variant in made.variants.all():
        make_exchange(
            made,
            variant,
            method=made.method,
            url=f"{made.connection.base_url}{made.path}",
            stream=False,
            message=None,
            text="",
            usage=None,
            model="",
            stop_reason="",
            input_tokens=None,
            output_tokens=None,
            cost_usd=None,
            cache_read_tokens=None,
            cache_write_tokens=None,
            response_headers=[["content-type", kind]],
            response_body_id=Body.keep(owner.team.pk, answer),
        )
    Comparison.objects.filter(pk=made.pk).update(finished_at=timezone.now())
    return made


def test_a_list_of_models_is_readable_in_its_lane(client: Client, owner: Membership) -> None:
    page = text_of(client.get(elsewhere(owner, MODELS).get_absolute_url()))
    assert "JSON · 1 in the list" in page
    assert "claude-sonnet-5-5" in page
    assert "GET /v1/models" in page
    assert "Total" in page
    for figure in ("Speed", "Cost", "Cache read", "Output"):
        assert figure not in page


def test_a_count_of_tokens_is_a_figure(client: Client, owner: Membership) -> None:
    count = {"method": "POST", "path": "/v1/messages/count_tokens"}
    made = elsewhere(owner, b'{"input_tokens":2095}', **count)
    made.exchanges.update(input_tokens=2095, usage={"input_tokens": 2095})
    page = text_of(client.get(made.get_absolute_url()))
    assert "2,095 input tokens" in page
    assert re.search(r"Input\s+2,095", page)


@pytest.mark.parametrize(("method", "path"), [("DELETE", "/v1/files/file_x"), ("POST", "/v1/files")])
def test_the_head_says_what_was_asked(client: Client, owner: Membership, method: str, path: str) -> None:
    made = elsewhere(owner, b"{}", method=method, path=path, title="Tidy up")
    page = client.get(made.get_absolute_url()).content.decode()
    assert f"{method} {path}</code>" in page


def test_a_file_is_shown_as_its_first_bytes_with_a_way_to_download_it(client: Client, owner: Membership) -> None:
    made = elsewhere(owner, b"PK\x03\x04\xff" * 100, kind="application/zip", path="/v1/files/f/content")
    page = client.get(made.get_absolute_url())
    exchange = made.exchanges.first()
    assert "50 4b 03 04 ff" in text_of(page)
    assert f"/exchanges/{exchange.public_id}/response/" in page.content.decode()
    assert "50 4b 03 04 ff" in text_of(client.get(exchange.get_absolute_url()))


def test_an_answer_in_html_is_never_html_on_our_page(client: Client, owner: Membership) -> None:
    made = elsewhere(owner, b"<html><script>alert(1)</script>", kind="text/html")
    for url in (made.get_absolute_url(), made.exchanges.first().get_absolute_url()):
        page = client.get(url).content.decode()
        assert "<script>alert" not in page
        assert "alert(1)" in page


def test_an_upload_tells_its_parts(client: Client, owner: Membership) -> None:
    made = elsewhere(owner, b"{}", method="POST", path="/v1/files")
    body, kind = encode([Part("file", b"\x00\xff<b>", "<i>apples.pdf", "application/pdf"), Part("note", b"x")])
    exchange = made.exchanges.first()
    exchange.request_headers = [["content-type", kind]]
    exchange.request_body_id = Body.keep(owner.team.pk, body)
    exchange.save()
    page = client.get(exchange.get_absolute_url())
    assert "file: <i>apples.pdf · application/pdf · 5 bytes" in text_of(page)
    assert "<i>apples" not in page.content.decode()


class TestBatches:
    @pytest.fixture
    def batch(self, owner: Membership) -> Batch:
        comparison = make_comparison(owner.team, owner.user, engine="batch", repeats=2)
        errand = make_comparison(owner.team, owner.user, is_errand=True, exchanges=False, title="Batch 1 of 1")
        batch = Batch.objects.create(
            comparison=comparison,
            errand=errand,
            position=0,
            batch_id="msgbatch_01Abc",
            status="in_progress",
            counts={"processing": 4},
            checked_at=timezone.now() - timedelta(seconds=12),
            expires_at=timezone.now() + timedelta(hours=20),
        )
        comparison.exchanges.update(batch=batch, stream=False)
        return batch

    def test_the_page_says_how_far_they_are_and_asks_again(self, client: Client, batch: Batch) -> None:
        page = client.get(batch.comparison.get_absolute_url())
        assert re.search(
            r"msgbatch_01Abc columns A, B in progress, 0 of 4, looked 1[23] s ago, expires 2", text_of(page)
        )
        assert "A batch has one header line" in text_of(page)
        assert "Went out in a batch" in text_of(page)
        assert "Stop this column" not in text_of(page)
        assert batch.errand.get_absolute_url() in page.content.decode()
        assert f"/comparisons/{batch.comparison.public_id}/batches/" in page.content.decode()

    def test_what_ended_is_asked_for_no_more(self, client: Client, batch: Batch) -> None:
        for cell in batch.exchanges.all():
            data = json.dumps({"custom_id": cell.public_id, "result": {"type": "succeeded", "message": message("Hi.")}})
            cell.message = json.dumps(message("Hi.")).encode()
            cell.response_body_id = Body.keep(cell.team_id, data.encode())
            cell.state, cell.ended_at = State.SUCCEEDED, timezone.now()
            cell.save()
        batch.status, batch.ended_at, batch.counts = "ended", timezone.now(), {"processing": 0, "succeeded": 4}
        batch.save()
        Comparison.objects.update(finished_at=timezone.now())
        page = client.get(batch.comparison.get_absolute_url())
        assert "ended: 4 succeeded" in text_of(page)
        assert "times cannot be compared" in text_of(page)
        assert "First text" not in text_of(page)
        fragment = client.get(f"/comparisons/{batch.comparison.public_id}/batches/").content.decode()
        assert "hx-get" not in fragment
        exchange = client.get(batch.exchanges.first().get_absolute_url())
        assert "/v1/messages/batches" not in text_of(exchange).partition("curl")[2].partition("\\")[0]

    def test_the_calls_of_a_batch_lead_back_to_what_it_carries(self, client: Client, batch: Batch) -> None:
        page = client.get(batch.errand.get_absolute_url())
        assert f"calls of a batch of #{batch.comparison.number}" in text_of(page)
        assert batch.comparison.get_absolute_url() in page.content.decode()

    def test_a_batch_of_another_team_is_not_there(self, client: Client, batch: Batch, eve: User) -> None:
        Comparison.objects.filter(pk=batch.comparison_id).update(team=eve.teams.get())
        assert client.get(f"/comparisons/{batch.comparison.public_id}/batches/").status_code == 404

    @pytest.mark.parametrize(
        ("fields", "states", "words"),
        [
            ({"status": "", "batch_id": ""}, [], "being made"),
            ({"status": "canceling", "cancel_requested_at": timezone.now()}, [], "being cancelled"),
            ({"cancel_requested_at": timezone.now()}, [], "asked to stop"),
            ({"ended_at": timezone.now()}, [State.FAILED], "refused"),
            ({"ended_at": timezone.now()}, [State.UNKNOWN_OUTCOME], "given up"),
            ({"ended_at": timezone.now()}, [State.CANCELLED], "stopped before it was made"),
        ],
    )
    def test_every_end_is_said(self, batch: Batch, fields: dict, states: list[State], words: str) -> None:
        for name, value in fields.items():
            setattr(batch, name, value)
        for state in states:
            Exchange.objects.update(state=state)
        assert words in said(batch, size=4, next_look=timezone.now() + timedelta(seconds=8))
