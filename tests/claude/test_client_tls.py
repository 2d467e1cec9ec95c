"""TLS and proxies: whom we talk to is verified, and what fails before the request is written was not sent."""

import re
import select
import socket
import ssl
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from betaconsole.claude.client import Call
from betaconsole.claude.errors import (
    Cancelled,
    ConnectTimeout,
    CutBeforeStatus,
    Incomplete,
    NotSent,
    ProxyFailed,
    TlsFailed,
)
from tests.claude.asking import KEY, Running, a_call, ask, narrow_line, quick, take
from tests.claude.certificates import certificate
from tests.upstream import STREAM_HEAD, Peer, Upstream, answer, chunk, close, hang, head, pause, read, reset, send

__all__ = ["certificate"]


def refused(upstream: Upstream, **options: object) -> tuple[BaseException, Call]:
    call = a_call(upstream.url, **options)
    outcome = Running(call).finish()
    assert outcome.error is not None
    return outcome.error, call


class TestTls:
    def test_u25_a_stream_over_tls_with_a_bundle_of_our_own(self, certificate):
        context, bundle = certificate()
        script = [read(), send(STREAM_HEAD + chunk(b"data: x\n\n")), pause(0.05), send(chunk(b""))]
        with Upstream(script, tls=context) as upstream:
            got, body = ask(upstream.url, verify=bundle)
            assert (got.status, body) == (200, b"data: x\n\n")
            assert upstream.requests[0].header("x-api-key") == KEY.reveal()

    def test_u25_a_bundle_in_the_environment_is_not_read(self, certificate, monkeypatch):
        context, bundle = certificate()
        for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
            monkeypatch.setenv(name, bundle)
        with Upstream([read(), send(answer(b"{}"))], tls=context) as upstream:
            assert isinstance(refused(upstream)[0], TlsFailed)

    @pytest.mark.parametrize(
        ("host", "days", "own_bundle", "why"),
        [
            ("127.0.0.1", 1, False, "self-signed"),
            ("127.0.0.1", -1, True, "expired"),
            ("127.0.0.2", 1, True, "IP address mismatch"),
            ("other.example", 1, True, "IP address mismatch"),
        ],
    )
    def test_u25_a_certificate_that_proves_nothing_is_refused(self, certificate, host, days, own_bundle, why):
        context, bundle = certificate(host, days=days)
        with Upstream([read(), send(answer(b"{}"))], tls=context) as upstream:
            error, call = refused(upstream, verify=bundle if own_bundle else True)
            assert isinstance(error, TlsFailed)
            assert why in error.message
            assert not call.write_began
            assert upstream.requests == []

    def test_an_upload_that_flows_slowly_over_tls_is_not_late(self, certificate):
        context, bundle = certificate()
        body = bytes(6_000_000)
        with Upstream(lambda peer: take(peer, len(body), pauses=24), tls=context) as upstream:
            trusting = ssl.create_default_context(cafile=bundle)
            call = a_call(
                upstream.url,
                body=body,
                dial=lambda: trusting.wrap_socket(narrow_line(upstream), server_hostname="127.0.0.1"),
                deadlines=quick(status_s=0.8),
            )
            began = time.monotonic()
            assert Running(call).finish().error is None
            assert time.monotonic() - began > 1.1

    def test_u25_verification_cannot_be_turned_off(self):
        with pytest.raises(ValueError, match="always verified"):
            a_call("https://api.invalid", verify=False)

    def test_u25_nothing_in_the_console_speaks_of_less_than_verifying(self):
        """No switch, no context that verifies nothing, no name that goes unchecked: anywhere in its code."""
        weak = re.compile(
            r"verify\s*=\s*False|CERT_NONE|CERT_OPTIONAL|check_hostname|unverified|disable_warnings|InsecureRequest"
        )
        package = Path(__file__).parents[2] / "betaconsole"
        found = [
            (path.name, weak.findall(path.read_text()))
            for path in package.rglob("*.py")
            if weak.search(path.read_text())
        ]
        assert found == []

    def test_u25_a_bundle_that_is_not_there_is_named(self, tmp_path):
        for path in (tmp_path / "none.pem", Path(__file__)):
            error = Running(a_call("https://127.0.0.1:9", verify=str(path))).finish().error
            assert isinstance(error, TlsFailed)
            assert path.name in error.message

    @pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
    def test_u25_an_old_tls_version_is_refused(self, certificate):
        context, bundle = certificate()
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
        with Upstream([read()], tls=context) as upstream:
            assert isinstance(refused(upstream, verify=bundle)[0], TlsFailed)

    def test_plain_http_where_tls_was_due(self):
        with Upstream([send(head(400)), pause(0.1)]) as upstream:
            assert isinstance(_https(upstream), TlsFailed)

    def test_u25_a_handshake_that_stalls_meets_the_connect_deadline(self):
        with Upstream([hang()]) as upstream:
            began = time.monotonic()
            assert type(_https(upstream, deadlines=quick(connect_s=0.2))) is ConnectTimeout
            assert time.monotonic() - began < 30

    def test_a_connection_reset_in_the_handshake_was_not_sent(self):
        with Upstream([pause(0.02), reset()]) as upstream:
            assert isinstance(_https(upstream), TlsFailed)

    def test_cancel_during_the_handshake(self):
        with Upstream([hang()]) as upstream:
            call = a_call(upstream.url.replace("http:", "https:"))
            running = Running(call)
            upstream.wait_for_connections(1)
            time.sleep(0.1)
            clicked = time.monotonic()
            call.cancel()
            outcome = running.finish()
        assert type(outcome.error) is Cancelled
        assert outcome.ended_at - clicked < 30

    @pytest.mark.parametrize("begin", [b"", STREAM_HEAD, head(200)], ids=["status", "chunked", "until close"])
    def test_cancel_while_waiting_and_reading(self, certificate, begin):
        context, bundle = certificate()
        with Upstream([read(), send(begin), hang()], tls=context) as upstream:
            call = a_call(upstream.url, verify=bundle)
            running = Running(call)
            upstream.wait_for_requests(1)
            time.sleep(0.1)
            clicked = time.monotonic()
            call.cancel()
            outcome = running.finish()
        assert type(outcome.error) is Cancelled
        assert outcome.ended_at - clicked < 30

    def test_a_large_body_over_tls(self, certificate):
        context, bundle = certificate()
        body = bytes(range(256)) * 20_000
        with Upstream([read(), send(answer(b"{}"))], tls=context) as upstream:
            assert ask(upstream.url, verify=bundle, body=body)[0].status == 200
            assert upstream.requests[0].body == body

    def test_cuts_are_named_as_without_tls(self, certificate):
        context, bundle = certificate()
        with Upstream(scripts=[[read(), close()], [read(), send(STREAM_HEAD), close()]], tls=context) as upstream:
            assert isinstance(refused(upstream, verify=bundle)[0], CutBeforeStatus)
            assert isinstance(refused(upstream, verify=bundle)[0], Incomplete)


