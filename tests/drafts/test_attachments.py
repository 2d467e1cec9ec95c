"""Files in a message: attached by their bytes, shown as cards, sent exactly, taken out and brought back."""

import base64
import html
import json
import os
import time

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from betaconsole.claude import jsontext
from betaconsole.drafts.columns import Column
from betaconsole.drafts.composing import NotReady, plan_inputs
from betaconsole.drafts.models import Draft, Upload

from .desk import BODY, Tab, a_draft, targets
from .files import gif, jpeg, pdf, png, webp

pytestmark = pytest.mark.django_db
MEGABYTE = 1_000_000


@pytest.fixture
def tab(client, owner) -> Tab:
    return Tab(client, a_draft())


def sent(*files: tuple[str, bytes]) -> list[SimpleUploadedFile]:
    return [SimpleUploadedFile(name, data) for name, data in files]


def text(answer) -> str:
    return html.unescape(answer.content.decode())


def content(tab: Tab, index: int = 0):
    """The content of a message as it would be sent."""
    return plan_inputs(tab.draft).body["messages"][index]["content"]


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


@pytest.mark.parametrize(
    ("name", "data", "media_type"),
    [
        ("a.png", png(), "image/png"),
        ("a.jpg", jpeg(), "image/jpeg"),
        ("a.gif", gif(), "image/gif"),
        ("a.webp", webp(), "image/webp"),
        ("picture.pdf.exe", png(), "image/png"),
    ],
)
def test_an_image_stands_before_the_text_and_is_sent_to_the_byte(tab, name, data, media_type):
    answer = tab.post("attach", files=sent((name, data)))
    assert "body" in targets(answer)
    source = {"type": "base64", "media_type": media_type, "data": encoded(data)}
    assert content(tab) == [{"type": "image", "source": source}, {"type": "text", "text": "Hello"}]
    assert encoded(data) not in tab.draft.body_text


def test_a_pdf_and_a_text_are_documents(tab):
    letter = '\ufeffGrüße, "Ann" \\ \u2028\r\n\t😀'
    tab.post("attach", files=sent(("a.pdf", pdf()), ("a.txt", letter.encode())))
    first, second, _ = content(tab)
    assert first == {
        "type": "document",
        "source": {"type": "base64", "media_type": "application/pdf", "data": encoded(pdf())},
    }
    assert second == {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": letter[1:]}}


def test_files_go_to_the_message_asked_for_before_its_text_and_after_tool_results(client, owner):
    result = {"type": "tool_result", "tool_use_id": "t", "content": "1"}
    messages = [
        {"role": "user", "content": [result, {"type": "text", "text": "One"}]},
        {"role": "assistant", "content": "Two"},
        {"role": "user", "content": "Three"},
    ]
    tab = Tab(client, a_draft({**BODY, "messages": messages}))
    tab.post("attach", files=sent(("a.png", png())), index="0")
    assert [block["type"] for block in content(tab)] == ["tool_result", "image", "text"]
    tab.post("attach", files=sent(("b.png", png(4, 4))), index="1")  # an assistant takes no files: the last user does
    assert content(tab, 1) == "Two"
    assert [block["type"] for block in content(tab, 2)] == ["image", "text"]


def test_a_body_without_a_user_gets_a_message_for_the_file(client, owner):
    tab = Tab(client, a_draft({"model": "m", "max_tokens": 1}))
    tab.post("attach", files=sent(("a.png", png())))
    assert [block["type"] for block in content(tab)] == ["image", "text"]


def test_a_card_says_what_a_file_is_and_the_page_holds_no_base64(tab):
    big = png(1200, 800, filler=4 * MEGABYTE)
    answer = text(tab.post("attach", files=sent(("holiday.png", big))))
    assert "holiday.png" in answer
    assert "PNG · 1,200 × 800 · 4.0 MB · 16% of 32 MB" in answer
    page = tab.client.get(f"/?draft={tab.id}").content
    assert len(page) < 100_000
    assert len(tab.get("switch_view", to="json").content) < 20_000


def test_a_file_is_taken_out_and_undo_brings_it_back(tab):
    tab.post("attach", files=sent(("a.png", png()), ("b.png", png(9, 9))))
    whole = content(tab)
    digest = tab.draft.uploads.get(about__contains='"width":3').digest
    assert tab.post("remove_attachment", path="/messages/0/content/1", key=digest).status_code == 422
    tab.post("remove_attachment", path="/messages/0/content/0", key=digest)
    assert content(tab) == whole[1:]
    tab.post("undo")
    assert content(tab) == whole
    tab.post("undo")
    assert content(tab) == "Hello"


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "is empty"),
        (b"MZ\x90\x00" + bytes(60), "is a Windows program"),
        (png()[:40], "is cut off"),
        (b"PK\x03\x04" + bytes(60), "is a ZIP archive"),
        ("größer".encode("latin-1"), "nor UTF-8 text"),
    ],
)
def test_a_file_that_cannot_be_attached_is_named_and_nothing_is_lost(tab, data, sentence):
    before = tab.draft.body_text
    answer = tab.post("attach", files=sent(("thing.png", data)))
    assert (answer.status_code, targets(answer)) == (422, {"problem-attach"})
    assert "thing.png" in text(answer)
    assert sentence in text(answer)
    assert (tab.draft.body_text, Upload.objects.count()) == (before, 0)


