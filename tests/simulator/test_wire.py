"""The HTTP of the simulator: framing, pace, and connections that go away."""

import json
import socket
import threading
import time

import pytest

from betaconsole.simulator import Pace, Simulator
from betaconsole.simulator.wire import Request

from .rules import rules
from .talk import HEADERS, ask, connect, read, say, write


@pytest.fixture
def sock(simulator):
    with simulator.dial() as sock:
        yield sock


def simulator_threads():
    return {thread for thread in threading.enumerate() if thread.name.startswith("simulator ")}


def wait_for(condition, seconds=3.0):
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.01)
    return condition()


def test_both_doors_speak_the_same_wire(simulator, door):
    with simulator.dial() as dialled, connect(door) as connected:
        replies = [say(sock, ask(stream=True), x_simulator="repeat=1") for sock in (dialled, connected)]
    assert replies[0].body == replies[1].body
    assert replies[0].lasting_headers == replies[1].lasting_headers


def test_a_connection_serves_many_requests(sock):
    assert [say(sock, ask(stream=place % 2 == 0)).status for place in range(6)] == [200] * 6
    assert say(sock, {"model": 1}).status == 400
    assert say(sock, ask()).status == 200


def test_pipelined_requests_are_answered_in_order(sock):
    write(sock, ask(max_tokens=5))
    write(sock, None, path="/v1/models", method="GET")
    first, second = socket_reader(sock, 2)
    assert json.loads(first)["type"] == "message"
    assert "data" in json.loads(second)


def socket_reader(sock, count):
    """Bodies of `count` answers with a length from one buffered reader."""
    sock.settimeout(5)
    stream = sock.makefile("rb")
    bodies = []
    for _ in range(count):
        length = 0
        while (line := stream.readline().strip()) != b"":
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        bodies.append(stream.read(length))
    return bodies


def test_a_chunked_request_body_is_read(sock):
    data = json.dumps(ask()).encode()
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (data[:7], data[7:])) + b"0\r\n\r\n"
    head = "".join(f"{name}: {value}\r\n" for name, value in {**HEADERS, "transfer-encoding": "chunked"}.items())
    sock.sendall(f"POST /v1/messages HTTP/1.1\r\n{head}\r\n".encode() + chunks)
    assert read(sock).status == 200


def test_a_client_that_waits_for_100_continue_gets_it(sock):
    data = json.dumps(ask()).encode()
    head = {**HEADERS, "expect": "100-continue", "content-length": str(len(data))}
    sock.sendall(
        b"POST /v1/messages HTTP/1.1\r\n" + "".join(f"{k}: {v}\r\n" for k, v in head.items()).encode() + b"\r\n"
    )
    sock.settimeout(3)
    assert sock.recv(25) == b"HTTP/1.1 100 Continue\r\n\r\n"
    sock.sendall(data)
    assert read(sock).status == 200


def test_an_http_1_0_client_gets_a_stream_without_chunks(sock):
    data = json.dumps(ask(stream=True, max_tokens=20)).encode()
    head = "".join(f"{name}: {value}\r\n" for name, value in {**HEADERS, "content-length": str(len(data))}.items())
    sock.sendall(f"POST /v1/messages HTTP/1.0\r\n{head}\r\n".encode() + data)
    sock.settimeout(3)
    received = b""
    while part := sock.recv(65_536):
        received += part
    assert b"transfer-encoding" not in received
    assert received.endswith(b'data: {"type":"message_stop"}\n\n')


@pytest.mark.parametrize(
    "junk",
    [
        b"hello\r\n\r\n",
        b"GET / HTTP/2\r\n\r\n",
        b"POST /v1/messages HTTP/1.1\r\ncontent-length: -5\r\n\r\n",
        b"POST /v1/messages HTTP/1.1\r\nno colon\r\n\r\n",
        b"POST /v1/messages HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"GET /" + b"a" * 70_000,
        b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 300 + b"\r\n",
    ],
)
def test_junk_gets_a_400_and_the_connection_ends(sock, junk):
    sock.sendall(junk)
    reply = read(sock)
    assert (reply.status, reply.json["request_id"]) == (400, reply.headers["request-id"])
    try:
        assert sock.recv(1) == b""
    except ConnectionResetError:
        assert len(junk) > 65_536, "only bytes it never read let a connection end in a reset"


