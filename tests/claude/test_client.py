"""The wire client against a scripted far end: what goes out, what comes back, and what each kind of break is called."""

import gzip
import random
import socket
import threading
import time
import tracemalloc

import pytest

from betaconsole.claude.client import Call, Request
from betaconsole.claude.errors import (
    CallError,
    ConnectionRefused,
    CutBeforeStatus,
    DnsFailed,
    Incomplete,
    LimitExceeded,
    NotSent,
    ProtocolError,
    RedirectRefused,
)
from betaconsole.claude.headers import HeaderError
from tests.claude.asking import BODY, KEY, a_call, a_request, ask, quick, take
from tests.upstream import (
    STREAM_HEAD,
    Peer,
    Upstream,
    answer,
    chunk,
    chunked,
    close,
    hang,
    head,
    pause,
    read,
    reset,
    send,
    trickle,
    until_closed,
)

EVENTS = [b"event: ping\ndata: {}\n\n", b'event: x\ndata: {"t":"\xf0\x9f\x8e\x89"}\n\n', b"data: end\n\n"]


def broken(script: list, **options: object) -> tuple[bytes, CallError, Call]:
    """What had arrived, the error and the call, for a script that breaks off."""
    arrived = b""
    with Upstream(script) as upstream, a_call(upstream.url, **options) as call:
        try:
            call.open()
            for piece in call.chunks():
                arrived += piece
        except CallError as error:
            return arrived, error, call
    raise AssertionError(f"the call succeeded with {arrived[:100]!r}")


def test_there_is_no_body_before_the_call_is_open():
    with a_call("http://127.0.0.1:9") as call, pytest.raises(RuntimeError, match="open"):
        next(call.chunks())


