"""One harness for each parser that takes foreign bytes: it reads any bytes, and raises where a promise is broken.

Most promises stand in the suite already as properties: their own checks are called here (`hypothesis.inner_test`), on
bytes that a fuzzer chose by what code they reach. `seeds` are what it begins with.
"""

import io
import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from betaconsole.claude import headers, jsontext
from betaconsole.claude.jsontext import JsonError
from betaconsole.claude.multipart import MAX_PARTS, PartError, decode, encode
from betaconsole.drafts.importing import ImportRefused, read_recording
from betaconsole.drafts.pasting import KEY, PasteError, read_request
from betaconsole.runs.history.import_reading import BAD, Reader
from tests.claude import test_fuzzing, test_headers, test_jsontext, test_multipart
from tests.claude.test_reading import JSON, STREAM
from tests.drafts import files, test_file_kinds, test_importing, test_pasting
from tests.fuzz.history_lines import HISTORY
from tests.library import test_cases

EXACT = {"tool_stubs", "variables", "changes", "own_body", "error_message"}  # see storage.fields
MULTIPART = "multipart/form-data; boundary=b"


@dataclass(frozen=True)
class Harness:
    check: Callable[[bytes], None]
    seeds: tuple[bytes, ...]


def events(data: bytes) -> None:
    """An event stream, cut anywhere and with limits: the events of the standard, or the same limit at the same place."""
    fractions, stream = _cut(data)
    _property(test_fuzzing.test_u16_u19_any_bytes_cut_anywhere_give_the_events_of_the_standard)(stream, fractions)
    limited = _property(test_fuzzing.test_u21_a_limit_is_met_at_the_same_place_however_the_bytes_are_cut)
    limited(stream, fractions, len(fractions) * 2, len(stream) % 4)


def answers(data: bytes) -> None:
    """A whole answer, as a stream and as JSON: the same message however it is cut, and it can be shown and stored."""
    fractions, body = _cut(data)
    check = _property(
        test_fuzzing.test_a_spoiled_answer_comes_to_the_same_result_however_it_is_cut_and_can_be_shown_and_stored
    )
    for kind in (STREAM, JSON, []):
        check((body, kind), fractions)


def json_text(data: bytes) -> None:
    """JSON as typed: written as it was read, with Python's own values, or refused with a place in it."""
    text = data.decode("utf-8", "surrogatepass" if _is_surrogate_text(data) else "replace")
    _property(test_jsontext.test_b14_any_text_is_read_or_refused_with_a_place_in_it)(text)
    try:
        value = jsontext.loads(text)
    except JsonError:
        return
    written = jsontext.dumps(value)
    assert jsontext.dumps(jsontext.loads(written)) == written
    assert len(written.encode()) <= 3 * len(data) + 2
    with suppress(ValueError):  # Python reads no integers of 5,000 digits
        assert value == json.loads(text)


def pasted(data: bytes) -> None:
    """A curl command, a debug line or code: read or refused in words, with no key in what comes out."""
    text = data.decode("utf-8", "replace")
    _property(test_pasting.test_any_text_is_read_or_refused_in_words)(text)
    said, body = "", ""
    try:
        found = read_request(text)
        said, body = "\n".join(_texts(vars(found).values())), found.body_text or ""
    except PasteError as error:
        said = str(error)
    assert not KEY.search(said)
    assert len(body) <= 150 * len(text) + 10_000  # 64 levels of indentation


def recordings(data: bytes) -> None:
    """A HAR file or lines of a log: read or refused, bodies only, none longer than what came, no key among them."""
    _property(test_importing.test_b27_whatever_comes_is_read_or_refused_and_what_is_kept_are_bodies)([], data, None)
    _property(test_importing.test_no_line_breaks_the_reader)(data.decode("utf-8", "replace"))
    kept: list[str] = []
    with suppress(ImportRefused):
        recording = read_recording(io.BytesIO(data), "log.jsonl", lambda name, text: kept.append(text))
        assert not KEY.search("\n".join([*recording.notes, *kept]))
        json.dumps(recording.summary(), allow_nan=False).encode()
    assert all(len(text) <= 12 * len(data) for text in kept)


def history(data: bytes) -> None:
    """Lines of an exported history: each read or refused with its reason, and what is read can be stored."""
    reader = Reader()
    for line in data.split(b"\n"):
        try:
            read = reader.read(line)
        except BAD as error:
            str(error).encode()
            continue
        for text in _texts(_not_exact(vars(read)).values()):
            text.encode()
            assert "\x00" not in text


def cases(data: bytes) -> None:
    """Cases from CSV, JSON or JSONL."""
    _property(test_cases.test_no_bytes_at_all_make_it_stumble)(data)


