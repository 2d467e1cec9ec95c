"""Names of hosts that somebody else wrote, in every place of a request that has one: read by the console's own server."""

import socket

import pytest
from django.core.handlers.wsgi import WSGIHandler
from gunicorn.config import Config
from gunicorn.http import wsgi
from gunicorn.http.errors import ParseException
from gunicorn.http.parser import RequestParser

pytestmark = pytest.mark.django_db
EVIL = "evil.example"


def answered(*lines: str) -> tuple[int, str]:
    """Status, and headers and page, that these lines are answered with."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.sendall("\r\n".join((*lines, "", "")).encode("latin-1"))
        ours.shutdown(socket.SHUT_WR)
        try:
            asked = next(RequestParser(Config(), theirs, ("127.0.0.1", 1)))
            _, environ = wsgi.create(asked, theirs, ("127.0.0.1", 1), ("127.0.0.1", 8000), asked.cfg)
        except ParseException:
            return 400, ""
        told: list[str] = []
        page = b"".join(WSGIHandler()(environ, lambda status, headers, _=None: told.extend((status, str(headers)))))
    return int(told[0].split()[0]), told[1] + page.decode()


def test_b29_the_address_that_the_console_has_is_answered(crew):
    status, page = answered("GET /account/login/ HTTP/1.1", "Host: localhost:8000")
    assert (status, "Sign in" in page) == (200, True)


@pytest.mark.parametrize(
    "lines",
    [
        ("GET /account/login/ HTTP/1.1", f"Host: {EVIL}"),
        ("GET /account/login/ HTTP/1.1", f"Host: localhost@{EVIL}"),
        ("GET /account/login/ HTTP/1.1", f"Host: localhost:8000.{EVIL}"),
        ("GET /account/login/ HTTP/1.1", f"Host: {EVIL}#localhost"),
        ("GET /account/login/ HTTP/1.1", "Host: localhost", f"Host: {EVIL}"),
        ("GET /account/login/ HTTP/1.1", f"Host: {EVIL}", "Host: localhost"),
        (f"GET http://{EVIL}/account/login/ HTTP/1.1", f"Host: {EVIL}"),
        ("GET /account/login/ HTTP/1.1", f"Host: localhost, {EVIL}"),
    ],
)
def test_b29_another_name_for_the_host_is_refused(crew, lines):
    status, page = answered(*lines)
    assert (status, EVIL in page) == (400, False)


@pytest.mark.parametrize(
    "lines",
    [
        (f"GET http://{EVIL}/account/login/?next=/history/ HTTP/1.1", "Host: localhost"),
        ("GET /account/login/ HTTP/1.1", "Host: localhost", f"X-Forwarded-Host: {EVIL}"),
        ("GET /account/login/ HTTP/1.1", "Host: localhost", f"Forwarded: host={EVIL};proto=https"),
        ("GET /history/ HTTP/1.1", "Host: localhost", f"X-Original-URL: http://{EVIL}/"),
        (f"GET //{EVIL}/../history/ HTTP/1.1", "Host: localhost"),
    ],
)
def test_b29_a_name_in_any_other_place_leads_nowhere(crew, lines):
    status, page = answered(*lines)
    assert status in (200, 302, 404, 400)
    assert f"//{EVIL}" not in page.partition("Location")[2][:80]
    assert f"http://{EVIL}" not in page
