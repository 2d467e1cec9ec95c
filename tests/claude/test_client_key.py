"""The key reaches the socket and nothing else: no message, traceback, local variable, log line or copy of the call."""

import base64
import copy
import json
import logging
import pickle
import traceback
import types
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from betaconsole.claude.client import Call, Request, Secret, redact
from betaconsole.claude.errors import CallError, Incomplete
from betaconsole.claude.headers import HeaderError
from betaconsole.claude.masking import KeyMask
from tests import canaries
from tests.claude.asking import KEY, a_call, quick
from tests.upstream import STREAM_HEAD, Upstream, answer, chunk, close, hang, head, read, reset, send

CANARY = KEY.reveal()
FORMS = [form.decode() for form in canaries.forms(CANARY).values()]

BREAKS = {
    "reset": [read(), reset()],
    "closed": [read(), close()],
    "not read": [reset()],
    "not http": [read(), send(b"SSH-2.0\r\n\r\n")],
    "too many headers": [read(), send(head(200, *(f"x-{number}: 1" for number in range(500))))],
    "two lengths": [read(), send(head(200, "content-length: 1, 2"))],
    "status timeout": [read(), hang()],
    "idle": [read(), send(STREAM_HEAD), hang()],
    "cut": [read(), send(STREAM_HEAD + chunk(b"data: x\n\n")), close()],
    "bad chunk": [read(), send(STREAM_HEAD + b"zz\r\n")],
    "redirect": [read(), send(head(302, "location: http://127.0.0.1:9/", "content-length: 0"))],
    "bad gzip": [read(), send(answer(b"no", 200, "content-encoding: gzip"))],
}


