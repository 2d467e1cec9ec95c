"""Message Batches: /v1/messages/batches. Each request goes the way of POST /v1/messages, at its time."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from .admission import read_body
from .batch import Batch, BatchPlan
from .messages import message_alone, wishes_in
from .pace import Pace
from .pages import Listing
from .refusals import Refusal, invalid
from .rules import Rules
from .seeds import Repeats, new_ident
from .visits import Caller, Visit, World
from .wire import Answer, Request

MOST_REQUESTS = 100_000
MOST_ID_CHARS = 64
LONG_OUTPUT = "output-300k-2026-03-24"
AT_ONCE_S = 30.0
LINES_TYPE = ("content-type", "application/x-jsonl")


def create_batch(visit: Visit, caller: Caller) -> dict[str, Any]:
    """Take up a batch and start it. At an endless pace it has ended when the next request comes."""
    body = read_body(visit.request)
    requests = _check_requests(body)
    visit.wish(wishes_in(requests[0]["params"]))
    plan = BatchPlan(
        tuple(each["custom_id"] for each in requests),
        speed=visit.paced().tps / Pace().tps,
        expires=visit.wishes.batch == "expire",
    )
    params = [json.dumps(each["params"]).encode() for each in requests]
    batch = Batch(new_ident("msgbatch_"), caller.key_name, plan, params, visit.seeded(body).rng("order"))
    shown = batch.shown(_origin(visit))
    for dropped in visit.world.batches.put(batch):
        dropped.cancel()
    runner = _Runner(visit, caller)
    threading.Thread(target=batch.work, args=(runner.run,), name=f"simulator {batch.id}", daemon=True).start()
    if plan.due_s(1) == 0:
        batch.ended.wait(AT_ONCE_S)
    return shown


def list_batches(visit: Visit, caller: Caller) -> dict[str, Any]:
    """Newest first, by `after_id` or `before_id`."""
    batches, origin = visit.world.batches, _origin(visit)
    listing = Listing(batches.newest_first(caller.key_name), batches.place, lambda batch: batch.shown(origin))
    return listing.by_id(visit.request.query)


def retrieve_batch(visit: Visit, caller: Caller, batch_id: str) -> dict[str, Any]:
    return _find(visit, caller, batch_id).shown(_origin(visit))


def cancel_batch(visit: Visit, caller: Caller, batch_id: str) -> dict[str, Any]:
    """Stop a batch: what has not run yet is canceled. Canceling again changes nothing."""
    batch = _find(visit, caller, batch_id)
    if not batch.cancel():
        raise invalid(f"Batch {batch_id} cannot be canceled because it has already ended")
    return batch.shown(_origin(visit))


def delete_batch(visit: Visit, caller: Caller, batch_id: str) -> dict[str, Any]:
    if not _find(visit, caller, batch_id).ended.is_set():
        raise invalid(f"Batch {batch_id} cannot be deleted before it has ended; cancel it first")
    visit.world.batches.drop(batch_id, caller.key_name)
    return {"id": batch_id, "type": "message_batch_deleted"}


def batch_results(visit: Visit, caller: Caller, batch_id: str) -> Answer:
    """The results as a stream of JSON lines, once the batch has ended."""
    batch = _find(visit, caller, batch_id)
    if not batch.ended.is_set():
        raise invalid(f"Batch {batch_id} has no results yet: its processing has not ended")
    return Answer(200, (LINES_TYPE, *visit.headers()), batch.results, None, visit.quick_s())


class _Runner:
    """Answers the requests of one batch. Equal ones are repeats of each other, counted within the batch."""

    def __init__(self, visit: Visit, caller: Caller) -> None:
        world = visit.world
        self._world: World = replace(world, repeats=Repeats(), rules=_rules(world.rules, caller))
        self._headers = visit.request.headers
        self._caller = caller

    def run(self, number: int, params: bytes) -> dict[str, Any]:
        visit = Visit(self._world, Request("POST", "/v1/messages", self._headers, params))
        try:
            _check_params(json.loads(params))
            message = message_alone(visit, self._caller).as_json()
        except Refusal as refusal:
            return {"type": "errored", "error": refusal.envelope(visit.request_id)}
        except RecursionError:
            return {"type": "errored", "error": invalid("Nested too deeply").envelope(visit.request_id)}
        message["usage"]["service_tier"] = "batch"
        return {"type": "succeeded", "message": message}


def _rules(rules: Rules, caller: Caller) -> Rules:
    """The rules within a batch: with the beta for it some models may write more."""
    if LONG_OUTPUT not in caller.betas:
        return rules
    models = {
        name: replace(model, max_tokens=model.max_batch_tokens or model.max_tokens)
        for name, model in rules.models.items()
    }
    return replace(rules, models=models)


def _check_requests(body: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """What can be refused at once: everything but the `params` themselves, which are checked when they run."""
    requests = body.get("requests")
    if "requests" not in body:
        raise invalid("requests: Field required")
    if not isinstance(requests, list):
        raise invalid("requests: Input should be a valid array")
    if not requests:
        raise invalid("requests: List should have at least 1 item after validation, not 0")
    if len(requests) > MOST_REQUESTS:
        raise invalid(f"requests: List should have at most {MOST_REQUESTS} items after validation, not {len(requests)}")
    for name in body.keys() - {"requests"}:
        raise invalid(f"{name}: Extra inputs are not permitted")
    seen: set[str] = set()
    for number, request in enumerate(requests):
        _check_request(f"requests.{number}", request)
        if request["custom_id"] in seen:
            raise invalid(f"requests.{number}.custom_id: must be unique within the batch")
        seen.add(request["custom_id"])
    return requests


def _check_request(place: str, request: Any) -> None:
    if not isinstance(request, dict):
        raise invalid(f"{place}: Input should be a valid dictionary")
    for name in ("custom_id", "params"):
        if name not in request:
            raise invalid(f"{place}.{name}: Field required")
    for name in request.keys() - {"custom_id", "params"}:
        raise invalid(f"{place}.{name}: Extra inputs are not permitted")
    custom_id = request["custom_id"]
    if not isinstance(custom_id, str):
        raise invalid(f"{place}.custom_id: Input should be a valid string")
    if not custom_id:
        raise invalid(f"{place}.custom_id: String should have at least 1 character")
    if len(custom_id) > MOST_ID_CHARS:
        raise invalid(f"{place}.custom_id: String should have at most {MOST_ID_CHARS} characters")
    if not isinstance(request["params"], dict):
        raise invalid(f"{place}.params: Input should be a valid dictionary")


def _check_params(params: Mapping[str, Any]) -> None:
    """What a message may ask for, but not in a batch."""
    if params.get("stream"):
        raise invalid("stream: Input should be False")
    if params.get("max_tokens") == 0:
        raise invalid("max_tokens: Input should be greater than or equal to 1")
    if "fallbacks" in params:
        raise invalid("fallbacks: Extra inputs are not permitted")


def _find(visit: Visit, caller: Caller, batch_id: str) -> Batch:
    found = visit.world.batches.find(batch_id, caller.key_name)
    if found is None:
        raise Refusal(404, f"Message Batch {batch_id} not found")
    return found


def _origin(visit: Visit) -> str:
    """Where this simulator was reached: the results of a batch are there too."""
    return f"http://{visit.request.value('host') or 'simulator'}"
