"""Ending a call before its time: every deadline, and cancel in every phase.

What ended a call is told by its error: the other deadlines are far away, and a call that nothing ends is noticed after a minute.
"""

import contextlib
import gc
import os
import socket
import threading
import time
import weakref
from collections.abc import Callable

import pytest

from betaconsole.claude.client import Call, Deadlines
from betaconsole.claude.errors import (
    CallError,
    Cancelled,
    ConnectTimeout,
    IdleTimeout,
    StatusTimeout,
    TotalTimeout,
)
from betaconsole.claude.watchdog import Timer, Watchdog
from tests.claude.asking import Outcome, Running, a_call, ask, narrow_line, quick, take
from tests.upstream import (
    STREAM_HEAD,
    Peer,
    Upstream,
    answer,
    chunk,
    hang,
    head,
    read,
    send,
    trickle,
    until_closed,
)

LARGE = b"x" * 12_000_000


@contextlib.contextmanager
def a_port_that_never_answers():
    """A listening port whose queue is full: a further connection attempt gets no answer at all."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(4):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        time.sleep(0.05)
        yield listener.getsockname()[1]


def a_name_server_that_never_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    real = socket.getaddrinfo

    def look_up(*args: object, flags: int = 0, **kwargs: object) -> object:
        if flags & socket.AI_NUMERICHOST:
            return real(*args, flags=flags, **kwargs)
        time.sleep(1)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", look_up)


def wait_until(condition: Callable[[], object]) -> None:
    until = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < until, "it did not come about"
        time.sleep(0.005)


def timed(url: str, **options: object) -> tuple[Outcome, float]:
    """How a call ended and after how many seconds."""
    began = time.monotonic()
    outcome = Running(a_call(url, **options)).finish()
    return outcome, outcome.ended_at - began


def endless_head(peer: Peer) -> None:
    """A status line, and then header lines a few bytes at a time for as long as the other side bears it."""
    peer.send(b"HTTP/1.1 200 OK\r\nx-long: ")
    while True:
        peer.send(b"a")
        peer.wait(0.02)


def takes_a_second(peer: Peer) -> None:
    peer.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
    take(peer, len(LARGE), pauses=20)


class TestDeadlines:
    def test_connecting(self):
        with a_port_that_never_answers() as port:
            outcome, took_s = timed(f"http://127.0.0.1:{port}", deadlines=quick(connect_s=0.2))
        assert type(outcome.error) is ConnectTimeout
        assert took_s > 0.15

    def test_u24_a_name_server_that_never_answers(self, monkeypatch):
        a_name_server_that_never_answers(monkeypatch)
        outcome, _ = timed("http://slow.invalid", deadlines=quick(connect_s=0.2))
        assert type(outcome.error) is ConnectTimeout

    def test_several_addresses_share_the_time_to_connect(self, monkeypatch):
        with a_port_that_never_answers() as port, Upstream([read(), send(answer(b"{}"))]) as upstream:
            dead = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))
            good = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", upstream.port))
            monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: [dead, good])
            outcome, took_s = timed("http://two.invalid", deadlines=quick(connect_s=1.6))
        assert (outcome.error, outcome.body) == (None, b"{}")
        assert took_s > 0.7

    @pytest.mark.parametrize(
        "script",
        [
            [read(), hang()],
            [read(), endless_head],
            [read(), send(head(100)), hang()],
        ],
        ids=["silence", "headers that never finish", "only 100"],
    )
    def test_u14_waiting_for_the_status_line(self, script):
        with Upstream(script) as upstream:
            outcome, took_s = timed(upstream.url, deadlines=quick(status_s=0.15))
        assert type(outcome.error) is StatusTimeout
        assert outcome.error.state == "unknown_outcome"
        assert took_s > 0.12

    def test_writing_to_a_server_that_does_not_read(self):
        with Upstream([hang()]) as upstream:
            outcome, _ = timed(upstream.url, body=LARGE, deadlines=quick(status_s=0.15))
        assert type(outcome.error) is StatusTimeout

    def test_the_status_deadline_starts_anew_when_the_last_byte_was_written(self):
        def slow_reader(peer: Peer) -> None:
            peer.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
            peer.wait(1.0)
            peer.read_request()
            peer.wait(1.0)
            peer.send(answer(b"{}"))

        with Upstream(slow_reader) as upstream:
            outcome, _ = timed(upstream.url, body=LARGE, deadlines=quick(status_s=1.8))
        assert outcome.error is None

    def test_an_upload_that_flows_slowly_is_not_late(self):
        with Upstream(takes_a_second) as upstream:
            deadlines = quick(status_s=0.95)
            outcome, took_s = timed(upstream.url, body=LARGE, deadlines=deadlines, dial=lambda: narrow_line(upstream))
        assert (outcome.error, outcome.body) == (None, b"{}")
        assert took_s > 0.95

    def test_an_upload_that_stops_flowing_is_late(self):
        def stops(peer: Peer) -> None:
            for _ in range(10):
                peer.sock.recv(1 << 18)
                peer.wait(0.05)
            peer.wait(5)

        with Upstream(stops) as upstream:
            deadlines = quick(status_s=0.3)
            outcome, took_s = timed(upstream.url, body=LARGE, deadlines=deadlines, dial=lambda: narrow_line(upstream))
        assert type(outcome.error) is StatusTimeout
        assert took_s > 0.6

    def test_a_slow_upload_meets_the_total_deadline(self):
        with Upstream(takes_a_second) as upstream:
            deadlines = quick(status_s=0.4, total_s=0.6)
            outcome, _ = timed(upstream.url, body=LARGE, deadlines=deadlines, dial=lambda: narrow_line(upstream))
        assert type(outcome.error) is StatusTimeout

    def test_time_at_the_barrier_counts_towards_no_deadline(self):
        with Upstream([read(), send(answer(b"{}"))]) as upstream:
            call = a_call(upstream.url, deadlines=quick(connect_s=1.0, status_s=1.0, idle_s=1.0, total_s=1.0))
            assert Running(call, lambda: time.sleep(1.3)).finish().error is None

    @pytest.mark.parametrize("stream", [True, False])
    def test_silence_in_the_body(self, stream):
        with Upstream([read(), send(STREAM_HEAD + chunk(b"data: x\n\n")), hang()]) as upstream:
            outcome, took_s = timed(upstream.url, stream=stream, deadlines=quick(idle_s=0.15))
        assert type(outcome.error) is IdleTimeout
        assert outcome.body == b"data: x\n\n"
        assert took_s > 0.12

    def test_u13_a_trickle_of_bytes_without_events_is_silence_in_a_stream(self):
        with Upstream([read(), send(STREAM_HEAD), trickle(chunk(b":" * 500), every_s=0.02)]) as upstream:
            outcome, _ = timed(upstream.url, deadlines=quick(idle_s=0.15, total_s=60.0))
        assert type(outcome.error) is IdleTimeout

    def test_bytes_are_life_where_there_are_no_events(self):
        with Upstream(
            [read(), send(head(200, "content-length: 10")), trickle(b"1234567890", every_s=0.15)]
        ) as upstream:
            outcome, _ = timed(upstream.url, stream=False, deadlines=quick(idle_s=1.2))
        assert (outcome.error, outcome.body) == (None, b"1234567890")

    def test_u13_events_keep_a_stream_alive_until_the_total_deadline(self):
        def pings(peer: Peer) -> None:
            peer.read_request()
            peer.send(STREAM_HEAD)
            while True:
                peer.send(chunk(b"event: ping\n\n"))
                peer.wait(0.02)

        with Upstream(pings) as upstream, a_call(upstream.url, deadlines=quick(idle_s=1.5, total_s=2.0)) as call:
            call.open()
            with pytest.raises(TotalTimeout):
                [call.alive() for _ in call.chunks()]

    def test_the_total_deadline_holds_before_the_status_line_too(self):
        with Upstream([read(), hang()]) as upstream:
            outcome, _ = timed(upstream.url, deadlines=quick(total_s=0.2))
        assert type(outcome.error) is StatusTimeout

    def test_deadlines_not_given_follow_the_kind_of_request(self):
        stream, whole = Deadlines().limits(stream=True), Deadlines().limits(stream=False)
        assert (stream.connect_s, stream.status_s, stream.idle_s, stream.total_s) == (5, 60, 90, 3600)
        assert (whole.status_s, whole.total_s) == (600, 600)
        assert Deadlines(status_s=1, total_s=2).limits(stream=True).total_s == 2


class TestCancel:
    """The thread that runs the call gets Cancelled at once: within milliseconds on a quiet machine, long before a deadline."""

    def stop(self, running: Running, call: Call) -> None:
        """Cancels; fails unless the call ended as cancelled."""
        call.cancel()
        assert type(running.finish().error) is Cancelled

    def test_before_it_is_opened(self):
        with Upstream([hang()]) as upstream:
            call = a_call(upstream.url)
            call.cancel()
            with call, pytest.raises(Cancelled):
                call.open()
            assert upstream.connections == 0

    def test_while_a_name_is_looked_up(self, monkeypatch):
        a_name_server_that_never_answers(monkeypatch)
        call = a_call("http://slow.invalid")
        running = Running(call)
        time.sleep(0.1)
        self.stop(running, call)
        assert not call.write_began

    def test_while_connecting(self):
        with a_port_that_never_answers() as port:
            call = a_call(f"http://127.0.0.1:{port}")
            running = Running(call)
            time.sleep(0.1)
            self.stop(running, call)
        assert not call.write_began

    def test_at_the_barrier_nothing_is_sent(self):
        gate = threading.Event()
        with Upstream([read()]) as upstream:
            call = a_call(upstream.url)
            running = Running(call, lambda: gate.wait(5) and None)
            upstream.wait_for_connections(1)
            time.sleep(0.05)
            call.cancel()
            gate.set()
            assert type(running.finish().error) is Cancelled
            assert not call.write_began
            upstream.wait_for_requests(1)
            assert upstream.requests[0].raw == b""

    def test_while_writing(self):
        with Upstream([hang()]) as upstream:
            call = a_call(upstream.url, body=LARGE)
            running = Running(call)
            time.sleep(0.2)
            self.stop(running, call)
            assert call.write_began

    def test_while_waiting_for_the_status_line(self):
        with Upstream([read(), hang()]) as upstream:
            call = a_call(upstream.url)
            running = Running(call)
            upstream.wait_for_requests(1)
            time.sleep(0.05)
            self.stop(running, call)

    @pytest.mark.parametrize(
        "begin", [STREAM_HEAD, head(200), head(200, "content-length: 99")], ids=["chunked", "until close", "length"]
    )
    def test_while_reading_keeps_what_came(self, begin):
        part = chunk(b"data: x\n\n") if begin == STREAM_HEAD else b"data: x\n\n"
        with Upstream([read(), send(begin + part), hang()]) as upstream:
            call = a_call(upstream.url)
            running = Running(call)
            wait_until(lambda: running.outcome.body)
            self.stop(running, call)
            assert running.outcome.body == b"data: x\n\n"

    def test_while_a_flood_comes(self):
        def flood(peer: Peer) -> None:
            peer.read_request()
            peer.send(head(200))
            while not peer._upstream.stopping.is_set():
                peer.send(b"x" * 65536)

        with Upstream(flood) as upstream:
            call = a_call(upstream.url, max_bytes=1 << 40)
            call.open()
            pieces = call.chunks()
            next(pieces)
            call.cancel()
            with pytest.raises(Cancelled), call:
                list(pieces)

    def test_on_a_dialled_socket(self):
        ours, theirs = socket.socketpair()
        with theirs:
            call = a_call("http://simulator.invalid", dial=lambda: ours)
            running = Running(call)
            theirs.recv(65536)
            self.stop(running, call)

    def test_the_far_end_learns_at_once(self):
        with Upstream([read(), send(STREAM_HEAD), until_closed()]) as upstream:
            call = a_call(upstream.url)
            running = Running(call)
            upstream.wait_for_requests(1)
            self.stop(running, call)
            upstream.wait_until_closed()

    def test_cancelling_twice_and_after_the_end_does_no_harm(self):
        with Upstream([read(), send(answer(b"{}"))]) as upstream, a_call(upstream.url) as call:
            call.open()
            assert list(call.chunks()) == [b"{}"]
            call.cancel()
            call.close()
            call.cancel()
            call.close()

    def test_the_first_reason_stays(self):
        with Upstream([read(), hang()]) as upstream:
            call = a_call(upstream.url)
            running = Running(call)
            upstream.wait_for_requests(1)
            call.cancel()
            call._wire.line.cut(StatusTimeout())
            assert type(running.finish().error) is Cancelled

    def test_fifty_calls_can_be_stopped_together(self):
        with Upstream([read(), send(STREAM_HEAD + chunk(b"data: x\n\n")), hang()]) as upstream:
            calls = [a_call(upstream.url) for _ in range(50)]
            runs = [Running(call) for call in calls]
            upstream.wait_for_requests(50)
            for call in calls:
                call.cancel()
            assert {type(run.finish().error) for run in runs} == {Cancelled}


class TestNothingIsLeft:
    def test_no_descriptor_and_no_call_stays_behind(self):
        def count() -> int:
            return len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0

        gc.collect()  # what earlier tests left; our own calls close what they opened by themselves
        scripts = [
            [read(), send(answer(b"{}"))],
            [read(), hang()],
            [read(), send(STREAM_HEAD), hang()],
            [read(), send(b"nonsense\r\n\r\n")],
        ]
        for script in scripts:
            with Upstream(script) as upstream:
                before = count()
                for _ in range(5):
                    with contextlib.suppress(CallError):
                        ask(upstream.url, deadlines=quick(status_s=0.02, idle_s=0.02))
            until = time.monotonic() + 30  # the far end's own sockets may take a moment on a busy machine
            while count() > before and time.monotonic() < until:
                time.sleep(0.02)
            assert count() <= before

    def test_one_thread_watches_all_calls(self):
        with Upstream([read(), hang()]) as upstream:
            calls = [a_call(upstream.url) for _ in range(20)]
            runs = [Running(call) for call in calls]
            upstream.wait_for_requests(20)
            names = [thread.name for thread in threading.enumerate()]
            for call in calls:
                call.cancel()
            for run in runs:
                run.finish()
        assert names.count("claude-watchdog") == 1


class TestWatchdog:
    def test_deadlines_pass_in_their_order_whatever_the_order_they_were_set_in(self):
        dog, passed, now = Watchdog(), [], time.monotonic()
        for number, delay_s in enumerate((0.3, 0.1, 0.2)):
            timer = Timer(lambda number=number: passed.append(number))
            timer.limit = now + delay_s
            dog.watch(timer)
        wait_until(lambda: len(passed) == 3)
        assert passed == [1, 2, 0]

    def test_a_deadline_moved_later_passes_later_and_once(self):
        dog, passed = Watchdog(), []
        began = time.monotonic()
        timer = Timer(lambda: passed.append(time.monotonic() - began))
        timer.limit = began + 0.05
        dog.watch(timer)
        timer.limit = began + 1.0
        wait_until(lambda: passed)
        time.sleep(0.1)
        assert len(passed) == 1
        assert passed[0] >= 1.0

    def test_a_deadline_moved_earlier_passes_earlier(self):
        dog, passed = Watchdog(), threading.Event()
        timer = Timer(passed.set)
        timer.limit = time.monotonic() + 600
        dog.watch(timer)
        timer.limit = time.monotonic() + 0.02
        dog.watch(timer)
        assert passed.wait(60)

    def test_a_stopped_deadline_never_passes(self):
        dog, passed = Watchdog(), threading.Event()
        timer = Timer(passed.set)
        timer.limit = time.monotonic() + 0.3
        dog.watch(timer)
        timer.stop()
        assert not passed.wait(0.5)

    def test_life_puts_the_idle_limit_off(self):
        dog, passed = Watchdog(), threading.Event()
        timer = Timer(passed.set)
        timer.alive()
        timer.idle_s = 1.0
        dog.watch(timer)
        for _ in range(6):
            time.sleep(0.2)
            timer.alive()
        assert not passed.is_set()
        assert passed.wait(60)

    def test_a_finished_call_is_forgotten(self):
        with Upstream([read(), send(answer(b"{}"))]) as upstream:
            with a_call(upstream.url) as call:
                call.open()
            wire = weakref.ref(call._wire)
            del call
            gc.collect()
        assert wire() is None
