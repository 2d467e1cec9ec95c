"""The files of a request that was sent: cards on its page, and each as it was."""

import base64
import html
import json

import pytest
from django.urls import reverse

from betaconsole.claude.multipart import Part, encode
from betaconsole.runs.models import Body, Exchange
from betaconsole.runs.pages.request_files import file_in, upload_files, without_files
from tests.builders import make_comparison, make_exchange
from tests.drafts.files import pdf, png

BIG = png(1200, 800, filler=300_000)
LETTER = 'Grüße, "Ann"\n' * 2_000


def block(kind: str, media_type: str, data: str, source: str = "base64") -> dict:
    return {"type": kind, "source": {"type": source, "media_type": media_type, "data": data}}


BODY = {
    "model": "m",
    "max_tokens": 1,
    "messages": [
        {
            "role": "user",
            "content": [
                block("image", "image/png", base64.b64encode(BIG).decode()),
                block("document", "text/plain", LETTER, "text"),
                {"type": "text", "text": "What is this?"},
            ],
        }
    ],
}  # fmt: skip


def sent(team, ann, body: bytes, content_type: str = "application/json") -> Exchange:
    comparison = make_comparison(team, ann, exchanges=False)
    exchange = make_exchange(comparison, comparison.variants.first())
    exchange.request_body_id = Body.keep(team.pk, body)
    exchange.request_headers = [["content-type", content_type]]
    exchange.save()
    return exchange


def test_files_in_a_body_are_found_and_leave_a_short_text():
    found = without_files(json.dumps(BODY).encode())
    assert [(file.label, file.details, file.size_bytes, file.is_drawn) for file in found.files] == [
        ("PNG image", "1,200 × 800", len(BIG), True),
        ("text", "", len(LETTER.encode()), False),
    ]
    assert len(found.text) < 500


def test_each_file_comes_as_it_was():
    body = json.dumps(BODY).encode()
    assert file_in(body, "application/json", 1) == ("file 1", BIG)
    assert file_in(body, "application/json", 2) == ("file 2", LETTER.encode())
    assert file_in(body, "application/json", 3) is None


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"\xff" * 3_000, b"[" * 3_000, json.dumps({"data": "x y" * 1_000}).encode()]
)
def test_other_bodies_have_no_files(body):
    assert without_files(body) is None
    assert file_in(body, "application/json", 1) is None


@pytest.mark.django_db
def test_the_page_shows_cards_and_no_wall_of_base64(client, owner, team, ann):
    exchange = sent(team, ann, json.dumps(BODY).encode())
    page = client.get(exchange.get_absolute_url()).content
    shown = html.unescape(page.decode())
    assert len(page) < 60_000
    for words in ("PNG image · 1,200 × 800 · 300", "What is this?", "@base64:", "stand for their data"):
        assert words in shown
    address = reverse("runs:request_file", args=[exchange.public_id])
    picture = client.get(address, {"number": "1"})
    assert (picture["Content-Type"], picture.content) == ("image/png", BIG)
    assert picture["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert client.get(address, {"number": "9"}).status_code == 404
    assert client.get(reverse("runs:raw_request", args=[exchange.public_id])).content == json.dumps(BODY).encode()


@pytest.mark.django_db
def test_an_upload_shows_its_files(client, owner, team, ann):
    body, content_type = encode(
        [Part("file", pdf(2), "<b>report</b>.pdf", "application/pdf"), Part("expires_in_seconds", b"3600")]
    )
    exchange = sent(team, ann, body, content_type)
    assert [file.details for file in upload_files(body, content_type)] == ["about 2 pages"]
    page = client.get(exchange.get_absolute_url()).content.decode()
    assert "<b>report" not in page
    file = client.get(reverse("runs:request_file", args=[exchange.public_id]), {"number": "1"})
    assert (file["Content-Type"], file["Content-Disposition"].split(";")[0], file.content) == (
        "application/octet-stream",
        "attachment",
        pdf(2),
    )