class TestWhatGoesOut:
    def test_the_request_on_the_wire_is_the_one_asked_for(self):
        with Upstream([read(), send(answer(b"{}"))]) as upstream:
            with Call(a_request(upstream.url, betas=("b-2025-01-01", "a-2024-01-01")), key=KEY, internal=True) as call:
                call.open()
            (received,) = upstream.requests
        assert received.line == "POST /v1/messages HTTP/1.1"
        assert received.body == BODY
        assert received.headers == [
            ("Host", f"127.0.0.1:{upstream.port}"),
            ("accept", "text/event-stream"),
            ("accept-encoding", "identity"),
            ("anthropic-beta", "b-2025-01-01,a-2024-01-01"),
            ("anthropic-version", "2026-10-21"),
            ("content-type", "application/json"),
            ("user-agent", "betaconsole/0.1"),
            ("x-api-key", KEY.reveal()),
            ("Content-Length", str(len(BODY))),
        ]

    def test_the_headers_kept_are_the_ones_written_with_a_reference_for_the_key(self):
        with Upstream([read(), send(answer(b"{}"))]) as upstream, a_call(upstream.url) as call:
            call.open()
            (received,) = upstream.requests
        assert call.sent_headers == tuple(
            (name, "$ANTHROPIC_API_KEY" if name == "x-api-key" else value) for name, value in received.headers
        )

    def test_only_the_header_line_of_the_key_is_replaced(self):
        body = b"x-api-key: $ANTHROPIC_API_KEY\r\n\r\nx-api-key: $ANTHROPIC_API_KEY\r\n"
        extra = (("x-note", "$ANTHROPIC_API_KEY"), ("X-Api-Key", "$ANTHROPIC_API_KEY"))
        with Upstream([read(), send(answer(b"{}"))]) as upstream:
            with Call(Request("POST", upstream.url + "/v1", extra, body), key=KEY, internal=True) as call:
                call.open()
            (received,) = upstream.requests
        assert received.body == body
        assert received.header("x-note") == "$ANTHROPIC_API_KEY"
        assert received.header("x-api-key") == KEY.reveal()

    def test_without_a_key_the_header_is_left_out(self):
        with Upstream([read(), send(answer(b"{}"))]) as upstream:
            ask(upstream.url, key=None)
            assert upstream.requests[0].header("x-api-key") is None

    def test_the_query_is_kept_and_a_get_has_no_body(self):
        with Upstream([read(), send(answer(b"{}"))]) as upstream:
            with Call(
                Request("GET", upstream.url + "/v1/models?limit=5&after_id=a%2Fb", (("accept", "*/*"),)), internal=True
            ) as call:
                call.open()
            (received,) = upstream.requests
        assert received.line == "GET /v1/models?limit=5&after_id=a%2Fb HTTP/1.1"
        assert received.header("content-length") is None

    @pytest.mark.parametrize(
        ("method", "length"),
        [("GET", None), ("HEAD", None), ("DELETE", None), ("POST", "0"), ("PUT", "0"), ("PATCH", "0")],
    )
    @pytest.mark.parametrize("body", [None, b""])
    def test_without_a_body_only_methods_that_have_one_say_a_length(self, method, length, body):
        with Upstream([read(), send(answer(b"{}"))]) as upstream:
            with Call(Request(method, upstream.url + "/v1/files/x", (("accept", "*/*"),), body), internal=True) as call:
                call.open()
            (received,) = upstream.requests
        assert received.line == f"{method} /v1/files/x HTTP/1.1"
        assert (received.header("content-length"), received.header("transfer-encoding")) == (length, None)
        assert received.body == b""
        assert [name for name, _ in call.sent_headers] == [name for name, _ in received.headers]

    def test_a_small_request_leaves_in_one_write(self):
        sizes = []

        def first_piece(peer: Peer) -> None:
            sizes.append(len(peer.sock.recv(1 << 20)))
            peer.send(answer(b"{}"))

        body = b"x" * 40_000
        with Upstream(first_piece) as upstream:
            ask(upstream.url, body=body)
        assert sizes[0] > len(body)

    def test_a_body_of_12_megabytes_arrives_whole(self):
        body = bytes(range(256)) * 48_000
        with Upstream([read(), send(answer(b"{}"))]) as upstream:
            ask(upstream.url, body=body)
            assert upstream.requests[0].body == body

    def test_an_upload_of_32_megabytes_leaves_without_being_copied(self):
        body = bytes(32 << 20)
        with Upstream(lambda peer: take(peer, len(body))) as upstream, a_call(upstream.url, body=body) as call:
            tracemalloc.start()
            call.open()
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
        assert peak < 4 << 20

    def test_u26_netrc_proxies_and_cookies_around_us_are_ignored(self, tmp_path, monkeypatch):
        netrc = tmp_path / "netrc"
        netrc.write_text("default login eve password secret\n")
        netrc.chmod(0o600)
        monkeypatch.setenv("NETRC", str(netrc))
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, "http://127.0.0.1:9")
        with Upstream([read(), send(answer(b"{}", 200, "set-cookie: a=b"))]) as upstream:
            for _ in range(2):
                ask(upstream.url)
            assert all(not request.header("authorization") for request in upstream.requests)
            assert all(not request.header("cookie") for request in upstream.requests)

    def test_b16_credentials_in_the_url_are_not_sent(self):
        with Upstream([read(), send(answer(b"{}"))]) as upstream:
            ask(upstream.url.replace("//", "//eve:secret@"))
            assert b"secret" not in upstream.requests[0].raw
            assert upstream.requests[0].header("authorization") is None

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("x-note", "a\r\nx-evil: 1"),
            ("x-note", "a\nb"),
            ("x-note", "a\x00b"),
            ("x-note", "ä"),
            ("x-note", " led by a blank"),
            ("x note", "a"),
            ("x-note\r\n", "a"),
            ("", "a"),
            ("Content-Length", "3"),
            ("Host", "evil.example"),
            ("Transfer-Encoding", "chunked"),
            ("ACCEPT", "again"),
        ],
    )
    def test_b15_a_header_that_could_change_the_request_is_refused(self, name, value):
        with pytest.raises(HeaderError):
            Request("POST", "http://127.0.0.1/", (("accept", "*/*"), (name, value)))