def chain(error: BaseException | None) -> Iterator[BaseException]:
    """The error and every error it hangs on."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def everything_shown(error: BaseException) -> str:
    """What a traceback page with the local variables of our frames and of the libraries would show, and more."""
    shown = []
    for each in chain(error):
        shown += [repr(each), str(each), repr(vars(each)), "".join(traceback.format_exception(each))]
        for frame, _ in traceback.walk_tb(each.__traceback__):
            if "/tests/" not in frame.f_code.co_filename:
                shown += [deep(value) for value in frame.f_locals.values()]
    return "".join(shown)


def deep(value: object, depth: int = 4, seen: set[int] | None = None) -> str:
    """The repr of a value and of what it holds, as a debugger would unfold it."""
    seen = set() if seen is None else seen
    if depth == 0 or id(value) in seen or isinstance(value, types.ModuleType | type | Secret):
        return ""
    seen.add(id(value))
    inner = list(value.values()) if isinstance(value, dict) else list(getattr(value, "__dict__", {}).values())
    inner += value if isinstance(value, list | tuple) else []
    return repr(value) + "".join(deep(each, depth - 1, seen) for each in inner)


class TestNothingShowsTheKey:
    @pytest.mark.parametrize("name", BREAKS)
    def test_not_when_the_call_fails(self, name, caplog, capfd):
        caplog.set_level(logging.DEBUG)
        with Upstream(BREAKS[name]) as upstream:
            # A busy machine needs longer than that to read a request.
            status_s = 0.05 if name == "status timeout" else 5
            with a_call(upstream.url, deadlines=quick(status_s=status_s, idle_s=0.05)) as call:
                error = self.failure(call)
            assert any(CANARY.encode() in request.raw for request in upstream.requests) or name == "not read"
        shown = [everything_shown(error), repr(call), repr(vars(call)), deep(call), repr(call.sent_headers)]
        shown += [caplog.text, *capfd.readouterr()]
        assert [form for form in FORMS if form in "".join(shown)] == []

    def failure(self, call: Call) -> CallError:
        try:
            call.open()
            list(call.chunks())
        except CallError as error:
            return error
        raise AssertionError("the call succeeded")

    def test_not_when_it_cannot_be_sent(self, caplog):
        caplog.set_level(logging.DEBUG)
        for url in ("http://127.0.0.1:9", "https://127.0.0.1:9", "ftp://x", "http://no-such-host.invalid"):
            with a_call(url) as call:
                error = self.failure(call)
            assert CANARY not in everything_shown(error) + deep(call) + caplog.text

    def test_not_in_the_objects_of_requests_while_the_answer_is_read(self):
        with Upstream([read(), send(answer(b"{}"))]) as upstream, a_call(upstream.url) as call:
            call.open()
            assert CANARY not in deep(call, depth=6)

    def test_a_key_that_cannot_stand_in_a_header_is_refused_without_being_quoted(self):
        for bad in (CANARY + "\r\nx-evil: 1", CANARY + "\n", " " + CANARY, CANARY + "ä", CANARY + "\x00", ""):
            with pytest.raises(HeaderError) as caught:
                a_call("http://127.0.0.1:9", key=Secret(bad))
            assert CANARY not in everything_shown(caught.value)

    def test_a_key_pasted_into_a_header_value_is_not_quoted(self):
        with pytest.raises(HeaderError) as caught:
            Request("POST", "http://127.0.0.1", (("x-api-key", CANARY + "\n"),))
        assert CANARY not in str(caught.value)


class TestSecret:
    def test_printing_it_shows_at_most_the_last_four_characters(self):
        for shown in (repr(KEY), str(KEY), f"{KEY}", f"{KEY:>20}", repr([KEY]), ascii(KEY)):
            assert CANARY[:-4] not in shown
            assert CANARY[-4:] in shown
            assert "***" in shown
        assert repr(Secret("short")) == "***"

    def test_it_cannot_leave_the_process_by_accident(self):
        for way in (pickle.dumps, copy.copy, copy.deepcopy, json.dumps):
            with pytest.raises(TypeError) as caught:
                way(KEY)
            assert CANARY not in str(caught.value)

    def test_it_is_given_when_asked_by_name(self):
        assert KEY.reveal() == CANARY


ODD_KEY = Secret('a"b/c+d=e\\f-0123456789')
WRITTEN = [
    *canaries.forms(ODD_KEY.reveal()).values(),
    json.dumps(ODD_KEY.reveal())[1:-1].encode(),
    json.dumps(ODD_KEY.reveal())[1:-1].replace("/", "\\/").encode(),
    quote(ODD_KEY.reveal(), safe="").lower().encode(),
    ODD_KEY.reveal().encode().hex().upper().encode(),
]


class TestRedact:
    @pytest.mark.parametrize("form", FORMS)
    def test_u39_every_form_is_masked_at_its_own_length(self, form):
        body = f'{{"message":"bad key {form} and again {form}"}}'.encode()
        masked = redact(body, KEY)
        assert form.encode() not in masked
        assert len(masked) == len(body)
        assert json.loads(masked)["message"].count("$ANTHROPIC_API_KEY") == 2

    @pytest.mark.parametrize("written", WRITTEN)
    def test_u39_a_key_of_odd_signs_is_masked_as_it_is_written_in_json_and_addresses(self, written):
        assert redact(b"?k=" + written + b"&", ODD_KEY).startswith(b"?k=$ANTHROPIC_API_KEY*")

    @given(st.binary(max_size=5), st.binary(max_size=5))
    def test_u39_base64_of_anything_around_the_key_shows_none_of_it(self, before, after):
        data = base64.b64encode(before + CANARY.encode() + after)
        masked = redact(data, KEY)
        assert CANARY.encode()[3:-3] not in base64.b64decode(masked.translate(bytes.maketrans(b"$_*", b"AAA")))
        assert len(masked) == len(data)

    def test_what_is_no_key_stays(self):
        assert redact(b"nothing here", KEY) == b"nothing here"
        assert redact(b"a simple word", Secret("simple")) == b"a simple word"
        assert redact(b"anything", Secret("")) == b"anything"


class TestMask:
    @pytest.mark.parametrize("form", [CANARY.encode(), *WRITTEN[2:5]])
    def test_u39_no_cut_lets_the_key_through_or_loses_a_byte(self, form):
        key = KEY if form == CANARY.encode() else ODD_KEY
        body = form[:7] + b"  " + form + form[:9] + form + b" end " + form[:5]
        for at in range(len(body)):
            mask = KeyMask(key)
            masked = b"".join(mask.chunks(iter([body[:at], body[at:]])))
            assert masked == redact(body, key)
        each = [body[at : at + 1] for at in range(len(body))]
        assert b"".join(KeyMask(key).chunks(iter(each))) == redact(body, key)

    def test_what_cannot_be_the_key_is_passed_on_at_once(self):
        mask = KeyMask(KEY)
        passed = mask.chunks(iter([b"data: {}\n\n", b"task", b"-ant\n"]))
        assert list(passed) == [b"data: {}\n\n", b"ta", b"sk-ant\n"]

    def test_what_was_held_back_comes_where_the_line_is_cut(self):
        def cut() -> Iterator[bytes]:
            yield CANARY[:9].encode()
            raise Incomplete

        pieces = KeyMask(KEY).chunks(cut())
        assert next(pieces) == CANARY[:9].encode()
        with pytest.raises(Incomplete):
            next(pieces)
