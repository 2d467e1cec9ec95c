"""Code for endpoints other than Messages: run against a real server, it sends the same request."""

import dataclasses
import inspect
import json
import os
import shutil
from pathlib import Path

import anthropic
import pytest
from hypothesis import given
from hypothesis import strategies as st

from betaconsole.claude import sdk_methods, snippets
from betaconsole.claude.endpoints import KNOWN_ENDPOINTS, Endpoint, check_endpoint
from betaconsole.claude.multipart import Part, decode, encode
from betaconsole.claude.snippet_request import local_path
from betaconsole.claude.snippets import SnippetRequest
from tests.claude.running_code import (
    BASE,
    HOSTILE,
    KEY,
    NODE,
    assert_same,
    call_of,
    captured,
    run_python,
    run_shell,
    run_typescript,
)
from tests.claude.test_snippets import BODIES
from tests.recorded import exchanges
from tests.upstream import Received

pytestmark = pytest.mark.usefixtures("environment")

PYTHON = [snippets.python_beta, snippets.python_headers]
ALL = [snippets.curl, *PYTHON, snippets.typescript]
EXTRA = (("anthropic-workspace-id", "wrkspc_1"), ("anthropic-user-profile-id", "uprof-1"))
BODY_OF = {
    "/v1/messages": BASE,
    "/v1/messages/count_tokens": {"model": "m", "messages": BASE["messages"], "tools": [], "mcp_servers": []},
    "/v1/messages/batches": {"requests": [{"custom_id": "a", "params": BASE | {"temperature": 0.5, "x": {"y": None}}}]},
}
KNOWN = [known for known in KNOWN_ENDPOINTS if known.takes != "multipart"]
curl_is_here = pytest.mark.skipif(shutil.which("curl") is None, reason="no curl here")
MAKERS = [*PYTHON, pytest.param(snippets.curl, marks=curl_is_here)]


def run(make, code: str) -> None:
    (run_shell if make is snippets.curl else run_python)(code)


def filled(endpoint: Endpoint) -> Endpoint:
    return check_endpoint(endpoint.method, endpoint.path.format(id="id_1-a.B", version="2"), endpoint.query)


def call_to(url: str, endpoint: Endpoint, body=None, **options) -> SnippetRequest:
    return call_of(body, endpoint.url(url), method=endpoint.method, **options)


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize("known", KNOWN, ids=lambda known: str(known.endpoint))
def test_every_known_endpoint_is_asked_as_it_was(upstream, make, known):
    endpoint = filled(known.endpoint)
    call = call_to(
        upstream.url + "/prefix",
        endpoint,
        BODY_OF[endpoint.path] if known.takes == "json" else None,
        version="2023-06-01",
    )
    call = dataclasses.replace(call, extra=EXTRA)
    received = captured(upstream, lambda code: run(make, code), make(call))
    assert_same(received, call, upstream.url)
    assert [received.header(name) for name, _ in EXTRA] == [value for _, value in EXTRA]


@pytest.mark.parametrize("make", PYTHON)
@pytest.mark.parametrize("known", KNOWN, ids=lambda known: str(known.endpoint))
def test_without_betas_and_with_the_newest_version_nothing_is_added(upstream, make, known):
    endpoint = filled(known.endpoint)
    call = call_to(upstream.url, endpoint, BODY_OF[endpoint.path] if known.takes == "json" else None, betas=())
    assert_same(captured(upstream, run_python, make(call)), call, upstream.url)


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize("method", ["HEAD", "PUT", "PATCH", "POST", "DELETE"])
def test_any_method_goes_out_with_and_without_a_body(upstream, make, method):
    for body in (None, {"a": [1.5, "é"]}) if method in ("PUT", "PATCH", "POST") else (None,):
        call = call_of(body, f"{upstream.url}/v1/agents/x", method=method)
        received = captured(upstream, lambda code: run(make, code), make(call))
        assert_same(received, call, upstream.url, exact=True)


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize(
    "query",
    [
        "limit=2&after_id=model_1",
        "lifecycle[]=active&lifecycle[]=retired",
        "ids=a&ids=b",
        "a=&b",
        "a=1+2&b=%20%26%3D%2f&c=~'!(*)",
        "a==b&&c=;",
        "?",
    ],
)
@pytest.mark.parametrize("path", ["/v1/models", "/v1/other"])
def test_a_query_is_sent_as_it_was(upstream, make, query, path):
    call = call_to(upstream.url, check_endpoint("GET", path, query))
    assert_same(captured(upstream, lambda code: run(make, code), make(call)), call, upstream.url)


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize(
    "path", ["/v1/models/a%2Fb", "/v1/files/%C3%BC~", "/v1/files/...", "/v1/models/a:b@c", "/", "/x"]
)
def test_an_odd_path_is_sent_as_it_was(upstream, make, path):
    call = call_to(upstream.url, check_endpoint("GET", path))
    assert_same(captured(upstream, lambda code: run(make, code), make(call)), call, upstream.url)


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
@pytest.mark.parametrize(
    ("make", "path"),
    [
        (snippets.python_beta, "/v1/messages/count_tokens"),
        (snippets.python_headers, "/v1/messages/count_tokens"),
        (snippets.python_beta, "/v1/messages/batches"),
        (snippets.python_headers, "/v1/agents"),
    ],
)
def test_any_json_body_is_sent_as_it_was(upstream, make, body, path):
    if path.endswith("batches"):
        body = {"requests": [{"custom_id": HOSTILE, "params": body}]}
    call = call_of(body, upstream.url + path)
    received = captured(upstream, run_python, make(call))
    if "9" * 5000 in call.body.decode():
        assert received.body == call.body
    else:
        assert_same(received, call, upstream.url)


