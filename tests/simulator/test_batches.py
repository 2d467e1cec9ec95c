"""The simulator's Message Batches, with the SDK and by hand."""

import json
import time
from typing import Any

import anthropic
import pytest

from betaconsole.simulator import Pace, Simulator
from betaconsole.simulator.batch import Results

from .rules import rules
from .talk import ask, say

PATH = "/v1/messages/batches"
MODEL = "claude-opus-5-5"
BUSY = {"extra_headers": {"x-simulator": "tps=80"}}


def request(custom_id: str, /, text: Any = "Name a river.", **changes: Any) -> dict[str, Any]:
    params = {"max_tokens": 400, "messages": [{"role": "user", "content": text}], **changes}
    return {"custom_id": custom_id, "params": ask(params)}


def results(client: anthropic.Anthropic, batch_id: str) -> dict[str, Any]:
    return {each.custom_id: each.result for each in client.messages.batches.results(batch_id)}


def wait_for(client: anthropic.Anthropic, batch_id: str) -> Any:
    until_s = time.monotonic() + 60
    while (batch := client.messages.batches.retrieve(batch_id)).processing_status != "ended":
        assert time.monotonic() < until_s, "the batch did not end"
        time.sleep(0.02)
    return batch


@pytest.mark.parametrize("space", ["stable", "beta"])
def test_the_sdk_creates_a_batch_and_reads_its_results(client, space):
    batches = client.beta.messages.batches if space == "beta" else client.messages.batches
    made = batches.create(requests=[request("a"), request("b", model="claude-none"), request("c")])
    assert (made.processing_status, made.request_counts.processing, made.results_url) == ("in_progress", 3, None)
    assert (made.expires_at - made.created_at).total_seconds() == 24 * 3600
    ended = batches.retrieve(made.id)
    assert (ended.processing_status, ended.request_counts.to_dict()) == (
        "ended",
        {"processing": 0, "succeeded": 2, "errored": 1, "canceled": 0, "expired": 0},
    )
    found = {each.custom_id: each.result for each in batches.results(made.id)}
    assert {custom_id: result.type for custom_id, result in found.items()} == {
        "a": "succeeded",
        "b": "errored",
        "c": "succeeded",
    }
    assert found["a"].message.usage.service_tier == "batch"
    assert found["b"].error.error.type == "not_found_error"
    assert found["b"].error.request_id.startswith("req_")
    assert [each.id for each in batches.list()] == [made.id]
    assert batches.delete(made.id).to_dict() == {"id": made.id, "type": "message_batch_deleted"}
    with pytest.raises(anthropic.NotFoundError):
        batches.retrieve(made.id)


def test_each_request_of_a_batch_is_answered_as_it_would_be_live():
    requests = [request("one"), request("other", text="Name a lake."), request("again"), request("named")]
    requests[3]["params"]["messages"][0]["content"] += " [[simulator: repeat=7]]"
    simulator = Simulator(rules(), pace=Pace.at_once())
    batch = say(simulator.dial(repeat=1), {"requests": requests}, path=PATH).json
    lines = say(simulator.dial(), None, method="GET", path=f"{PATH}/{batch['id']}/results").body.splitlines()
    found = {line["custom_id"]: line["result"]["message"] for line in map(json.loads, lines)}
    for each, repeat in zip(requests, (1, 1, 2, None), strict=True):
        live = say(simulator.dial(repeat=repeat), each["params"]).json
        assert live["usage"].pop("service_tier") == "standard"
        assert found[each["custom_id"]]["usage"].pop("service_tier") == "batch"
        assert found[each["custom_id"]] == live


def test_until_it_ends_a_batch_counts_all_as_processing_and_has_no_results(client):
    made = client.messages.batches.create(requests=[request("a")], **BUSY)
    seen = client.messages.batches.retrieve(made.id)
    assert (seen.processing_status, seen.request_counts.processing, seen.ended_at) == ("in_progress", 1, None)
    with pytest.raises(anthropic.AnthropicError, match="No `results_url`"):
        client.messages.batches.results(made.id)
    with pytest.raises(anthropic.BadRequestError, match="has no results yet"):
        client.get(f"{PATH}/{made.id}/results", cast_to=object)
    with pytest.raises(anthropic.BadRequestError, match="cannot be deleted before it has ended"):
        client.messages.batches.delete(made.id)
    client.messages.batches.cancel(made.id)


