"""The simulator's Files API: what is uploaded, listed, referred to and deleted, with the SDK and by hand."""

import contextlib
import time
from email.message import Message

import anthropic
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from betaconsole.simulator import Simulator
from betaconsole.simulator.multipart import read_form
from betaconsole.simulator.refusals import Refusal
from betaconsole.simulator.store import Shelf
from betaconsole.simulator.stored import StoredFile
from betaconsole.simulator.wire import Request

from .talk import Reply, ask, say

FIRST_BETA = "files-api-2025-04-14"
PDF = ("paper.pdf", b"%PDF-1.4 simulated", "application/pdf")


def upload(simulator: Simulator, *parts: tuple[str, str | None, bytes], **headers: str | None) -> Reply:
    """Send a form by hand: name, filename and data of each part."""
    body = b""
    for name, filename, data in parts:
        said = f'form-data; name="{name}"' + (f'; filename="{filename}"' if filename is not None else "")
        body += b"--cut\r\ncontent-disposition: " + said.encode() + b"\r\n\r\n" + data + b"\r\n"
    sent = {"content_type": "multipart/form-data; boundary=cut", **headers}
    return say(simulator.dial(), body + b"--cut--\r\n", path="/v1/files", **sent)


def about(file_id: str, kind: str = "document") -> list[dict]:
    return [
        {
            "role": "user",
            "content": [
                {"type": kind, "source": {"type": "file", "file_id": file_id}},
                {"type": "text", "text": "Sum this up."},
            ],
        }
    ]


@pytest.mark.parametrize("space", ["stable", "beta"])
def test_the_sdk_uploads_lists_reads_and_deletes_a_file(client, space):
    files = client.beta.files if space == "beta" else client.files
    kept = files.upload(file=PDF, expires_in_seconds=3600)
    assert (kept.filename, kept.mime_type, kept.size_bytes, kept.downloadable) == (PDF[0], PDF[2], len(PDF[1]), False)
    assert kept.id.startswith("file_01")
    assert (kept.expires_at - kept.created_at).total_seconds() == pytest.approx(3600)
    assert [each.id for each in files.list()] == [kept.id]
    assert files.retrieve_metadata(kept.id) == kept
    with pytest.raises(anthropic.BadRequestError, match="is not downloadable") as refused:
        files.download(kept.id)
    assert refused.value.body["error"]["details"] == {"error_code": "file_not_downloadable"}
    assert files.delete(kept.id).to_dict() == {"id": kept.id, "type": "file_deleted"}
    with pytest.raises(anthropic.NotFoundError):
        files.retrieve_metadata(kept.id)


def test_the_first_beta_lists_files_by_their_ids(client):
    ids = [client.files.upload(file=PDF).id for _ in range(5)][::-1]
    page = client.beta.files.list(limit=2, betas=[FIRST_BETA]).to_dict()
    assert [each["id"] for each in page["data"]] == ids[:2]
    assert (page["has_more"], page["first_id"], page["last_id"]) == (True, ids[0], ids[1])
    assert set(page["data"][0]) == {
        "type",
        "id",
        "size_bytes",
        "created_at",
        "filename",
        "mime_type",
        "downloadable",
    }
    next_page = client.beta.files.list(betas=[FIRST_BETA], extra_query={"after_id": ids[1], "limit": 2})
    assert [each.id for each in next_page.data] == ids[2:4]
    page_before = client.beta.files.list(betas=[FIRST_BETA], extra_query={"before_id": ids[3], "limit": 2})
    assert [each.id for each in page_before.data] == ids[1:3]


def test_pages_of_files_can_be_followed_while_their_files_are_deleted(client):
    ids = [client.files.upload(file=PDF).id for _ in range(5)]
    for kept in client.files.list(limit=2):
        client.files.delete(kept.id)
        ids.remove(kept.id)
    assert ids == []


def test_files_can_be_listed_by_name(client):
    ids = [client.files.upload(file=PDF).id for _ in range(3)]
    assert [each.id for each in client.files.list(ids=[ids[2], "file_none", ids[0]])] == [ids[2], ids[0]]
    with pytest.raises(anthropic.BadRequestError, match="cannot be combined"):
        client.files.list(ids=ids, limit=2)
    with pytest.raises(anthropic.BadRequestError, match="at most 100 items"):
        client.files.list(ids=[f"file_{number}" for number in range(101)])


@pytest.mark.parametrize(
    ("limit", "says"), [("0", "greater than or equal to 1"), ("1001", "less than"), ("x", "valid")]
)
def test_a_page_holds_1_to_1000(simulator, limit, says):
    reply = say(simulator.dial(), None, method="GET", path=f"/v1/files?limit={limit}")
    assert (reply.status, says in reply.message) == (400, True)


