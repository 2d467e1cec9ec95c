"""Comparisons at other endpoints than Messages: sent on a real socket, answered by the simulator or a script."""

import json
from typing import Any

import pytest

from betaconsole.claude import jsontext, multipart
from betaconsole.claude.endpoints import Endpoint
from betaconsole.runs.launching.adding import run_again
from betaconsole.runs.launching.planning import Plan, VariantPlan
from betaconsole.runs.models import Comparison, Exchange
from betaconsole.runs.sending.reparsing import rebuilt
from betaconsole.runs.states import State
from betaconsole.teams.models import Connection, Membership
from betaconsole.teams.solo import set_up_solo
from tests import recorded
from tests.runs.engines import KEY, connection_to, run, running, wait_until_finished
from tests.upstream import Upstream, answer, chunked, head, read, send

pytestmark = pytest.mark.django_db(transaction=True)
VERSION = "2026-10-21"
FILES_BETA = "files-api-2025-04-14"


@pytest.fixture
def ann(transactional_db: None) -> Membership:
    return set_up_solo()


def asking(method: str, path: str, *betas: str, query: str = "", body: Any = None, **options: Any) -> Plan:
    """Without and with the betas, where there are any."""
    columns = [VariantPlan("without", (), VERSION)] + ([VariantPlan("with", betas, VERSION)] if betas else [])
    return Plan(body, columns, VERSION, endpoint=Endpoint(method, path, query), **options)


def upload(path: str, *parts: multipart.Part, betas: tuple[str, ...] = ()) -> Plan:
    body, kind = multipart.encode(parts)
    return asking("POST", path, *betas, raw_body=body, content_type=kind)


def simulated(ann: Membership, plan: Plan) -> list[Exchange]:
    """The exchanges of the plan on the simulator, once all have ended; for use while an engine runs."""
    simulator = Connection.objects.get(team=ann.team, kind=Connection.Kind.SIMULATOR)
    return wait_until_finished(run(ann, simulator, plan))


def said(exchange: Exchange) -> Any:
    return json.loads(bytes(exchange.response_body.data))


class TestOnTheSimulator:
    def test_models_are_listed_with_and_without_a_header(self, ann: Membership) -> None:
        with running():
            without, with_beta = simulated(ann, asking("GET", "/v1/models", "some-beta-2026-01-01", query="limit=2"))
        assert without.state == State.SUCCEEDED
        assert (without.status, len(said(without)["data"])) == (200, 2)
        assert json.loads(without.message) == said(without)
        assert (without.text, without.usage, without.cost_usd) == ("", None, None)
        assert without.total_ms is not None
        # An unknown beta is refused at every endpoint, with its name.
        assert (with_beta.status, with_beta.refused_betas) == (400, ["some-beta-2026-01-01"])

    def test_tokens_are_counted_and_cost_nothing(self, ann: Membership) -> None:
        body = {"model": "claude-sonnet-4-6", "messages": [{"role": "user", "content": "How many tokens am I?"}]}
        plan = asking("POST", "/v1/messages/count_tokens", "token-counting-2024-11-01", body=body)
        with running():
            exchanges = simulated(ann, plan)
        for exchange in exchanges:
            assert exchange.state == State.SUCCEEDED
            assert exchange.input_tokens == said(exchange)["input_tokens"] > 0
            assert (exchange.model, exchange.output_tokens, exchange.cost_usd) == ("claude-sonnet-4-6", None, None)

    def test_a_path_that_does_not_exist_is_a_404_in_its_own_words(self, ann: Membership) -> None:
        with running():
            [exchange] = simulated(ann, asking("GET", "/v1/no/such/thing"))
        assert (exchange.state, exchange.status, exchange.error_type) == (State.FAILED, 404, "not_found_error")

    def test_a_file_is_uploaded_listed_and_deleted(self, ann: Membership) -> None:
        content = b"%PDF-1.7 \x00\xff apples"
        part = multipart.Part("file", content, "apples.pdf", "application/pdf")
        with running():
            uploaded, _ = simulated(ann, upload("/v1/files", part, betas=(FILES_BETA,)))
            listed, _ = simulated(ann, asking("GET", "/v1/files", FILES_BETA))
            [deleted] = simulated(ann, asking("DELETE", f"/v1/files/{said(uploaded)['id']}"))
        assert said(uploaded)["filename"] == "apples.pdf"
        assert bytes(uploaded.request_body.data).count(content) == 1
        assert said(uploaded)["id"] in [file["id"] for file in said(listed)["data"]]
        assert said(deleted) == {"id": said(uploaded)["id"], "type": "file_deleted"}
        assert deleted.request_body is None

    def test_a_skill_is_created(self, ann: Membership) -> None:
        text = b"---\nname: greeting\ndescription: Says hello\n---\nSay hello."
        parts = [
            multipart.Part("display_name", b"Greeting"),
            multipart.Part("files[]", text, "greeting/SKILL.md", "text/markdown"),
        ]
        with running():
            [created] = simulated(ann, upload("/v1/skills", *parts))
        assert created.state == State.SUCCEEDED, said(created)
        assert said(created)["type"] == "skill"

    def test_a_batch_is_created_by_hand_and_asked_for(self, ann: Membership) -> None:
        params = {"model": "claude-haiku-4-5", "max_tokens": 20, "messages": [{"role": "user", "content": "Hi"}]}
        body = {"requests": [{"custom_id": "one", "params": params}]}
        with running():
            [created] = simulated(ann, asking("POST", "/v1/messages/batches", body=body))
            assert created.state == State.SUCCEEDED, said(created)
            [looked] = simulated(ann, asking("GET", f"/v1/messages/batches/{said(created)['id']}"))
            [stopped] = simulated(ann, asking("POST", f"/v1/messages/batches/{said(created)['id']}/cancel"))
        assert said(created)["type"] == said(looked)["type"] == "message_batch"
        assert stopped.request_body is None


