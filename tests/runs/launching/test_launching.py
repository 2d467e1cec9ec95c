"""One press of Run: what becomes of a plan in the store, before anything is sent."""

from dataclasses import replace

import pytest

from betaconsole.claude import jsontext
from betaconsole.claude.endpoints import Endpoint
from betaconsole.drafts.models import Engine
from betaconsole.runs.launching import adding, repeating
from betaconsole.runs.launching.launching import TokenReused, launch
from betaconsole.runs.launching.planning import CasePlan, Plan, PlanError, VariantPlan
from betaconsole.runs.models import Comparison, Exchange, Variant
from betaconsole.runs.states import State
from betaconsole.teams.models import AuditEntry, Connection, Membership

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]
VERSION = "2026-10-21"
MODELS = Endpoint("GET", "/v1/models", "limit=2")
UPLOAD = Endpoint("POST", "/v1/files")
STUBS = [{"tool": "lookup", "match": {"id": 1}, "result": "found"}]


def plan(*columns: VariantPlan, body: str | None = '{"model":"m","max_tokens":1.0}', **options: object) -> Plan:
    document = None if body is None else jsontext.loads(body)
    return Plan(document, columns or (column(),), VERSION, **options)  # type: ignore[arg-type]


def column(label: str = "A", *betas: str, **options: object) -> VariantPlan:
    return VariantPlan(label, betas, VERSION, **options)  # type: ignore[arg-type]


def launched(owner: Membership, asked: Plan, **options: object) -> Comparison:
    connection = Connection.objects.get(team=owner.team, kind=Connection.Kind.SIMULATOR)
    return launch(asked, team=owner.team, author=owner.user, connection=connection, **options)[0]  # type: ignore[arg-type]


def only_exchange(comparison: Comparison) -> Exchange:
    return comparison.exchanges.get()


def test_a_get_is_stored_without_a_body_and_called_by_where_it_goes(owner: Membership) -> None:
    comparison = launched(owner, plan(body=None, endpoint=MODELS))
    exchange = only_exchange(comparison)
    assert (exchange.method, exchange.url) == ("GET", f"{comparison.connection.base_url}/v1/models?limit=2")
    assert exchange.request_body is None
    assert "content-type" not in dict(exchange.request_headers)
    assert (comparison.endpoint, comparison.content_type) == (MODELS, "")
    assert comparison.title == "GET /v1/models?limit=2"


def test_an_upload_is_stored_as_it_is(owner: Membership) -> None:
    kind = "multipart/form-data; boundary=x"
    comparison = launched(owner, plan(body=None, endpoint=UPLOAD, raw_body=b"--x\xff", content_type=kind))
    exchange = only_exchange(comparison)
    assert bytes(exchange.request_body.data) == b"--x\xff"
    assert dict(exchange.request_headers)["content-type"] == comparison.content_type == kind


def test_extra_headers_are_stored_with_their_column(owner: Membership) -> None:
    comparison = launched(owner, plan(column(headers=(("anthropic-workspace-id", "wrkspc_1"),))))
    assert dict(only_exchange(comparison).request_headers)["anthropic-workspace-id"] == "wrkspc_1"
    assert comparison.variants.get().headers == [["anthropic-workspace-id", "wrkspc_1"]]


@pytest.mark.parametrize(
    ("options", "turns"), [({}, 1), ({"tool_stubs": STUBS}, 10), ({"tool_stubs": STUBS, "max_turns": 3}, 3)]
)
def test_stubs_and_the_turns_they_allow_are_stored(owner: Membership, options: dict, turns: int) -> None:
    comparison = launched(owner, plan(**options))
    comparison.refresh_from_db()
    assert comparison.tool_stubs == options.get("tool_stubs", [])
    assert comparison.max_turns == turns


def test_the_cells_of_a_batch_are_queued_with_their_own_bodies(owner: Membership) -> None:
    comparison = launched(owner, plan(body='{"model":"m","stream":true}', engine="batch", repeats=3))
    assert AuditEntry.objects.get(action="run started").detail["requests"] == comparison.exchanges.count() == 3
    cells = list(comparison.exchanges.all())
    assert {(cell.state, cell.url) for cell in cells} == {
        (State.QUEUED, f"{comparison.connection.base_url}/v1/messages/batches")
    }
    assert bytes(cells[0].request_body.data) == b'{"model":"m"}'
    assert comparison.engine == Engine.BATCH


def test_bodies_of_cases_are_kept_once_where_they_are_sent_as_they_are(owner: Membership) -> None:
    cases = (CasePlan("one", body={"a": 1}), CasePlan("two", body={"a": 2}))
    comparison = launched(owner, plan(body=None, cases=cases, is_trace=True))
    first, second = comparison.cases.all()
    assert [cell.request_body_id for cell in comparison.exchanges.order_by("pk")] == [first.body_id, second.body_id]
    assert comparison.is_trace


KIND = {"content_type": "multipart/form-data; boundary=x"}


