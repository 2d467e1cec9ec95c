"""Server-sent events from bytes that may be cut anywhere, by the rules of the WHATWG HTML standard (9.2.6).

Lines are split on bytes and decoded whole, so a cut inside a character or between CR and LF changes nothing, and
U+2028, U+0085 or 0x1C inside a line stay what they are: text.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from .errors import LimitExceeded

MAX_LINE_BYTES = 8 * 1024 * 1024
MAX_EVENTS = 500_000

_LINE_END = re.compile(rb"\r\n?|\n")
_BOM = b"\xef\xbb\xbf"


class Event(NamedTuple):
    """One dispatched event.

    `end` is the offset in the stream just after the blank line's first byte (of a CRLF the LF counts to what follows:
    an event is out as soon as its CR is there). `raw_utf8_ok` is False where bytes had to be replaced by U+FFFD.
    """

    name: str
    data: str
    end: int
    raw_utf8_ok: bool


class Parser:
    """Turns chunks into events. The events do not depend on where the stream was cut into chunks."""

    def __init__(self, max_line: int = MAX_LINE_BYTES, max_events: int = MAX_EVENTS) -> None:
        self.failure: LimitExceeded | None = None
        self._max_line = max_line
        self._events_left = max_events
        self._offset = 0
        self._first_line = True
        self._after_cr = False
        self._waiting = bytearray()
        self._name = b""
        self._data: bytearray | None = None  # joined at once: a list of millions of short lines is many times as large

    def feed(self, chunk: bytes) -> list[Event]:
        """The events completed by this chunk.

        LimitExceeded past the longest line (an event's lines together count as one) or the number of events; events that
        were complete before it are returned first, and the next call raises.
        """
        events: list[Event] = []
        if self.failure is None:
            try:
                self._read(chunk, events)
            except LimitExceeded as failure:
                self.failure = failure
        if self.failure is not None and not events:
            raise self.failure
        return events

    def close(self) -> list[Event]:
        """At the end of the bytes: the event whose blank line is missing, if its lines are there.

        The standard drops it, since it may have been cut: whoever takes it must see that its data is whole.
        """
        try:
            if self.failure is None:
                self._take(self._joined(b""))
                return [] if self._data is None else [self._dispatch(self._offset)]
        except LimitExceeded as failure:
            self.failure = failure
        return []

    def _read(self, chunk: bytes, events: list[Event]) -> None:
        for line, end in self._lines(chunk):
            if line:
                self._take(line)
            elif self._data is not None:
                events.append(self._dispatch(end))
            else:
                self._name = b""

    def _lines(self, chunk: bytes) -> Iterator[tuple[bytes, int]]:
        """Each completed line without its end, and the offset after the first byte of its end."""
        if self._after_cr and chunk:
            self._after_cr = False
            if chunk[:1] == b"\n":
                chunk = chunk[1:]
                self._offset += 1
        if b"\r" not in chunk and len(chunk) <= self._max_line:
            yield from self._lines_by_lf(chunk)
            return
        start = 0
        for found in _LINE_END.finditer(chunk):
            line = self._joined(chunk[start : found.start()])
            start = found.end()
            yield line, self._offset + found.start() + 1
        if start < len(chunk):
            self._waiting += chunk[start:]
            self._check_line(len(self._waiting))
        else:
            self._after_cr = chunk.endswith(b"\r")
        self._offset += len(chunk)

    def _lines_by_lf(self, chunk: bytes) -> Iterator[tuple[bytes, int]]:
        """The same where LF alone ends lines, as nearly always: three times as fast."""
        *lines, rest = chunk.split(b"\n")
        end = self._offset
        for line in lines:
            end += len(line) + 1
            yield self._joined(line) if self._waiting or self._first_line else line, end
        if rest:
            self._waiting += rest
            self._check_line(len(self._waiting))
        self._offset += len(chunk)

    def _joined(self, line: bytes) -> bytes:
        if self._waiting:
            line = bytes(self._waiting) + line
            self._waiting.clear()
        self._check_line(len(line))
        if self._first_line:
            self._first_line = False
            line = line.removeprefix(_BOM)
        return line

    def _check_line(self, length: int) -> None:
        if length > self._max_line:
            raise LimitExceeded(f"A line of the answer is longer than {self._max_line} bytes.")

    def _take(self, line: bytes) -> None:
        """One field; comments and fields without a meaning here (id, retry, unknown ones) are passed over."""
        field, _, value = line.partition(b":")
        if field == b"data":
            value = value.removeprefix(b" ")
            if self._data is None:
                self._data = bytearray(value)
                return
            self._data += b"\n" + value
            if len(self._data) > self._max_line:
                raise LimitExceeded(f"An event of the answer is longer than {self._max_line} bytes.")
        elif field == b"event":
            self._name = value.removeprefix(b" ")

    def _dispatch(self, end: int) -> Event:
        if self._events_left == 0:
            raise LimitExceeded("The answer has more events than this console reads.")
        self._events_left -= 1
        raw, self._data = self._data or b"", None
        name, self._name = self._name, b""
        try:
            return Event(name.decode() or "message", raw.decode(), end, True)
        except UnicodeDecodeError:
            return Event(name.decode("utf-8", "replace") or "message", raw.decode("utf-8", "replace"), end, False)