def test_the_pace_is_what_was_asked(sock):
    started = time.monotonic()  # before it is sent: whatever holds this process up may only add to what it sees
    write(sock, ask(stream=True, max_tokens=60), x_simulator="ttft_ms=120; tps=300; jitter=0")
    sock.settimeout(60)
    received, first_text_s = b"", 0.0
    while b"message_stop" not in received:
        received += sock.recv(65_536)
        if b"text_delta" in received and not first_text_s:
            first_text_s = time.monotonic() - started
    total_s = time.monotonic() - started
    assert first_text_s > 0.115
    assert total_s > 0.31


def test_a_prompt_of_100000_tokens_doubles_the_time_to_the_first_token(simulator):
    times = [
        schedule(simulator, ask(messages=[{"role": "user", "content": "word " * words}]))[0] for words in (1, 80_000)
    ]
    assert times[1] / times[0] == pytest.approx(2.0, rel=0.01)


def schedule(simulator, body):
    """The moments at which the parts of a stream are due, in seconds, without waiting for them."""
    headers = {**HEADERS, "x-simulator": "ttft_ms=100; tps=100; jitter=0"}
    request = Request("POST", "/v1/messages", tuple(headers.items()), json.dumps({**body, "stream": True}).encode())
    return [part.at_s for part in simulator._api.answer(request, repeat=1).parts]


def test_a_json_answer_takes_as_long_as_its_stream(sock):
    started = time.monotonic()
    say(sock, ask(max_tokens=60), x_simulator="ttft_ms=120; tps=300; jitter=0")
    assert time.monotonic() - started > 0.31


def test_a_long_silence_is_filled_with_pings(sock):
    from betaconsole.simulator.stream import Frame, _with_pings

    made = [Frame(0, "message_start", "{}"), Frame(40, "message_stop", "{}")]
    assert [(frame.event, frame.at_s) for frame in _with_pings(made)][1:-1] == [("ping", 15.0), ("ping", 30.0)]


@pytest.mark.parametrize("wishes", ["ttft_ms=60000", "fault=stall; after_events=3", "tps=20"])
def test_a_thread_ends_soon_after_its_peer_hung_up(simulator, wishes):
    before = simulator_threads()
    sock = simulator.dial()
    write(sock, ask(stream=True), x_simulator=wishes)
    time.sleep(0.15)
    (serving,) = simulator_threads() - before
    sock.close()
    serving.join(1.0)
    assert not serving.is_alive()


def test_hanging_up_prints_nothing(simulator, capfd):
    before = simulator_threads()
    for _ in range(5):
        sock = simulator.dial()
        write(sock, ask(stream=True), x_simulator="tps=500")
        sock.recv(100)
        sock.close()
    assert wait_for(lambda: simulator_threads() <= before)
    assert capfd.readouterr() == ("", "")


def test_closing_the_door_ends_its_connections(simulator):
    door = simulator.serve()
    sock = connect(door)
    write(sock, ask(stream=True), x_simulator="fault=hang")
    assert wait_for(lambda: simulator.seen)
    door.close()
    assert sock.recv(1) == b""
    with pytest.raises(ConnectionRefusedError):
        connect(door)


def test_a_taken_port_is_said_at_once(simulator, door):
    with pytest.raises(OSError, match="in use"):
        simulator.serve(port=int(door.url.rsplit(":", 1)[1]))


def test_a_hundred_streams_run_at_once_at_their_own_pace():
    simulator = Simulator(rules(), pace=Pace(ttft_ms=100, tps=50, jitter=0.0))
    socks = [simulator.dial(repeat=place) for place in range(100)]
    started = time.monotonic()
    for sock in socks:
        write(sock, ask(stream=True, max_tokens=50))
    replies = [read(sock) for sock in socks]
    total_s = time.monotonic() - started
    for sock in socks:
        sock.close()
    assert all(reply.body.endswith(b'{"type":"message_stop"}\n\n') for reply in replies)
    assert 1.05 < total_s < 60  # one after the other they would take 100


def test_recording_keeps_the_requests_in_order(simulator, sock):
    say(sock, ask(max_tokens=7))
    say(sock, None, path="/v1/models", method="GET")
    assert [request.path for request in simulator.seen] == ["/v1/messages", "/v1/models"]
    assert json.loads(simulator.seen[0].body)["max_tokens"] == 7


def test_nothing_is_recorded_unless_asked():
    simulator = Simulator(rules(), pace=Pace.at_once())
    with simulator.dial() as sock:
        say(sock, ask(max_tokens=7))
    assert simulator.seen == []
    assert isinstance(sock, socket.socket)
