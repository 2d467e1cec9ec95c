"""Reading recorded requests: what they may be wrapped in, what they are taken for, and what is said about the rest."""

import io
import json
import time
import tracemalloc
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from betaconsole.claude import jsontext
from betaconsole.drafts import importing
from betaconsole.drafts.importing import (
    BOUND,
    CASES,
    TRACE,
    ImportRefused,
    Recording,
    holds_several,
    read_recording,
    wraps_a_request,
)
from betaconsole.drafts.importing_lines import NoRequest, read_line

from .desk import THINKING

MODEL = "claude-sonnet-4-6"


def body(*texts: str, **fields: Any) -> dict[str, Any]:
    """A body whose messages are these, user and assistant in turn."""
    roles = ("user", "assistant")
    messages = [{"role": roles[at % 2], "content": text} for at, text in enumerate(texts)]
    return {"model": MODEL, "max_tokens": 100, "messages": messages, **fields}


def log(*rows: Any) -> bytes:
    return "\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows).encode()


def imported(data: bytes, name: str = "log.jsonl") -> tuple[Recording, list[tuple[str, str]]]:
    kept: list[tuple[str, str]] = []
    return read_recording(io.BytesIO(data), name, lambda name, text: kept.append((name, text))), kept


def refusal(data: bytes) -> str:
    with pytest.raises(ImportRefused) as caught:
        imported(data)
    return str(caught.value)


def said(recording: Recording) -> str:
    return " ".join(recording.notes)


ONE = body("Hi")
TEXT = json.dumps(ONE)
WRAPPINGS: dict[str, Any] = {
    "a body": ONE,
    "a proxy's line": {"ts": 1, "url": "https://api.anthropic.com/v1/messages?beta=true", "body": ONE},
    "a body as text": {"path": "/v1/messages", "body": TEXT},
    "our own exchange": {"id": "x", "request": {"method": "POST", "url": "simulator:/v1/messages", "body": ONE}},
    "a request that is the body": {"request": ONE, "response": {"content": []}},
    "a line of a batch": {"custom_id": "a", "params": ONE},
    "a whole batch": {"requests": [{"custom_id": "a", "params": ONE}]},
    "json": {"method": "post", "json": ONE},
    "json_data": {"json_data": ONE},
    "data as text": {"data": TEXT},
    "a HAR file": {"log": {"entries": [{"request": {"url": "https://x/v1/messages", "postData": {"text": TEXT}}}]}},
    "an array": [ONE],
    "a wrapping in a wrapping": {"message": "sent", "data": {"request": {"body": TEXT}}},
}


@pytest.mark.parametrize("wrapping", WRAPPINGS, ids=str)
def test_a_request_is_found_in(wrapping):
    recording, kept = imported(log(WRAPPINGS[wrapping]))
    assert [json.loads(text) for _, text in kept] == [ONE]
    assert (recording.count, recording.notes, recording.first) == (1, [], "Hi")


@pytest.mark.parametrize("wrapping", WRAPPINGS, ids=str)
def test_and_in_the_same_document_over_several_lines(wrapping):
    _, kept = imported(json.dumps(WRAPPINGS[wrapping], indent=2).encode())
    assert [json.loads(text) for _, text in kept] == [ONE]


def test_a_debug_log_of_the_sdk_gives_its_requests_and_its_betas():
    line = f"DEBUG Request options: {{'method': 'post', 'url': '/v1/messages', 'headers': {{'anthropic-beta': '{THINKING}'}}, 'json_data': {ONE!r}}}"
    recording, kept = imported(
        log("INFO started, all is well and so on", line, "HTTP Request: POST https://x 200 OK", line)
    )
    assert [json.loads(text) for _, text in kept] == [ONE, ONE]
    assert recording.betas == [THINKING]
    assert "2 were skipped: line 1 (no JSON), line 3 (no JSON)" in said(recording)


@pytest.mark.parametrize(
    "headers",
    [
        {"anthropic-beta": f"{THINKING},x y"},
        [["Anthropic-Beta", THINKING]],
        [{"name": "anthropic-beta", "value": THINKING}],
    ],
)
def test_betas_are_taken_from_headers_and_body_and_stay_in_no_body(headers):
    recording, kept = imported(
        log({"request": {"headers": headers, "body": {**ONE, "betas": ["context-1m-2025-08-07"]}}})
    )
    assert recording.betas == [THINKING, "context-1m-2025-08-07"]
    assert json.loads(kept[0][1]) == ONE
    assert f"Recorded with {THINKING}, context-1m-2025-08-07: tick them" in said(recording)


def test_each_body_is_kept_letter_for_letter():
    spelled = '{"model": "m", "max_tokens": 1e2, "x": 1.0, "y": 12345678901234567890, "messages": [{"role":"user","content":"\\ud800\\u00e9é"}]}'
    for wrapped in (spelled, json.dumps({"body": spelled})):
        assert imported(wrapped.encode())[1][0][1] == spelled
    _, [(_, text)] = imported(f'{{"body": {spelled}}}'.encode())
    assert all(part in text for part in ("1e2", "1.0", "12345678901234567890", "\\ud800"))