def test_a_cursor_that_was_never_given_is_refused(simulator):
    assert say(simulator.dial(), None, method="GET", path="/v1/files?page=page_file_x").status == 400


def test_other_keys_have_other_files(client):
    kept = client.files.upload(file=PDF)
    stranger = client.with_options(api_key="sk-ant-other")
    assert list(stranger.files.list()) == []
    with pytest.raises(anthropic.NotFoundError):
        stranger.files.delete(kept.id)
    assert [each.id for each in client.files.list()] == [kept.id]


def test_a_message_counts_the_tokens_of_its_files(client):
    paper = client.files.upload(file=("long.pdf", b"%PDF" * 100_000, "application/pdf"))
    notes = client.files.upload(file=("notes.txt", b"word " * 4_000, "text/plain"))
    asked = {"model": "claude-sonnet-4-6", "max_tokens": 300}
    counted = client.messages.count_tokens(model=asked["model"], messages=about(paper.id)).input_tokens
    assert counted > 10_000
    assert client.messages.create(**asked, messages=about(paper.id)).usage.input_tokens == counted
    whole = [
        {
            "role": "user",
            "content": [
                {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "word " * 4_000}},
                {"type": "text", "text": "Sum this up."},
            ],
        }
    ]
    of_file, of_text = (
        client.messages.create(**asked, messages=messages).usage.input_tokens for messages in (about(notes.id), whole)
    )
    assert of_file == of_text > 4_000


@pytest.mark.parametrize("tool", ["code_execution_20250522", "code_execution_20260521"])
def test_a_file_that_code_made_can_be_downloaded(client, tool):
    message = client.messages.create(
        model="claude-sonnet-4-6",
        max_tokens=2000,
        messages=[{"role": "user", "content": "Count the rows and save them as a csv file."}],
        tools=[{"type": tool, "name": "code_execution"}],
    )
    results = [block for block in message.content if block.type.endswith("code_execution_tool_result")]
    made = client.files.retrieve_metadata(results[0].content.content[0].file_id)
    assert (made.downloadable, made.mime_type) == (True, "text/csv")
    assert len(client.files.download(made.id).read()) == made.size_bytes
    assert [each.id for each in client.files.list()] == [made.id]


@pytest.mark.parametrize("kind", ["image", "document"])
@pytest.mark.parametrize("path", ["/v1/messages", "/v1/messages/count_tokens"])
def test_a_message_with_a_file_that_is_not_there_is_refused(simulator, kind, path):
    changes = {"max_tokens": None} if path.endswith("count_tokens") else {}
    reply = say(simulator.dial(), ask(messages=about("file_none", kind), **changes), path=path)
    assert (reply.status, reply.json["error"]["type"]) == (404, "not_found_error")


def test_a_file_within_a_tool_result_and_one_for_the_container_are_looked_up_too(simulator):
    block = {"type": "image", "source": {"type": "file", "file_id": "file_none"}}
    messages = [
        {"role": "user", "content": "Look."},
        {"role": "assistant", "content": [{"type": "tool_use", "id": "toolu_1", "name": "look", "input": {}}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "toolu_1", "content": [block]}]},
    ]
    tools = [{"name": "look", "input_schema": {"type": "object"}}]
    assert say(simulator.dial(), ask(messages=messages, tools=tools)).status == 404
    upload_block = [{"role": "user", "content": [{"type": "container_upload", "file_id": "file_none"}]}]
    assert say(simulator.dial(), ask(messages=upload_block)).status == 404


def test_a_source_without_a_file_id_is_refused_with_its_place(simulator):
    reply = say(
        simulator.dial(), ask(messages=[{"role": "user", "content": [{"type": "image", "source": {"type": "file"}}]}])
    )
    assert (reply.status, reply.message) == (400, "messages.0.content.0.image.source.file.file_id: Field required")


def test_an_expired_file_is_gone(client, monkeypatch):
    kept = client.files.upload(file=PDF, expires_in_seconds=3600)
    later_s = time.time() + 3601
    monkeypatch.setattr(time, "time", lambda: later_s)
    with pytest.raises(anthropic.NotFoundError) as gone:
        client.files.retrieve_metadata(kept.id)
    assert gone.value.body["error"]["details"] == {"error_code": "file_expired"}
    with pytest.raises(anthropic.NotFoundError):
        client.messages.create(model="claude-sonnet-4-6", max_tokens=50, messages=about(kept.id))
    assert list(client.files.list()) == []