def _https(upstream: Upstream, **options: object) -> BaseException | None:
    """The error of a TLS call to an upstream that speaks none."""
    call = a_call(upstream.url.replace("http:", "https:"), **options)
    error = Running(call).finish().error
    assert not call.write_began
    return error


def tunnel_to(port: int) -> Callable[[Peer], None]:
    """A proxy that grants every tunnel, to this port."""

    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(head(200, reason="Connection established"))
        with socket.create_connection(("127.0.0.1", port)) as far:
            ends = {peer.sock: far, far: peer.sock}
            while True:
                for ready in select.select(list(ends), [], [], 5)[0]:
                    piece = ready.recv(65536)
                    if not piece:
                        return
                    ends[ready].sendall(piece)

    return script


class TestProxies:
    def test_u26_tls_goes_through_a_tunnel_and_the_proxy_never_sees_the_key(self, certificate):
        context, bundle = certificate()
        with (
            Upstream([read(), send(answer(b"{}"))], tls=context) as upstream,
            Upstream(tunnel_to(upstream.port)) as proxy,
        ):
            address = proxy.url.replace("//", "//user:pass@")
            with a_call(upstream.url, verify=bundle, proxy=address) as call:
                assert call.open().status == 200
            asked = proxy.requests[0]
            assert asked.line.startswith(f"CONNECT 127.0.0.1:{upstream.port} ")
            assert asked.header("proxy-authorization") == "Basic dXNlcjpwYXNz"
            assert KEY.reveal().encode() not in asked.raw
            assert upstream.requests[0].header("proxy-authorization") is None
            assert "dXNlcjpwYXNz" not in repr(call.sent_headers)

    def test_plain_http_is_forwarded_and_the_credentials_of_the_proxy_are_not_kept(self):
        with Upstream([read(), send(answer(b"{}"))]) as proxy:
            address = proxy.url.replace("//", "//user:pass@")
            with a_call("http://gateway.invalid:8080", proxy=address) as call:
                assert call.open().status == 200
            (asked,) = proxy.requests
        assert asked.line == "POST http://gateway.invalid:8080/v1/messages HTTP/1.1"
        assert asked.header("host") == "gateway.invalid:8080"
        assert asked.header("proxy-authorization") == "Basic dXNlcjpwYXNz"
        assert "dXNlcjpwYXNz" not in repr(call.sent_headers)

    @pytest.mark.parametrize(
        ("script", "words"),
        [
            ([read(), send(head(407, "content-length: 6", reason="user:pass") + b"secret")], "407"),
            ([read(), send(head(502, reason="no"))], "502"),
            ([read(), close()], "proxy"),
            ([read(), reset()], "proxy"),
            ([read(), send(b"nonsense\r\n\r\n")], "proxy"),
        ],
        ids=["407", "502", "closes", "resets", "nonsense"],
    )
    def test_u26_a_proxy_that_opens_no_tunnel(self, script, words):
        with Upstream(script) as proxy:
            call = a_call("https://api.invalid", proxy=proxy.url.replace("//", "//user:pass@"))
            error = Running(call).finish().error
        assert isinstance(error, ProxyFailed)
        assert words in error.message
        assert "pass" not in error.message
        assert "secret" not in error.message  # the proxy's own page
        assert not call.write_began

    def test_u26_a_proxy_that_only_the_environment_names_sees_nothing(self, certificate, monkeypatch):
        context, bundle = certificate()
        with Upstream([read(), send(answer(b"{}"))], tls=context) as upstream, Upstream([hang()]) as around_us:
            for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
                monkeypatch.setenv(name, around_us.url)
            assert ask(upstream.url, verify=bundle)[0].status == 200
            assert around_us.connections == 0

    def test_u26_a_proxy_that_dies_in_the_middle_of_a_stream_leaves_what_had_come(self, certificate):
        context, bundle = certificate()
        with Upstream([read(), send(STREAM_HEAD + chunk(b"data: x\n\n")), hang()], tls=context) as upstream:
            with Upstream(tunnel_to(upstream.port)) as proxy:
                running = Running(a_call(upstream.url, verify=bundle, proxy=proxy.url))
                until = time.monotonic() + 30
                while not running.outcome.body and time.monotonic() < until:
                    time.sleep(0.005)
            outcome = running.finish()
        assert (type(outcome.error), outcome.body) == (Incomplete, b"data: x\n\n")

    def test_u26_a_proxy_that_stalls_meets_the_connect_deadline(self):
        with Upstream([read(), hang()]) as proxy:
            call = a_call("https://api.invalid", proxy=proxy.url, deadlines=quick(connect_s=0.2))
            assert type(Running(call).finish().error) is ConnectTimeout

    @pytest.mark.parametrize("proxy", ["http://127.0.0.1:9", "http://no-such-proxy.invalid:3128", "socks5://127.0.0.1"])
    @pytest.mark.parametrize("scheme", ["http", "https"])
    def test_u26_a_proxy_that_cannot_be_reached(self, proxy, scheme):
        call = a_call(f"{scheme}://api.invalid", proxy=proxy)
        error = Running(call).finish().error
        assert isinstance(error, NotSent)
        assert not call.write_began

    def test_a_dialled_socket_needs_no_proxy(self):
        ours, theirs = socket.socketpair()
        with theirs:
            theirs.sendall(answer(b"{}"))
            assert ask("http://simulator.invalid", dial=lambda: ours, proxy="http://127.0.0.1:9")[0].status == 200
            assert theirs.recv(65536).startswith(b"POST /v1/messages HTTP/1.1\r\n")