def test_requests_that_continue_each_other_are_a_trace():
    turns = [body("a"), body("a", "b", "c"), body("a", "b", "c", "d", "e", max_tokens=5)]
    recording, kept = imported(log(*turns))
    assert (recording.kind, recording.count, recording.first, recording.last) == (TRACE, 3, "a", "e")
    assert [len(json.loads(text)["messages"]) for _, text in kept] == [1, 3, 5]
    assert recording.size_bytes == sum(len(text) for _, text in kept)


def test_a_cache_mark_that_moves_on_and_a_text_written_as_a_block_do_not_break_a_trace():
    marked = [{"type": "text", "text": "a", "cache_control": {"type": "ephemeral"}}]
    first = {**body("a"), "messages": [{"role": "user", "content": marked}]}
    assert imported(log(first, body("a", "b", "c")))[0].kind == TRACE


def test_requests_that_do_not_are_cases_and_where_it_breaks_is_said():
    recording, _ = imported(log(body("a"), body("a", "b", "c"), body("other")))
    assert recording.kind == CASES
    assert "Request 3 does not continue the one before it" in said(recording)


def test_a_line_of_a_batch_keeps_its_custom_id_as_its_name():
    recording, kept = imported(log({"custom_id": "first\n one", "params": ONE}, {"custom_id": "", "params": ONE}))
    assert [name for name, _ in kept] == ["first\n one", ""]
    assert [row.get("name") for row in recording.listed] == ["first one", None]


def test_what_is_passed_over_is_counted_and_the_first_few_are_named():
    recording, _ = imported(
        log(
            ONE,
            {"path": "/v1/models", "body": None, "filler": "filler"},
            "{broken, and long enough to be a request",
            '{"model": 1, "model": 2, "messages": [], "max_tokens": 3}',
            '{"max_tokens": NaN, "messages": [], "model": "m"}',
            {"something": "else entirely, and long enough"},
        )
    )
    assert said(recording) == (
        "5 were skipped: line 2 (a request to /v1/models), line 3 (not JSON: Expecting property name enclosed in double "
        'quotes (column 2)), line 4 (not JSON: the key "model" stands twice in one object (column 14)) and 2 more.'
    )


def test_b28_a_key_in_a_body_is_taken_out_and_said():
    recording, kept = imported(log(body("my key is sk-ant-api03-abcdefghijkl")))
    assert "sk-ant-api03" not in kept[0][1]
    assert "A key (sk-ant-…) stood in 1 of them. It was taken out." in recording.notes


def test_thinking_in_the_history_several_models_and_mixed_streams_are_said():
    thought = {"role": "assistant", "content": [{"type": "thinking", "thinking": "x", "signature": "abc"}]}
    second = {**ONE, "stream": True, "model": "claude-opus-5-5", "messages": [*ONE["messages"], thought]}
    recording, _ = imported(log(ONE, second))
    assert BOUND in recording.notes
    assert "They name several models: claude-sonnet-4-6 (1), claude-opus-5-5 (1)." in recording.notes
    assert "1 of 2 ask for a stream." in recording.notes


HOSTILE: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "log.jsonl is empty."),
    "blanks": (b" \n\t\n", "is empty."),
    "gzip": (b"\x1f\x8b\x08\x00" + bytes(40), "is compressed with gzip: unpack it first."),
    "a ZIP archive": (b"PK\x03\x04" + bytes(40), "is a ZIP archive"),
    "UTF-16": ("{}" * 20).encode("utf-16") and (b"\xff\xfe" + "{}".encode("utf-16-le") * 20, "is UTF-16 text"),
    "a web page": (b"<!doctype html><title>log</title>" + b" " * 40, "is a web page or XML"),
    "an image": (b"\x89PNG\r\n\x1a\n" + bytes(40), "is an image: attach it"),
    "bytes": (b"abc\x00def" * 20, "is not text"),
    "bytes that are not UTF-8": (b'{"messages": [], "model": "\xff\xfe"}\n' * 3, "not UTF-8"),
    "deep nesting": (b'{"model":"m","messages":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "nested more than 64 levels deep"),
    "deep nesting that does not close": (b"[" * 1_000_000, "Line 1: not JSON"),
    "a debug line of deep nesting": (b"Request options: {'json_data': " + b"(" * 300_000, "more values in it"),
    "a debug line that does not close": (b"Request options: {'url': '/v1/messages', 'json_data': {'model': 1", "cut off"),
    "a hundred thousand values": (b'{"messages":[],"model":[' + b"1," * 2_100_000 + b"1]}", "more values in it than"),
    "a hundred thousand messages": (b'{"model":"m","messages":[' + b"1," * 100_000 + b"1]}", "more than 100,000 messages"),
    "another service": (log({"url": "https://x/v1/chat/completions", "body": ONE}), "a request to /v1/chat/completions"),
    "numbers": (b"[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]", "no Messages request in it"),
    "prose": (b"This is a letter to my grandmother.\n" * 3, "There is no Messages request in log.jsonl. Line 1: no JSON."),
}  # fmt: skip


