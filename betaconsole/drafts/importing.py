"""A recorded file becomes turns of a trace or independent cases: read line by line, each body handed on at once. Pure.

Where each request's messages begin with all messages of the one before it, the file is a recorded conversation.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from betaconsole.claude import jsontext
from betaconsole.claude.endpoints import MAX_BODY_BYTES
from betaconsole.claude.headers import HeaderError, check_beta
from betaconsole.library.names import one_line
from betaconsole.storage.fields import showable

from .columns import MAX_CELLS
from .importing_lines import MOST_MARKS, Found, NoRequest, read_line

MAX_FILE_BYTES = 200 * 1000 * 1000
MAX_LINE_BYTES = 64 * 1024 * 1024  # a body of 32 MB, its quotes escaped once more by what wraps it
MAX_KEPT_BYTES = 100 * 1000 * 1000
MAX_MESSAGES = 100_000
MAX_LINES = 1_000_000
SHORTEST_BODY = 26
GIST = 90
MOST_LISTED = 200
MOST_SAID = 3
CASES, TRACE = "cases", "trace"
_BEGINNINGS: tuple[tuple[bytes, str], ...] = (
    (b"\x1f\x8b", "is compressed with gzip: unpack it first"),
    (b"PK\x03\x04", "is a ZIP archive: unpack it first"),
    (b"\x28\xb5\x2f\xfd", "is compressed with zstd: unpack it first"),
    (b"\xff\xfe", "is UTF-16 text: save it as UTF-8"),
    (b"\xfe\xff", "is UTF-16 text: save it as UTF-8"),
    (b"\x89PNG", "is an image: attach it to a message instead"),
    (b"%PDF-", "is a PDF: attach it to a message instead"),
    (b"<", "is a web page or XML, not a log of requests"),
)
BOUND = (
    "Thinking blocks in the recorded history are bound to the conversation they came from: on models that check it, a "
    "column that changes the history or the model may be refused (“Invalid signature in thinking block”)."
)
Keep = Callable[[str, str], None]  # name and JSON text of one body


class ImportRefused(ValueError):
    """A file from which nothing was taken; the message is for people."""


@dataclass
class Recording:
    """What was found. `kind` is CASES or TRACE; `listed` has for each of the first bodies what a list says of it."""

    kind: str = CASES
    count: int = 0
    size_bytes: int = 0
    notes: list[str] = field(default_factory=list)
    models: list[str] = field(default_factory=list)
    betas: list[str] = field(default_factory=list)
    first: str = ""
    last: str = ""
    listed: list[dict[str, Any]] = field(default_factory=list)

    def summary(self) -> dict[str, Any]:
        """Its stored form: what the composer shows without reading a body."""
        return {"models": self.models, "first": self.first, "last": self.last, "listed": self.listed}


def read_recording(file: BinaryIO, name: str, keep: Keep) -> Recording:
    """Hands every request in the file to `keep`, and says what it all is. Raises `ImportRefused`.

    Memory is bounded by the longest line; what `keep` does is its own affair.
    """
    _check_beginning(file, name)
    tally = _Tally(keep)
    document = _document(file)
    if document is None:
        file.seek(0)
        _read_lines(file, tally, name)
    else:
        tally.take(document, 1)
    if not tally.count:
        raise ImportRefused(_nothing_found(name, tally))
    return tally.recording()


def described(bodies: Iterable[tuple[str, str]]) -> Recording:
    """What is said of bodies at hand, name and JSON text each."""
    tally = _Tally(lambda name, text: None)
    for name, text in bodies:
        tally.add(Found(text, jsontext.loads(text), name), 0)  # type: ignore[arg-type]
    return tally.recording()


def holds_several(text: str) -> bool:
    """Whether a pasted text is several requests, one to a line: its first two lines each hold one."""
    lines = (line for line in text.strip().split("\n") if line.strip())
    first_two = [line for line, _ in zip(lines, range(2), strict=False)]
    try:
        return len(first_two) == 2 and all(line.lstrip()[:1] == "{" and read_line(line)[0] for line in first_two)
    except NoRequest:
        return False


def wraps_a_request(text: str) -> bool:
    """Whether a pasted JSON is no body, but holds one: a HAR file, an exchange that was exported, a list."""
    try:
        value = jsontext.loads(text.strip().lstrip("\ufeff"))
        is_body = isinstance(value, dict) and ("messages" in value or "requests" in value)
        return not is_body and isinstance(value, dict | list) and bool(read_line(text)[0])
    except (jsontext.JsonError, NoRequest):
        return False


def last_words(body: dict[str, Any]) -> str:
    """How the last thing said by the user begins; empty where none of it is text."""
    for message in reversed(_messages_of(body)):
        if isinstance(message, dict) and message.get("role") == "user" and (text := _text_of(message.get("content"))):
            return text if len(text) <= GIST else text[: GIST - 1].rstrip() + "…"
    return ""


def _check_beginning(file: BinaryIO, name: str) -> None:
    beginning = file.read(64).lstrip(b" \t\r\n")
    file.seek(0)
    if not beginning:
        raise ImportRefused(f"{name} is empty.")
    for start, why in _BEGINNINGS:
        if beginning.startswith(start):
            raise ImportRefused(f"{name} {why}.")
    if b"\x00" in beginning:
        raise ImportRefused(f"{name} is not text: a log of requests is JSON, one request to a line.")


def _document(file: BinaryIO) -> str | None:
    """The whole text where it is one JSON document over several lines, as a HAR file often is; else None."""
    first = file.readline(MAX_LINE_BYTES).strip()
    if first[:1] not in (b"{", b"[", b"\xef") or not file.read(1) or _is_json(first):
        return None
    file.seek(0)
    data = file.read(MAX_LINE_BYTES + 1)
    return data.decode() if len(data) <= MAX_LINE_BYTES and _is_json(data) else None


def _is_json(data: bytes) -> bool:
    if sum(map(data.count, (b",", b"[", b"{"))) > MOST_MARKS:
        return False
    try:
        json.loads(data.removeprefix(b"\xef\xbb\xbf").decode())
    except (ValueError, RecursionError):
        return False
    return True


def _read_lines(file: BinaryIO, tally: "_Tally", name: str) -> None:
    for number, line in enumerate(_lines(file), start=1):
        if number > MAX_LINES:
            raise ImportRefused(f"{name} has more than {MAX_LINES:,} lines: cut out the part that matters.")
        if line is None:
            tally.skip(number, f"longer than {MAX_LINE_BYTES // 1024 // 1024} MB")
        elif len(line) >= SHORTEST_BODY or line.strip():
            _read_one(line, number, tally)


def _read_one(line: bytes, number: int, tally: "_Tally") -> None:
    try:
        tally.take(line.decode(), number)
    except UnicodeDecodeError:
        tally.skip(number, "not UTF-8")


def _lines(file: BinaryIO) -> Iterator[bytes | None]:
    """Lines as they come; None for one that is too long, which is passed over without being held."""
    while line := file.readline(MAX_LINE_BYTES + 1):
        if len(line) <= MAX_LINE_BYTES:
            yield line
            continue
        while line and not line.endswith(b"\n"):
            line = file.readline(1024 * 1024)
        yield None


class _Tally:
    """Everything found so far: what is handed on, and what the page will say about it."""

    def __init__(self, keep: Keep) -> None:
        self.keep = keep
        self.count = self.size_bytes = self.beyond = self.keys = self.streams = 0
        self.skipped: list[tuple[int, str]] = []  # the first few
        self.skipped_count = 0
        self.models: Counter[str] = Counter()
        self.betas: Counter[str] = Counter()
        self.has_thinking = False
        self.breaks = 0
        self.first_break = 0
        self.listed: list[dict[str, Any]] = []
        self.first = self.last = ""
        self._before: list[bytes] = []

    def take(self, text: str, line: int) -> None:
        """The requests in one line or document."""
        try:
            found, passed = read_line(text)
        except NoRequest as error:
            self.skip(line, str(error))
            return
        for reason in passed:
            self.skip(line, reason)
        for request in found:
            self.add(request, line)

    def skip(self, line: int, reason: str) -> None:
        self.skipped_count += 1
        if len(self.skipped) < MOST_SAID:
            self.skipped.append((line, reason))

    def add(self, request: Found, line: int) -> None:
        """One request found in a line."""
        size = len(request.text.encode("utf-8", "surrogatepass"))
        if size > MAX_BODY_BYTES:
            self.skip(line, f"a body of {size:,} bytes; the API takes at most 32 MB")
            return
        if len(_messages_of(request.body)) > MAX_MESSAGES:
            self.skip(line, f"more than {MAX_MESSAGES:,} messages, the most that the API takes")
            return
        if self.count == MAX_CELLS or self.size_bytes + size > MAX_KEPT_BYTES:
            self.beyond += 1
            return
        self.keep(request.name, request.text)
        self.count += 1
        self.size_bytes += size
        self.keys += request.had_key
        self.betas.update(request.betas)
        self._look_at(request.body, size, request.name)

    def _look_at(self, body: dict[str, Any], size: int, name: str) -> None:
        model, messages = body.get("model"), _messages_of(body)
        self.models[showable(model)[:80] if isinstance(model, str) else "no model"] += 1
        self.streams += body.get("stream") is True
        self.has_thinking = self.has_thinking or any(map(_has_signed_thinking, messages))
        marks = [_mark(message) for message in messages]
        if self._before and marks[: len(self._before)] != self._before:
            self.breaks += 1
            self.first_break = self.first_break or self.count
        self._before = marks
        self.last = last_words(body)
        self.first = self.first if self.count > 1 else self.last
        if len(self.listed) < MOST_LISTED:
            said = {"messages": len(messages), "bytes": size, "words": self.last}
            self.listed.append({**said, "name": one_line(showable(name))} if name else said)

    def recording(self) -> Recording:
        is_trace = self.count > 1 and not self.breaks
        names = [name for name in self.betas if _is_beta(name)]
        return Recording(
            kind=TRACE if is_trace else CASES,
            count=self.count,
            size_bytes=self.size_bytes,
            notes=list(self._notes(names)),
            models=[model for model, _ in self.models.most_common(5)],
            betas=names,
            first=self.first,
            last=self.last,
            listed=self.listed,
        )

    def _notes(self, betas: list[str]) -> Iterator[str]:
        if self.skipped_count:
            yield self._about_skipped()
        if self.beyond:
            limit = f"{MAX_CELLS:,} requests or {MAX_KEPT_BYTES // 1_000_000} MB"
            yield f"{self.beyond:,} more requests were left out: {limit} is the most that is kept."
        if self.first_break and self.count > 1:
            yield (
                f"Request {self.first_break} does not continue the one before it, so they are taken as independent "
                "cases."
            )
        if len(self.models) > 1:
            yield (
                "They name several models: "
                + ", ".join(f"{name} ({n})" for name, n in self.models.most_common(5))
                + "."
            )
        if 0 < self.streams < self.count:
            yield f"{self.streams:,} of {self.count:,} ask for a stream."
        if betas:
            yield f"Recorded with {', '.join(betas)}: tick them in the columns that should send them."
        if self.keys:
            yield f"A key (sk-ant-…) stood in {self.keys:,} of them. It was taken out."
        if self.has_thinking:
            yield BOUND

    def _about_skipped(self) -> str:
        said = ", ".join(f"line {line} ({showable(reason)[:160]})" for line, reason in self.skipped)
        more = self.skipped_count - len(self.skipped)
        what = "1 was skipped" if self.skipped_count == 1 else f"{self.skipped_count:,} were skipped"
        return f"{what}: {said}{f' and {more:,} more' if more else ''}."


def _nothing_found(name: str, tally: _Tally) -> str:
    said = f" Line {tally.skipped[0][0]}: {showable(tally.skipped[0][1])[:200]}." if tally.skipped else ""
    return (
        f"There is no Messages request in {name}.{said} A log holds one request to a line as JSON: the body itself, or in "
        "a field such as body, request, params or json_data; a HAR file works, too."
    )


def _messages_of(body: dict[str, Any]) -> list[Any]:
    """None in a body that was run in spite of having none, or for another endpoint (`described`)."""
    messages = body.get("messages")
    return messages if isinstance(messages, list) else []


def _mark(message: Any) -> bytes:
    """Tells messages apart, however they are spelled. A cache mark moves on with every turn and makes no difference."""
    text = json.dumps(_plain(message), sort_keys=True, separators=(",", ":"))
    return hashlib.blake2b(text.encode(), digest_size=16).digest()


def _plain(message: Any) -> Any:
    content = message.get("content") if isinstance(message, dict) else None
    if isinstance(content, str):
        return {**message, "content": [{"type": "text", "text": content}]}
    if isinstance(content, list) and any(isinstance(block, dict) and "cache_control" in block for block in content):
        return {**message, "content": [_unmarked(block) for block in content]}
    return message


def _unmarked(block: Any) -> Any:
    if not isinstance(block, dict):
        return block
    return {key: value for key, value in block.items() if key != "cache_control"}


def _has_signed_thinking(message: Any) -> bool:
    content = message.get("content") if isinstance(message, dict) else None
    blocks = content if isinstance(content, list) else []
    return any(
        isinstance(block, dict) and block.get("type") == "thinking" and block.get("signature") for block in blocks
    )


def _text_of(content: Any) -> str:
    blocks = content if isinstance(content, list) else [{"type": "text", "text": content}]
    texts = (block.get("text") for block in blocks if isinstance(block, dict) and block.get("type") == "text")
    return one_line(showable(" ".join(text[:400] for text in texts if isinstance(text, str))))


def _is_beta(name: str) -> bool:
    try:
        check_beta(name)
    except HeaderError:
        return False
    return True
