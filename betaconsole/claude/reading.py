"""The bytes of one response → what it says. Pure: used while an answer arrives, when it is stored, and to read it again."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from . import payload
from .blocks import text_in, text_of
from .errors import (
    ApiError,
    CallError,
    Cancelled,
    HttpError,
    Incomplete,
    LimitExceeded,
    ProtocolError,
    RedirectRefused,
    StreamError,
    parse_error,
)
from .message import Accumulator, Change
from .payload import PayloadError
from .sse import Event, Parser

_BOM = b"\xef\xbb\xbf"
_FIELDS = (b"event", b"data", b"id", b"retry", b":")
_NO_STREAM = re.compile(r".*(json|jsonl|html)|application/(octet-stream|pdf|zip)|(image|audio|video|font)/.*")
_JSON_OBJECT = re.compile(rb"[ \t\r\n]*+\{")
# What another endpoint answers is taken apart up to here; past it its bytes are kept and no more (a downloaded file).
MAX_PARSED_BYTES = 16 * 1024 * 1024


class Step(NamedTuple):
    """One event of a stream: `position` counts events from 1, `end` is the offset of the bytes after it."""

    position: int
    end: int
    event_type: str
    changes: tuple[Change, ...]


@dataclass(frozen=True)
class Result:
    """What a finished response comes to. `state` and `kind` are the words stored for it; `kind` is empty on success.

    `message`, `text` and the fields taken from the message hold what had arrived, whatever the state. Of another
    endpoint than Messages `message` is the JSON object it answered, None for anything else (a list, lines of JSON,
    a file, nothing), and `usage` of a count is `{"input_tokens": n}`.
    """

    state: str
    kind: str
    error: ApiError | None
    message: dict[str, Any] | None
    text: str
    stop_reason: str | None
    usage: dict[str, Any] | None
    model: str | None
    request_id: str | None
    warnings: tuple[str, ...]


class Reading:
    """Reads one response. Feed it the body as it arrives, cut anywhere, then ask for the result.

    With `expects_message` only a whole message is a success. Without it any body is one that came to its end under a
    status below 300.
    """

    def __init__(self, status: int, headers: Sequence[tuple[str, str]], *, expects_message: bool = True) -> None:
        self.status = status
        self.accumulator = Accumulator()
        self.position = 0
        self._headers = tuple(headers)
        self._parser = Parser()
        self._body = bytearray()
        self._expects_message = expects_message
        self._content_type = (_header(headers, "content-type") or "").split(";")[0].strip().lower()
        self._stream = _is_stream_by_type(self._content_type, guess=expects_message)

    @property
    def is_event_stream(self) -> bool:
        """Whether the body is an event stream; where no content type says so, its first character decides."""
        return self._stream is True

    @property
    def shown_error(self) -> ApiError | None:
        """The error an event of the stream has reported so far, None if none did."""
        if self.accumulator.error is None:
            return None
        return parse_error(self.status, self._headers, json.dumps(self.accumulator.error).encode())

    def feed(self, chunk: bytes) -> list[Step]:
        """The events this chunk completes; none where the body is no event stream.

        LimitExceeded for a line or a number of events past the parser's limits; events before it came out first.
        """
        if self._keeps_body:
            self._body += chunk
        if self._stream is None:
            self._stream = _is_stream_by_start(self._body)
            if self._stream:
                chunk = bytes(self._body)
        return [self._step(event) for event in self._parser.feed(chunk)] if self._stream else []

    def finish(self, failure: CallError | None = None) -> Result:
        """What the response comes to. `failure` is how the call ended, None where the bytes came to a proper end.

        A failure after `message_stop` or a whole JSON body changes nothing any more.
        """
        if self._stream and failure is None:
            self._take_last_event()
        message, is_whole = self._gathered() if self._expects_message else self._gathered_other(failure)
        failed = None if is_whole else self._failure(failure, message)
        fields = message or {}
        error = self._error(failed) if failed else None
        return Result(
            state=failed.state if failed else "succeeded",
            kind=failed.kind if failed else "",
            error=error,
            message=message,
            text=text_of(message) if self._expects_message or fields.get("type") == "message" else "",
            stop_reason=text_in(fields, "stop_reason") or None,
            usage=self._usage(fields),
            model=text_in(fields, "model") or None,
            request_id=self._header("request-id") or (error.request_id if error else None),
            warnings=tuple(
                code for code in self.accumulator.warnings if self._expects_message or code != "unknown_event"
            ),
        )

    @property
    def _keeps_body(self) -> bool:
        """Whether the body's bytes are needed again: events are read as they come, a large file is not read at all."""
        if self.status >= 400:
            return True
        return not self._stream and (self._expects_message or len(self._body) <= MAX_PARSED_BYTES)

    def _step(self, event: Event) -> Step:
        self.position += 1
        changes = tuple(self.accumulator.add(event))
        return Step(self.position, event.end, self.accumulator.event_type, changes)

    def _take_last_event(self) -> None:
        """A `message_stop` without its blank line ends an answer too, as long as the bytes came to a proper end.

        Two of the recorded answers end so: somewhere on the way the last white space was stripped.
        """
        for event in [] if self.accumulator.finished else self._parser.close():
            if event.data.replace(" ", "") == '{"type":"message_stop"}':
                self.accumulator.warn("no_last_blank_line")
                self.accumulator.add(event)

    def _gathered(self) -> tuple[dict[str, Any] | None, bool]:
        """The message, and whether it is all there."""
        if self._stream:
            return (
                self.accumulator.message,
                self.accumulator.finished and not self.accumulator.error and self.status < 300,
            )
        if self.status >= 300:
            return None, False
        text = self._body_text()
        for read in (payload.parse, payload.parse_start):
            try:
                value = read(text)
            except PayloadError:
                continue
            if isinstance(value, dict):
                return value, read is payload.parse and not _is_error(value)
        return None, False

    def _gathered_other(self, failure: CallError | None) -> tuple[dict[str, Any] | None, bool]:
        """What another endpoint answered if it is a JSON object, and whether it is all there."""
        if self.status >= 300:
            return None, False
        ended = failure is None and self._parser.failure is None
        if self._stream:
            return self.accumulator.message, (ended or self.accumulator.finished) and not self.accumulator.error
        # The first of several lines is a whole object too: where the bytes broke off only the type tells.
        value = self._json_object() if ended or self._content_type.endswith("json") else None
        return value, (ended or value is not None) and not _is_error(value)

    def _json_object(self) -> dict[str, Any] | None:
        body = bytes(self._body).removeprefix(_BOM)
        if len(body) > MAX_PARSED_BYTES or self._content_type.endswith("jsonl") or not _JSON_OBJECT.match(body):
            return None
        try:
            value = payload.parse(body.decode())
        except (PayloadError, UnicodeDecodeError):
            return None
        return value if isinstance(value, dict) else None

    def _usage(self, fields: dict[str, Any]) -> dict[str, Any] | None:
        usage, count = fields.get("usage"), fields.get("input_tokens")
        if not self._expects_message and type(count) is int and "usage" not in fields:
            return {"input_tokens": count}
        return usage if isinstance(usage, dict) else None

    def _body_text(self) -> str:
        body = bytes(self._body).removeprefix(_BOM)
        try:
            return body.decode()
        except UnicodeDecodeError:
            self.accumulator.warn("bad_utf8")
            return body.decode("utf-8", "replace")

    def _failure(self, failure: CallError | None, message: dict[str, Any] | None) -> CallError:
        """How a response that is not whole failed. A refusal by status stands even where its body was cut."""
        if self.status >= 400 and not isinstance(failure, Cancelled | LimitExceeded):
            return HttpError(self.shown_error or parse_error(self.status, self._headers, bytes(self._body)))
        if 300 <= self.status < 400:
            return RedirectRefused()
        if error := self.shown_error or self._body_error(message):
            return StreamError(error)
        if failure or self._parser.failure:
            return failure or self._parser.failure or Incomplete()
        if self._stream or message is not None or not self._body.strip():
            return Incomplete()
        return ProtocolError(parse_error(self.status, self._headers, bytes(self._body)).message)

    def _body_error(self, message: dict[str, Any] | None) -> ApiError | None:
        """The error of a JSON body that reports one in spite of its status, as some gateways do."""
        if self._stream or not _is_error(message):
            return None
        return parse_error(self.status, self._headers, bytes(self._body))

    def _error(self, failed: CallError) -> ApiError:
        if isinstance(failed, HttpError | StreamError):
            return failed.error
        return ApiError(self.status, None, failed.message, request_id=self._header("request-id"))

    def _header(self, name: str) -> str | None:
        return _header(self._headers, name)


def _header(headers: Sequence[tuple[str, str]], name: str) -> str | None:
    return next((value for sent, value in headers if sent.lower() == name), None)


def _is_stream_by_type(content_type: str, *, guess: bool) -> bool | None:
    """What the content type says; None where it says nothing either way and the first characters may be looked at."""
    if content_type == "text/event-stream":
        return True
    return None if guess and not _NO_STREAM.fullmatch(content_type) else False


def _is_error(value: dict[str, Any] | None) -> bool:
    return value is not None and value.get("type") == "error"


def _is_stream_by_start(body: bytearray) -> bool | None:
    """What the body's first characters say: an event stream begins with a field's name or a comment; None: too few yet."""
    start = bytes(body[:64]).removeprefix(_BOM).lstrip(b"\r\n")
    if start.startswith(_FIELDS):
        return True
    return None if any(field.startswith(start) for field in (*_FIELDS, _BOM)) else False
