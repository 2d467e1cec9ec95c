"""A plain HTTP client for these tests: raw bytes out, status, headers and events back."""

from __future__ import annotations

import json
import socket
from dataclasses import dataclass
from http.client import HTTPResponse
from typing import Any
from urllib.parse import urlsplit

from betaconsole.simulator import Door

HEADERS = {"x-api-key": "sk-ant-test", "anthropic-version": "2026-10-21", "content-type": "application/json"}


@dataclass
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def lasting_headers(self) -> dict[str, str]:
        """The headers but for the request's own id and the time: the same for the same request and repeat."""
        changing = {"request-id", "date"} | {name for name in self.headers if name.endswith("-reset")}
        return {name: value for name, value in self.headers.items() if name not in changing}

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(data) for data in self.event_data]

    @property
    def event_data(self) -> list[bytes]:
        return [line[6:] for line in self.body.split(b"\n") if line.startswith(b"data: ")]

    @property
    def message(self) -> str:
        return self.json["error"]["message"]


def ask(body: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    """A Messages body with these changes; a change to None takes the field away."""
    asked = {
        "model": "claude-sonnet-4-6",
        "max_tokens": 4000,
        "messages": [{"role": "user", "content": "How should a small team review pull requests?"}],
        **(body or {}),
        **changes,
    }
    return {name: value for name, value in asked.items() if value is not None}


def connect(door: Door) -> socket.socket:
    address = urlsplit(door.url)
    return socket.create_connection((address.hostname, address.port), timeout=10)


def write(
    sock: socket.socket, body: Any, *, path: str = "/v1/messages", method: str = "POST", **headers: str | None
) -> None:
    data = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    sent = {**HEADERS, "host": "simulator", "content-length": str(len(data)), **named}
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in sent.items() if value is not None)]
    sock.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + data)


def read(sock: socket.socket) -> Reply:
    response = HTTPResponse(sock)
    response.begin()
    return Reply(response.status, {name.lower(): value for name, value in response.getheaders()}, response.read())


def say(sock: socket.socket, body: Any, **kwargs: Any) -> Reply:
    sock.settimeout(10)
    write(sock, body, **kwargs)
    return read(sock)
