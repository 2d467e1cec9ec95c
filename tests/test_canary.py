"""Two keys go through a whole console, one pasted and one from the environment, to an API that sends them back in every
way it can. Afterwards neither is anywhere: not in the database, the logs, a file or a page, in no form of writing."""

import base64
import json
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.canaries import everything_stored, forms
from tests.console import Console, running
from tests.environment import CHECKOUT, clean_environment
from tests.upstream import Peer, Upstream
from tests.urls import every_url

PASTED = "sk-ant-canary01-Pasted_key+with/signs=0123456789abcdefXY"
FROM_ENVIRONMENT = "canary02-of-no-known-shape/0123456789+abcdef==Z"
KEYS = (PASTED, FROM_ENVIRONMENT)
SSE = "content-type: text/event-stream"
KINDS = ("stream", "stream error", "cut", "json", "refused", "html", "redirect")


def hits(data: bytes) -> set[str]:
    return {f"{key[:8]} {name}" for key in KEYS for name, form in forms(key).items() if form in data}


def echo(peer: Peer) -> None:
    """Send the key back, in the way the request asks for."""
    request = peer.read_request()
    key = request.header("x-api-key") or "no key came"
    answer = Echo(peer, key)
    kind = json.loads(request.body)["metadata"]["user_id"] if request.body else "models"
    getattr(answer, kind.replace(" ", "_"))()


class Echo:
    def __init__(self, peer: Peer, key: str) -> None:
        self.peer, self.key = peer, key

    def _forms(self) -> list[str]:
        return [form.decode() for form in forms(self.key).values()]

    def _head(self, status: str, *lines: str) -> None:
        head = [f"HTTP/1.1 {status}", f"x-echo: {self.key}", "request-id: req_1", "connection: close", *lines]
        self.peer.send(("\r\n".join(head) + "\r\n\r\n").encode())

    def _event(self, name: str, **fields: Any) -> None:
        data = f"event: {name}\ndata: {json.dumps({'type': name, **fields})}\n\n".encode()
        middle = data.find(self.key.encode()) + len(self.key) // 2
        for piece in (data[:middle], data[middle:]):  # cut in the middle of the key
            self.peer.send(piece)
            self.peer.wait(0.02)

    def stream(self, *, ends: bool = True) -> None:
        self._head("200 OK", SSE)
        message = {"id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": [], "usage": {}}
        self._event("message_start", message=message)
        self._event("content_block_start", index=0, content_block={"type": "text", "text": ""})
        self._event("content_block_delta", index=0, delta={"type": "text_delta", "text": f"Your key is {self.key}."})
        if ends:
            self._event("content_block_stop", index=0)
            self._event("message_delta", delta={"stop_reason": "end_turn"}, usage={"output_tokens": 1})
            self._event("message_stop")

    def stream_error(self) -> None:
        self.stream(ends=False)
        self._event("error", error={"type": "overloaded_error", "message": f"busy, {self.key}"})

    def cut(self) -> None:
        self.stream(ends=False)
        self.peer.reset()

    def json(self) -> None:
        self._head("200 OK", "content-type: application/json")
        content = [{"type": "text", "text": self.key}, {"type": "unheard_of", "forms": self._forms()}]
        self.peer.send(json.dumps({"type": "message", "content": content, "usage": {}}).encode())

    def models(self) -> None:
        self._head("200 OK", "content-type: application/json", f"anthropic-ratelimit-requests-limit: {self.key}")
        self.peer.send(json.dumps({"data": [{"id": f"model-{self.key}", "display_name": self.key}]}).encode())

    def refused(self) -> None:
        self._head(f"401 {self.key}", "content-type: application/json")
        error = {"type": "authentication_error", "message": f"invalid x-api-key: {self.key}"}
        self.peer.send(json.dumps({"type": "error", "error": error}).encode())

    def html(self) -> None:
        self._head("502 Bad Gateway", "content-type: text/html")
        self.peer.send(f"<html><title>502</title>Bearer {self.key}</html>".encode())

    def redirect(self) -> None:
        self._head("307 Temporary Redirect", f"location: http://127.0.0.1:9/?key={self.key}", "content-length: 0")