def test_a_batch_takes_two_seconds_and_something_for_each_request_divided_by_the_pace(client):
    requests = [request(str(number)) for number in range(25)]
    made = client.messages.batches.create(requests=requests, extra_headers={"x-simulator": "tps=800"})
    ended = wait_for(client, made.id)
    assert 0.25 <= (ended.ended_at - ended.created_at).total_seconds() < 60


def test_the_first_request_may_say_the_pace_of_its_batch(client):
    slow = request("a", text="Name a river. [[simulator: tps=80]]")
    made = client.messages.batches.create(requests=[slow, request("b")])
    assert client.messages.batches.retrieve(made.id).processing_status == "in_progress"
    client.messages.batches.cancel(made.id)


def test_a_canceled_batch_keeps_what_has_run(client):
    requests = [request(str(number)) for number in range(1_000)]
    made = client.messages.batches.create(requests=requests, extra_headers={"x-simulator": "tps=800"})
    time.sleep(0.3)
    canceling = client.messages.batches.cancel(made.id)
    assert (canceling.processing_status, canceling.ended_at) == ("canceling", None)
    assert canceling.cancel_initiated_at >= made.created_at
    assert client.messages.batches.cancel(made.id).cancel_initiated_at == canceling.cancel_initiated_at
    counts = wait_for(client, made.id).request_counts
    assert counts.succeeded + counts.canceled == 1_000
    assert 0 < counts.succeeded < 1_000
    kinds = [result.type for result in results(client, made.id).values()]
    assert (kinds.count("succeeded"), kinds.count("canceled")) == (counts.succeeded, counts.canceled)
    with pytest.raises(anthropic.BadRequestError, match="already ended"):
        client.messages.batches.cancel(made.id)


@pytest.mark.parametrize("where", ["header", "text"])
def test_a_batch_may_run_out_of_time_half_way(client, where):
    requests = [request(str(number)) for number in range(5)]
    headers = {"x-simulator": "batch=expire"} if where == "header" else {}
    if where == "text":
        requests[0]["params"]["messages"][0]["content"] += " [[simulator: batch=expire]]"
    made = client.messages.batches.create(requests=requests, extra_headers=headers)
    ended = client.messages.batches.retrieve(made.id)
    assert ended.request_counts.to_dict() == {
        "processing": 0,
        "succeeded": 2,
        "errored": 0,
        "canceled": 0,
        "expired": 3,
    }
    assert ended.ended_at >= ended.expires_at
    assert sorted(result.type for result in results(client, made.id).values()) == ["expired"] * 3 + ["succeeded"] * 2


def test_what_a_batch_cannot_do_is_an_errored_result(client):
    refused = {
        "stream": request("stream", stream=True),
        "no output": request("no output", max_tokens=0),
        "gated": request("gated", made_up_field=1),
        "failing": request("failing", text="Name a river. [[simulator: fault=529]]"),
    }
    made = client.messages.batches.create(requests=[*refused.values(), request("fine", stream=False)])
    found = results(client, made.id)
    assert found.pop("fine").type == "succeeded"
    assert {name: result.error.error.type for name, result in found.items()} == {
        "stream": "invalid_request_error",
        "no output": "invalid_request_error",
        "gated": "invalid_request_error",
        "failing": "overloaded_error",
    }


def test_a_request_of_a_batch_may_refer_to_a_file(client):
    def about(file_id: str) -> dict[str, Any]:
        source = {"type": "file", "file_id": file_id}
        return request(file_id, text=[{"type": "document", "source": source}, {"type": "text", "text": "Sum it up."}])

    kept = client.files.upload(file=("paper.pdf", b"%PDF", "application/pdf"))
    made = client.messages.batches.create(requests=[about(kept.id), about("file_none")])
    found = results(client, made.id)
    assert found[kept.id].type == "succeeded"
    assert found["file_none"].error.error.type == "not_found_error"


def test_fallbacks_are_refused_in_batches_with_their_beta_too(client):
    betas = ["server-side-fallback-2026-07-01"]
    made = client.beta.messages.batches.create(requests=[request("a", fallbacks="default", model=MODEL)], betas=betas)
    assert results(client, made.id)["a"].type == "errored"


