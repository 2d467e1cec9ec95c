"""Whose word counts about where a request comes from."""

import ipaddress

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from betaconsole.web.proxies import TrustedProxies


@pytest.fixture(autouse=True)
def proxies(settings):
    settings.TRUSTED_PROXIES = [ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("::1/128")]
    settings.ALLOWED_HOSTS = ["console.example"]
    settings.IS_HTTPS = True


def passed(peer: str, **headers: str) -> tuple[HttpResponse, HttpRequest | None]:
    """The answer, and the request as the console behind sees it (None: it was not let through)."""
    seen: list[HttpRequest] = []

    def inside(request: HttpRequest) -> HttpResponse:
        seen.append(request)
        return HttpResponse("inside")

    request = RequestFactory().get("/", headers={"host": "console.example", **headers}, REMOTE_ADDR=peer)
    return TrustedProxies(inside)(request), next(iter(seen), None)


@pytest.mark.parametrize(
    ("chain", "client"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("198.51.100.1, 203.0.113.7", "203.0.113.7"),
        ("203.0.113.7, 10.1.1.1", "203.0.113.7"),
        ("nonsense, 203.0.113.7", "203.0.113.7"),
        ("203.0.113.7, nonsense", "10.0.0.2"),
        ("", "10.0.0.2"),
        ("2001:db8::1", "2001:db8::1"),
    ],
)
def test_b23_a_trusted_proxy_says_who_asked(chain, client):
    _, seen = passed("10.0.0.2", **{"x-forwarded-for": chain, "x-forwarded-proto": "https"})
    assert (seen.META["REMOTE_ADDR"], seen.scheme, seen.is_secure()) == (client, "https", True)


def test_an_ipv4_address_in_ipv6_clothes_is_known(settings):
    _, seen = passed("::ffff:10.0.0.2", **{"x-forwarded-for": "203.0.113.7"})
    assert seen.META["REMOTE_ADDR"] == "203.0.113.7"


def test_b23_from_anybody_else_the_headers_are_taken_off(settings):
    settings.IS_HTTPS = False
    _, seen = passed("203.0.113.9", **{"x-forwarded-for": "127.0.0.1", "x-forwarded-proto": "https"})
    assert (seen.META["REMOTE_ADDR"], seen.scheme) == ("203.0.113.9", "http")
    assert not [name for name in seen.headers if name.startswith("X-Forwarded")]


def test_a_proxy_that_nobody_named_is_told_so_instead_of_sent_round(rf):
    answer, seen = passed("203.0.113.9", **{"x-forwarded-proto": "https"})
    assert (answer.status_code, seen) == (403, None)
    assert "203.0.113.9" in answer.content.decode()


def test_b29_a_name_the_console_does_not_answer_for_is_told_so():
    answer, seen = passed("10.0.0.2", host="other.example")
    assert (answer.status_code, seen) == (400, None)
    assert "BETACONSOLE_PUBLIC_URL" in answer.content.decode()
