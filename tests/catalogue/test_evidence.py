"""What the catalogue says a beta adds to an answer is there on the simulator: in JSON, in a stream, and with its header only."""

import json
import re
import socket
from collections.abc import Iterator
from copy import deepcopy
from http.client import HTTPResponse
from typing import Any

import pytest

from betaconsole.catalogue.betas import Beta, Status, all_betas, stable_tool_types
from betaconsole.claude.headers import DEFAULT_VERSION
from betaconsole.simulator import Simulator

from .asking import ask, simulator

STEP = re.compile(r"(?P<name>\w+)(?P<each>\[(?:(?P<key>\w+)=(?P<value>\w+))?\])?(?:=(?P<only>\w+))?")
# what has to happen for it to show, in the words of the simulator's directions
WISHES = {
    "compact-2026-01-12": "more_input=60000",
    "server-side-fallback-2026-07-01": "refuse",
    "server-side-fallback-2026-06-01": "refuse",
    "fallback-credit-2026-07-01": "refuse refuse_after=250",
    "fallback-credit-2026-06-01": "refuse",
}
# fields that need the header on the example's model only, and a model that takes them without
NEEDED_BY_ITS_MODEL = {"fast-mode-2026-02-01": "claude-opus-5-5"}
STABLE = set(stable_tool_types())
# a request of its own, where the example presents what only an earlier answer gives
WITHOUT_TOKEN = ("fallback-credit-2026-07-01", "fallback-credit-2026-06-01")


def promising() -> list[Beta]:
    gating = (Status.ACTIVE, Status.SUPERSEDED)
    return [
        beta
        for beta in all_betas().values()
        if beta.status in gating and "messages" in beta.endpoints and beta.example_body and _promises(beta)
    ]


def _promises(beta: Beta) -> bool:
    evidence = beta.evidence
    return bool(evidence.blocks or evidence.deltas or evidence.message or evidence.usage or evidence.stop_reasons)


@pytest.fixture(scope="module")
def far_end() -> Simulator:
    return simulator()


def sent(far_end: Simulator, body: dict[str, Any], *, betas: tuple[str, ...], wish: str) -> bytes:
    data = json.dumps(body).encode()
    headers = {
        "host": "simulator",
        "x-api-key": "sk-test",
        "x-simulator": wish,
        "anthropic-version": DEFAULT_VERSION,
        "content-length": str(len(data)),
        "connection": "close",
        **({"anthropic-beta": ",".join(betas)} if betas else {}),
    }
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    with far_end.dial(repeat=1) as line:
        line.settimeout(10)
        line.sendall(f"POST /v1/messages HTTP/1.1\r\n{lines}\r\n".encode() + data)
        return _read(line)


def _read(line: socket.socket) -> bytes:
    response = HTTPResponse(line, method="POST")
    response.begin()
    body = response.read()
    assert response.status == 200, body
    return body


def asked(beta: Beta) -> dict[str, Any]:
    body = deepcopy(beta.example_body or {})
    if beta.name in WITHOUT_TOKEN:
        del body["fallback_credit_token"]
    return body


def answered(far_end: Simulator, beta: Beta) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The message as JSON, and the events of the same message streamed."""
    asking = {"betas": (beta.name, *beta.needs), "wish": WISHES.get(beta.name, "")}
    whole = json.loads(sent(far_end, {**asked(beta), "stream": False}, **asking))
    stream = sent(far_end, {**asked(beta), "stream": True}, **asking)
    return whole, [json.loads(part[6:]) for part in stream.split(b"\n") if part.startswith(b"data: ")]


def found(node: Any, path: str) -> Iterator[Any]:
    """What stands at a path of the catalogue."""
    step, _, rest = path.partition(".")
    match = STEP.fullmatch(step)
    assert match, path
    inner = node.get(match["name"]) if isinstance(node, dict) else None
    values = inner if match["each"] and isinstance(inner, list) else [inner]
    for value in values:
        if match["key"] and (not isinstance(value, dict) or value.get(match["key"]) != match["value"]):
            continue
        if value is not None and match["only"] in (None, value):
            yield from found(value, rest) if rest else (value,)


def alternatives(paths: tuple[str, ...]) -> list[list[str]]:
    """The paths by the list they end in: of the kinds that such a list may hold, one example shows one."""
    by_list: dict[str, list[str]] = {}
    for path in paths:
        by_list.setdefault(path.partition("[")[0], []).append(path)
    return list(by_list.values())


@pytest.mark.parametrize("beta", promising(), ids=lambda beta: beta.name)
def test_what_a_beta_promises_is_in_its_answer(beta: Beta, far_end: Simulator):
    message, events = answered(far_end, beta)
    blocks = {block["type"] for block in message["content"]}
    assert set(beta.evidence.blocks) <= blocks
    started = {event["content_block"]["type"] for event in events if event["type"] == "content_block_start"}
    assert started == blocks
    deltas = [event["delta"] for event in events if event["type"] == "content_block_delta"]
    for promised in beta.evidence.deltas:
        kind, _, name = promised.partition(".")
        assert [delta for delta in deltas if delta["type"] == kind and (not name or name in delta)]
    for paths in alternatives(beta.evidence.message):
        assert [value for path in paths for value in found(message, path)], paths
    if beta.name not in WITHOUT_TOKEN:
        for paths in alternatives(beta.evidence.usage):
            assert [value for path in paths for value in found(message["usage"], path)], paths


def test_a_paused_compaction_has_the_stop_reason_of_its_own(far_end: Simulator):
    beta = all_betas()["compact-2026-01-12"]
    body = asked(beta)
    body["context_management"]["edits"][0]["pause_after_compaction"] = True
    message = json.loads(sent(far_end, body, betas=(beta.name,), wish=WISHES[beta.name]))
    assert message["stop_reason"] in beta.evidence.stop_reasons


def test_a_presented_credit_is_answered_for_in_the_usage(far_end: Simulator):
    beta = all_betas()["fallback-credit-2026-07-01"]
    message = json.loads(sent(far_end, beta.example_body or {}, betas=(beta.name,), wish=""))
    assert list(found(message["usage"], "fallback_credit.status.type")) == ["not_applied"]


def taken_without_header() -> list[Beta]:
    gated_tools = [beta.name for beta in all_betas().values() if beta.tool_types and not set(beta.tool_types) <= STABLE]
    names = {*gated_tools, *NEEDED_BY_ITS_MODEL}
    betas = (beta for beta in all_betas().values() if beta.example_body and "messages" in beta.endpoints)
    return [beta for beta in betas if not beta.gated and beta.name not in names]


@pytest.mark.parametrize("beta", taken_without_header(), ids=lambda beta: beta.name)
def test_an_example_that_needs_no_header_runs_without_it(beta: Beta, far_end: Simulator):
    message = json.loads(sent(far_end, {**(beta.example_body or {}), "stream": False}, betas=(), wish=""))
    assert message["type"] == "message"


@pytest.mark.parametrize("name", NEEDED_BY_ITS_MODEL)
def test_some_models_want_a_header_where_others_do_not(name: str, far_end: Simulator):
    body = all_betas()[name].example_body or {}
    assert ask(far_end, body).status == 400
    assert ask(far_end, {**body, "model": NEEDED_BY_ITS_MODEL[name]}).status == 200
