"""Every key that a test seals in its own process is a canary, too, as those of started consoles are (`tests.canaries`).

A test rolls its rows back, so nothing is left to look through. What would be written is looked at on its way out: the
parameters of every SQL statement, every answer of Django's test client with its headers, and every line of a log. A test in
which a key, in any form of writing, was on its way anywhere else than into the sealed column fails at its end.
"""

import logging
import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest
from django.db.backends.signals import connection_created
from django.http import HttpResponse
from django.test import Client

from betaconsole.storage.fields import unpack
from betaconsole.teams import sealing
from betaconsole.web.redaction import RedactKeys
from tests.canaries import SHORTEST, forms

_wanted: dict[str, bytes] = {}  # what to look for, by the key's first letters and the form of writing
_found: list[str] = []


@pytest.fixture(autouse=True)
def keys_stay_sealed() -> Iterator[None]:
    _wanted.clear()
    _found.clear()
    yield
    assert _found == [], "a key was on its way out of the sealed column"


def look(where: str, data: bytes) -> None:
    """Note every key in these bytes."""
    _found.extend(f"{name} in {where}" for name, form in tuple(_wanted.items()) if form in data)


def _sealing(seal: Callable[..., str]) -> Callable[..., str]:
    def sealed(key: str, **bound: Any) -> str:
        if len(key) >= SHORTEST:
            _wanted.update({f"{key[:10]}… ({how})": form for how, form in forms(key).items()})
        return seal(key, **bound)

    return sealed


def _in_statement(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
    if _wanted:
        for value in _texts(params):
            look(f"SQL: {sql[:60]}", value)
    return execute(sql, params, many, context)


def _texts(params: Any) -> Iterator[bytes]:
    """Every text and every byte string among parameters, those stored packed also unpacked."""
    if isinstance(params, str):
        yield params.encode("utf-8", "surrogatepass")
    elif isinstance(params, bytes | bytearray | memoryview):
        yield bytes(params)
        try:
            yield unpack(bytes(params))
        except (zlib.error, ValueError):
            return
    elif isinstance(params, dict):
        yield from _texts(list(params.values()))
    elif isinstance(params, Iterable):
        for one in params:
            yield from _texts(one)
    elif hasattr(params, "dumps"):  # what psycopg wraps JSON in
        yield repr(getattr(params, "obj", params)).encode()


def _answering(request: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    def answered(self: Client, **asked: Any) -> HttpResponse:
        answer = request(self, **asked)
        if _wanted:
            look(f"headers of {asked.get('PATH_INFO')}", repr(answer.headers).encode())
            if answer.streaming:
                answer.streaming_content = _streamed(answer.streaming_content, str(asked.get("PATH_INFO")))
            else:
                look(f"the answer of {asked.get('PATH_INFO')}", answer.content)
        return answer

    return answered


def _streamed(pieces: Iterable[bytes], path: str) -> Iterator[bytes]:
    for piece in pieces:
        look(f"the stream of {path}", piece)
        yield piece


def _logged(kept: Callable[..., bool]) -> Callable[..., bool]:
    def redacted(self: RedactKeys, record: logging.LogRecord) -> bool:
        is_kept = kept(self, record)
        if _wanted:
            look("a log line", f"{record.getMessage()} {record.exc_text or ''}".encode("utf-8", "replace"))
        return is_kept

    return redacted


def _watch_connection(connection: Any, **_: Any) -> None:
    if _in_statement not in connection.execute_wrappers:
        connection.execute_wrappers.append(_in_statement)


sealing.seal = _sealing(sealing.seal)  # type: ignore[assignment]
Client.request = _answering(Client.request)  # type: ignore[method-assign]
RedactKeys.filter = _logged(RedactKeys.filter)  # type: ignore[method-assign]
connection_created.connect(_watch_connection, dispatch_uid="keys in process")
