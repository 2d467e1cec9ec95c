"""Choosing where requests go: ids in a path, and what a body becomes."""

import json

import pytest

from betaconsole.claude.endpoints import KNOWN_ENDPOINTS, Endpoint, EndpointError
from betaconsole.drafts.endpoint_choice import (
    filled,
    find_option,
    ids_in,
    is_count,
    options,
    takes,
    title_of,
    typed,
    value_of,
)
from betaconsole.drafts.moving import first_body, not_counted, without_uncounted

BODY = {"model": "m", "max_tokens": 5, "stream": True, "messages": []}


def test_every_known_endpoint_can_be_chosen_once():
    values = [option.value for _, group in options("") for option in group]
    assert sorted(values) == sorted(value_of(known) for known in KNOWN_ENDPOINTS)
    assert len({group for group, _ in options("")}) == len(options(""))
    assert [option.value for _, group in options("GET /v1/models") for option in group if option.is_chosen] == ["GET /v1/models"]  # fmt: skip


def test_an_id_stays_one_segment_of_the_path_and_comes_back_as_typed():
    known = find_option("GET /v1/skills/{id}/versions/{version}")
    ids = {"id": "a/b c", "version": "ü?"}
    endpoint = filled(known, ids, " limit=1 ")
    assert endpoint == Endpoint("GET", "/v1/skills/a%2Fb%20c/versions/%C3%BC%3F", "limit=1")
    assert ids_in(known, endpoint) == ids
    assert ids_in(known, Endpoint("GET", "/v1/models")) == {}


@pytest.mark.parametrize("value", ["", " ", "..", "%2e%2e", ".", "x" * 3_000])
def test_an_id_that_cannot_stand_in_a_path_is_refused(value):
    with pytest.raises(EndpointError):
        filled(find_option("GET /v1/models/{id}"), {"id": value}, "")


def test_a_typed_path_may_carry_its_query_but_not_twice():
    assert typed(" get ", " /v1/x?a=b ", "") == Endpoint("GET", "/v1/x", "a=b")
    assert typed("POST", "/v1/x", "?a=b") == Endpoint("POST", "/v1/x", "a=b")
    with pytest.raises(EndpointError, match="twice"):
        typed("GET", "/v1/x?a=b", "c=d")
    for path in ("/v1/../x", "//host/x", "v1/x", ""):
        with pytest.raises(EndpointError):
            typed("GET", path, "")


def test_what_a_request_carries_follows_from_where_it_goes():
    assert takes(Endpoint("POST", "/v1/files")) == "multipart"
    assert takes(Endpoint("POST", "/v1/messages/batches/b/cancel")) == "nothing"
    assert takes(Endpoint("POST", "/v1/made/up")) == "json"
    assert takes(Endpoint("DELETE", "/v1/made/up")) == "nothing"
    assert takes(Endpoint("POST", "/v1/messages", "beta=true")) == "json"
    assert title_of(Endpoint("GET", "/v1/made/up")) == ""


def test_a_body_for_another_endpoint_begins_with_what_there_is():
    text = json.dumps(BODY)
    assert first_body(Endpoint("POST", "/v1/messages/count_tokens"), text) == text
    batch = json.loads(first_body(Endpoint("POST", "/v1/messages/batches"), text))
    assert batch["requests"][0]["params"] == {"model": "m", "max_tokens": 5, "messages": []}
    assert json.loads(first_body(Endpoint("POST", "/v1/messages/batches"), "{ not json"))["requests"][0]["params"] == {}
    assert first_body(Endpoint("POST", "/v1/sessions"), text) == "{}"


def test_count_tokens_takes_no_limit_and_no_stream():
    assert is_count(Endpoint("POST", "/v1/messages/count_tokens"))
    assert not_counted(BODY) == ["max_tokens", "stream"]
    body = dict(BODY)
    without_uncounted(body)
    assert body == {"model": "m", "messages": []}
