"""Files, skills, batches, models and counts of the simulator, asked by the wire client and by the code made for it."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from betaconsole.claude.client import Call, Request
from betaconsole.claude.endpoints import check_endpoint
from betaconsole.claude.headers import DEFAULT_VERSION, request_headers
from betaconsole.claude.multipart import Part, decode, encode
from betaconsole.claude.reading import Reading, Result
from betaconsole.claude.secret import Secret
from betaconsole.claude.snippets import SnippetRequest, python_beta, python_headers
from betaconsole.simulator import Pace, Simulator
from betaconsole.simulator.wire import Request as Seen
from tests.claude.running_code import KEY, run_python
from tests.simulator.rules import rules

pytestmark = pytest.mark.usefixtures("environment")

PDF = Part("file", b"%PDF-1.7\r\n1 0 obj << /Type /Page >> endobj\r\n%%EOF", "apples.pdf", "application/pdf")
SKILL = [
    Part("display_name", b"Apples"),
    Part(
        "files[]", b"---\nname: apples\ndescription: About apples.\n---\n# Apples\n", "apples/SKILL.md", "text/markdown"
    ),
]
COUNTED = {"model": "claude-sonnet-4-6", "messages": [{"role": "user", "content": "How many apples?"}]}
BATCH = {"requests": [{"custom_id": "a", "params": {**COUNTED, "max_tokens": 32}}]}
BETAS = ("files-api-2025-04-14", "skills-2025-10-02")

Asked = Callable[..., Result]


@pytest.fixture
def simulator() -> Simulator:
    return Simulator(rules(), pace=Pace.at_once(), record=True)


@pytest.fixture
def door(simulator):
    with simulator.serve() as door:
        yield door


@pytest.fixture
def ask(door, simulator, tmp_path, monkeypatch) -> Asked:
    """Asks through the wire client, then through both forms of Python code, and holds their requests against the first."""
    monkeypatch.chdir(tmp_path)

    def ask(method: str, path: str, query: str = "", *, body=None, parts=(), betas=BETAS, repeatable=True) -> Result:
        endpoint = check_endpoint(method, path, query)
        content_type = None
        data = None
        if parts:
            data, content_type = encode(parts)
        elif body is not None:
            data, content_type = json.dumps(body).encode(), "application/json"
        headers = request_headers(betas=betas, version=DEFAULT_VERSION, stream=False, content_type=content_type)
        result = asked_by_wire(Request(method, endpoint.url(door.url), headers, data), expects=endpoint.is_messages)
        ours = simulator.seen[-1]
        request = SnippetRequest(
            method, endpoint.url(door.url), betas, DEFAULT_VERSION, data, False, content_type, tuple(parts)
        )
        for part in parts:
            if part.filename:
                Path(part.filename).parent.mkdir(exist_ok=True)
                Path(part.filename).write_bytes(part.data)
        for make in (python_beta, python_headers) if repeatable else ():
            run_python(make(request))
            assert told_by(simulator.seen[-1]) == told_by(ours)
        assert len(simulator.seen) == 1 + 2 * repeatable
        simulator.seen.clear()
        return result

    return ask


def asked_by_wire(request: Request, *, expects: bool) -> Result:
    with Call(request, key=Secret(KEY), internal=True) as call:
        head = call.open()
        reading = Reading(head.status, head.headers, expects_message=expects)
        for piece in call.chunks():
            reading.feed(piece)
    return reading.finish()


def told_by(seen: Seen) -> tuple[object, ...]:
    """What a request asks, but for how a client signs in and where it draws an upload's boundary."""
    content_type = seen.value("content-type") or ""
    body: object = json.loads(seen.body) if seen.body and "json" in content_type else seen.body
    if content_type.startswith("multipart/"):
        body = sorted(decode(seen.body, content_type), key=repr)
    return seen.method, seen.target, seen.value("anthropic-beta"), seen.value("anthropic-version"), body


def test_files_are_uploaded_listed_looked_at_and_deleted(ask):
    uploaded = ask("POST", "/v1/files", parts=[PDF, Part("expires_in_seconds", b"3600")])
    assert (uploaded.state, uploaded.text, uploaded.usage) == ("succeeded", "", None)
    assert (uploaded.message["filename"], uploaded.message["size_bytes"]) == ("apples.pdf", len(PDF.data))
    listed = ask("GET", "/v1/files", "limit=5")
    assert uploaded.message["id"] in {file["id"] for file in listed.message["data"]}
    path = f"/v1/files/{uploaded.message['id']}"
    assert ask("GET", path).message["mime_type"] == "application/pdf"
    content = ask("GET", f"{path}/content", repeatable=False)
    assert (content.state, content.error.status) == ("failed", 400)
    assert ask("DELETE", path, repeatable=False).message["type"] == "file_deleted"
    assert ask("GET", path, repeatable=False).error.status == 404


def test_skills_are_made_and_get_versions(ask):
    made = ask("POST", "/v1/skills", parts=SKILL, repeatable=False)
    assert made.state == "succeeded"
    path = f"/v1/skills/{made.message['id']}"
    assert ask("GET", path).message["id"] == made.message["id"]
    version = ask("POST", f"{path}/versions", parts=SKILL[1:])
    assert version.state == "succeeded"
    assert ask("GET", f"{path}/versions").state == "succeeded"
    assert ask("GET", "/v1/skills", betas=()).state == "succeeded"


def test_batches_are_made_polled_and_their_results_read(ask):
    made = ask("POST", "/v1/messages/batches", body=BATCH)
    assert (made.state, made.message["type"]) == ("succeeded", "message_batch")
    path = f"/v1/messages/batches/{made.message['id']}"
    assert ask("GET", path).message["id"] == made.message["id"]
    results = ask("GET", f"{path}/results")
    assert (results.state, results.message, results.text) == ("succeeded", None, "")
    assert ask("GET", "/v1/messages/batches", "limit=1").message["data"]


def test_models_and_counts_say_their_figures(ask):
    assert ask("GET", "/v1/models", "lifecycle[]=active&lifecycle[]=retired").message["data"]
    model = ask("GET", "/v1/models/claude-sonnet-4-6", betas=())
    assert model.message["id"] == "claude-sonnet-4-6"
    counted = ask("POST", "/v1/messages/count_tokens", body=COUNTED)
    assert counted.usage == {"input_tokens": counted.message["input_tokens"]}


def test_an_unknown_path_is_a_refusal_with_its_reason(ask):
    refused = ask("GET", "/v1/nothing", repeatable=False)
    assert (refused.state, refused.kind, refused.error.type) == ("failed", "http_error", "not_found_error")


@pytest.mark.parametrize("method", ["HEAD", "PUT"])
def test_a_method_the_endpoint_does_not_know_is_refused(ask, method):
    refused = ask(method, "/v1/models", body={} if method == "PUT" else None, repeatable=False)
    assert (refused.state, refused.kind) == ("failed", "http_error")
