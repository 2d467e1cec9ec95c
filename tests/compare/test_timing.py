"""The tab Timing: drawn streams, the numbers beside them, and what it says where there is no stream."""

import html
import re

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from betaconsole.compare.timing_drawing import LABELS, RIGHT, WIDTH
from betaconsole.runs.models import Exchange
from betaconsole.runs.states import State
from tests.builders import make_comparison, make_exchange
from tests.compare.streamed import streamed
from tests.diffing import recorded_times as made

pytestmark = pytest.mark.django_db

CALLS = made.stream(
    made.begin(),
    made.opened(0, "thinking", thinking=""),
    made.thought(0, "An order is asked for."),
    made.closed(0),
    made.opened(1, "tool_use", id="t", name="lookup_order", input={}),
    *[made.json_piece(1, piece) for piece in ('{"order', '_id": ', '"A-1"}')],
    made.closed(1),
    *made.ending(30),
)
SAYS = made.stream(
    made.begin(), made.opened(0, "text", text=""), made.text(0, "It is "), made.text(0, "here."), made.closed(0),
    *made.ending(9),
)  # fmt: skip


@pytest.fixture
def comparison(team, ann):
    return make_comparison(team, ann, betas=[[], [], []], exchanges=False)


def page(client, comparison, query=""):
    response = client.get(f"/comparisons/{comparison.public_id}/timing/{query}")
    assert response.status_code == 200
    return response.content.decode()


def words(source):
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", source)).split())


def test_both_streams_stand_on_one_axis_with_their_numbers_and_differences(client, comparison):
    streamed(comparison, "A", [SAYS])
    streamed(comparison, "B", [SAYS], at=lambda number: 200.0 * number)
    source = page(client, comparison)
    said = words(source)
    assert "First text 200 ms 400 ms +200 ms · +100 %" in said
    assert "Longest silence pings left out 100 ms from 0 ms 200 ms from 0 ms" in said
    assert "A: first byte at 0 ms, first text at 200 ms, longest silence 100 ms, end at 600 ms." in said
    # B's text block ends where its axis says 800 of 1,200 ms, A's at 400
    ends = {x + width for x, width in rectangles(source, "text")}
    assert ends == {LABELS + (WIDTH - LABELS - RIGHT) * share for share in (1 / 3, 2 / 3)}


def rectangles(source, sort):
    found = re.findall(
        rf'data-sort="{sort}"><title>[^<]*</title><rect x="([\d.]+)" y="[\d.]+" width="([\d.]+)"', source
    )
    return [(float(x), float(width)) for x, width in found]


def test_a_tool_loop_is_drawn_turn_after_turn_with_how_its_json_came(client, comparison):
    streamed(comparison, "A", [CALLS, CALLS, SAYS])
    streamed(comparison, "B", [SAYS])
    source = page(client, comparison)
    said = words(source)
    assert "turn 3" in said
    assert said.count("lookup_order: in 3 pieces") >= 2
    assert "A lookup_order 2 in 3 pieces 19 37 % 400 ms" in said
    assert "in turn 3" in said  # A's first text


def test_sorts_of_blocks_are_told_apart_by_patterns_and_every_sign_is_named(client, comparison):
    streamed(comparison, "A", [CALLS])
    streamed(comparison, "B", [SAYS])
    source = page(client, comparison)
    assert 'data-sort="thinking"' in source
    assert {'fill="url(#timing-thinking)"', 'fill="url(#timing-tool)"'} <= set(re.findall(r'fill="[^"]*"', source))
    legend = words(source[source.index('class="timing-legend"') :].partition("</ul>")[0])
    assert legend.endswith("First byte First thinking First text First tool JSON thinking text tool call")


def test_all_columns_stand_below_each_other(client, comparison):
    for letter in "ABC":
        streamed(comparison, letter, [SAYS])
    source = page(client, comparison, "?columns=all")
    assert re.findall(r'<g data-letter="(\w)">', source) == ["A", "B", "C"]
    assert "C − A" not in source


def test_a_pair_is_chosen_by_its_letters(client, comparison):
    for letter in "ABC":
        streamed(comparison, letter, [SAYS])
    source = page(client, comparison, "?column=C&against=B")
    assert re.findall(r'<g data-letter="(\w)">', source) == ["B", "C"]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"stream": False, "timeline": None}, "B: No stream: streaming was off, and the whole answer was there after 6.42 s."),
        ({"state": State.FAILED, "status": 400, "total_ms": 43.0}, "B: No stream: the request ended before an event came."),
        ({"state": State.STREAMING}, "B: Still under way: it is drawn when it has ended."),
    ],
)  # fmt: skip
def test_a_column_without_a_stream_says_why(client, comparison, values, said):
    streamed(comparison, "A", [SAYS])
    make_exchange(comparison, comparison.variants.get(position=1), **values)
    assert said in words(page(client, comparison))


def test_where_no_column_was_streamed_the_page_teaches(client, comparison):
    for position in (0, 1):
        make_exchange(comparison, comparison.variants.get(position=position), stream=False, timeline=None)
    source = page(client, comparison)
    assert "<svg class=" not in source
    assert "with stream on, the moment of every event is kept" in words(source)


def test_what_was_cut_off_is_compared_with_nothing(client, comparison):
    streamed(comparison, "A", [SAYS])
    (cut,) = streamed(comparison, "B", [SAYS[: SAYS.index(b"event: message_delta")]])
    Exchange.objects.filter(pk=cut.pk).update(state=State.INCOMPLETE, total_ms=2500.0)
    said = words(page(client, comparison))
    assert "Cut off" in said
    assert "Total 600 ms 2.50 s —" in said
    assert "Longest silence pings left out 100 ms from 0 ms 2.10 s" in said


def test_names_from_a_stream_are_text(client, comparison):
    hostile = CALLS.replace(b"lookup_order", b"<script>x</script>")
    streamed(comparison, "A", [hostile])
    streamed(comparison, "B", [hostile])
    assert "<script>x" not in page(client, comparison)


def test_any_number_of_columns_and_turns_costs_the_same_queries(client, team, ann):
    counted = []
    for columns, turns in ((2, 1), (6, 4)):
        comparison = make_comparison(team, ann, betas=[[]] * columns, exchanges=False)
        for variant in comparison.variants.all():
            streamed(comparison, variant.letter, [SAYS] * turns)
        with CaptureQueriesContext(
            database,
        ) as queries:
            page(client, comparison, "?columns=all")
        counted.append(len(queries))
    assert counted[0] == counted[1]


def test_a_stream_that_has_ended_is_read_once_however_often_it_is_looked_at(client, comparison):
    def look(query: str = "") -> tuple[str, int]:
        """What the page says, and how many streams were read for it."""
        with CaptureQueriesContext(database) as queries:
            said = words(page(client, comparison, query))
        return said, sum('"timeline"' in query["sql"] for query in queries.captured_queries)

    streamed(comparison, "A", [SAYS])
    streamed(comparison, "B", [SAYS], at=lambda number: 200.0 * number)
    first, again = look(), look()
    assert (first[1], again[1]) == (1, 0)
    assert again[0] == first[0]
    streamed(comparison, "C", [SAYS], at=lambda number: 90_000.0 * number)  # so long that all bins are wider
    assert look("?columns=all")[1] > 0
    assert look("?columns=all")[1] == 0
