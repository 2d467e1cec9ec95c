"""Connecting and cutting by themselves, where a whole call would not get to them."""

import socket
import time
from types import SimpleNamespace

import pytest

from betaconsole.claude.dialling import connect
from betaconsole.claude.errors import Cancelled, ConnectTimeout
from betaconsole.claude.line import Line
from tests.claude.test_client_stopping import a_port_that_never_answers


def test_a_last_address_that_does_not_accept_in_its_share_of_the_time_ends_the_search():
    with a_port_that_never_answers() as port:
        began = time.monotonic()
        with pytest.raises(ConnectTimeout, match=f"127.0.0.1:{port} did not accept a connection in time"):
            connect("127.0.0.1", port, line=Line(), until=began + 0.1, internal=True)
    assert time.monotonic() - began >= 0.1


def test_a_cut_reaches_the_socket_under_any_number_of_layers():
    here, there = socket.socketpair()
    with here, there:
        line = Line()
        line.hold(SimpleNamespace(socket=SimpleNamespace(socket=here)))
        line.cut(Cancelled())
        assert there.recv(1) == b""
