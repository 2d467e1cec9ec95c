"""Recorded traffic and answers of the simulator as the facts that outcomes rest on."""

import json
from collections.abc import Sequence
from http.client import HTTPResponse
from typing import Any

from betaconsole.catalogue.evidence.reading import facts_of
from betaconsole.catalogue.outcomes import Facts
from betaconsole.claude.api_errors import ApiError, refused_betas
from betaconsole.claude.endpoints import Endpoint
from betaconsole.claude.headers import DEFAULT_VERSION, parse_betas
from betaconsole.claude.reading import Reading
from betaconsole.simulator import Simulator


def recorded_facts(row: dict[str, Any]) -> Facts:
    """The facts of one recorded exchange."""
    request, response = row["request"], row["response"]
    path, sent = request["path"].split("?")[0], request["body"]
    return answered(
        betas=parse_betas(request["headers"].get("anthropic-beta", "")),
        method=request["method"],
        path=path,
        sent=b"" if sent is None else json.dumps(sent).encode(),
        status=response["status"],
        headers=list(response["headers"].items()) or _guessed_headers(row),
        received=response["body_text"].encode(),
    )


def answered(
    *,
    betas: Sequence[str],
    sent: bytes,
    status: int,
    headers: Sequence[tuple[str, str]],
    received: bytes,
    method: str = "POST",
    path: str = "/v1/messages",
) -> Facts:
    """The facts of an exchange whose answer came whole."""
    reading = Reading(status, headers, expects_message=Endpoint(method, path).is_messages)
    reading.feed(received)
    result = reading.finish()
    return facts_of(
        is_whole=result.state == "succeeded",
        error=result.error,
        answer=result.message,
        betas=betas,
        method=method,
        path=path,
        sent=sent,
        status=status,
        headers=headers,
        received=received,
    )


def refused(
    status: int | None, message: str, *, kind: str | None = None, code: str | None = None, **facts: Any
) -> Facts:
    """The facts of a request that was refused in these words."""
    error = ApiError(status, kind, message, code=code, refused_betas=refused_betas(message))
    return Facts(status=400 if status is None else status, is_whole=False, error=error, **facts)


def _guessed_headers(row: dict[str, Any]) -> list[tuple[str, str]]:
    return [("content-type", "text/event-stream" if row["response"]["is_sse"] else "application/json")]


def asked(
    far_end: Simulator,
    body: dict[str, Any] | None,
    *,
    betas: Sequence[str] = (),
    method: str = "POST",
    path: str = "/v1/messages",
    wish: str = "",
) -> Facts:
    """One request to the simulator's door, and its answer. `wish`: directions to the simulator."""
    sent = b"" if body is None else json.dumps(body).encode()
    headers = {
        "host": "simulator",
        "x-api-key": "sk-test",
        "anthropic-version": DEFAULT_VERSION,
        "content-type": "application/json",
        "content-length": str(len(sent)),
        "connection": "close",
        **({"anthropic-beta": ",".join(betas)} if betas else {}),
        **({"x-simulator": wish} if wish else {}),
    }
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    with far_end.dial() as line:
        line.settimeout(10)
        line.sendall(f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode() + sent)
        response = HTTPResponse(line, method=method)
        response.begin()
        received = response.read()
    return answered(
        betas=betas,
        method=method,
        path=path.split("?")[0],
        sent=sent,
        status=response.status,
        headers=response.getheaders(),
        received=received,
    )