@pytest.mark.parametrize(
    ("seconds", "says"),
    [
        ("3599", "greater than or equal to 3600"),
        ("7776001", "less than or equal to 7776000"),
        ("soon", "valid integer"),
    ],
)
def test_a_file_lives_from_an_hour_to_90_days(simulator, seconds, says):
    reply = upload(simulator, ("file", "a.txt", b"a"), ("expires_in_seconds", None, seconds.encode()))
    assert (reply.status, says in reply.message) == (400, True)


@pytest.mark.parametrize(
    ("sent", "kept", "kind"),
    [
        ("../../etc/passwd.txt", "passwd.txt", "text/plain"),
        ("C:\\\\pictures\\\\cat.png", "cat.png", "image/png"),
        ("", "unnamed.bin", "application/octet-stream"),
        ("naïve 日本.csv", "naïve 日本.csv", "text/csv"),
    ],
)
def test_only_the_last_step_of_a_filename_is_kept(simulator, sent, kept, kind):
    reply = upload(simulator, ("file", sent, b"\r\n--cu\x00\xff\r\n"))
    assert (reply.status, reply.json["filename"], reply.json["mime_type"]) == (200, kept, kind)
    assert reply.json["size_bytes"] == 10


@pytest.mark.parametrize("name", ["a" * 256, "a<b.txt", "a|b.txt"])
def test_a_filename_out_of_bounds_is_refused(simulator, name):
    assert upload(simulator, ("file", name, b"a")).status == 400


def test_a_form_without_a_file_is_refused(simulator):
    assert upload(simulator, ("other", "a.txt", b"a")).message == "file: Field required"
    assert upload(simulator, ("file", None, b"a")).message == "file: Field required"


@pytest.mark.parametrize(
    "content_type", ["application/json", "multipart/form-data", "multipart/form-data; boundary=no"]
)
def test_what_is_no_form_is_refused(simulator, content_type):
    assert upload(simulator, ("file", "a.txt", b"a"), content_type=content_type).status == 400


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"--cut",
        b"--cut\r\n",
        b"--cut\r\n\r\n",
        b"--cut\r\ncontent-disposition: form-data\r\n\r\na\r\n--cut--",
        b'--cut\r\ncontent-disposition: form-data; name="file"\r\n\r\nno end',
        b"--cut\r\na: b\r\n\r\n\r\n" * 3_000 + b"--cut--",
    ],
)
def test_a_broken_form_is_refused(simulator, body):
    reply = say(simulator.dial(), body, path="/v1/files", content_type="multipart/form-data; boundary=cut")
    assert (reply.status, reply.json["error"]["type"]) == (400, "invalid_request_error")


@settings(max_examples=200, deadline=None)
@given(st.lists(st.binary(max_size=60), max_size=4))
def test_any_bytes_come_out_of_a_form_as_they_went_in(contents):
    boundary = b"a-boundary-that-is-not-in-the-data"
    body = b"preamble\r\n" + b"".join(
        b'--%s\r\ncontent-disposition: form-data; name="n"; filename="f"\r\n\r\n%s\r\n' % (boundary, data)
        for data in contents
    )
    request = Request("POST", "/", (("content-type", f"multipart/form-data; boundary={boundary.decode()}"),))
    form = read_form(Request("POST", "/", request.headers, body + b"--" + boundary + b"--\r\n"))
    assert [(part.name, part.filename, part.data) for part in form] == [("n", "f", data) for data in contents]


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200), st.text(max_size=40))
def test_no_form_however_broken_breaks_the_reader(body, boundary):
    said = Message()
    said["content-type"] = "multipart/form-data"
    said.set_param("boundary", "cut")
    for content_type in (str(said["content-type"]), f"multipart/form-data; boundary={boundary}"):
        with contextlib.suppress(Refusal):
            read_form(Request("POST", "/", (("content-type", content_type),), b"--cut\r\n" + body + b"\r\n--cut--"))


def test_a_shelf_drops_its_oldest_for_what_is_new():
    shelf: Shelf[StoredFile] = Shelf(most=3, most_bytes=100)

    def put(name: str, size_bytes: int) -> list[str]:
        return [gone.id for gone in shelf.put(StoredFile(name, "ann", name, "text/plain", b"x" * size_bytes, 0.0))]

    assert (put("a", 10), put("b", 10), put("c", 10)) == ([], [], [])
    assert put("d", 10) == ["a"]
    assert put("e", 85) == ["b", "c"]
    assert put("f", 200) == ["d", "e"]
    assert list(shelf.newest_first("ann")) == ["f"]
    assert shelf.find("f", "eve") is None