def test_of_several_those_that_can_be_are_attached_and_the_others_named(tab):
    answer = tab.post("attach", files=sent(("a.exe", b"MZ\x00\x00"), ("b.png", png()), ("c.svg", b"<svg onload='x'/>")))
    assert [block["type"] for block in content(tab)] == ["image", "document", "text"]
    assert "a.exe is a Windows program" in text(answer)
    assert "c.svg goes as text" in text(answer)


def test_a_request_never_grows_beyond_32_megabytes(tab):
    first, second = png(filler=20 * MEGABYTE), pdf() + b"%" + b" " * 20 * MEGABYTE + b"\n%%EOF"
    answer = tab.post("attach", files=sent(("a.png", first), ("b.pdf", second), ("c.txt", b"small")))
    assert "b.pdf was not attached: with it the request would have 53.3 MB" in text(answer)
    assert [block["type"] for block in content(tab)] == ["image", "document", "text"]
    tab.post("attach", files=sent(("b.pdf", second)))
    assert len(content(tab)) == 3


def test_more_than_the_console_takes_at_once_is_dropped_on_the_way(tab, monkeypatch):
    huge = sent(("a.bin", b"x" * 101 * MEGABYTE))
    answer = tab.post("attach", files=huge)
    assert answer.status_code == 422
    assert "more than 100 MB together" in text(answer)


def test_nothing_chosen_is_said(tab):
    assert "choose one first" in text(tab.post("attach"))


HOSTILE = "../../\u202eetc/<script>alert(1)</script>\"'\x00.png"


def test_a_hostile_name_is_shown_harmless_and_survives_in_the_text(tab):
    page = tab.post("attach", files=sent((HOSTILE, png()), ("n" * 10_000 + ".png", png(5, 5)))).content.decode()
    assert "<script>alert" not in page
    assert "\u202e" not in page
    assert len(tab.draft.body_text) < 1_000
    assert [block["type"] for block in content(tab)] == ["image", "image", "text"]


def test_a_preview_is_served_as_what_its_bytes_are_and_can_run_nothing(tab):
    tab.post("attach", files=sent(("a.html", b"<html><script>alert(1)</script>"), ("b.png", png()), ("c.pdf", pdf())))
    shown = {}
    for upload in tab.draft.uploads.all():
        answer = tab.get(
            "file", digest=upload.digest, name='x"\r\n.html', encoding="text" if upload.size == 31 else "base64"
        )
        assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox"
        assert answer["X-Content-Type-Options"] == "nosniff"
        shown[answer["Content-Type"]] = (answer["Content-Disposition"].split(";")[0], answer.content)
    assert shown == {
        "text/plain; charset=utf-8": ("inline", b"<html><script>alert(1)</script>"),
        "image/png": ("inline", png()),
        "application/octet-stream": ("attachment", pdf()),
    }
    assert tab.get("file", digest="0" * 32).status_code == 404
    assert tab.get("file").status_code == 400


def test_a_picture_too_big_to_decode_is_not_drawn(tab):
    answer = text(tab.post("attach", files=sent(("bomb.png", png(50_000, 50_000)))))
    assert "50,000 × 50,000 pixels; the API refuses sides over 8,000" in answer
    assert "<img" not in answer


def test_a_pasted_body_with_a_file_in_it_becomes_light_and_is_sent_as_it_was(tab):
    data = encoded(os.urandom(3 * MEGABYTE))
    source = {"type": "base64", "media_type": "image/png", "data": data}
    body = {
        "model": "m",
        "max_tokens": 1,
        "n": 1.0,
        "messages": [{"role": "user", "content": [{"type": "image", "source": source}]}],
    }
    spelled = json.dumps(body, indent=3)
    answer = tab.post("set_body", body=spelled, view="json")
    assert "body" in targets(answer)
    assert len(tab.draft.body_text) < 1_000
    assert tab.get("whole_body").content.decode() == spelled
    assert jsontext.dumps(plan_inputs(tab.draft).body) == jsontext.dumps(jsontext.loads(spelled))
    assert "4.0 MB" in text(tab.get("switch_view", to="form")) or "3.0 MB" in text(tab.get("switch_view", to="form"))


def test_a_columns_own_body_and_a_new_draft_keep_files_apart_too(client, owner):
    data = encoded(os.urandom(9_000))
    body = {
        **BODY,
        "messages": [
            {
                "role": "user",
                "content": [{"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": data}}],
            }
        ],
    }
    draft = a_draft(body, own_bodies={"b": json.dumps(body)})
    composed = plan_inputs(draft)
    assert composed.body == composed.columns[1].own_body == body
    assert data not in draft.body_text
    assert data not in draft.own_bodies.get().text