def answered(row: dict[str, Any]) -> bytes:
    """The recorded answer as bytes on the wire."""
    response = row["response"]
    kind = response["headers"].get("content-type", "application/json")
    others = [f"{name}: {value}" for name, value in response["headers"].items() if name != "content-type"]
    return answer(response["body_text"].encode(), response["status"], *others, content_type=kind)


def plan_of(row: dict[str, Any]) -> Plan:
    """The recorded request. Of an upload only a summary was recorded: any file stands in for its parts."""
    request = row["request"]
    path, _, query = request["path"].partition("?")
    body = request["body"]
    betas = tuple(filter(None, request["headers"].get("anthropic-beta", "").split(",")))
    columns = [VariantPlan("A", betas, request["headers"].get("anthropic-version", VERSION))]
    sent: dict[str, Any] = {"body": body}
    if path in ("/v1/files", "/v1/skills") or path.endswith("/versions"):
        raw, kind = multipart.encode([multipart.Part("file", b"a\r\n--b\x00", "a.bin")])
        sent = {"body": None, "raw_body": raw, "content_type": kind} if request["method"] == "POST" else {"body": None}
    endpoint = Endpoint(request["method"], path, query)
    return Plan(variants=columns, version=VERSION, endpoint=endpoint, **sent)


ELSEWHERE = [row for row in recorded.exchanges() if row["request"]["path"].split("?")[0] != "/v1/messages"]


def test_recorded_exchanges_with_other_endpoints_are_kept_to_the_byte(ann: Membership) -> None:
    assert len(ELSEWHERE) > 30 or not recorded.exchanges()
    with Upstream(scripts=[[read(), send(answered(row))] for row in ELSEWHERE] or [()]) as upstream, running():
        connection = connection_to(ann, upstream.url)
        sent = [wait_until_finished(run(ann, connection, plan_of(row)))[0] for row in ELSEWHERE]
    for row, exchange, request in zip(ELSEWHERE, sent, upstream.requests, strict=True):
        assert request.line == f"{row['request']['method']} {row['request']['path']} HTTP/1.1", row["id"]
        assert request.body == (bytes(exchange.request_body.data) if exchange.request_body else b"")
        assert (request.header("content-type") is None) == (not request.body)
        if isinstance(row["request"]["body"], dict) and "_multipart" not in row["request"]["body"]:
            assert request.body == jsontext.dumps(row["request"]["body"]).encode()
        assert bytes(exchange.response_body.data) == row["response"]["body_text"].encode(), row["id"]
        assert (exchange.state == State.SUCCEEDED) == (row["response"]["status"] < 300), row["id"]
        assert exchange.status == row["response"]["status"]
        assert not rebuilt(exchange).fields


