import re
from urllib.parse import quote, urlsplit

import pytest
import requests
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from urllib3.connectionpool import _encode_target

from betaconsole.claude.client import Call, Request
from betaconsole.claude.endpoints import (
    KNOWN_ENDPOINTS,
    METHODS,
    Endpoint,
    EndpointError,
    check_endpoint,
    known_endpoint,
)
from tests.upstream import Upstream, answer, read, send

BASES = ["https://api.anthropic.com", "https://host.test:8443/prefix", "http://127.0.0.1:80/a/b/", "http://[::1]:9/v1"]


def test_without_a_word_it_is_the_messages_endpoint():
    assert Endpoint() == Endpoint.MESSAGES == check_endpoint("POST", "/v1/messages", "")
    assert str(Endpoint.MESSAGES) == "POST /v1/messages"
    assert Endpoint.MESSAGES.is_messages
    assert Endpoint(query="beta=true").is_messages
    assert not Endpoint("GET").is_messages
    assert not Endpoint(path="/v1/messages/").is_messages
    assert not Endpoint(path="/v1/messages/count_tokens").is_messages


@pytest.mark.parametrize(
    ("method", "has_body"),
    [
        ("GET", False),
        ("HEAD", False),
        ("DELETE", False),
        ("POST", True),
        ("PUT", True),
        ("PATCH", True),
    ],
)
def test_a_method_says_whether_there_is_a_body(method, has_body):
    endpoint = check_endpoint(method, "/v1/models")
    assert endpoint.has_body is has_body


def test_a_query_follows_the_path_with_or_without_the_question_mark_typed():
    endpoint = check_endpoint("GET", "/v1/models", "?limit=5")
    assert endpoint == check_endpoint("GET", "/v1/models", "limit=5")
    assert endpoint.target == "/v1/models?limit=5"
    assert endpoint.url("https://host.test/p/") == "https://host.test/p/v1/models?limit=5"


def test_brackets_in_a_query_are_kept_as_typed_and_sent_encoded():
    endpoint = check_endpoint("GET", "/v1/models", "lifecycle[]=active")
    assert endpoint.query == "lifecycle[]=active"
    assert endpoint.target == "/v1/models?lifecycle%5B%5D=active"


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("", "does not begin with a slash"),
        ("v1/models", "does not begin with a slash"),
        ("https://evil.test/", "does not begin with a slash"),
        ("//evil.test/v1", "begins with two slashes"),
        ("/%2Fevil.test/v1", "begins with two slashes"),
        ("/\\evil.test", "write / instead"),
        ("/%5cevil.test", "begins with two slashes"),
        ("/v1/../admin", "segment of dots"),
        ("/..", "segment of dots"),
        ("/v1/.", "segment of dots"),
        ("/v1/./models", "segment of dots"),
        ("/v1/%2e%2E/admin", "segment of dots"),
        ("/v1/.%2e/admin", "segment of dots"),
        ("/v1/%252e%252e/admin", "segment of dots"),
        ("/v1/..%2fadmin", "segment of dots"),
        ("/v1/..%5cadmin", "segment of dots"),
        ("/v1/..;a=b/admin", "segment of dots"),
        ("/v1/models?limit=1", "the query has a place of its own"),
        ("/v1/models#top", "it is never sent"),
        ("/v1/a b", "contains a space"),
        ("/v1/a\nb", r"contains '\n'"),
        ("/v1/a\r\nx: y", r"contains '\r'"),
        ("/v1/a\0", r"contains '\x00'"),
        ("/v1/é", r"contains '\xe9'"),
        ("/v1/\u2028", r"contains '\u2028'"),
        ("/v1/100%", "write %25"),
        ("/v1/%zz", "write %25"),
        ("/v1/models/{id}", "still holds {id}: put an id in its place"),
        ("/v1/" + "a" * 2_000, "too long: 2,004 characters"),
        ("/v1/files/sk-ant-api03-abcdef", "looks like an API key"),
    ],
)
def test_a_path_that_could_lead_elsewhere_or_is_no_path_is_refused_with_a_sentence(path, why):
    with pytest.raises(EndpointError) as caught:
        check_endpoint("GET", path)
    assert why in str(caught.value)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("a=#b", "write %23"),
        ("a=b c", "contains a space"),
        ("a=\r\nx: y", r"contains '\r'"),
        ("a=ü", r"contains '\xfc'"),
        ("a=50%", "write %25"),
        ("a=" + "b" * 2_000, "too long"),
        ("key=sk-ant-api03-abcdef", "looks like an API key"),
        ("key=%73k-ant-api03-abcdef", "looks like an API key"),
    ],
)
def test_a_query_that_cannot_be_sent_is_refused_with_a_sentence(query, why):
    with pytest.raises(EndpointError) as caught:
        check_endpoint("GET", "/v1/models", query)
    assert why in str(caught.value)


