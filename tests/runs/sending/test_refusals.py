"""What a far end refuses, from its socket to the page: sent once, told apart, shown with its words, never repeated by itself.

The console sends nothing a second time of its own accord, whatever the answer says about trying again: `run_again` is a
person's, and makes a further exchange.
"""

import html
import json
import re
from collections import Counter
from collections.abc import Mapping

import pytest
from django.test import Client

from betaconsole.runs.launching.adding import run_again
from betaconsole.runs.models import Exchange
from betaconsole.runs.states import State
from betaconsole.teams.models import Membership
from betaconsole.teams.solo import set_up_solo
from tests.runs.engines import KEY, connection_to, plan, run, running, wait_until_finished
from tests.runs.sending.test_engine import ANSWERING
from tests.upstream import Peer, Upstream, answer, read, send

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def ann(transactional_db: None) -> Membership:
    return set_up_solo()


class Refusing:
    """A far end that gives each beta's name an answer of its own; `asked` counts the requests for each."""

    def __init__(self, answers: Mapping[str, bytes]) -> None:
        self.answers = answers
        self.asked: Counter[str] = Counter()

    def __call__(self, peer: Peer) -> None:
        request = peer.read_request()
        beta = request.header("anthropic-beta") or ""
        self.asked[beta] += 1
        peer.send(self.answers[beta])


def refusal(status: int, kind: str, message: str, *lines: str) -> bytes:
    body = json.dumps({"type": "error", "error": {"type": kind, "message": message}})
    return answer(body.encode(), status, f"request-id: req_{status}", *lines)


def refused(ann: Membership, far_end: Refusing, *, repeats: int = 1) -> dict[str, list[Exchange]]:
    """The exchanges of a comparison with a column for each of the far end's answers, by their beta."""
    with Upstream(far_end) as upstream, running():
        asked = plan([[beta] for beta in far_end.answers], repeats=repeats)
        exchanges = wait_until_finished(run(ann, connection_to(ann, upstream.url), asked))
    found: dict[str, list[Exchange]] = {}
    for exchange in exchanges:
        found.setdefault(exchange.variant.betas[0], []).append(exchange)
    return found


def page_of(client: Client, exchange: Exchange) -> tuple[str, str]:
    """The source of an exchange's page, and its words as a reader sees them."""
    source = client.get(exchange.get_absolute_url()).content.decode()
    return source, html.unescape(re.sub(r"<[^>]*>", "", source))


def test_u1_a_refusal_of_key_account_or_model_is_shown_with_its_request_id_and_ends_its_column(
    ann: Membership, client: Client
) -> None:
    kinds = {401: "authentication_error", 402: "billing_error", 403: "permission_error", 404: "not_found_error"}
    far_end = Refusing({f"s-{status}": refusal(status, kind, f"No {kind} for {KEY}") for status, kind in kinds.items()})
    columns = refused(ann, far_end, repeats=2)
    assert far_end.asked == {f"s-{status}": 1 for status in kinds}
    for status, kind in kinds.items():
        first, second = columns[f"s-{status}"]
        assert (first.state, first.failure_kind, first.status) == (State.FAILED, "http_error", status)
        assert (first.error_type, first.request_id) == (kind, f"req_{status}")
        assert second.state == State.SKIPPED
        source, words = page_of(client, first)
        assert f"No {kind}" in words
        assert f"req_{status}" in words
        assert KEY not in source + first.error_message + repr(bytes(first.response_body.data))


def test_u3_a_page_of_the_edge_in_place_of_a_413_is_kept_raw_and_shown_as_text(ann: Membership, client: Client) -> None:
    page = b"<html>\r\n<title>413 Request Entity Too Large</title><script>alert(413)</script></html>"
    far_end = Refusing({"large": answer(page, 413, content_type="text/html")})
    [exchange] = refused(ann, far_end)["large"]
    assert (exchange.state, exchange.failure_kind, exchange.status) == (State.FAILED, "http_error", 413)
    assert "413 Request Entity Too Large" in exchange.error_message
    assert bytes(exchange.response_body.data) == page
    source, words = page_of(client, exchange)
    assert "<script>alert(413)" not in source
    assert "<script>alert(413)</script>" in words


def test_u4_a_rate_limit_is_shown_with_the_wait_it_asks_for_and_tried_again_only_by_a_person(
    ann: Membership, client: Client
) -> None:
    limited = refusal(429, "rate_limit_error", "Slow down", "retry-after: 3")
    with Upstream(scripts=[[read(), send(limited)], ANSWERING]) as upstream, running():
        comparison = run(ann, connection_to(ann, upstream.url), plan([[]]))
        [first] = wait_until_finished(comparison)
        assert (first.state, first.retry_after_s, len(upstream.requests)) == (State.FAILED, 3.0, 1)
        lanes = client.get(comparison.get_absolute_url()).content.decode()
        assert "429 · retry in 3 s" in lanes
        run_again(comparison, comparison.variants.get(), case=0, repeat=1, author=ann.user)
        [kept, second] = wait_until_finished(comparison)
        assert len(upstream.requests) == 2
    assert (kept.pk, kept.state, kept.attempt) == (first.pk, State.FAILED, 1)
    assert (second.state, second.attempt, second.repeat) == (State.SUCCEEDED, 2, 1)


@pytest.mark.parametrize("word", ["true", "false"])
def test_u6_whatever_x_should_retry_says_nothing_is_sent_again_by_itself(ann: Membership, word: str) -> None:
    limits = ["retry-after: 0", f"x-should-retry: {word}"]
    far_end = Refusing({"limited": refusal(429, "rate_limit_error", "Slow down", *limits)})
    [exchange] = refused(ann, far_end)["limited"]
    assert (exchange.state, far_end.asked["limited"]) == (State.FAILED, 1)


def test_u7_an_error_of_the_server_is_sent_once_and_told_apart_whatever_its_body(
    ann: Membership, client: Client
) -> None:
    kinds = {500: "api_error", 502: "api_error", 503: "api_error", 504: "timeout_error", 529: "overloaded_error"}
    answers = {f"json-{status}": refusal(status, kind, "The API said so") for status, kind in kinds.items()}
    answers |= {f"text-{status}": answer(b"upstream \xff error", status, content_type="text/plain") for status in kinds}
    far_end = Refusing(answers)
    columns = refused(ann, far_end)
    assert far_end.asked == dict.fromkeys(answers, 1)
    for beta, [exchange] in columns.items():
        how, status = beta.split("-")
        assert (exchange.state, exchange.failure_kind, exchange.status) == (State.FAILED, "http_error", int(status))
        assert exchange.error_type == (kinds[int(status)] if how == "json" else "")
        said = "The API said so" if how == "json" else "upstream \ufffd error"
        assert exchange.error_message == said
        assert said in page_of(client, exchange)[1]