class TestWhatComesBack:
    @pytest.mark.parametrize(
        "sent",
        [
            STREAM_HEAD + chunked(EVENTS),
            head(200, f"content-length: {len(b''.join(EVENTS))}") + b"".join(EVENTS),
            head(200) + b"".join(EVENTS),
        ],
        ids=["chunked", "content-length", "until close"],
    )
    @pytest.mark.parametrize("step", [1, 7, 100_000])
    def test_the_body_is_the_same_however_it_is_framed_and_cut(self, sent, step):
        with Upstream([read(), trickle(sent, every_s=0.0, step=step), close()]) as upstream:
            assert ask(upstream.url)[1] == b"".join(EVENTS)

    @pytest.mark.parametrize("framed", [True, False], ids=["chunked", "until close"])
    def test_each_event_is_handed_on_before_the_next_one_is_sent(self, framed):
        told = threading.Event()

        def script(peer: Peer) -> None:
            peer.read_request()
            peer.send(STREAM_HEAD if framed else head(200))
            for event in EVENTS:
                peer.send(chunk(event) if framed else event)
                assert told.wait(5), "the event was held back"
                told.clear()
            if framed:
                peer.send(chunk(b""))

        with Upstream(script) as upstream, a_call(upstream.url) as call:
            call.open()
            pieces = []
            for piece in call.chunks():
                pieces.append(piece)
                told.set()
        assert pieces == EVENTS

    def test_a_burst_of_small_chunks_comes_in_large_pieces(self):
        burst = [b"x" * 50] * 2000
        with Upstream([read(), send(STREAM_HEAD + chunked(burst))]) as upstream, a_call(upstream.url) as call:
            call.open()
            time.sleep(0.05)
            pieces = list(call.chunks())
        assert b"".join(pieces) == b"".join(burst)
        assert len(pieces) < 50

    def test_status_and_headers_are_kept_in_order_and_spelling(self):
        lines = (
            "Content-Type: application/json",
            "X-Twice: a",
            "request-id:req_1  ",
            "x-twice: b",
            "X-Ü: ä",
            "x-empty:",
        )
        with Upstream([read(), send(head(529, *lines, "content-length: 2", reason="Overloaded") + b"{}")]) as upstream:
            got, body = ask(upstream.url)
        assert (got.status, got.reason, body) == (529, "Overloaded", b"{}")
        assert got.headers == (
            ("Content-Type", "application/json"),
            ("X-Twice", "a"),
            ("request-id", "req_1"),
            ("x-twice", "b"),
            ("X-Ü", "ä"),
            ("x-empty", ""),
            ("content-length", "2"),
        )

    def test_a_folded_header_is_one_header(self):
        with Upstream([read(), send(head(200, "x-long: one", "  two", "content-length: 0"))]) as upstream:
            assert ask(upstream.url)[0].header("x-long") == "one two"

    @pytest.mark.parametrize("interim", [100, 102, 103])
    def test_an_interim_answer_is_not_the_answer(self, interim):
        early = head(interim, "link: </style.css>", reason="Early")
        with Upstream([read(), send(early * 2), send(answer(b"{}", 200))]) as upstream:
            got, body = ask(upstream.url)
        assert (got.status, body) == (200, b"{}")
        assert got.header("link") == ""

    def test_a_keep_alive_answer_ends_at_its_length_without_waiting(self):
        with Upstream([read(), send(answer(b'{"a":1}')), until_closed()]) as upstream:
            assert ask(upstream.url)[1] == b'{"a":1}'
            upstream.wait_until_closed()

    def test_u38_more_bytes_than_the_content_length_are_not_part_of_the_body(self):
        with Upstream([read(), send(answer(b'{"a":1}') + b"HTTP/1.1 200 OK\r\n\r\nmore")]) as upstream:
            assert ask(upstream.url)[1] == b'{"a":1}'

    def test_u12_closing_in_the_middle_ends_the_connection_at_once(self):
        script = [read(), send(STREAM_HEAD + chunk(b"event: message_stop\ndata: {}\n\n")), until_closed()]
        with Upstream(script) as upstream:
            with a_call(upstream.url) as call:
                call.open()
                next(call.chunks())
            upstream.wait_until_closed()

    @pytest.mark.parametrize(
        "lines",
        [
            ("content-length: 1000",),
            ("transfer-encoding: chunked",),
            ("content-encoding: gzip", "content-length: 1000"),
            (),
        ],
        ids=["length", "chunked", "gzip", "nothing"],
    )
    @pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("HEAD", 404), ("GET", 204), ("DELETE", 204)])
    def test_an_answer_that_cannot_have_a_body_ends_with_its_head(self, method, status, lines):
        with Upstream([read(), send(head(status, *lines)), hang()]) as upstream:
            request = Request(method, upstream.url + "/v1/models", (("accept", "*/*"),))
            with Call(request, deadlines=quick(idle_s=1.0), internal=True) as call:
                assert call.open().status == status
                assert list(call.chunks()) == []
                assert call.timings.first_byte_ms is None

    def test_an_empty_body_is_empty_whatever_its_encoding(self):
        with Upstream([read(), send(answer(b"", 200, "content-encoding: gzip"))]) as upstream:
            assert ask(upstream.url)[1] == b""

    @pytest.mark.parametrize("framed", ["length", "chunked", "close"])
    def test_a_file_comes_back_byte_for_byte_up_to_the_limit(self, framed):
        file = random.Random(1).randbytes(5_000_000)
        sent = {
            "length": answer(file, 200, "content-type: application/octet-stream"),
            "chunked": STREAM_HEAD + chunked([file[at : at + 70_001] for at in range(0, len(file), 70_001)]),
            "close": head(200) + file,
        }[framed]
        with Upstream([read(), send(sent), close()]) as upstream:
            assert ask(upstream.url, stream=False, max_bytes=len(file))[1] == file
            with pytest.raises(LimitExceeded):
                ask(upstream.url, stream=False, max_bytes=len(file) - 1)

    def test_two_calls_use_two_connections(self):
        with Upstream([read(), send(answer(b"{}")), read()]) as upstream:
            ask(upstream.url)
            ask(upstream.url)
            assert upstream.connections == 2