@pytest.mark.parametrize("method", ["", "get", "CONNECT", "TRACE", "OPTIONS", "GET /x HTTP/1.1\r\n", "GET\n"])
def test_any_other_method_is_refused(method):
    with pytest.raises(EndpointError, match="is not one of GET, POST, DELETE, PUT, PATCH, HEAD"):
        check_endpoint(method, "/v1/models")


odd_paths = st.text(max_size=12) | st.lists(
    st.sampled_from(
        ["/", ".", "..", "%2e", "%2E", "%25", "%2f", "%5C", "\\", ";", "@", ":", "?", "#", "{", "|", "a", "~"]
    ),
    max_size=9,
).map("".join)


@settings(max_examples=200)  # three in four are refused
@given(st.sampled_from(METHODS), odd_paths, odd_paths, st.sampled_from(BASES))
def test_no_accepted_endpoint_leaves_the_connections_address(method, path, query, base):
    try:
        endpoint = check_endpoint(method, "/" + path, query)
    except EndpointError:
        return
    url = endpoint.url(base)
    before, after = urlsplit(base), urlsplit(url)
    assert (after.scheme, after.netloc, after.port) == (before.scheme, before.netloc, before.port)
    assert after.path.startswith(before.path.rstrip("/") + "/")
    assert not after.fragment
    prepared = requests.Request(method, url).prepare()
    assert prepared.url == url
    assert (
        _encode_target(prepared.path_url) == prepared.path_url == url.removeprefix(f"{before.scheme}://{before.netloc}")
    )


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=20))
def test_any_id_can_be_asked_for_percent_encoded(text):
    path = f"/v1/models/{quote(text, safe='')}"
    is_dots = set(re.split(r"[/\\]", text)) & {".", ".."} or "%" in text or ";" in text
    assume(not is_dots)
    assert check_endpoint("GET", path).path == path


def test_the_request_line_is_the_target_as_it_was_kept():
    endpoint = check_endpoint("GET", "/v1/models/a%2Fb|c^%7e{}", 'lifecycle[]=active&x="<>`%c3%bc+~')
    with Upstream([read(), send(answer(b"{}"))]) as upstream:
        url = endpoint.url(upstream.url + "/prefix")
        with Call(Request("GET", url, (("accept", "*/*"),)), internal=True) as call:
            call.open()
        assert upstream.requests[0].line == f"GET /prefix{endpoint.target} HTTP/1.1"


class TestKnownEndpoints:
    def test_each_can_be_sent_once_its_placeholders_are_filled(self):
        for known in KNOWN_ENDPOINTS:
            path = known.endpoint.path.format(**dict.fromkeys(known.placeholders, "x_1"))
            filled = check_endpoint(known.endpoint.method, path)
            assert known_endpoint(filled) is known
            assert known.title
            assert (known.takes == "nothing") == (not filled.has_body or path.endswith("/cancel"))

    def test_no_two_are_the_same(self):
        assert len({known.endpoint for known in KNOWN_ENDPOINTS}) == len(KNOWN_ENDPOINTS)
        assert len({known.title for known in KNOWN_ENDPOINTS}) == len(KNOWN_ENDPOINTS)

    def test_placeholders_are_named_in_order(self):
        version = known_endpoint(Endpoint("DELETE", "/v1/skills/skill_1/versions/2"))
        assert version.placeholders == ("id", "version")
        assert known_endpoint(Endpoint.MESSAGES).placeholders == ()

    def test_what_is_not_in_the_list_is_not_known(self):
        assert known_endpoint(Endpoint("POST", "/v1/complete")) is None
        assert known_endpoint(Endpoint("GET", "/v1/models/a/b")) is None
        assert known_endpoint(Endpoint("PUT", "/v1/messages")) is None
