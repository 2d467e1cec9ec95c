"""One exchange in full: exactly what was sent and received, and everything that can be read from it."""

import html
import json
import re
import time

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from betaconsole.claude.headers import KEY_REFERENCE
from betaconsole.claude.multipart import Part, encode
from betaconsole.runs.models import Body, Exchange, Segment
from betaconsole.runs.pages.exchange_page import LANGUAGES, MAX_SHOWN_BYTES, body_view, flat, public_url
from betaconsole.runs.pages.timeline import MAX_ROWS, timeline_of
from betaconsole.runs.sending.exchange_facts import sent_betas
from betaconsole.runs.states import State
from betaconsole.teams.models import Connection
from tests.builders import CONTEXT, SENT_AT, THINKING, make_comparison, make_exchange, message

pytestmark = pytest.mark.django_db


@pytest.fixture
def comparison(team, ann):
    return make_comparison(team, ann, betas=[[], [THINKING], [THINKING, CONTEXT]], exchanges=False)


@pytest.fixture
def exchange(comparison):
    return make_exchange(comparison, comparison.variants.get(position=1), answer=message("Hello **there**."))


def shown(client, exchange):
    """The page's words as a reader sees them."""
    source = client.get(exchange.get_absolute_url()).content.decode()
    return html.unescape(re.sub(r"<[^>]*>", "", source))


def test_the_request_is_shown_exactly_as_it_was_sent(client, exchange):
    page = shown(client, exchange)
    lines = [f"{name}: {value}" for name, value in exchange.request_headers]
    assert "\n".join(["POST http://simulator.invalid/v1/messages", *lines]) in page
    assert f"x-api-key: {KEY_REFERENCE}" in page
    assert bytes(exchange.request_body.data).decode() in page


def test_the_response_is_shown_exactly_as_it_came(client, exchange):
    page = shown(client, exchange)
    assert "HTTP 200\ncontent-type: text/event-stream\nrequest-id: req_011CTexample" in page
    assert bytes(exchange.response_body.data).decode() in page


def test_what_was_read_from_it_stands_beside(client, exchange):
    source = client.get(exchange.get_absolute_url()).content.decode()
    assert "<strong>there</strong>" in source
    assert "stop_reason" in source
    assert "2604" in source


def test_both_bodies_can_be_downloaded_byte_for_byte(client, exchange):
    for name, body in (("request", exchange.request_body), ("response", exchange.response_body)):
        answer = client.get(f"{exchange.get_absolute_url()}{name}/")
        assert answer.content == bytes(body.data)
        assert answer["Content-Type"] == "application/octet-stream"
        assert answer["Content-Disposition"] == f'attachment; filename="{exchange.public_id}-{name}.bin"'
        assert answer["X-Content-Type-Options"] == "nosniff"


def test_numbers_are_laid_out_as_they_were_spelt():
    view = body_view(b'{"a":1.0,"b":1e2,"c":12345678901234567890123}')
    assert re.sub(r"<[^>]*>", "", view.pretty).replace("&quot;", '"') == (
        '{\n  "a": 1.0,\n  "b": 1e2,\n  "c": 12345678901234567890123\n}'
    )


@pytest.mark.parametrize(
    "data", [b"", b"event: ping\n\n", b"<html>", b"{", b'"text"', b"[" * 500, b'{"a":1,"a":2}', b"\xff\xfe"]
)
def test_what_is_no_json_document_is_shown_as_it_is(data):
    view = body_view(data)
    assert view.pretty is None
    assert view.size == len(data)


def test_nul_bad_utf8_and_lone_surrogates_break_nothing(client, comparison, team):
    body = Body.keep(team.pk, b'{"text": "\x00 \\ud800 \xff"}')
    sent = Body.keep(team.pk, b'{"messages": [{"role": "user", "content": "\\u0000 \\ud800"}]}')
    answer = message("\x00 \ud800", usage={"input_tokens": 1, "\x00": "\ud800"})
    odd = make_exchange(comparison, comparison.variants.first(), answer=answer)
    Exchange.objects.filter(pk=odd.pk).update(response_body=body, request_body=sent)
    source = client.get(odd.get_absolute_url()).content
    assert b"\x00" not in source
    source.decode("utf-8")
    assert client.get(f"{odd.get_absolute_url()}response/").content == b'{"text": "\x00 \\ud800 \xff"}'