def test_a_reference_to_a_file_of_another_draft_is_said_before_it_is_sent(tab):
    tab.post("attach", files=sent(("a.png", png())))
    with pytest.raises(NotReady) as caught:
        plan_inputs(a_draft(text=tab.draft.body_text))
    assert "The file a.png that the body refers to is not in this draft" in str(caught.value)


def test_text_typed_for_a_place_that_became_a_list_meanwhile_is_not_lost(tab):
    tab.post("attach", files=sent(("a.png", png())))
    assert tab.post("set_text", path="/messages/0/content", text="Typed meanwhile").status_code == 200
    assert content(tab)[-1] == {"type": "text", "text": "Typed meanwhile"}


def test_typing_beside_twenty_megabytes_costs_what_typing_costs(tab):
    tab.post("attach", files=sent(("a.png", png(filler=20 * MEGABYTE))))
    begun = time.process_time()
    for word in ("one", "two", "three", "four", "five"):
        tab.post("set_text", path="/messages/0/content/1/text", text=word)
    assert (time.process_time() - begun) / 5 < 4
    assert sum(len(step.body_before or "") for step in tab.draft.steps.all()) < 10_000


def test_files_that_nothing_names_any_more_are_swept(client, owner, monkeypatch):
    tab = Tab(client, a_draft())
    monkeypatch.setattr("betaconsole.drafts.kept_files.KEPT_BYTES", 300)
    for width in (10, 20, 30, 40, 50, 60):
        tab.post("attach", files=sent((f"{width}.png", png(width, 5))))
        digest = tab.draft.uploads.get(about__contains=f'"width":{width},').digest
        tab.post("remove_attachment", path="/messages/0/content/0", key=digest)
    kept = sorted(upload.about["width"] for upload in tab.draft.uploads.all())
    assert 0 < len(kept) < 6
    assert kept[-1] == 60
    while "Undo" in text(tab.post("undo")) and tab.draft.steps.filter(undone=False).exists():
        assert plan_inputs(tab.draft)


def test_without_javascript_the_form_posts_and_leads_back(tab):
    address = reverse("drafts:attach", args=[tab.id])
    answer = tab.client.post(address, {"files": sent(("a.png", png()))})
    assert (answer.status_code, answer["Location"]) == (302, f"/?draft={tab.id}")
    assert [block["type"] for block in content(tab)] == ["image", "text"]
    refused = tab.client.post(address, {"files": sent(("a.exe", b"MZ\x00"))})
    assert (refused.status_code, refused["Content-Type"]) == (422, "text/plain; charset=utf-8")


def test_a_file_of_the_api_is_named_in_the_right_kind_of_block(tab):
    for media_type in ("image/webp", "application/pdf", "text/csv"):
        tab.post("insert_file", file_id="file_011CNha8iCJcU1wXNR6q4V8w", media_type=media_type)
    named = {"type": "file", "file_id": "file_011CNha8iCJcU1wXNR6q4V8w"}
    assert content(tab)[:3] == [
        {"type": "image", "source": named},
        {"type": "document", "source": named},
        {"type": "container_upload", "file_id": named["file_id"]},
    ]
    for odd in ("", "x" * 300, '{"a": 1}', "é"):
        assert tab.post("insert_file", file_id=odd, media_type="image/png").status_code == 422


def test_an_uploaded_file_is_named_in_place_of_its_bytes(tab):
    tab.post("attach", files=sent(("a.png", png())))
    digest = tab.draft.uploads.get().digest
    tab.post("insert_file", file_id="file_1", digest=digest, path="/messages/0/content/0")
    assert content(tab)[0] == {"type": "image", "source": {"type": "file", "file_id": "file_1"}}
    assert tab.post("insert_file", file_id="file_1", digest=digest, path="/messages/0/content/0").status_code == 422


def test_a_prompt_is_saved_whole_and_opens_light(tab, client):
    tab.post("attach", files=sent(("a.png", png(filler=5_000))))
    tab.post("save", name="With a picture")
    version = tab.draft.prompt_version
    assert encoded(png(filler=5_000)) in version.body_text
    client.post(reverse("drafts:new"), {"prompt": version.prompt.public_id})
    opened = Draft.objects.order_by("-pk").first()
    assert len(opened.body_text) < 1_000
    assert plan_inputs(opened).body == plan_inputs(tab.draft).body


def test_a_post_from_elsewhere_attaches_nothing(strict_client: Client, owner):
    draft = a_draft(columns=[Column("a")])
    answer = strict_client.post(reverse("drafts:attach", args=[draft.public_id]), {"files": sent(("a.png", png()))})
    assert (answer.status_code, draft.uploads.count()) == (403, 0)