class TestRedirects:
    @pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
    def test_u23_a_redirect_is_shown_and_never_followed(self, status):
        with Upstream([hang()]) as other:
            moved = head(status, f"location: {other.url}/steal", "content-length: 5", reason="Moved") + b"moved"
            arrived, error, call = broken([read(), send(moved)])
            assert isinstance(error, RedirectRefused)
            assert (arrived, call.head.status) == (b"moved", status)
            assert other.connections == 0

    @pytest.mark.parametrize(
        "target", ["/v1/elsewhere", "http://169.254.169.254/latest/", "https://evil.example/", "//evil.example", "%"]
    )
    def test_u23_wherever_a_redirect_points_nobody_else_is_asked(self, target):
        with Upstream([read(), send(head(307, f"location: {target}", "content-length: 0"))]) as upstream:
            with a_call(upstream.url) as call:
                call.open()
                with pytest.raises(RedirectRefused):
                    list(call.chunks())
            assert (upstream.connections, len(upstream.requests)) == (1, 1)

    def test_u23_a_redirect_with_an_endless_body_is_bounded(self):
        def flood(peer: Peer) -> None:
            peer.read_request()
            peer.send(head(302, "location: http://127.0.0.1:9/"))
            while not peer._upstream.stopping.is_set():
                peer.send(b"x" * 65536)

        _, error, _ = broken([flood], max_bytes=1_000_000)
        assert isinstance(error, LimitExceeded)