def uploads(data: bytes) -> None:
    """A multipart body: refused in words, or parts that are no more than the body and survive being sent again."""
    check = _property(test_multipart.test_any_bytes_are_an_upload_or_refused)
    check((data, MULTIPART))
    head, _, body = data.partition(b"\n")
    check((body, head.decode("latin-1")))
    with suppress(PartError):
        parts = decode(data, MULTIPART)
        assert len(parts) <= MAX_PARTS
        assert sum(len(part.data) for part in parts) <= len(data)
        again = decode(*encode(parts))
        assert [(part.name, part.data) for part in again] == [(part.name, part.data) for part in parts]


def attachments(data: bytes) -> None:
    """What a file is by its bytes, and its name."""
    _property(test_file_kinds.test_no_bytes_break_the_reading)(data, b"")
    _property(test_file_kinds.test_no_name_breaks_a_line_or_leaves_its_folder)(data.decode("utf-8", "replace"))


def betas(data: bytes) -> None:
    """The value of an anthropic-beta line: what is accepted can stand in a header line, and nothing else is."""
    text = data.decode("latin-1")
    check = _property(
        test_headers.test_b15_whatever_is_accepted_can_stand_in_a_header_line_and_whatever_is_not_gives_a_printable_message
    )
    names = headers.parse_betas(text)
    for name in (text, *names):
        check(name)
    with suppress(headers.HeaderError):
        line = headers.join_betas(names)
        assert headers.parse_betas(line) == names
        assert line.isascii()
        assert line.isprintable()
        assert len(line) <= len(text)


def _property(test: Any) -> Callable[..., None]:
    """What a property of the suite checks, for values of one's own."""
    return test.hypothesis.inner_test  # type: ignore[no-any-return]


def _cut(data: bytes) -> tuple[list[float], bytes]:
    """Where to cut, from the first bytes, and the rest."""
    count = data[0] % 9 if data else 0
    return [mark / 255 for mark in data[1 : 1 + count]], data[1 + count :]


def _is_surrogate_text(data: bytes) -> bool:
    try:
        data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return False
    return True


def _leaves(values: Iterable[Any]) -> Iterator[Any]:
    for value in values:
        if isinstance(value, dict):
            yield from _leaves([*value, *value.values()])
        elif isinstance(value, list | tuple):
            yield from _leaves(value)
        else:
            yield value


def _not_exact(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields that stand in columns which cannot hold every sign."""
    inner = {name: _not_exact(value) if isinstance(value, dict) else value for name, value in fields.items()}
    for rows in ("columns", "cases"):
        if rows in inner:
            inner[rows] = [_not_exact(row) for row in inner[rows]]
    return {name: value for name, value in inner.items() if name not in EXACT}


def _texts(values: Iterable[Any]) -> list[str]:
    return [value for value in _leaves(values) if isinstance(value, str)]


WHOLE = test_fuzzing.WHOLE
REQUESTS = [json.dumps(value).encode() for value in test_importing.WRAPPINGS.values()]
SPELLED = b'{"a":[1.0,1e2,-0,"\\ud800\\u00e9",{"b":null}],"n":12345678901234567890,"t":true}'
HARNESSES = {
    "events": Harness(events, (b"\x00" + WHOLE, b"\x03\x10\x80\xf0: c\r\nid: 1\r\rdata:x\ndata: y\r\n\n\xef\xbb\xbf")),
    "answers": Harness(
        answers, (b"\x00" + WHOLE, b"\x02\x20\xa0" + WHOLE, b"\x00" + test_fuzzing.MESSAGE, b"\x01\x50" + WHOLE + WHOLE)
    ),
    "json": Harness(json_text, (SPELLED, b"[" * 65, b'{"a":1,"a":2}', b"NaN")),
    "pasted": Harness(
        pasted,
        tuple(
            text.encode()
            for text in (
                test_pasting.DOCUMENTED,
                test_pasting.DEBUG,
                test_pasting.PYTHON,
                *test_pasting.WINDOWS.values(),
            )
        ),
    ),
    "recordings": Harness(recordings, (*REQUESTS, b"\n".join(REQUESTS))),
    "history": Harness(history, HISTORY),
    "cases": Harness(
        cases, (b'case,a\nFirst,"x, ""y"""\n', b"a;b\r\n1;2\r\n", b'{"case":"1","n":1.0}\n{"variables":{}}')
    ),
    "uploads": Harness(
        uploads,
        (b'--b\r\nContent-Disposition: form-data; name="a"; filename="b"\r\n\r\nx\r\n--b--', MULTIPART.encode()),
    ),
    "attachments": Harness(
        attachments,
        (files.png(), files.jpeg(3, 4), files.gif(), files.webp(5, 6), files.pdf(), b"\x00\x00\x00\x18ftypheic"),
    ),
    "betas": Harness(betas, (b"context-1m-2025-08-07, files-api-2025-04-14,,x", b"A,\x00,\xff")),
}
