"""Comparisons at any endpoint through the JSON API: what is asked, what is refused with its place, what is read back."""

import base64
import json
from typing import Any

import pytest

from betaconsole.api.shapes import ComparisonAnswer, WholeExchangeAnswer
from betaconsole.claude.multipart import decode
from betaconsole.runs.models import Comparison, Exchange
from betaconsole.teams.models import Membership
from tests.api.calling import BODY, Caller, error_of, fits
from tests.runs.engines import connection_to, running, wait_until_finished
from tests.upstream import Upstream, answer, read, send

MODELS = {"method": "GET", "path": "/v1/models", "query": "limit=2"}
COUNT = {"method": "POST", "path": "/v1/messages/count_tokens"}
UPLOAD = {"method": "POST", "path": "/v1/files"}
FILE = {"name": "file", "filename": "a.bin", "data_base64": base64.b64encode(b"\x00\xff").decode()}


@pytest.mark.django_db
class TestAsking:
    def made(self, caller: Caller, **fields: Any) -> Comparison:
        answer = caller.compare(**fields)
        assert answer.status_code == 201, answer.content
        return Comparison.objects.get(public_id=answer.json()["id"])

    def test_a_get_needs_no_body_and_its_exchanges_say_where_they_went(self, caller: Caller) -> None:
        made = self.made(caller, endpoint=MODELS, body=...)
        read_back = caller.get(f"/comparisons/{made.public_id}").json()
        assert fits(read_back, ComparisonAnswer)
        assert [exchange["endpoint"] for exchange in read_back["exchanges"]] == [MODELS, MODELS]
        assert read_back["title"] == "GET /v1/models?limit=2"
        assert Exchange.objects.filter(request_body=None, method="GET", stream=False).count() == 2

    def test_a_post_is_a_post_where_no_method_is_named_and_is_not_made_a_stream(self, caller: Caller) -> None:
        made = self.made(caller, endpoint={"path": COUNT["path"]})
        assert (made.method, made.exchanges.first().stream) == ("POST", False)
        assert json.loads(bytes(made.exchanges.first().request_body.data)) == BODY

    def test_parts_become_an_upload(self, caller: Caller) -> None:
        note = {"name": "note", "text": "für 1.0"}
        made = self.made(caller, endpoint=UPLOAD, body=..., parts=[note, FILE])
        exchange = made.exchanges.first()
        parts = decode(bytes(exchange.request_body.data), dict(exchange.request_headers)["content-type"])
        assert [(part.name, part.filename, part.data) for part in parts] == [
            ("note", "", "für 1.0".encode()),
            ("file", "a.bin", b"\x00\xff"),
        ]

    def test_columns_can_differ_in_further_headers(self, caller: Caller) -> None:
        headers = {"anthropic-workspace-id": "wrkspc_1"}
        made = self.made(caller, endpoint=MODELS, body=..., variants=[{"betas": []}, {"betas": [], "headers": headers}])
        sent = made.exchanges.order_by("variant__position")
        without, with_it = (dict(one.request_headers) for one in sent)
        assert (without.get("anthropic-workspace-id"), with_it["anthropic-workspace-id"]) == (None, "wrkspc_1")
        variants = caller.get(f"/comparisons/{made.public_id}").json()["variants"]
        assert ("headers" in variants[0], variants[1]["headers"]) == (False, headers)

    def test_a_batch_and_separate_caches_can_be_asked_for(self, caller: Caller) -> None:
        made = self.made(caller, engine="batch", separate_caches=True)
        assert (made.engine, made.separate_caches) == ("batch", True)
        first, second = (json.loads(bytes(one.request_body.data)) for one in made.exchanges.order_by("pk"))
        assert "stream" not in first
        assert first["system"] != second["system"]

    def test_a_trace_is_cases_with_bodies_in_order(self, caller: Caller) -> None:
        cases = [{"name": f"turn {k}", "body": {**BODY, "max_tokens": k}} for k in (1, 2)]
        made = self.made(caller, body=..., cases=cases, trace=True)
        assert made.is_trace
        assert [json.loads(bytes(case.body.data))["max_tokens"] for case in made.cases.all()] == [1, 2]

    @pytest.mark.parametrize(
        ("asked", "field"),
        [
            ({"endpoint": {"method": "GET", "path": "//evil.example/v1"}, "body": ...}, "endpoint"),
            ({"endpoint": {"method": "GET", "path": "/v1/../../admin"}, "body": ...}, "endpoint"),
            ({"endpoint": {"method": "GET", "path": "/v1/%2e%2e/%2E%2E/x"}, "body": ...}, "endpoint"),
            ({"endpoint": {"method": "GET", "path": "/v1/%252e%252e/x"}, "body": ...}, "endpoint"),
            ({"endpoint": {"method": "GET", "path": "@evil.example/"}, "body": ...}, "endpoint"),
            ({"endpoint": {"method": "GET", "path": "/\\evil.example"}, "body": ...}, "endpoint"),
            ({"endpoint": {"method": "GET", "path": "https://evil.example/"}, "body": ...}, "endpoint"),
            ({"endpoint": {"method": "GET", "path": "/v1/models", "query": "a\r\nb"}, "body": ...}, "endpoint"),
            ({"endpoint": {"method": "CONNECT", "path": "/v1/models"}, "body": ...}, "endpoint"),
            ({"endpoint": {"method": "GET"}, "body": ...}, "endpoint.path"),
            ({"endpoint": {"path": "/v1/models", "host": "evil"}}, "endpoint.host"),
            ({"endpoint": MODELS}, "body"),
            ({"body": ...}, "body"),
            ({"endpoint": UPLOAD, "parts": [FILE]}, "body"),
            ({"endpoint": MODELS, "body": ..., "parts": [FILE]}, "body"),
            ({"endpoint": UPLOAD, "body": ..., "parts": [{"name": "file"}]}, "parts.0"),
            ({"endpoint": UPLOAD, "body": ..., "parts": [{**FILE, "text": ""}]}, "parts.0"),
            ({"endpoint": UPLOAD, "body": ..., "parts": [{"name": "f", "data_base64": "%"}]}, "parts.0.data_base64"),
            ({"endpoint": UPLOAD, "body": ..., "parts": [{"name": "f\r\n", "text": ""}]}, "parts"),
            ({"endpoint": UPLOAD, "body": ..., "parts": [{**FILE, "content_type": "a/b\r\nc: d"}]}, "parts"),
            ({"endpoint": MODELS, "body": ..., "stream": True}, "stream"),
            ({"endpoint": MODELS, "body": ..., "variants": [{"betas": [], "patch": {}}]}, "variants.0.patch"),
            ({"endpoint": MODELS, "body": ..., "engine": "batch"}, "engine"),
            ({"engine": "fax"}, "engine"),
            ({"endpoint": MODELS, "body": ..., "separate_caches": True}, "separate_caches"),
            ({"trace": True}, "cases.0.body"),
            ({"variants": [{"betas": [], "headers": {"x-api-key": "k"}}]}, "variants.0.headers.x-api-key"),
            ({"variants": [{"betas": [], "headers": {"anthropic-workspace-id": 7}}]}, None),
        ],
    )
    def test_what_cannot_be_sent_is_refused_with_its_place(
        self, caller: Caller, asked: dict, field: str | None
    ) -> None:
        answer = caller.compare(**asked)
        assert answer.status_code == 422
        if field is not None:
            assert error_of(answer)["field"] == field
        assert not Exchange.objects.exists()