@pytest.mark.parametrize(
    "asked",
    [
        plan(
            column(headers=(("anthropic-workspace-id", "w"),)),
            column("B", "some-beta-1", changes={"a": 1}),
            tool_stubs=STUBS,
            max_turns=5,
            repeats=2,
        ),
        plan(body=None, endpoint=MODELS),
        plan(body=None, endpoint=UPLOAD, raw_body=b"--x\xff", **KIND),
        plan(body=None, cases=(CasePlan("one", body={"a": 1}),), is_trace=True),
        plan(endpoint=Endpoint("POST", "/v1/messages/count_tokens"), separate_caches=True),
        plan(engine="batch"),
    ],
)
def test_the_plan_of_a_comparison_sends_the_same_again(owner: Membership, asked: Plan) -> None:
    comparison = launched(owner, asked)
    again = repeating.run_whole_again(comparison, author=owner.user, client_token=None)
    names = ("method", "url", "request_headers", "request_body_id", "stream")
    place = ("repeat", "case__position", "variant__position")
    sent, sent_again = (list(one.exchanges.order_by(*place).values(*names)) for one in (comparison, again))
    if asked.separate_caches:
        assert [row.pop("request_body_id") for row in sent] != [row.pop("request_body_id") for row in sent_again]
    assert sent == sent_again
    same = ("tool_stubs", "max_turns", "engine", "is_trace", "separate_caches", "content_type", "body_id", "title")
    assert {name: getattr(again, name) for name in same} == {name: getattr(comparison, name) for name in same}


@pytest.mark.parametrize(
    "other",
    [
        {"endpoint": Endpoint("POST", "/v1/messages", "beta=true")},
        {"tool_stubs": STUBS},
        {"max_turns": 7},
        {"engine": "batch"},
        {"separate_caches": True},
        {"variants": (column(headers=(("anthropic-workspace-id", "w"),)),)},
        {"cases": (CasePlan("one", {"a": "1"}),)},
        {"repeats": 2},
        {"stream": True},
    ],
)
def test_another_request_with_the_same_token_is_noticed_whatever_differs(owner: Membership, other: dict) -> None:
    launched(owner, plan(), client_token="once")
    with pytest.raises(TokenReused):
        launched(owner, replace(plan(), **other), client_token="once")


def test_pressing_twice_with_separate_caches_sends_once(owner: Membership) -> None:
    first, second = (launched(owner, plan(separate_caches=True), client_token="once") for _ in range(2))
    assert first == second


class TestSeparateCaches:
    def nonces(self, comparison: Comparison) -> list[str]:
        return [variant.cache_nonce for variant in comparison.variants.all()]

    def sent(self, variant: Variant) -> str:
        body = jsontext.loads(bytes(variant.exchanges.get().request_body.data).decode())
        return body["system"]  # type: ignore[index]

    def test_every_column_has_its_own_and_says_it(self, owner: Membership) -> None:
        comparison = launched(owner, plan(column(), column("B"), separate_caches=True))
        first, second = comparison.variants.all()
        assert first.cache_nonce.startswith("A·")
        assert second.cache_nonce.startswith("B·")
        assert self.sent(first) == f"[separate cache {first.cache_nonce}]\n"

    def test_running_the_whole_again_draws_new_ones(self, owner: Membership) -> None:
        comparison = launched(owner, plan(column(), separate_caches=True))
        again = repeating.run_whole_again(comparison, author=owner.user, client_token=None)
        assert self.nonces(again) != self.nonces(comparison)

    def test_a_column_added_later_has_one_too(self, owner: Membership) -> None:
        comparison = launched(owner, plan(column("A", "refused-1"), separate_caches=True))
        comparison.exchanges.update(state=State.FAILED, refused_betas=["refused-1"], status=400)
        added = adding.add_without(comparison, comparison.variants.get(), author=owner.user)
        assert added.cache_nonce.startswith("B·")
        assert self.sent(added) == f"[separate cache {added.cache_nonce}]\n"

    def test_a_comparison_without_them_sends_what_was_composed(self, owner: Membership) -> None:
        comparison = launched(owner, plan())
        assert self.nonces(comparison) == [""]
        assert only_exchange(comparison).request_body == comparison.body


def test_an_address_that_leads_away_from_the_connection_is_never_queued(owner: Membership) -> None:
    for path in (
        "//evil.example/v1",
        "/v1/../..//evil",
        "/v1/%2e%2e/x",
        "/v1/%252e%252e/x",
        "@evil.example/",
        "/\\evil",
    ):
        with pytest.raises(PlanError) as refused:
            launched(owner, plan(body=None, endpoint=Endpoint("GET", path)))
        assert refused.value.field == "endpoint"
    assert not Exchange.objects.exists()


def test_an_at_sign_in_a_path_stays_below_the_base_address(owner: Membership) -> None:
    comparison = launched(owner, plan(body=None, endpoint=Endpoint("GET", "/@evil.example/x")))
    assert only_exchange(comparison).url == f"{comparison.connection.base_url}/@evil.example/x"
