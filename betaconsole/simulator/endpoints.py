"""From a request to its answer: routes, checks in the API's order, the headers of every response."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from . import faults
from .admission import check_betas, check_key, check_shape, check_version, read_body
from .answering import Question, answer
from .caching import CacheUse, PromptCache
from .conversation import Conversation
from .directions import Directions, read_directions
from .editing import Edited, edit_context
from .effects import CONTEXT_MANAGEMENT
from .limits import (
    check_conversation,
    check_effort,
    check_limits,
    check_model,
    check_output_format,
    check_prompt,
    check_thinking,
    check_tool_choice,
    check_tools,
)
from .models import list_models, retrieve_model
from .pace import Pace
from .refusals import Refusal
from .rules import ModelRule, Rules
from .seeds import Repeats, Seed, new_request_id
from .stream import Tempo, encoded, frames
from .tokens import count, measure
from .wire import Answer, Request, whole_answer

ORGANIZATION = "00000000-0000-4000-8000-51a1a7ed0000"
QUICK_SHARE = 0.2
RATE_LIMITS = {"requests": 4_000, "input-tokens": 2_000_000, "output-tokens": 400_000, "tokens": 2_400_000}
JSON_TYPE = ("content-type", "application/json")
STREAM_TYPES = (("content-type", "text/event-stream; charset=utf-8"), ("cache-control", "no-cache"))


@dataclass(frozen=True)
class Caller:
    """Who asks, and how: what the headers say."""

    key_name: str
    version: str
    betas: tuple[str, ...]


class Api:
    """The simulated API without its transport: one request in, one timed answer out. Safe to call from many threads."""

    def __init__(self, rules: Rules, pace: Pace) -> None:
        self.rules = rules
        self.pace = pace
        self.repeats = Repeats()
        self.cache = PromptCache()

    def answer(self, request: Request, *, repeat: int | None = None) -> Answer:
        """Answer a request; refusals of every kind become error answers. `repeat` wins over what the request asks."""
        wishes = read_directions(request.value("x-simulator") or "")
        visit = _Visit(self, request, repeat, wishes)
        try:
            return visit.answer()
        except Refusal as refusal:
            return visit.refused(refusal)
        except RecursionError:
            return visit.refused(Refusal(400, "The request body is not valid JSON: nested too deeply"))


class _Visit:
    """One request on its way through. The seed is refined once the body is read."""

    def __init__(self, api: Api, request: Request, repeat: int | None, wishes: Directions) -> None:
        self._api = api
        self._request = request
        self._repeat = repeat
        self._wishes = wishes
        self._seed: Seed | None = None
        self._request_id = new_request_id()

    def answer(self) -> Answer:
        path = self._request.path.rstrip("/")
        if self._request.method == "POST" and path in ("/v1/messages", "/v1/messages/count_tokens"):
            return self._messages("messages" if path == "/v1/messages" else "messages.count_tokens")
        if self._request.method == "GET" and (path == "/v1/models" or path.startswith("/v1/models/")):
            return self._models(path)
        known = path in ("/v1/messages", "/v1/messages/count_tokens", "/v1/models")
        raise Refusal(405, "Method Not Allowed") if known else Refusal(404, "Not Found")

    def refused(self, refusal: Refusal) -> Answer:
        body = refusal.envelope(self._request_id)
        retry = "true" if refusal.status in (429, 500, 503, 504, 529) else "false"
        headers = (*refusal.headers, ("x-should-retry", retry))
        return self._whole(refusal.status, body, at_s=self._quick_s(), headers=headers)

    def _models(self, path: str) -> Answer:
        self._admit()
        if broken := self._broken_early():
            return broken
        name = path.removeprefix("/v1/models").strip("/")
        found = retrieve_model(self._api.rules, name) if name else list_models(self._api.rules, self._request.query)
        return self._whole(200, found, at_s=self._quick_s())

    def _messages(self, endpoint: str) -> Answer:
        caller = self._admit()
        body = read_body(self._request)
        self._read_wishes(body)
        self._seeded(body)
        if broken := self._broken_early():
            return broken
        check_output_format(body, caller.betas)
        check_shape(body, self._api.rules, endpoint=endpoint, betas=caller.betas, version=caller.version)
        model_id, model = check_model(body, self._api.rules)
        _check_meaning(body, model)
        edited = edit_context(body, caller.betas)
        if endpoint == "messages.count_tokens":
            return self._counted(body, edited, caller)
        check_limits(body, model_id, model, input_tokens=count(edited.body))
        use = self._cached(edited.body, f"{caller.key_name} {model_id}", model)
        question = Question(
            body,
            caller.betas,
            model_id,
            model,
            Conversation.of(body),
            self._seeded(),
            use,
            applied_edits=edited.applied,
            wanted_tokens=self._wishes.tokens,
        )
        return self._told(question)

    def _cached(self, body: Mapping[str, Any], owner: str, model: ModelRule) -> CacheUse:
        segments = measure(body)
        if marker := body.get("cache_control"):
            segments[-1] = replace(segments[-1], cache_ttl=marker.get("ttl") or "5m")
        ready_in_s = self._paced().ttft_ms / 1000
        return self._api.cache.use(segments, owner=owner, least_tokens=model.min_cache_tokens, ready_in_s=ready_in_s)

    def _admit(self) -> Caller:
        if self._request.too_large:
            read_body(self._request)
        rules = self._api.rules
        return Caller(check_key(self._request), check_version(self._request, rules), check_betas(self._request, rules))

    def _counted(self, body: Mapping[str, Any], edited: Edited, caller: Caller) -> Answer:
        tokens = count(edited.body)
        check_prompt(tokens, check_model(body, self._api.rules)[1])
        counted: dict[str, Any] = {"input_tokens": tokens}
        if CONTEXT_MANAGEMENT in caller.betas and body.get("context_management"):
            counted["context_management"] = {"original_input_tokens": count(body)}
        return self._whole(200, counted, at_s=self._quick_s())

    def _told(self, question: Question) -> Answer:
        """The message, streamed or whole, with the fault it was to meet."""
        message = answer(question)
        tempo = self._tempo(question)
        fault = faults.strikes(self._wishes, self._seeded()) or ""
        if question.body.get("stream") and fault != "json":
            struck = faults.strike_stream(fault, frames(message, tempo), self._wishes)
            parts = encoded(struck.frames)
            headers = (*STREAM_TYPES, *self._headers())
            return Answer(200, headers, parts, None, parts[0].at_s if parts else tempo.ttft_s, struck.ending)
        whole = self._whole(200, message.as_json(), at_s=tempo.at(message.output_tokens))
        return faults.strike_body(fault, whole, self._wishes)

    def _tempo(self, question: Question) -> Tempo:
        use = question.input_use
        uncached = use.input_tokens + use.written_5m_tokens + use.written_1h_tokens
        rng = self._seeded().rng("pace")
        return Tempo.of(self._paced(), rng, input_tokens=uncached, model_pace=question.model.pace)

    def _broken_early(self) -> Answer | None:
        """The answer of a fault that needs no message."""
        fault = faults.strikes(self._wishes, self._seeded())
        if fault is None:
            return None
        if refusal := faults.status_refusal(fault, self._wishes):
            raise refusal
        if fault in ("413", "html"):
            return faults.edge_page(self._quick_s(), status=413 if fault == "413" else 200)
        return faults.without_answer(fault, self._wishes)

    def _read_wishes(self, body: Mapping[str, Any]) -> None:
        """Take up directives in the text; what the header says stands above them."""
        try:
            directives = Conversation.of(body).directives
        except (KeyError, TypeError, AttributeError):
            return
        self._wishes = read_directions(directives, self._request.value("x-simulator") or "")

    def _seeded(self, body: Mapping[str, Any] | None = None) -> Seed:
        """The seed of this request and repeat. Pace and transport do not count: JSON and stream tell the same message."""
        if self._seed is None:
            said = {key: value for key, value in (body or {}).items() if key != "stream"}
            betas = ",".join(self._request.values("anthropic-beta"))
            version = self._request.value("anthropic-version") or ""
            content = json.dumps(said, sort_keys=True) if body else self._request.body
            request = Seed.of(self._request.method, self._request.path, betas, version, content)
            asked = self._repeat if self._repeat is not None else self._wishes.repeat
            repeat = asked if asked is not None else self._api.repeats.next(request.digest)
            self._seed = Seed.of(request.digest, str(repeat))
        return self._seed

    def _paced(self) -> Pace:
        return self._wishes.pace(self._api.pace)

    def _quick_s(self) -> float:
        return self._paced().ttft_ms / 1000 * QUICK_SHARE

    def _whole(self, status: int, body: Any, *, at_s: float, headers: tuple[tuple[str, str], ...] = ()) -> Answer:
        data = json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")
        return whole_answer(status, (JSON_TYPE, *headers, *self._headers()), data, at_s=at_s)

    def _headers(self) -> tuple[tuple[str, str], ...]:
        reset = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        limits = [
            (f"anthropic-ratelimit-{kind}-{name}", str(value))
            for kind, most in RATE_LIMITS.items()
            for name, value in (
                ("limit", most),
                ("remaining", most - 1 if kind == "requests" else most),
                ("reset", reset),
            )
        ]
        return (
            ("date", time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime())),
            ("request-id", self._request_id),
            ("anthropic-organization-id", ORGANIZATION),
            *limits,
            ("x-simulated", "betaconsole"),
        )


def _check_meaning(body: Mapping[str, Any], model: ModelRule) -> None:
    check_conversation(body, model)
    check_tools(body)
    check_tool_choice(body, model)
    check_thinking(body, model)
    check_effort(body, model)