class TestEncodedBodies:
    def test_gzip_that_was_not_asked_for_is_undone(self):
        packed = gzip.compress(b"".join(EVENTS) * 5000)
        script = [read(), send(head(200, "content-encoding: gzip", f"content-length: {len(packed)}") + packed)]
        with Upstream(script) as upstream:
            assert ask(upstream.url)[1] == b"".join(EVENTS) * 5000

    @pytest.mark.parametrize("stream", [True, False])
    def test_u22_a_compressed_bomb_stops_at_64_megabytes_and_takes_little_memory(self, stream):
        bomb = gzip.compress(bytes(1 << 20)) * 200
        assert len(bomb) < 220_000
        sizes = []
        with Upstream([read(), send(answer(bomb, 200, "content-encoding: gzip"))]) as upstream:
            with a_call(upstream.url, stream=stream) as call:
                tracemalloc.start()
                call.open()
                with pytest.raises(LimitExceeded):
                    sizes.extend(len(piece) for piece in call.chunks())
                peak = tracemalloc.get_traced_memory()[1]
                tracemalloc.stop()
            assert upstream.requests[0].header("accept-encoding") == "identity"
        assert (63 << 20) < sum(sizes) <= (64 << 20)
        assert peak < 8_000_000

    def test_u22_what_a_bomb_hands_on_stays_within_the_limit(self):
        bomb = gzip.compress(bytes(30_000_000))
        arrived, error, _ = broken([read(), send(answer(bomb, 200, "content-encoding: gzip"))], max_bytes=2_000_000)
        assert isinstance(error, LimitExceeded)
        assert 1_900_000 < len(arrived) <= 2_000_000

    @pytest.mark.parametrize("encoding", ["br", "gzip, gzip", ", ".join(["gzip"] * 1_000), "zstd"])
    def test_u22_encodings_that_are_nested_or_unknown_are_not_undone(self, encoding):
        twice = gzip.compress(gzip.compress(bytes(1_000_000)))
        _, error, _ = broken([read(), send(answer(twice, 200, f"content-encoding: {encoding}"))])
        assert isinstance(error, ProtocolError)

    def test_broken_gzip_is_a_protocol_error_and_cut_gzip_is_incomplete(self):
        packed = gzip.compress(b"".join(EVENTS) * 500)
        cut = head(200, "content-encoding: gzip", f"content-length: {len(packed) - 20}") + packed[:-20]
        assert isinstance(broken([read(), send(answer(b"plain", 200, "content-encoding: gzip"))])[1], ProtocolError)
        assert isinstance(broken([read(), send(cut)])[1], Incomplete)

    def test_a_body_over_the_limit_is_given_up(self):
        arrived, error, _ = broken([read(), send(answer(b"x" * 300_000))], max_bytes=100_000)
        assert isinstance(error, LimitExceeded)
        assert "100,000" in error.message
        assert len(arrived) <= 100_000