def test_recorded_results_of_a_batch_are_a_success_of_lines(ann: Membership) -> None:
    [row] = [row for row in ELSEWHERE if row["request"]["path"].endswith("/results")] or pytest.skip("no recordings")
    with Upstream([read(), send(answered(row))]) as upstream, running():
        [exchange] = wait_until_finished(run(ann, connection_to(ann, upstream.url), plan_of(row)))
    assert (exchange.state, exchange.message, exchange.text) == (State.SUCCEEDED, None, "")


@pytest.mark.parametrize(
    ("method", "reply", "state"),
    [
        ("HEAD", head(200, "content-length: 4000"), State.SUCCEEDED),
        ("GET", head(200, "content-type: application/zip", "content-length: 4") + b"PK\x03\xff", State.SUCCEEDED),
        ("GET", head(204), State.SUCCEEDED),
        ("DELETE", head(200, "content-length: 0"), State.SUCCEEDED),
        ("GET", head(200, "transfer-encoding: chunked") + chunked([b"[1,", b"2]"]), State.SUCCEEDED),
        ("GET", head(200, "content-length: 9") + b"[1,", State.INCOMPLETE),
        ("GET", head(302, "location: https://evil.example/", "content-length: 0"), State.FAILED),
        ("PUT", answer(b'{"type":"error","error":{"type":"x","message":"no"}}'), State.FAILED),
    ],
)
def test_every_kind_of_answer_ends_as_what_it_is(ann: Membership, method: str, reply: bytes, state: State) -> None:
    with Upstream([read(), send(reply)]) as upstream, running():
        body = {"a": 1} if method == "PUT" else None
        comparison = run(ann, connection_to(ann, upstream.url), asking(method, "/v1/things/1", body=body))
        [exchange] = wait_until_finished(comparison)
        assert upstream.connections == 1
    assert exchange.state == state
    assert upstream.requests[0].line == f"{method} /v1/things/1 HTTP/1.1"
    assert upstream.requests[0].header("x-api-key") == KEY


def test_no_answer_is_ever_asked_for_twice_by_itself_and_a_person_may_ask_again(ann: Membership) -> None:
    scripts = [[read()], [read(), send(answer(b"{}"))]]
    with Upstream(scripts=scripts) as upstream, running():
        comparison = run(ann, connection_to(ann, upstream.url), asking("GET", "/v1/models"))
        [lost] = wait_until_finished(comparison)
        assert (lost.state, upstream.connections) == (State.UNKNOWN_OUTCOME, 1)
        run_again(comparison, lost.variant, case=0, repeat=1, author=ann.user)
        _, again = wait_until_finished(Comparison.objects.get(pk=comparison.pk))
    assert (again.state, again.attempt) == (State.SUCCEEDED, 2)
    assert [request.line for request in upstream.requests] == ["GET /v1/models HTTP/1.1"] * 2
    assert "content-type" not in dict(again.request_headers)


def test_extra_headers_of_a_column_are_sent(ann: Membership) -> None:
    columns = [
        VariantPlan("A", (), VERSION, headers=(("anthropic-workspace-id", "wrkspc_1"),)),
        VariantPlan("B", (), VERSION, headers=(("anthropic-user-profile-id", "profile_1"),)),
    ]
    with Upstream([read(), send(answer(b"{}"))]) as upstream, running():
        plan = Plan(None, columns, VERSION, endpoint=Endpoint("GET", "/v1/models"))
        wait_until_finished(run(ann, connection_to(ann, upstream.url), plan))
    names = ("anthropic-workspace-id", "anthropic-user-profile-id")
    sent = {tuple(request.header(name) for name in names) for request in upstream.requests}
    assert sent == {("wrkspc_1", None), (None, "profile_1")}


def test_a_base_address_with_a_path_of_its_own_is_kept(ann: Membership) -> None:
    with Upstream([read(), send(answer(b"{}"))]) as upstream, running():
        connection = connection_to(ann, f"{upstream.url}/gateway/")
        wait_until_finished(run(ann, connection, asking("GET", "/v1/models", query="after_id=a%2Fb")))
    assert upstream.requests[0].line == "GET /gateway/v1/models?after_id=a%2Fb HTTP/1.1"
