"""Running generated code against a scripted server, and seeing what it sent."""

import json
import os
import subprocess
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import playwright

from betaconsole.claude import jsontext
from betaconsole.claude.snippets import SnippetRequest
from tests.upstream import Peer, Received, Upstream, answer, head

KEY = "sk-ant-not-a-real-key"
HOSTILE = 'it\'s "quoted" `ticks` ${x} $(id) \\ \\n \n\r\n\t\0\x7f </script><!-- --> \u2028\u2029\ufeff é😀 \'\'\'""" {x} %s END_OF_BODY'
MESSAGE = b'{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[],"usage":{"input_tokens":1,"output_tokens":1}}'
EVENTS = (
    b'event: message_start\ndata: {"type":"message_start","message":'
    + MESSAGE
    + b'}\n\nevent: message_stop\ndata: {"type":"message_stop"}\n\n'
)
BASE = {"model": "claude-x", "max_tokens": 16, "messages": [{"role": "user", "content": "hi"}]}


def reply(peer: Peer) -> None:
    """Answers with a message, or with a stream where one was asked for, and closes."""
    request = peer.read_request()
    if b'"stream":true' in request.body.replace(b" ", b""):
        peer.send(head(200, "content-type: text/event-stream", "connection: close") + EVENTS)
    else:
        peer.send(answer(MESSAGE, 200, "connection: close"))


def call_of(body: Any, url: str, *, betas=("a-1", "b-2"), version="2026-10-21", method="POST") -> SnippetRequest:
    raw = body if isinstance(body, bytes | None) else jsontext.dumps(body).encode()
    return SnippetRequest(method, url, betas, version, raw, isinstance(body, dict) and body.get("stream") is True)


def run_python(code: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # retired models
        exec(compile(code, "snippet", "exec"), {"print": lambda *shown: None})


def run_shell(code: str) -> None:
    env = {**os.environ, "no_proxy": "*"}
    done = subprocess.run(["bash", "-s"], input=code.encode(), env=env, capture_output=True, timeout=20)
    assert done.returncode == 0, done.stderr


def captured(upstream: Upstream, run: Callable[[str], None], code: str) -> Received:
    before = len(upstream.requests)
    run(code)
    assert len(upstream.requests) == before + 1
    return upstream.requests[-1]


def assert_same(received: Received, call: SnippetRequest, url: str, *, exact: bool = False) -> None:
    assert received.line == f"{call.method} {call.url.removeprefix(url)} HTTP/1.1"
    assert received.header("anthropic-beta") == (",".join(call.betas) or None)
    assert received.header("anthropic-version") == call.version
    assert KEY in (received.header("x-api-key") or "") + (received.header("authorization") or "")
    if call.body is None or exact:
        assert received.body == (call.body or b"")
    else:
        assert json.loads(received.body) == json.loads(call.body)
        assert received.header("content-type") == "application/json"


# Playwright brings a Node.js that reads TypeScript.
NODE = Path(playwright.__file__).parent / "driver" / "node"
# A stand-in for the TypeScript SDK: it prints what it is asked for.
STAND_IN = """
const parts = (form) => Promise.all([...form].map(async ([name, value]) => (
  { name, filename: value.name ?? null, data: [...new Uint8Array(await new Blob([value]).arrayBuffer())] }
)));
const tell = (method) => async (...given) => {
  const last = given.at(-1);
  if (last?.body instanceof FormData) last.body = await parts(last.body);
  console.error(JSON.stringify({ method, client: settings, given }));
  return [];
};
let settings = null;
export default class {
  constructor(options = {}) {
    settings = options;
    this.messages = { create: tell("create"), stream: (...given) => { tell("stream")(...given); return []; } };
    for (const method of ["get", "post", "put", "patch", "delete", "request"]) this[method] = tell(method);
  }
}
"""


def run_typescript(folder: Path, code: str) -> dict[str, Any]:
    package = folder / "node_modules" / "@anthropic-ai" / "sdk"
    package.mkdir(parents=True, exist_ok=True)
    (package / "index.mjs").write_text(STAND_IN)
    (package / "package.json").write_text('{"name": "@anthropic-ai/sdk", "main": "index.mjs"}')
    (folder / "snippet.mts").write_text(code, encoding="utf-8")
    done = subprocess.run([NODE, "snippet.mts"], cwd=folder, capture_output=True, timeout=30)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stderr.decode().strip("\n").split("\n")[-1])