def test_ten_megabytes_are_shown_in_part_and_downloaded_whole(client, comparison, team):
    text = json.dumps({"messages": [{"role": "user", "content": "word " * 2_000_000}]}).encode()
    big = make_exchange(comparison, comparison.variants.first())
    body = Body.keep(team.pk, text)
    Exchange.objects.filter(pk=big.pk).update(response_body=body, request_body=body)
    started = time.process_time()
    answer = client.get(big.get_absolute_url())
    assert time.process_time() - started < 12
    assert len(answer.content) < 4 * MAX_SHOWN_BYTES
    assert "10.0 MB: only the beginning is shown here" in answer.content.decode()
    assert "the code is there to download" in answer.content.decode()
    assert client.get(f"{big.get_absolute_url()}request/").content == text


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_request_is_there_as_code_without_the_key(client, exchange, language):
    code = client.get(f"{exchange.get_absolute_url()}code/?language={language}").content.decode()
    assert THINKING in code
    assert "A-1043" in code
    assert code.strip() in shown(client, exchange)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_code_of_an_upload_sends_its_parts_and_says_for_whom(client, comparison, exchange, language):
    data, content_type = encode([Part("file", b"%PDF", "apples.pdf", "application/pdf")])
    exchange.request_headers = [["content-type", content_type], ["anthropic-workspace-id", "wrkspc_01"]]
    exchange.request_body_id = Body.keep(comparison.team_id, data)
    exchange.url = f"{comparison.connection.base_url}/v1/files"
    exchange.save()
    code = client.get(f"{exchange.get_absolute_url()}code/?language={language}").content.decode()
    assert "apples.pdf" in code
    assert "application/pdf" in code
    assert "wrkspc_01" in code
    assert "%PDF" not in code


def test_what_to_do_about_a_refusal_depends_on_the_endpoint(client, comparison):
    column = comparison.variants.first()
    refused = {"state": State.FAILED, "failure_kind": "http_error", "status": 404, "error_type": "not_found_error"}
    url = f"{comparison.connection.base_url}/v1/agents"
    exchange = make_exchange(comparison, column, **refused, error_message="Not found", url=url)
    assert "tick managed-agents-2026-04-01" in shown(client, exchange)


def test_code_in_an_unknown_language_is_not_found(client, exchange):
    assert client.get(f"{exchange.get_absolute_url()}code/?language=cobol").status_code == 404


def test_the_neighbouring_columns_are_one_click_away(client, comparison, exchange):
    before = make_exchange(comparison, comparison.variants.get(position=0))
    after = make_exchange(comparison, comparison.variants.get(position=2))
    make_exchange(comparison, comparison.variants.get(position=0), repeat=2)
    source = client.get(exchange.get_absolute_url()).content.decode()
    assert f'href="{before.get_absolute_url()}" title="Baseline">‹ A' in source
    assert f'href="{after.get_absolute_url()}" title="Column 2">C ›' in source
    assert f'href="{comparison.get_absolute_url()}?case=0&amp;repeat=1"' in source


def test_other_attempts_of_the_cell_are_named(client, comparison):
    column = comparison.variants.first()
    first = make_exchange(comparison, column, state=State.INTERRUPTED)
    second = make_exchange(comparison, column, attempt=2)
    assert first.get_absolute_url() in client.get(second.get_absolute_url()).content.decode()
    assert second.get_absolute_url() in client.get(first.get_absolute_url()).content.decode()


def test_figures_are_set_beside_the_column_it_is_compared_with(client, comparison, exchange):
    base = make_exchange(comparison, comparison.variants.first())
    Exchange.objects.filter(pk=base.pk).update(output_tokens=910)
    assert "455−50 %" in shown(client, exchange).replace("\n", "")


def test_an_error_stands_on_top_with_what_to_do(client, comparison):
    refused = make_exchange(
        comparison,
        comparison.variants.last(),
        state=State.FAILED,
        status=400,
        failure_kind="http_error",
        error_type="invalid_request_error",
        error_message=f"Unsupported beta header: {CONTEXT}",
        refused_betas=[CONTEXT],
    )
    page = shown(client, refused)
    assert f"Unsupported beta header: {CONTEXT}" in page
    assert "400 refused" in page
    assert "Copy for support" in page