@pytest.mark.parametrize("what", HOSTILE)
def test_b27_nothing_is_taken_from(what):
    data, expected = HOSTILE[what]
    assert expected in refusal(data)


def test_b27_a_line_of_a_hundred_megabytes_is_passed_over_without_being_held(tmp_path, monkeypatch):
    monkeypatch.setattr(importing, "MAX_LINE_BYTES", 1_000_000)
    path = tmp_path / "log.jsonl"
    path.write_bytes(b'{"model": "' + b"x" * 100_000_000 + b'"}\n' + log(ONE))
    kept: list[str] = []
    tracemalloc.start()
    with path.open("rb") as file:
        recording = read_recording(file, path.name, lambda name, text: kept.append(text))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (len(kept), peak < 10_000_000) == (1, True)
    assert "line 1 (longer than 0 MB)" in said(recording)


def test_b27_more_than_a_comparison_holds_is_left_out_and_counted(monkeypatch):
    monkeypatch.setattr(importing, "MAX_CELLS", 3)
    recording, kept = imported(log(*[ONE] * 5))
    assert len(kept) == 3
    assert "2 more requests were left out: 3 requests or 100 MB is the most that is kept." in recording.notes


def test_a_trace_of_twenty_turns_and_a_hundred_thousand_tokens_is_read_in_a_moment():
    turn = "The quick brown fox jumps over the lazy dog. " * 440  # some 5,000 tokens
    turns = [body(*[f"{at} {turn}" for at in range(2 * n + 1)]) for n in range(20)]
    data = log(*turns)
    begun = time.process_time()
    recording, _ = imported(data)
    assert time.process_time() - begun < 9
    assert (recording.kind, recording.count) == (TRACE, 20)
    assert len(json.dumps(recording.summary())) < 8_000


def test_pasted_lines_are_several_requests_only_where_each_holds_one():
    assert holds_several(f"{TEXT}\n{TEXT}\n")
    for other in (TEXT, json.dumps(ONE, indent=2), f"{TEXT}\nand so on", "", "curl x \\\n -d '{}'"):
        assert not holds_several(other)


def test_pasted_json_around_a_request_is_taken_for_what_is_in_it():
    entry = {"request": {"url": "https://api.anthropic.com/v1/messages", "postData": {"text": TEXT}}}
    for around in ({"log": {"entries": [entry]}}, [ONE], {"request_body": {"text": TEXT}}):
        assert wraps_a_request(json.dumps(around, indent=1))
    for body in (ONE, {"requests": [{"custom_id": "a", "params": ONE}]}, {"model": "m"}, {}, [], 1, "x"):
        assert not wraps_a_request(json.dumps(body))
    assert not wraps_a_request("{")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["messages", "model", "body", "request", "data", "log", "entries", "postData", "text", "url", "a"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None)
@given(st.lists(JSON, max_size=3), st.binary(max_size=40), st.sampled_from([None, 1]))
def test_b27_whatever_comes_is_read_or_refused_and_what_is_kept_are_bodies(rows, junk, indent):
    data = b"\n".join([json.dumps(row, indent=indent).encode() for row in rows] + [junk])
    try:
        recording, kept = imported(data)
    except ImportRefused:
        return
    assert recording.count == len(kept) > 0
    for _, text in kept:
        value = jsontext.loads(text)
        assert isinstance(value, dict)
        assert isinstance(value["messages"], list)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=200))
def test_no_line_breaks_the_reader(text):
    for line in (
        text,
        f"Request options: {text}",
        f"Request options: {{'json_data': {text}}}",
        f'{{"data": {json.dumps(text)}}}',
    ):
        try:
            found, _ = read_line(line)
        except NoRequest:
            continue
        assert found


def test_b28_a_har_file_leaves_its_keys_and_cookies_behind():
    secrets = {
        "x-api-key": "no-known-shape-0001",
        "Authorization": "Bearer no-known-shape-0002",
        "Cookie": "sid=no-known-shape-0003",
    }
    headers = [{"name": name, "value": value} for name, value in [*secrets.items(), ("anthropic-beta", THINKING)]]
    cookies = [{"name": "sid", "value": "no-known-shape-0003"}]
    request = {
        "method": "POST",
        "url": "https://api.anthropic.com/v1/messages?key=no-known-shape-0004",
        "headers": headers,
    }
    request |= {"cookies": cookies, "postData": {"text": json.dumps(body("my key is sk-ant-api03-abcdefghijkl"))}}
    answer = {"headers": [{"name": "Set-Cookie", "value": "sid=no-known-shape-0005"}], "cookies": cookies}
    recording, kept = imported(log({"log": {"entries": [{"request": request, "response": answer}] * 2}}), "a.har")
    held = json.dumps([recording.summary(), recording.notes, kept])
    assert (recording.count, recording.betas) == (2, [THINKING])
    assert "no-known-shape" not in held
    assert "sk-ant-api03" not in held
    assert "A key (sk-ant-…) stood in 2 of them" in said(recording)
