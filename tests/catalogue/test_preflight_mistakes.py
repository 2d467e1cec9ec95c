"""Preflight against the simulator's door: what that refuses is found before sending, and each fix ends what it is for."""

import json
import re
import socket
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from http.client import HTTPResponse

import pytest

from betaconsole.catalogue import preflight as preflight_module
from betaconsole.catalogue.checks.asked import ColumnRequest
from betaconsole.catalogue.checks.fixing import fixed
from betaconsole.catalogue.preflight import Finding, Level, preflight
from betaconsole.simulator import Simulator

from .asking import simulator
from .mistakes import BODY, TOOL, Case, cases, gated_bodies

TODAY = date(2026, 11, 22)
TO_BE_FOUND = 0.95
# The simulator's reasons that no look at the request could know.
ONLY_THE_API_KNOWS = ("the token cannot be redeemed: expired",)
FIELDS = {"count_tokens", "tool_result"}  # words with an underscore in those docstrings that are no codes
PLACE = re.compile(r"(?P<place>[a-z_]+(?:\.\w+)*): ")


def findings_of(request: ColumnRequest) -> list[Finding]:
    return preflight([request], today=TODAY)[0]


def refusal(far_end: Simulator, request: ColumnRequest) -> str:
    """What the simulator says against the request, empty where it takes it."""
    data = b"" if request.body is None else json.dumps(request.body).encode()
    headers = {"host": "simulator", "x-api-key": "sk-test", "connection": "close", "content-length": str(len(data))}
    headers |= {"anthropic-version": request.version} if request.version else {}
    headers |= {"anthropic-beta": ",".join(request.betas)} if request.betas else {}
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    with far_end.dial() as line:
        line.settimeout(20)
        line.sendall(f"{request.method} {request.path} HTTP/1.1\r\n{lines}\r\n".encode() + data)
        return _refusal(line)


def _refusal(line: socket.socket) -> str:
    response = HTTPResponse(line)
    response.begin()
    answer = response.read()
    return json.loads(answer)["error"]["message"] or "refused" if response.status >= 400 else ""


@dataclass(frozen=True)
class Told:
    """A case, what preflight says of it, and what the simulator says against it (empty where it takes it)."""

    case: Case
    findings: list[Finding]
    words: str


@pytest.fixture(scope="module")
def told() -> list[Told]:
    far_end = simulator()
    return [Told(case, findings_of(case.request), refusal(far_end, case.request)) for case in cases()]


def test_of_what_the_simulator_refuses_at_least_95_percent_are_found(told: list[Told]):
    refused = [each for each in told if each.words and not any(why in each.words for why in ONLY_THE_API_KNOWS)]
    missed = [each for each in refused if all(finding.level is Level.HINT for finding in each.findings)]
    tried, lost = Counter(each.case.kind for each in refused), Counter(each.case.kind for each in missed)
    share = 1 - len(missed) / len(refused)
    print(f"\n{len(refused):,} refused, {share:.1%} of them found before sending; missed: {len(missed)}")
    print("\n".join(f"  {str(each.case)[:200]} → {each.words[:120]}" for each in missed[:30]))
    assert len(refused) > 1_500
    assert share >= TO_BE_FOUND
    assert {kind: lost[kind] for kind in tried if lost[kind] > (1 - TO_BE_FOUND) * tried[kind]} == {}


def test_a_finding_names_the_place_that_the_refusal_names(told: list[Told]):
    named = [(each, found["place"]) for each in told if (found := PLACE.match(each.words))]
    unmet = [(each, place) for each, place in named if not any(_meets(place, found.path) for found in each.findings)]
    assert len(named) > 500
    assert len(unmet) <= (1 - TO_BE_FOUND) * len(named), [(str(each.case)[:150], place) for each, place in unmet[:20]]


def _meets(place: str, path: str) -> bool:
    """Whether one is the other, or leads to it."""
    return bool(path) and (place == path or place.startswith(f"{path}.") or path.startswith(f"{place}."))


def test_the_fix_of_an_error_ends_it(told: list[Told]):
    tried = 0
    for each in told:
        for finding in each.findings:
            for fix in filter(None, (finding.fix, finding.other)) if finding.level is Level.ERROR else ():
                after = findings_of(fixed(each.case.request, fix))
                same = (finding.code, finding.message)
                assert _count(after, same) < _count(each.findings, same), (str(each.case), finding, fix)
                tried += 1
    assert tried > 2_000


def _count(findings: list[Finding], same: tuple[str, str]) -> int:
    return sum((finding.code, finding.message) == same for finding in findings)


def test_every_code_that_a_rule_names_can_be_had(told: list[Told]):
    """And no rule says anything under another code than those in its docstring."""
    rules: list[Callable[..., object]] = [
        *preflight_module.REQUEST_RULES,
        *preflight_module.HEADER_RULES,
        *preflight_module.BODY_RULES,
    ]
    documented = {code for rule in rules for code in re.findall(r"[a-z]+(?:_[a-z]+)+", rule.__doc__ or "")} - FIELDS
    seen = {finding.code for each in told for finding in each.findings}
    seen |= {finding.code for request in more_requests() for finding in findings_of(request)}
    assert seen - documented == set()
    assert documented - seen == set()


def more_requests() -> list[ColumnRequest]:
    """Requests for the rules that are about something else than what the simulator refuses."""
    marked = [{**TOOL, "name": str(number), "cache_control": {"type": "ephemeral"}} for number in range(5)]
    profile = {"billing_policy": {"type": "billing_policy", "bill_to": "user_profile"}}
    return [
        ColumnRequest("many names", betas=tuple(f"a-{number}" for number in range(65))),
        ColumnRequest("agents", "GET", "/v1/agents"),
        ColumnRequest("list", body=[]),
        ColumnRequest("soon", body={**BODY, "model": "claude-sonnet-4-5"}),
        ColumnRequest("fast", betas=("fast-mode-2026-02-01",), body={**BODY, "speed": "fast"}),
        ColumnRequest("marks", body={**BODY, "tools": marked}),
        ColumnRequest("profile", body={**BODY, **profile}),
        ColumnRequest(
            "long", body={**BODY, "model": "claude-haiku-4-5", "max_tokens": 64_000, "system": "x" * 600_000}
        ),
        ColumnRequest(
            "effort",
            body={
                **BODY,
                "model": "claude-opus-5",
                "thinking": {"type": "disabled"},
                "output_config": {"effort": "max"},
            },
        ),
        ColumnRequest("skills", body={**BODY, "container": {"skills": [{}]}}),
        ColumnRequest(
            "batched",
            path="/v1/messages/batches",
            body={"requests": [{"custom_id": "a", "params": {**BODY, **profile, "stream": True}}]},
        ),
        ColumnRequest("old tool", betas=("computer-use-2024-10-22",), body=gated_bodies()["computer_20241022"][0]),
    ]