@pytest.mark.parametrize("make", MAKERS)
def test_a_body_of_another_type_is_sent_with_that_type(upstream, make):
    call = dataclasses.replace(
        call_of(b"a\nb;\xc3\xa9", f"{upstream.url}/v1/x"), content_type="text/plain; charset=utf-8"
    )
    received = captured(upstream, lambda code: run(make, code), make(call))
    assert (received.body, received.header("content-type")) == (call.body, call.content_type)


class TestUploads:
    PDF = Part("file", b"%PDF-1.7\r\n\0\xff", "apples.pdf", "application/pdf")
    SKILL = [
        Part("display_name", "Say \"hi\" – $HOME; 'x'".encode()),
        Part("files[]", b"---\nname: x\n---\n", "my-skill/SKILL.md", "text/markdown"),
        Part("files[]", b"print(1)\n", "my-skill/a b.py", "text/x-python"),
    ]
    UPLOADS = {
        "a file": ("/v1/files", [PDF]),
        "a file that expires": ("/v1/files", [PDF, Part("expires_in_seconds", b"3600")]),
        "a file whose time is no number": ("/v1/files", [PDF, Part("expires_in_seconds", b"soon")]),
        "two files": ("/v1/files", [PDF, dataclasses.replace(PDF, data=b"2", filename="pears.pdf")]),
        "no file": ("/v1/files", [Part("purpose", b"none")]),
        "a skill": ("/v1/skills", SKILL),
        "a skill with the old field": ("/v1/skills", [Part("display_title", b"x"), *SKILL[1:]]),
        "a version of a skill": ("/v1/skills/skill_1/versions", SKILL[1:]),
        "another endpoint": ("/v1/other", SKILL),
        "odd names": (
            "/v1/files",
            [
                Part('fi;le"', b"1", 'a"b;c,d.txt', "text/plain; charset=utf-8"),
                Part("file", b"2", "grün 😀 $(id) `id` 'x'.txt", "text/plain"),
                Part("file", b"3", "/etc/passwd"),
                Part("file", b"4", "../../x.txt"),
                Part("file", b"5", "-"),
                Part("file", b"6", "@x"),
            ],
        ),
        "odd fields": (
            "/v1/other",
            [
                Part("a", b"@/etc/passwd"),
                Part("b", b"<x;type=text/html"),
                Part("c", HOSTILE.replace("\0", "").encode()),
                Part("d", b'{"x": "\\"y;type=z\\\\"}', "", "application/json"),
                Part("e", b"\xff\0binary"),
                Part("f", b"long" * 30_000),
                Part("g", b""),
            ],
        ),
    }

    @pytest.fixture
    def in_a_folder(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)

    def call(self, url: str, path: str, parts: list[Part]) -> SnippetRequest:
        for part in parts:
            place = Path(local_path(part))
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(part.data)
        body, content_type = encode(parts)
        return SnippetRequest("POST", url + path, ("a-1",), "2023-06-01", body, False, content_type, extra=EXTRA)

    @staticmethod
    def sent(received: Received) -> list[Part]:
        return sorted(decode(received.body, received.header("content-type") or ""), key=repr)

    @pytest.mark.parametrize("make", MAKERS)
    @pytest.mark.parametrize(("path", "parts"), UPLOADS.values(), ids=UPLOADS.keys())
    def test_an_upload_sends_the_same_parts(self, upstream, in_a_folder, make, path, parts):
        call = self.call(upstream.url, path, parts)
        received = captured(upstream, lambda code: run(make, code), make(call))
        assert received.line == f"POST {path} HTTP/1.1"
        assert received.header("anthropic-beta") == "a-1"
        assert received.header("anthropic-version") == "2023-06-01"
        assert received.header("anthropic-workspace-id") == "wrkspc_1"
        assert self.sent(received) == sorted(decode(call.body, call.content_type), key=repr)

    @pytest.mark.skipif(not NODE.exists(), reason="no Node.js beside Playwright here")
    @pytest.mark.parametrize("name", ["a file that expires", "a skill", "odd names", "odd fields"])
    def test_the_typescript_code_makes_a_form_of_the_same_parts(self, in_a_folder, name):
        path, parts = self.UPLOADS[name]
        asked = run_typescript(Path.cwd(), snippets.typescript(self.call("https://api.anthropic.com", path, parts)))
        assert (asked["method"], asked["given"][0]) == ("post", path)
        assert asked["given"][1]["headers"]["anthropic-beta"] == "a-1"
        assert "content-type" not in asked["given"][1]["headers"]
        shown = [[part["name"], part["filename"], bytes(part["data"])] for part in asked["given"][1]["body"]]
        as_browsers_read = [part.data.replace(b"\r\n", b"\n").replace(b"\r", b"\n") for part in parts]
        assert [[name, data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")] for name, _, data in shown] == [
            [part.name, data] for part, data in zip(parts, as_browsers_read, strict=True)
        ]
        assert [filename for _, filename, _ in shown if filename not in (None, "blob")] == [
            part.filename for part in parts if part.filename
        ]

    def test_the_sdks_own_method_is_used_where_it_has_one(self):
        body, content_type = encode([self.PDF, Part("expires_in_seconds", b"3600")])
        url = "https://api.anthropic.com/v1/files"
        code = snippets.python_beta(SnippetRequest("POST", url, ("a-1",), "2026-10-21", body, False, content_type))
        assert code == (
            "import anthropic\n\n"
            "client = anthropic.Anthropic()  # the key comes from ANTHROPIC_API_KEY\n\n"
            "answer = client.beta.files.upload(\n"
            '    file=("apples.pdf", open("apples.pdf", "rb"), "application/pdf"),\n'
            "    expires_in_seconds=3600,\n"
            '    betas=[\n        "a-1",\n    ],\n)\n'
            "print(answer)\n"
        )

    def test_parts_may_be_given_in_place_of_the_body(self):
        body, content_type = encode(self.SKILL)
        url = "https://api.anthropic.com/v1/skills"
        by_body = SnippetRequest("POST", url, (), "2026-10-21", body, False, content_type)
        by_parts = dataclasses.replace(by_body, body=None, parts=tuple(self.SKILL))
        assert [make(by_body) for make in ALL] == [make(by_parts) for make in ALL]
        assert "skills.create(" in snippets.python_headers(by_parts)

    @given(st.text(st.characters(exclude_categories=["Cs"]), max_size=20) | st.from_regex(r"[./\\~a-]{0,9}"))
    def test_no_file_name_makes_code_read_outside_its_folder(self, name):
        path = local_path(Part("file", b"", name))
        assert not os.path.isabs(path)
        assert ".." not in path.replace("\\", "/").split("/")
        assert path not in ("", ".", "-")


OTHERS = [row for row in exchanges() if row["request"]["path"].split("?")[0] != "/v1/messages"]


@pytest.mark.skipif(not OTHERS, reason="no recorded traffic: see tests/README.md")
@pytest.mark.parametrize("with_beta", [True, False])
def test_recorded_requests_of_other_endpoints_become_code_without_a_key(with_beta):
    for row in OTHERS:
        asked = row["request"]
        body = None if asked["body"] is None else json.dumps(asked["body"]).encode()
        call = SnippetRequest(
            asked["method"],
            f"https://api.anthropic.com{asked['path']}",
            ("files-api-2025-04-14",) if with_beta else (),
            asked["headers"].get("anthropic-version", "2023-06-01"),
            body,
            row["response"]["is_sse"],
            asked["headers"].get("content-type"),
        )
        for make in ALL:
            code = make(call)
            assert "ANTHROPIC_API_KEY" in code
            assert "sk-ant" not in code
            assert asked["path"].split("/")[2].split("?")[0] in code
        for make in PYTHON:
            compile(make(call), "snippet", "exec")


class TestTheSdk:
    def test_it_has_each_method_in_the_table(self):
        client = anthropic.Anthropic(api_key=KEY)
        for table in (sdk_methods._BODILESS, sdk_methods._UPLOADS):
            for _, _, name in table:
                for start in (client, client.beta):
                    method = start
                    for part in name.split("."):
                        method = getattr(method, part)
                    assert callable(method)

    def test_it_counts_the_fields_passed_by_name(self):
        client = anthropic.Anthropic(api_key=KEY)
        own = {"extra_headers", "extra_query", "extra_body", "timeout", "user_profile_id", "workspace_id", "betas"}
        own |= {"output_format"}  # a helper of the SDK, not a field
        stable = set(inspect.signature(client.messages.count_tokens).parameters) - own
        beta = set(inspect.signature(client.beta.messages.count_tokens).parameters) - own
        assert set(sdk_methods.COUNT_FIELDS) == stable
        assert {*sdk_methods.COUNT_FIELDS, *sdk_methods.BETA_COUNT_FIELDS} == beta

    def test_a_dot_segment_is_no_id(self):
        assert sdk_methods.bodiless_method("GET", "/v1/models/..") is None
        assert sdk_methods.bodiless_method("GET", "/v1/models/a/b") is None
        assert sdk_methods.bodiless_method("GET", "/v1/skills/a/versions/b") == (
            "skills.versions.retrieve",
            "b",
            {"skill_id": "a"},
        )