def test_support_can_be_asked_about_an_answer_that_came_and_about_no_other_ending(client, comparison):
    column = comparison.variants.get(position=1)
    answered, running, skipped = (
        make_exchange(comparison, column, repeat=repeat, state=state, answer=answer)
        for repeat, (state, answer) in enumerate(
            [(State.SUCCEEDED, message("Hello.")), (State.STREAMING, None), (State.SKIPPED, None)], start=1
        )
    )
    said = shown(client, answered).split("Copy for support", 1)[1]
    assert f"request-id: {answered.request_id}" in said
    assert "status: 200, succeeded" in said
    assert f"outcome of {THINKING}: accepted, no visible effect" in said
    assert "Copy for support" not in shown(client, running)
    assert "Copy for support" not in shown(client, skipped)


def test_an_exchange_in_flight_shows_what_is_stored_so_far(client, comparison):
    going = make_exchange(comparison, comparison.variants.first(), state=State.STREAMING, status=200, sent_at=SENT_AT)
    Segment.objects.create(exchange=going, seq=0, data=b"event: ping\n", timeline=[[12.5, 12, "ping"]])
    Segment.objects.create(exchange=going, seq=1, data=b"data: {}\n\n", timeline=[])
    page = shown(client, going)
    assert "event: ping\ndata: {}" in page
    assert "watch it arrive" in page
    assert "ping 1" in page


def test_one_that_never_got_an_answer_says_so(client, comparison):
    lost = make_exchange(comparison, comparison.variants.first(), state=State.UNKNOWN_OUTCOME)
    assert "No status line came back." in shown(client, lost)


def test_every_field_of_the_usage_is_shown_nested_ones_by_their_path():
    usage = {"a": 1, "b": {"c": None, "d": {}}, "e": [{"f": "g"}, 2], "h": []}
    assert list(flat(usage)) == [
        ("a", "1"),
        ("b.c", "null"),
        ("b.d", "{}"),
        ("e[0].f", '"g"'),
        ("e[1]", "2"),
        ("h", "[]"),
    ]


def test_the_betas_are_read_from_the_header_that_was_sent(exchange):
    exchange.request_headers = [["Anthropic-Beta", "a,b"], ["x", "y"], ["anthropic-beta", "c"]]
    assert sent_betas(exchange) == ("a", "b", "c")


def test_the_page_costs_the_same_queries_for_three_columns_and_for_thirty(client, team, ann):
    def queries(comparison):
        exchanges = [make_exchange(comparison, variant) for variant in comparison.variants.all()]
        with CaptureQueriesContext(database) as captured:
            client.get(exchanges[1].get_absolute_url())
        return len(captured)

    few = queries(make_comparison(team, ann, betas=[[]] * 3, exchanges=False))
    assert queries(make_comparison(team, ann, betas=[[]] * 30, exchanges=False)) == few <= 8


# The drawn stream ---------------------------------------------------------------------------------------------------


def test_the_timeline_draws_every_event_and_lists_gaps_and_sizes():
    events = [[100.0, 50, "message_start"], [150.5, 90, "ping"], [1100.0, 200, "ping"]]
    timeline = timeline_of(events)
    assert [(row.number, row.gap_ms, row.bytes) for row in timeline.rows] == [
        (1, 100.0, 50),
        (2, 50.5, 40),
        (3, 949.5, 110),
    ]
    assert [(track.label, track.count) for track in timeline.tracks] == [("message_start", 1), ("ping", 2)]
    assert [tick.label for tick in timeline.ticks] == ["0 ms", "500 ms", "1 s"]


def test_no_event_is_no_timeline():
    assert timeline_of([]) is None


def test_twenty_thousand_events_are_drawn_in_a_bounded_space():
    timeline = timeline_of([[number * 1.5, number * 10, "content_block_delta"] for number in range(20_000)])
    assert len(timeline.tracks[0].path) < 200_000
    assert len(timeline.rows) == MAX_ROWS
    assert timeline.more == 20_000 - MAX_ROWS


def test_all_events_at_the_same_moment_are_still_drawn():
    assert timeline_of([[0.0, 1, "a"], [0.0, 2, "b"]]).tracks[1].path


def test_a_stream_of_many_unknown_types_stays_readable():
    assert len(timeline_of([[1.0, 1, f"type_{number}"] for number in range(500)]).tracks) <= 12


def test_code_for_a_simulated_exchange_asks_the_real_api() -> None:
    exchange = Exchange(url="http://simulator.invalid/v1/messages")
    exchange.connection = Connection(kind=Connection.Kind.SIMULATOR, base_url="http://simulator.invalid")
    assert public_url(exchange) == "https://api.anthropic.com/v1/messages"
    exchange.connection = Connection(kind=Connection.Kind.KEY, base_url="http://simulator.invalid")
    assert public_url(exchange) == exchange.url
