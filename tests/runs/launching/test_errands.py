"""Files on the API from the composer: listed, uploaded and picked, each request kept and none in the history."""

import html
import json
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from betaconsole.claude.multipart import decode
from betaconsole.drafts.composing import plan_inputs
from betaconsole.drafts.models import Draft
from betaconsole.runs.finding import index_pending, search
from betaconsole.runs.history.listing import history
from betaconsole.runs.launching import errands
from betaconsole.runs.models import Comparison, Exchange
from betaconsole.teams.solo import set_up_solo
from tests.drafts.desk import Tab, a_draft
from tests.drafts.files import pdf, png
from tests.runs.engines import connection_to, running, wait_until_finished
from tests.upstream import Upstream, answer, read, send

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def ann(transactional_db: None):
    return set_up_solo()


@pytest.fixture
def tab(client: Client, ann) -> Tab:
    return Tab(client, a_draft())


def text(response) -> str:
    return html.unescape(response.content.decode())


def post(tab: Tab, view: str, **values: object) -> str:
    return text(tab.client.post(reverse(f"runs:{view}"), {"draft": tab.id, **values}))


def ended(tab: Tab, page: str) -> str:
    """What the page shows once the errand it asks about has ended."""
    address = re.search(r'hx-get="([^"]+)"', page)
    if address is None:
        return page
    wait_until_finished(Comparison.objects.order_by("-pk")[0])
    return text(tab.client.get(address[1]))


def the_exchange() -> Exchange:
    return Exchange.objects.order_by("-pk")[0]


def test_a_file_is_uploaded_listed_picked_and_named_in_the_prompt(tab):
    file = SimpleUploadedFile("report.pdf", pdf())
    with running():
        uploaded = ended(tab, post(tab, "upload_file", file=file))
        sent = the_exchange()
        listed = ended(tab, post(tab, "list_files"))
    file_id = re.search(r"file_\w+", uploaded)[0]
    assert "On the API as" in uploaded
    assert sent.get_absolute_url() in uploaded
    assert [(part.filename, part.data) for part in decode(bytes(sent.request_body.data), content_type(sent))] == [
        ("report.pdf", pdf())
    ]
    assert all(words in listed for words in (file_id, "report.pdf", "application/pdf", f"{len(pdf())} bytes"))
    tab.post("insert_file", file_id=file_id, media_type="application/pdf")
    block = plan_inputs(tab.draft).body["messages"][0]["content"][0]
    assert block == {"type": "document", "source": {"type": "file", "file_id": file_id}}


def content_type(exchange: Exchange) -> str:
    return next(value for name, value in exchange.request_headers if name.lower() == "content-type")


def test_an_attached_text_is_uploaded_as_its_own_bytes(tab):
    letter = 'Grüße, "Ann"\n'.encode()
    tab.post("attach", files=[SimpleUploadedFile("letter.txt", letter)])
    digest = tab.draft.uploads.get().digest
    path = "/messages/0/content/0"
    with running():
        page = ended(tab, post(tab, "upload_file", digest=digest, encoding="text", path=path, name="letter.txt"))
    sent = the_exchange()
    [part] = decode(bytes(sent.request_body.data), content_type(sent))
    assert (part.filename, part.data, part.content_type) == ("letter.txt", letter, "text/plain")
    assert 'id="uploaded-messages-0-content-0"' in page
    assert "Send its id in place of its bytes" in page


def test_the_beta_is_sent_only_where_it_is_ticked(tab):
    with running():
        ended(tab, post(tab, "list_files"))
        plain = the_exchange()
        ended(tab, post(tab, "list_files", refresh="on", with_beta="on"))
    headers = [dict(map(tuple, exchange.request_headers)) for exchange in (plain, the_exchange())]
    assert [row.get("anthropic-beta") for row in headers] == [None, errands.FILES_BETA]


def test_a_list_that_is_minutes_old_is_shown_again_until_something_was_uploaded(tab):
    with running():
        ended(tab, post(tab, "list_files"))
        ended(tab, post(tab, "list_files"))
        assert Comparison.objects.count() == 1
        ended(tab, post(tab, "upload_file", file=SimpleUploadedFile("a.png", png())))
        assert "a.png" in ended(tab, post(tab, "list_files"))
    assert Comparison.objects.count() == 3


def test_errands_are_kept_but_not_in_the_history(tab, ann):
    with running():
        ended(tab, post(tab, "upload_file", file=SimpleUploadedFile("findable.png", png())))
    index_pending()
    assert history(ann.user, ann.team).rows == []
    assert search(ann.team, "findable") == []
    assert tab.client.get(the_exchange().get_absolute_url()).status_code == 200


def test_an_error_of_the_api_is_shown_in_its_words(tab, ann):
    said = json.dumps({"type": "error", "error": {"type": "authentication_error", "message": "invalid x-api-key"}})
    with Upstream([read(), send(answer(said.encode(), 401))]) as upstream, running():
        Draft.objects.update(connection=connection_to(ann, upstream.url))
        page = ended(tab, post(tab, "list_files"))
    assert "invalid x-api-key" in page
    assert "401 authentication_error" in page
    assert "See the request" in page


@pytest.mark.parametrize(
    "body", [b"[]", b'{"data": "no"}', b"\xff", b'{"data": [1, {}, {"id": 5}, {"id": ""}]}', b"[" * 9000]
)
def test_whatever_comes_as_a_list_is_survived(tab, ann, body):
    with Upstream([read(), send(answer(body))]) as upstream, running():
        Draft.objects.update(connection=connection_to(ann, upstream.url))
        page = ended(tab, post(tab, "list_files"))
    assert "No list of files came" in page or "No file on this connection yet" in page


def test_hostile_names_in_a_list_are_shown_harmless(tab, ann):
    rows = [
        {
            "id": 'file_"><script>alert(1)</script>',
            "filename": "<b>\u202ex",
            "mime_type": "'",
            "size_bytes": "x",
            "created_at": 5,
        }
    ]
    with Upstream([read(), send(answer(json.dumps({"data": rows}).encode()))]) as upstream, running():
        Draft.objects.update(connection=connection_to(ann, upstream.url))
        page = post(tab, "list_files")
        address = re.search(r'hx-get="([^"]+)"', page)[1]
        wait_until_finished(Comparison.objects.get())
        page = tab.client.get(address).content.decode()
    assert "<script>alert" not in page
    assert "<b>\u202e" not in page


def test_what_cannot_be_sent_is_said(tab, settings):
    assert "choose one first" in post(tab, "upload_file")
    assert "more than 32 MB" in post(tab, "upload_file", file=SimpleUploadedFile("a.bin", b"x" * 34_000_000))
    settings.SENDING_ENABLED = False
    assert "Sending is switched off" in post(tab, "list_files")
    Draft.objects.update(connection=None)
    assert "The connection this draft used is gone" in post(tab, "list_files")
    assert Comparison.objects.count() == 0


def test_a_draft_or_file_of_somebody_else_is_not_found(client, tab, eve):
    Draft.objects.filter(pk=tab.pk).update(author=eve)
    for view in ("list_files", "upload_file"):
        assert client.post(reverse(f"runs:{view}"), {"draft": tab.id}).status_code == 404
