"""One request to the simulator over a socket pair, and its answer as plain data."""

import json
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from http.client import HTTPResponse
from typing import Any

from betaconsole.catalogue.simulation import simulator_rules
from betaconsole.claude.headers import DEFAULT_VERSION
from betaconsole.simulator import Pace, Rules, Simulator


@dataclass(frozen=True)
class Answer:
    status: int
    message: dict[str, Any]

    @property
    def error(self) -> str:
        return self.message["error"]["message"]

    @property
    def block_types(self) -> list[str]:
        return [block["type"] for block in self.message["content"]]


def simulator() -> Simulator:
    return Simulator(Rules.from_dict(simulator_rules()), pace=Pace.at_once())


def ask(
    far_end: Simulator,
    body: dict[str, Any],
    *,
    betas: Sequence[str] = (),
    version: str = DEFAULT_VERSION,
    request: str = "POST /v1/messages",
) -> Answer:
    """The answer to this body without streaming, so that blocks and usage come whole. `request`: method, path and query."""
    sent = json.dumps({**body, "stream": False} if request.endswith("/messages") else body).encode()
    headers = {
        "host": "simulator",
        "x-api-key": "sk-test",
        "anthropic-version": version,
        "content-type": "application/json",
        "content-length": str(len(sent)),
        "connection": "close",
    }
    if betas:
        headers["anthropic-beta"] = ",".join(betas)
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    with far_end.dial() as line:
        line.settimeout(10)
        line.sendall(f"{request} HTTP/1.1\r\n{lines}\r\n".encode() + sent)
        return _read(line)


def _read(line: socket.socket) -> Answer:
    response = HTTPResponse(line, method="POST")
    response.begin()
    return Answer(response.status, json.loads(response.read()))
