"""The parts of an upload: fields and files, edited in the composer and sent as multipart/form-data."""

import html

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from betaconsole.claude.endpoints import Endpoint
from betaconsole.claude.multipart import Part, PartError, decode, encode
from betaconsole.drafts import uploads
from betaconsole.drafts.composing import NotReady, plan_inputs
from betaconsole.drafts.uploads import PartRow

from .desk import Tab, a_draft, targets
from .files import pdf, png

pytestmark = pytest.mark.django_db
FILES, SKILLS = Endpoint("POST", "/v1/files"), Endpoint("POST", "/v1/skills")


@pytest.fixture
def tab(client, owner) -> Tab:
    return Tab(client, a_draft(endpoint=FILES))


def text(answer) -> str:
    return html.unescape(answer.content.decode())


def sent(*files: tuple[str, bytes]) -> list[SimpleUploadedFile]:
    return [SimpleUploadedFile(name, data) for name, data in files]


def parts(tab: Tab) -> list[Part]:
    composed = plan_inputs(tab.draft)
    assert (composed.body, composed.case_set) == (None, None)
    return decode(composed.raw_body, composed.content_type)


def test_a_file_and_when_it_expires_are_sent_as_a_form(tab):
    assert "parts" in targets(tab.post("add_parts", files=sent(("report.pdf", pdf()))))
    tab.post("add_parts", name="expires_in_seconds")
    tab.post("set_part", index="1", field="value", value="3600")
    assert parts(tab) == [
        Part("file", pdf(), "report.pdf", "application/pdf"),
        Part("expires_in_seconds", b"3600"),
    ]


def test_the_names_and_the_type_of_a_part_can_be_changed(tab):
    tab.post("add_parts", files=sent(("a.png", png())))
    for field, value in (("name", "document"), ("filename", "b.bin"), ("content_type", "application/x-thing")):
        assert tab.post("set_part", index="0", field=field, value=value).status_code == 200
    assert parts(tab) == [Part("document", png(), "b.bin", "application/x-thing")]


def test_a_folder_of_a_skill_keeps_its_paths(client, owner):
    tab = Tab(client, a_draft(endpoint=SKILLS))
    files = sent(("SKILL.md", b"---\nname: x\n---"), ("run.py", b"print()"))
    tab.post("add_parts", name="files[]", files=files, paths=["my-skill/SKILL.md", "my-skill/../scripts//run.py"])
    assert [(part.name, part.filename) for part in parts(tab)] == [
        ("files[]", "my-skill/SKILL.md"),
        ("files[]", "my-skill/scripts/run.py"),
    ]


def test_a_part_is_removed_and_undo_brings_it_back_with_its_file(tab):
    tab.post("add_parts", files=sent(("a.png", png())))
    tab.post("remove_part", index="0")
    with pytest.raises(NotReady, match="The upload has no part yet"):
        plan_inputs(tab.draft)
    tab.post("undo")
    assert [part.filename for part in parts(tab)] == ["a.png"]


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ((("empty.txt", b""),), "empty.txt is empty"),
        ((("a.bin", b"x" * 20_000_000), ("b.bin", b"y" * 20_000_000)), "more than 32 MB together"),
    ],
)
def test_what_cannot_be_sent_is_said_and_adds_nothing(tab, files, sentence):
    answer = tab.post("add_parts", files=sent(*files))
    assert answer.status_code == 422
    assert sentence in text(answer)
    assert (tab.draft.parts, tab.draft.uploads.count()) == ([], 0)


def test_uploads_grow_no_further_than_32_megabytes(tab):
    tab.post("add_parts", files=sent(("a.bin", b"x" * 20_000_000)))
    answer = tab.post("add_parts", files=sent(("b.bin", b"y" * 14_000_000)))
    assert "With that the upload has 34.0 MB" in text(answer)
    assert len(tab.draft.parts) == 1


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("value", "x" * 100_001, "at most 100,000"),
        ("nonsense", "x", "no longer there"),
        ("name", "x" * 501, "at most 500"),
    ],
)
def test_a_part_that_cannot_be_changed_so_says_why(tab, field, value, sentence):
    tab.post("add_parts", name="a")
    assert sentence in text(tab.post("set_part", index="0", field=field, value=value))
    assert tab.draft.parts == [{"name": "a"}]


def test_a_name_that_cannot_be_sent_is_said_before_run(tab):
    tab.post("add_parts", name="a")
    tab.post("set_part", index="0", field="name", value="a\r\nb")
    with pytest.raises(NotReady, match="cannot be sent in a name"):
        plan_inputs(tab.draft)


def test_hostile_names_are_shown_harmless(tab):
    page = tab.post("add_parts", files=sent(('"><script>alert(1)</script>\u202e.png', png()))).content.decode()
    assert "<script>alert" not in page
    assert "\u202e" not in page


def test_the_page_says_what_the_endpoint_takes(tab, client, owner):
    assert "expires_in_seconds is 3,600 to 7,776,000" in text(tab.get("switch_view", to="form")).replace(
        "</span>", ""
    ).replace('<span class="mono">', "")
    tab.post("add_parts", files=sent(("a.png", png())))
    assert "image/png" in text(tab.get("switch_view", to="form"))


def test_without_javascript_the_form_posts_and_leads_back(tab):
    answer = tab.client.post(
        reverse("drafts:add_parts", args=[tab.id]), {"files": sent(("a.png", png())), "name": "file"}
    )
    assert (answer.status_code, answer["Location"]) == (302, f"/?draft={tab.id}")
    assert [part.filename for part in parts(tab)] == ["a.png"]


def test_an_upload_that_was_sent_becomes_parts_again():
    body, content_type = encode([Part("file", png(), "a.png", "image/png"), Part("expires_in_seconds", b"3600")])
    rows, files = uploads.taken_from(body, content_type)
    assert uploads.encoded(rows, files) == (body, content_type)
    assert uploads.load(uploads.dump(rows)) == rows


def test_a_file_that_is_gone_is_named():
    with pytest.raises(PartError, match=r"a.png is no longer here"):
        uploads.encoded([PartRow("file", file="0", filename="a.png")], {})