class Visitor:
    """A browser and a program in one: posts forms with their token, calls the API, and remembers all it was shown."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.session = requests.Session()
        self.session.trust_env = False
        self.shown: list[tuple[str, bytes]] = []
        self.connections: list[str] = []

    def get(self, path: str, **options: Any) -> requests.Response:
        return self._kept(path, self.session.get(self.console.url + path, timeout=60, **options))

    def post_form(self, path: str, to: str = "", **fields: str) -> requests.Response:
        """Post a form of the page at `path`, to an address below it."""
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', self.get(path).text)
        assert token, "the form carries its token"
        data = {"csrfmiddlewaretoken": token.group(1), **fields}
        return self._kept(path, self.session.post(self.console.url + path + to, data=data, timeout=60))

    def post_json(self, path: str, value: Any) -> requests.Response:
        return self._kept(path, self.session.post(self.console.url + path, json=value, timeout=60))

    def _kept(self, path: str, answer: requests.Response) -> requests.Response:
        self.shown += [(path, answer.content), (path, repr(answer.headers).encode())]
        return answer


@pytest.fixture(scope="module")
def aftermath(tmp_path_factory: pytest.TempPathFactory) -> tuple[Visitor, Path]:
    """Everything done with the keys that can be done, in a console that logs all it can; then the console stopped."""
    data = tmp_path_factory.mktemp("canary")
    with Upstream(echo) as upstream:
        environment = {"ANTHROPIC_API_KEY": FROM_ENVIRONMENT, "ANTHROPIC_BASE_URL": upstream.url}
        with running(data, **environment, BETACONSOLE_LOG_LEVEL="DEBUG") as console:
            visitor = Visitor(console)
            visitor.session.headers["Authorization"] = f"Bearer {_token(data)}"
            refused = visitor.post_form("/connections/new/", key=PASTED, name="x", base_url="https://evil.example")
            assert refused.status_code == 422
            kept = visitor.post_form("/connections/new/", key=PASTED, name="Pasted", base_url=upstream.url)
            assert kept.status_code == 200
            ids = [_compare(visitor, connection) for connection in ("Pasted", "Environment key")]
            assert {request.header("x-api-key") for request in upstream.requests} == set(KEYS)
            _handle_connections(visitor, upstream.url)
            _look_at_everything(visitor, ids)
            _ask_commands(visitor, data)
            assert console.stop() == 0
    return visitor, data


def _handle_connections(visitor: Visitor, url: str) -> None:
    """Both connections tested; the pasted key once more in a form that is refused, and in its own place."""
    page = visitor.get("/connections/").text
    for public_id in set(re.findall(r'href="/connections/(\w{16})/"', page)):
        visitor.connections.append(public_id)
        tested = visitor.post_form(f"/connections/{public_id}/", "test/")
        assert tested.status_code == 200
    [pasted] = [one for one in visitor.connections if PASTED[-4:] in visitor.get(f"/connections/{one}/").text]
    form = {"name": "Pasted", "key": PASTED, "base_url": url, "max_in_flight": "8", "lowest_role": "member"}
    assert visitor.post_form(f"/connections/{pasted}/edit/", **form, anthropic_version="x").status_code == 422
    assert visitor.post_form(f"/connections/{pasted}/edit/", **form, anthropic_version="2026-10-21").status_code == 200


def _ask_commands(visitor: Visitor, data: Path) -> None:
    """The commands that open every seal, beside the console that runs."""
    environment = {**clean_environment(), "BETACONSOLE_DATA": str(data), "BETACONSOLE_LOG_LEVEL": "DEBUG"}
    for name in ("rotate_keys", "doctor"):
        command = [sys.executable, "manage.py", name]
        done = subprocess.run(command, cwd=CHECKOUT, env=environment, capture_output=True, check=False, timeout=120)
        visitor.shown.append((name, done.stdout + done.stderr))
    assert b"1 stored key opens" in visitor.shown[-1][1]


def _token(data: Path) -> str:
    environment = {**clean_environment(), "BETACONSOLE_DATA": str(data)}
    command = [sys.executable, "manage.py", "token", "canary"]
    return subprocess.check_output(command, cwd=CHECKOUT, env=environment, text=True).strip()


def _compare(visitor: Visitor, connection: str) -> dict[str, Any]:
    """One column for each way of sending the key back; the comparison as the API tells it once all have ended."""
    body = {"model": "claude-sonnet-4-6", "max_tokens": 9, "messages": [{"role": "user", "content": "Hello"}]}
    variants = [
        {"label": kind, "betas": [], "patch": {"metadata": {"user_id": kind}, "stream": kind in ("stream", "cut")}}
        for kind in KINDS
    ]
    asked = {"connection": connection, "body": body, "variants": variants}
    made = visitor.post_json("/api/v1/comparisons", asked)
    assert made.status_code == 201, made.text
    answer: dict[str, Any] = visitor.get(f"/api/v1/comparisons/{made.json()['id']}?wait=30").json()
    assert answer["state"] == "finished"
    return answer


def _look_at_everything(visitor: Visitor, comparisons: list[dict[str, Any]]) -> None:
    """Every address that answers a GET, for both comparisons and all their exchanges."""
    ids = {
        "comparisons": [comparison["id"] for comparison in comparisons],
        "exchanges": [exchange["id"] for comparison in comparisons for exchange in comparison["exchanges"]],
        "connections": visitor.connections,
    }
    time.sleep(1.5)  # the index of history lags by a second
    for url in every_url():
        for public_id in ids.get(url.noun, []) if url.parameters else [""]:
            visitor.get(url.path(**dict.fromkeys(url.parameters[:1], public_id)))


def test_the_search_for_a_key_finds_it_in_every_form():
    for key in KEYS:
        for form in forms(key).values():
            assert hits(b"before " + form + b" after")
        for before in ("", "a", "ab"):
            assert hits(base64.b64encode(f"{before}{key} and more".encode()))


def test_what_was_sent_back_was_kept_without_the_key(aftermath):
    _, data = aftermath
    stored = b"\n".join(value for _, value in everything_stored(data / "betaconsole.sqlite3"))
    assert b"Your key is" in stored
    assert b"invalid x-api-key" in stored
    assert b"unheard_of" in stored
    assert b"x-echo" in stored


def test_no_key_is_in_the_database(aftermath):
    _, data = aftermath
    found = {(table, hit) for table, value in everything_stored(data / "betaconsole.sqlite3") for hit in hits(value)}
    assert found == set()


def test_no_key_is_in_any_file_of_the_data_folder(aftermath):
    _, data = aftermath
    files = [path for path in data.rglob("*") if path.is_file()]
    assert {path.name for path in files} >= {"betaconsole.sqlite3", "encryption.key", "secret.key"}
    assert {(path.name, hit) for path in files for hit in hits(path.read_bytes())} == set()


def test_no_key_is_in_what_the_console_printed_and_logged(aftermath):
    visitor, _ = aftermath
    assert "is ready at" in visitor.console.output
    assert hits(visitor.console.output.encode()) == set()


def test_no_key_is_on_any_page_or_in_any_answer(aftermath):
    visitor, _ = aftermath
    assert len(visitor.shown) > 100
    shown = b"".join(content for _, content in visitor.shown)
    assert b"Your key is" in shown, "the pages show what was sent back"
    assert PASTED[-4:].encode() in shown, "and the last four characters, which say whose key it is"
    assert {(path, hit) for path, content in visitor.shown for hit in hits(content)} == set()