@pytest.mark.django_db(transaction=True)
class TestReading:
    def whole(self, owner: Membership, reply: bytes, **fields: Any) -> dict[str, Any]:
        """The first exchange of a comparison that a scripted far end answers, as the API tells it."""
        caller = Caller(owner.user, owner.team)
        with Upstream([read(), send(reply)]) as upstream, running():
            connection = connection_to(owner, f"{upstream.url}/gateway")
            made = caller.compare(connection=connection.public_id, **fields).json()
            wait_until_finished(Comparison.objects.get(public_id=made["id"]))
        told = caller.get(f"/exchanges/{made['exchanges'][0]}").json()
        assert fits(told, WholeExchangeAnswer)
        return told

    def test_an_answer_that_is_no_text_comes_as_its_bytes_too(self, owner: Membership) -> None:
        content = b"PK\x03\x04\xff\x00"
        reply = answer(content, content_type="application/zip")
        told = self.whole(owner, reply, endpoint={"method": "GET", "path": "/v1/files/f/content"}, body=...)
        assert base64.b64decode(told["response"]["body_base64"]) == content
        assert told["response"]["body_text"].startswith("PK")
        assert (told["state"], told["message"], told["request"]["body"]) == ("succeeded", None, "")
        assert told["endpoint"] == {"method": "GET", "path": "/v1/files/f/content"}

    def test_an_upload_comes_back_as_the_bytes_sent(self, owner: Membership) -> None:
        told = self.whole(owner, answer(b'{"id":"file_1"}'), endpoint=UPLOAD, body=..., parts=[FILE])
        headers = dict(told["request"]["headers"])
        [part] = decode(base64.b64decode(told["request"]["body_base64"]), headers["content-type"])
        assert part.data == b"\x00\xff"
        assert told["message"] == {"id": "file_1"}
        assert "body_base64" not in told["response"]

    def test_a_count_is_its_usage(self, owner: Membership) -> None:
        told = self.whole(owner, answer(b'{"input_tokens":2095}'), endpoint=COUNT)
        assert (told["usage"], told["text"], told["cost_usd"]) == ({"input_tokens": 2095}, "", None)
