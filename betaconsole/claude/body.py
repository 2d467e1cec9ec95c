"""The bytes of a response body as they arrive: framing taken off, an encoding undone, an early end noticed.

The body is read from the socket and not through `raw.read1` of urllib3, which costs 12 to 20 µs of CPU more per event
of a paced stream and hands out a burst one small HTTP chunk at a time. One read here gives all that has arrived.
"""

import re
import zlib
from collections.abc import Callable, Iterator
from http.client import HTTPResponse
from typing import Protocol

from .errors import Incomplete, LimitExceeded, ProtocolError
from .line import Line

READ_BYTES = 65536
_MAX_CHUNK_LINE = 4096
_GZIP_OR_ZLIB = zlib.MAX_WBITS | 32
_SIZE = re.compile(rb"[0-9A-Fa-f]{1,15}")
_SIZE_LINE = re.compile(rb"([0-9A-Fa-f]{1,15})\r\n")


class Framing(Protocol):
    """Where a body ends. `done` turns true at its proper end; what is fed after that is ignored."""

    done: bool

    def feed(self, data: bytes) -> bytes: ...

    def end(self) -> None:
        """The connection ended: raises Incomplete where the body had not."""


class Sized:
    """A body of Content-Length bytes."""

    def __init__(self, length: int) -> None:
        self._length = self._left = length
        self.done = length == 0

    def feed(self, data: bytes) -> bytes:
        data = data[: self._left]
        self._left -= len(data)
        self.done = self._left == 0
        return data

    def end(self) -> None:
        came = self._length - self._left
        raise Incomplete(f"The connection ended after {came} of {self._length} bytes; what had arrived is kept.")


class UntilClose:
    """A body without a length: the end of the connection is its end."""

    done = False

    def feed(self, data: bytes) -> bytes:
        return data

    def end(self) -> None:
        self.done = True


class Chunked:
    """A body in HTTP chunks (RFC 9112 section 7.1). Extensions and trailers are read and dropped."""

    def __init__(self) -> None:
        self.done = False
        self._between = True  # neither within a chunk nor within one of its lines
        self._left = 0  # bytes of the current chunk still to come
        self._line = b""  # a cut line: a chunk size, or the end of line after a chunk
        self._after_data = False
        self._in_trailer = False

    def feed(self, data: bytes) -> bytes:
        """The bytes of the body in these; raises ProtocolError where they are no chunks."""
        out: list[bytes] = []
        at = 0
        while self._between and (size := _SIZE_LINE.match(data, at)):
            start = size.end()
            end = start + int(size[1], 16)
            if end == start or data[end : end + 2] != b"\r\n":
                break  # the last chunk, or one that is cut
            out.append(data[start:end])
            at = end + 2
        if at < len(data):
            self._feed_cut(data, at, out)
        return b"".join(out)

    def _feed_cut(self, data: bytes, at: int, out: list[bytes]) -> None:
        """Takes what is not a row of whole chunks: parts of chunks, the last one, trailers, odd spellings."""
        while at < len(data) and not self.done:
            if self._left:
                piece = data[at : at + self._left]
                out.append(piece)
                at += len(piece)
                self._left -= len(piece)
                continue
            end = data.find(b"\n", at) + 1 or len(data)
            line = self._line + data[at:end]
            if len(line) > _MAX_CHUNK_LINE:
                raise ProtocolError("The answer holds a chunk header that is too long.")
            at = end
            self._line = b"" if line.endswith(b"\n") else line
            if not self._line:
                self._take_line(line.rstrip(b"\r\n"))
        self._between = not (self._left or self._line or self._after_data or self._in_trailer)

    def _take_line(self, line: bytes) -> None:
        if self._in_trailer:
            self.done = not line
        elif self._after_data and not line:
            self._after_data = False
        else:
            size = line.partition(b";")[0].strip(b" \t")
            if self._after_data or not _SIZE.fullmatch(size):
                raise ProtocolError("The answer's chunks are malformed.")
            self._left = int(size, 16)
            self._after_data = self._left > 0
            self._in_trailer = self._left == 0

    def end(self) -> None:
        if not self._in_trailer:  # after the last chunk only trailers are missing: some servers leave them out
            raise Incomplete("The connection ended in the middle of the answer; what had arrived is kept.")
        self.done = True


class Inflated:
    """A gzip or deflate encoding undone, at most `READ_BYTES` at a time, so that a bomb meets the limit of the body."""

    def __init__(self, encoding: str) -> None:
        if encoding not in ("gzip", "x-gzip", "deflate"):
            raise ProtocolError("The answer came in an encoding that was not asked for and is not known here.")
        self._inflater = zlib.decompressobj(_GZIP_OR_ZLIB)
        self._began = False

    def decode(self, data: bytes) -> Iterator[bytes]:
        """The bytes behind these, in parts of at most `READ_BYTES`; raises ProtocolError where they are not compressed so."""
        self._began = self._began or bool(data)
        try:
            while data:
                if self._inflater.eof:  # a further gzip member
                    self._inflater = zlib.decompressobj(_GZIP_OR_ZLIB)
                if part := self._inflater.decompress(data, READ_BYTES):
                    yield part
                data = self._inflater.unconsumed_tail or self._inflater.unused_data
        except zlib.error:
            raise ProtocolError("The answer's compression is broken.") from None

    def end(self) -> None:
        """No more comes: raises Incomplete where the compressed stream had not ended."""
        if self._began and not self._inflater.eof:  # no bytes at all are an empty body
            raise Incomplete("The compressed answer ended early; what had arrived is kept.")


def framing_of(response: HTTPResponse) -> Framing:
    """How this response says where its body ends."""
    if response.length == 0:  # an answer to HEAD and a 204 have no body, whatever their headers say
        return Sized(0)
    if response.chunked:
        return Chunked()
    return UntilClose() if response.length is None else Sized(response.length)


def read_body(response: HTTPResponse, line: Line, max_bytes: int) -> Iterator[bytes]:
    """The body as it arrives, unframed, in pieces of any size; returns at its proper end.

    Raises the reason the line was cut for, Incomplete, ProtocolError, or LimitExceeded past `max_bytes`.
    """
    framing = framing_of(response)
    read: Callable[[int], bytes] = response.fp.read1
    total = 0
    while not framing.done:
        line.check()
        try:
            data = read(READ_BYTES)
        except OSError as error:
            line.check()
            reason = error.strerror or type(error).__name__
            raise Incomplete(f"The connection broke ({reason}); what had arrived is kept.") from None
        if data:
            read = line.receive  # the file has given all it had read ahead
            if piece := framing.feed(data):
                total += len(piece)
                _check_size(total, max_bytes)
                yield piece
        else:
            line.check()
            framing.end()


def decoded(pieces: Iterator[bytes], encoding: str, max_bytes: int) -> Iterator[bytes]:
    """The pieces with a Content-Encoding undone; `identity` was asked for, but edges do as they like.

    Raises as `read_body` does, LimitExceeded counting what was decoded.
    """
    encoding = encoding.strip().lower()
    if encoding in ("", "identity"):
        return pieces
    return _inflated(pieces, Inflated(encoding), max_bytes)


def _inflated(pieces: Iterator[bytes], inflated: Inflated, max_bytes: int) -> Iterator[bytes]:
    total = 0
    for piece in pieces:
        for part in inflated.decode(piece):
            total += len(part)
            _check_size(total, max_bytes)
            yield part
    inflated.end()


def _check_size(total: int, max_bytes: int) -> None:
    if total > max_bytes:
        raise LimitExceeded(f"The answer is larger than {max_bytes:,} bytes; reading stopped there.")