def test_a_beta_lets_a_batch_write_300_000_tokens(client):
    def outcome(betas: list[str], tokens: int) -> str:
        requests = [request("a", model=MODEL, max_tokens=tokens)]
        made = client.beta.messages.batches.create(requests=requests, betas=betas or anthropic.omit)
        return results(client, made.id)["a"].type

    assert outcome([], 300_000) == "errored"
    assert outcome(["output-300k-2026-03-24"], 300_000) == "succeeded"
    assert outcome(["output-300k-2026-03-24"], 300_001) == "errored"


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({}, "requests: Field required"),
        ({"requests": []}, "requests: List should have at least 1 item after validation, not 0"),
        ({"requests": {}}, "requests: Input should be a valid array"),
        ({"requests": [1]}, "requests.0: Input should be a valid dictionary"),
        ({"requests": [request("a")], "model": MODEL}, "model: Extra inputs are not permitted"),
        ({"requests": [{"params": {}}]}, "requests.0.custom_id: Field required"),
        ({"requests": [{"custom_id": "a"}]}, "requests.0.params: Field required"),
        ({"requests": [request("a") | {"betas": []}]}, "requests.0.betas: Extra inputs are not permitted"),
        ({"requests": [request("")]}, "requests.0.custom_id: String should have at least 1 character"),
        ({"requests": [request("a" * 65)]}, "requests.0.custom_id: String should have at most 64 characters"),
        ({"requests": [{"custom_id": 1, "params": {}}]}, "requests.0.custom_id: Input should be a valid string"),
        ({"requests": [{"custom_id": "a", "params": 1}]}, "requests.0.params: Input should be a valid dictionary"),
        ({"requests": [request("a"), request("a")]}, "requests.1.custom_id: must be unique within the batch"),
        (
            {"requests": [{"custom_id": "a", "params": {}}] * 100_001},
            "requests: List should have at most 100000 items after validation, not 100001",
        ),
    ],
)
def test_a_batch_out_of_shape_is_refused_at_once(simulator, body, says):
    reply = say(simulator.dial(), body, path=PATH)
    assert (reply.status, reply.message) == (400, says)


def test_batches_are_listed_newest_first_in_pages(client):
    ids = [client.messages.batches.create(requests=[request("a")]).id for _ in range(5)][::-1]
    page = client.messages.batches.list(limit=2)
    assert ([batch.id for batch in page.data], page.has_more, page.last_id) == (ids[:2], True, ids[1])
    assert [batch.id for batch in client.messages.batches.list(limit=2)] == ids
    assert [batch.id for batch in client.messages.batches.list(before_id=ids[4], limit=3).data] == ids[1:4]
    with pytest.raises(anthropic.BadRequestError, match="after_id"):
        client.messages.batches.list(after_id="msgbatch_none")


def test_other_keys_have_other_batches(client):
    made = client.messages.batches.create(requests=[request("a")])
    stranger = client.with_options(api_key="sk-ant-other")
    assert list(stranger.messages.batches.list()) == []
    for ask_for in (stranger.messages.batches.retrieve, stranger.messages.batches.cancel):
        with pytest.raises(anthropic.NotFoundError):
            ask_for(made.id)


def test_results_are_sent_in_small_pieces_however_many_there_are():
    results = Results()
    lines = [b"%d " % number + b"x" * 1_000 + b"\n" for number in range(1_000)]
    results.add(lines)
    results.close()
    assert [len(part.data) < 70_000 for part in results] == [True] * len(results)
    assert len(results) > 10
    assert results.size_bytes < 100_000
    assert b"".join(part.data for part in results) == b"".join(lines)


def test_500_requests_are_answered_in_a_moment_in_any_order(client):
    requests = [request(str(number), text=f"Name river number {number}.") for number in range(500)]
    began = time.process_time()  # the simulator's threads are this process's
    made = client.messages.batches.create(requests=requests, timeout=60)
    lines = list(client.messages.batches.results(made.id))
    assert time.process_time() - began < 30
    assert {line.result.type for line in lines} == {"succeeded"}
    order = [int(line.custom_id) for line in lines]
    assert sorted(order) == list(range(500))
    assert order != sorted(order)