class TestBreaks:
    """Where the connection breaks decides whether the request was surely not sent, or may have run."""

    @pytest.mark.parametrize(
        "script",
        [
            [read(), reset()],
            [read(), close()],
            [read(), send(b"HTTP/1.1 2"), reset()],
            [read(), send(b"HTTP/1.1 200 OK\r\ncontent-type: text/ev"), close()],
            [read(), send(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"), close()],
            [read(), send(head(100)), close()],
            [pause(0.05), reset()],
        ],
        ids=["reset", "close", "reset in status", "close in header", "close in head", "after 100", "nothing read"],
    )
    def test_u9_a_cut_before_the_whole_head_has_an_unknown_outcome(self, script):
        _, error, call = broken(script)
        assert isinstance(error, CutBeforeStatus)
        assert (error.state, call.write_began) == ("unknown_outcome", True)

    @pytest.mark.parametrize(
        "script",
        [
            [read(), send(STREAM_HEAD + chunk(EVENTS[0])), reset()],
            [read(), send(STREAM_HEAD + chunk(EVENTS[0])), close()],
            [read(), send(STREAM_HEAD + chunk(EVENTS[0]) + b"2"), close()],
            [read(), send(STREAM_HEAD + b"ff\r\n" + EVENTS[0]), close()],
            [read(), send(STREAM_HEAD + b"%x\r\n" % len(EVENTS[0]) + EVENTS[0] + b"\r"), close()],
            [read(), send(head(200, "content-length: 999") + EVENTS[0]), close()],
            [read(), send(head(200, "content-length: 999") + EVENTS[0]), reset()],
        ],
        ids=["reset", "no last chunk", "cut chunk size", "cut chunk", "cut chunk end", "short", "short reset"],
    )
    def test_u10_a_cut_after_the_head_is_incomplete_and_keeps_what_came(self, script):
        # A pause lets the bytes arrive before a reset can overtake them.
        arrived, error, _ = broken([*script[:-1], pause(0.1), script[-1]])
        assert type(error) is Incomplete
        assert arrived == EVENTS[0]

    def test_u11_a_close_delimited_stream_ends_with_its_connection(self):
        with Upstream([read(), send(head(200, "content-type: text/event-stream") + EVENTS[0]), close()]) as upstream:
            assert ask(upstream.url)[1] == EVENTS[0]

    @pytest.mark.parametrize(
        "sent",
        [
            b"SSH-2.0-OpenSSH_9.6\r\n",
            b"\r\n\r\n",
            b"HTTP/1.1 OK\r\n\r\n",
            b"HTTP/1.1 99 Low\r\n\r\n",
            b"HTTP/2 200 OK\r\n\r\n",
            head(103) * 50,
            head(200, "content-length: 5, 6") + b"hello",
        ],
        ids=[
            "ssh",
            "blank lines",
            "no status",
            "status 99",
            "http 2",
            "only 103",
            "two lengths",
        ],
    )
    def test_an_answer_that_is_no_http_is_a_protocol_error(self, sent):
        _, error, _ = broken([read(), send(sent), pause(0.3), close()])
        assert isinstance(error, ProtocolError)

    @pytest.mark.parametrize(
        "sent",
        [
            head(200, *(f"x-{number}: 1" for number in range(100_000))),
            head(200, *(["x-fold: 1"] + [" more"] * 100_000)),
            head(200, "x-long: " + "a" * 1_000_000),
            head(200, *(f"x-{number}: {'a' * 20_000}" for number in range(50))),
            b"HTTP/1.1 200 " + b"a" * 1_000_000,
        ],
        ids=["100k lines", "100k folded", "1 MB line", "1 MB in lines", "1 MB reason"],
    )
    def test_u15_an_enormous_head_is_a_protocol_error_and_takes_little_memory(self, sent):
        tracemalloc.start()
        _, error, _ = broken([read(), send(sent), hang()], deadlines=quick(status_s=60.0, total_s=60.0))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert isinstance(error, ProtocolError)
        assert peak < 20_000_000

    @pytest.mark.parametrize(
        "sent",
        [b"zz\r\nabc", b"0x3\r\nabc\r\n", b"-3\r\nabc", b"+3\r\nabc\r\n", b"1_0\r\n", b"3\r\nabcdef\r\n0\r\n\r\n"],
    )
    def test_malformed_chunks_are_a_protocol_error(self, sent):
        _, error, _ = broken([read(), send(STREAM_HEAD + sent), pause(0.1), close()])
        assert isinstance(error, ProtocolError)

    def test_u24_a_refused_connection_was_not_sent(self):
        with socket.create_server(("127.0.0.1", 0)) as closed:
            port = closed.getsockname()[1]
        with a_call(f"http://127.0.0.1:{port}") as call, pytest.raises(ConnectionRefused) as caught:
            call.open()
        assert not call.write_began
        assert str(port) in caught.value.message

    @pytest.mark.parametrize("host", ["no-such-host.invalid", "a" * 70 + ".invalid", "two..dots.invalid"])
    def test_u24_a_name_without_an_address_was_not_sent(self, host):
        with a_call(f"http://{host}") as call, pytest.raises((DnsFailed, NotSent)) as caught:
            call.open()
        assert caught.value.kind == "not_sent"

    @pytest.mark.parametrize("url", ["ftp://127.0.0.1", "not a url", "http://", "http://[::1"])
    def test_a_url_that_is_none_was_not_sent(self, url):
        with a_call(url) as call, pytest.raises(NotSent):
            call.open()


class TestEarlyAnswers:
    """A server may refuse a large body before it has read it all."""

    REFUSAL = answer(b'{"type":"error"}', 413)

    def test_a_refusal_that_stops_reading_is_read(self):
        with Upstream([pause(0.05), send(self.REFUSAL), hang()]) as upstream:
            got, body = ask(upstream.url, body=b"x" * 12_000_000, deadlines=quick())
        assert (got.status, body) == (413, b'{"type":"error"}')

    def test_a_refusal_that_resets_is_read(self):
        def refuse(peer: Peer) -> None:
            peer.sock.recv(65536)
            peer.send(self.REFUSAL)
            peer.wait(0.2)

        with Upstream(refuse) as upstream:
            assert ask(upstream.url, body=b"x" * 12_000_000, deadlines=quick())[0].status == 413

    def test_an_early_good_answer_does_not_stop_the_writing(self):
        body = b"x" * 8_000_000
        with Upstream([send(head(100)), pause(0.05), read(), send(answer(b"{}"))]) as upstream:
            assert ask(upstream.url, body=body, deadlines=quick())[0].status == 200
            assert upstream.requests[0].body == body


class TestDial:
    def test_a_dialled_socket_is_used_in_place_of_connecting(self):
        ours, theirs = socket.socketpair()
        theirs.sendall(answer(b"{}"))
        head_, body = ask("https://simulator.invalid", dial=lambda: ours)
        assert (head_.status, body) == (200, b"{}")
        assert b"Host: simulator.invalid\r\n" in theirs.recv(65536)
        theirs.close()

    def test_a_dial_that_fails_was_not_sent(self):
        def refuse() -> socket.socket:
            raise OSError("no")

        with a_call("http://simulator.invalid", dial=refuse) as call, pytest.raises(NotSent):
            call.open()


class TestBarrier:
    def test_nothing_is_written_before_the_barrier_opens(self):
        with Upstream([read(), send(answer(b"{}"))]) as upstream, a_call(upstream.url) as call:
            seen = []

            def barrier() -> None:
                upstream.wait_for_connections(1)
                time.sleep(0.05)
                seen.extend(upstream.requests)

            call.open(barrier)
            assert seen == []
            assert call.timings.queue_ms >= 50

    @pytest.mark.parametrize("error", [threading.BrokenBarrierError("x"), OSError("x"), ValueError("x"), SystemExit(1)])
    def test_what_the_barrier_raises_is_raised_and_nothing_is_sent(self, error):
        def refuse() -> None:
            raise error

        with Upstream([read()]) as upstream:
            with a_call(upstream.url) as call, pytest.raises(type(error)) as caught:
                call.open(refuse)
            assert caught.value is error
            assert not call.write_began
            upstream.wait_for_requests(1)
            assert upstream.requests[0].raw == b""

    def test_the_first_of_eight_calls_to_connect_waits_for_the_last(self):
        barrier = threading.Barrier(8)
        with Upstream([read(), send(answer(b"{}"))]) as upstream:
            calls = [a_call(upstream.url) for _ in range(8)]
            threads = [threading.Thread(target=call.open, args=(barrier.wait,)) for call in calls]
            for thread in threads:
                thread.start()
                time.sleep(0.01)
            for thread in threads:
                thread.join(60)
            for call in calls:
                call.close()
            upstream.wait_for_requests(8)
        assert max(call.timings.queue_ms for call in calls) > 50


class TestTimings:
    def test_moments_are_kept_apart(self):
        script = [read(), pause(0.1), send(STREAM_HEAD), pause(0.1), send(chunked(EVENTS))]
        with Upstream(script) as upstream, a_call(upstream.url) as call:
            began = time.monotonic()
            call.open(lambda: time.sleep(0.1))
            list(call.chunks())
            took_ms = (time.monotonic() - began) * 1000
        timings = call.timings
        assert timings.queue_ms >= 100
        assert timings.status_ms >= 100
        assert timings.first_byte_ms >= timings.status_ms + 90
        # None counts what another one counts: together they are not more than the whole.
        assert timings.connect_ms + timings.queue_ms + timings.first_byte_ms <= took_ms
        assert (timings.sent_at - began) * 1000 >= timings.connect_ms + timings.queue_ms

    def test_moments_that_did_not_come_are_none(self):
        _, _, call = broken([read(), close()])
        assert call.timings.sent_at is not None
        assert (call.timings.status_ms, call.timings.first_byte_ms) == (None, None)
