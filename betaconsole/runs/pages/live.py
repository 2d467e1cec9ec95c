"""The live half of a comparison's page: one stream of `<hx-partial>` fragments for all its lanes.

The browser only watches. A position is the number of events of an exchange that a page has seen; the stream's event id
is one position per shown exchange (`412:1840,413:s0`: a letter says what else than streaming the lane shows, queued or
sending; `412:f` once its final card was sent, `412:w` where that card asks a person for something). The page carries the
positions it was rendered at, `Last-Event-ID` wins over them, and whatever does not fit gets a lane that replaces the
old one: everything else appends. A further turn is another exchange, so its lane is replaced once and then appended to.

Nothing queued and nothing in flight is the end, also where cells wait for a person, and so is nothing in flight of a
comparison that is paused: they hold no server thread.

The stream's manners (htmx 4's `hx-sse` reopens every stream that ends without its closing event): it never redirects and
never answers 204; finished, gone and crowded out end with the event `finished`; a stopping process ends without it,
so that the page comes back to the next one.
"""

import math
import random
import re
import socket
import struct
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from django.db import connection as database
from django.http import HttpRequest, StreamingHttpResponse
from django.template.loader import render_to_string

from betaconsole.claude.message import Change
from betaconsole.runs.models import Comparison
from betaconsole.runs.sending import engine, feed
from betaconsole.runs.sending.recording import feeds
from betaconsole.runs.sending.waiting import places
from betaconsole.runs.states import FINAL, IN_FLIGHT
from betaconsole.teams.standing import Standing, standing_of
from betaconsole.web.frames import OK, frame, text_html

from . import lanes
from .block_views import growing_views
from .looks import looks_of
from .picture import Partial, PartialBlock, Source, StoreSource, partial_of, source_of
from .showing import LANES, Row, cell_in_view, is_at_rest, shown
from .viewing import load

GATHER_S = 0.06  # later text is gathered over all columns for this long; the first text of a lane goes out at once
LOOK_S = 0.25  # how often the store is asked about an exchange that another process sends
FAR_LOOK_S = 15.0  # and about a comparison that is sent here: another process may still add to it
REFRESH_S = 1.0  # how often at most figures and dots are drawn anew
YIELD_S = 0.25  # so long at most cards wait for a first text that may come: drawing them would hold it up
KEEP_ALIVE_S = 15.0
ASK_S = 2.0  # how long before something goes out it was last asked, by any of a session's pages, whether it still may
HUSHED_S = 10.0  # after so long without news that is asked with the next ones or the next keep-alive, not ahead of them
SEND_TIMEOUT_S = 30
POSITION = re.compile(r"([0-9]{1,18}):(?:([qs]?)([0-9]{1,9})|([fw]))")
SEEN_FINAL = -1
STATES = {letter: state for state, letter in lanes.STATE_LETTERS.items()}


def stream(comparison: Comparison, request: HttpRequest) -> StreamingHttpResponse:
    """The response that follows a comparison until it is finished. Each holds one server thread."""
    asked = request.headers.get("Last-Event-ID") or request.GET.get("at", "")
    page = LivePage(
        comparison,
        positions=parse_positions(asked),
        case=_number(request.GET.get("case")),
        repeat=_number(request.GET.get("repeat")),
        columns=parse_columns(request.GET.get("columns", "")),
        viewer_id=request.user.pk,
        may_run=getattr(request.user, "may_run", False),
    )
    _limit_sending(request)
    response = StreamingHttpResponse(follow(page, standing_of(request)), content_type="text/event-stream")
    # `identity` so that nothing on the way compresses, and so holds back, the stream.
    for name, value in (("Cache-Control", "no-store"), ("X-Accel-Buffering", "no"), ("Content-Encoding", "identity")):
        response.headers[name] = value
    return response


def _limit_sending(request: HttpRequest) -> None:
    """A reader that stopped reading must not hold a thread for ever: its socket gives up after SEND_TIMEOUT_S."""
    sock = request.META.get("gunicorn.socket")
    if sock is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", SEND_TIMEOUT_S, 0))


class Seen(NamedTuple):
    """What a page has seen of an exchange: the state its lane shows, how many events, and whether it asks for something."""

    state: str
    position: int
    waits: bool = False


def parse_positions(text: str) -> dict[int, Seen]:
    """`412:1840,413:s0,414:f` as values; anything that is not of this form is no position at all."""
    parts = text[:20_000].split(",") if text else []
    found = [POSITION.fullmatch(part) for part in parts]
    if not all(found):
        return {}
    return {
        int(one[1]): Seen(STATES[one[2] or ""], SEEN_FINAL if one[3] is None else int(one[3]), one[4] == "w")
        for one in found
        if one
    }


def parse_columns(text: str) -> tuple[int, ...]:
    """Positions of the lanes on the page: `0,1,5`; the first eight where nothing else is asked."""
    chosen = [int(part) for part in text.split(",") if part.isdecimal() and len(part) < 4]
    return tuple(chosen[:LANES]) or tuple(range(LANES))


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() and len(text) < 10 else None


def follow(page: "LivePage", reader: Standing | None = None) -> Iterator[bytes]:
    """The frames of one open page. Ends by itself when all is final, when its reader is let in no more (nothing goes out of
    which that was not asked within ASK_S; None: it is let in) and when the process stops."""
    if not places.acquire(blocking=False):
        yield OK
        yield frame(render_to_string("runs/_live_polling.html", {"comparison": page.comparison}))
        yield frame("crowded", event="finished")
        return
    bell = feed.listen(page.comparison.pk)
    try:
        yield OK
        yield from _frames(page, bell, reader)
    finally:
        feed.unlisten(page.comparison.pk, bell)
        places.release()
        database.close()


def _frames(page: "LivePage", bell: feed.Bell, reader: Standing | None) -> Iterator[bytes]:
    # An idle page costs next to nothing: it sleeps until the bell rings or something is due.
    told_at = time.monotonic()
    # After a restart hundreds come back in one moment: they must not keep alive, and ask, in the same moments ever after.
    sent_at = told_at - random.uniform(0, KEEP_ALIVE_S)  # noqa: S311
    while True:
        bell.clear()
        if engine.is_stopping():  # asked after the bell is cleared: a stop rings it once
            return
        html = page.news()
        now = time.monotonic()
        keeps_alive = not html and now - sent_at >= KEEP_ALIVE_S
        # Asked ahead of what may come soon, so that a first text need not wait for the answer.
        asks_ahead = now - told_at < HUSHED_S
        if reader and (html or keeps_alive or asks_ahead) and not reader.holds(at_most_s=ASK_S):
            yield frame(render_to_string("runs/_signed_out.html"))
            yield frame("signed out", event="finished")
            return
        # No open page holds a database connection while it waits, for news or for a slow reader.
        database.close()
        if html:
            yield frame(html, id=page.event_id())
            told_at = sent_at = time.monotonic()
        if page.is_finished:
            yield frame("finished", event="finished")
            return
        if page.is_behind:
            continue
        if keeps_alive:
            yield OK
            sent_at = time.monotonic()
        asks_at = reader.asked_at + ASK_S if reader and asks_ahead else math.inf
        due_at = min(sent_at + KEEP_ALIVE_S, page.due_at(), asks_at)
        bell.wait(max(LOOK_S, due_at - time.monotonic()))
        # Another lane's first text ends the gathering.
        bell.urgent.wait(max(0.0, sent_at + GATHER_S - time.monotonic()))


class LaneSeen:
    """What one page has seen of one lane."""

    def __init__(self, row: Row, position: int, *, waits: bool = False) -> None:
        self.row = row
        self.position = position
        self.waits = waits  # whether its card asks a person for something
        self.source: Source | None = None
        self.has_text = False
        self.is_torn = False  # the page shows something else here: no text can be appended before it is drawn anew

    @property
    def is_final(self) -> bool:
        return self.position == SEEN_FINAL


class LivePage:
    """One open page: what it shows, what it has seen, and what is new since."""

    def __init__(
        self,
        comparison: Comparison,
        *,
        positions: Mapping[int, Seen],
        case: int | None = None,
        repeat: int | None = None,
        columns: tuple[int, ...] = tuple(range(LANES)),
        viewer_id: int | None = None,
        may_run: bool = True,
    ) -> None:
        self.comparison = comparison
        self.case, self.repeat, self.columns = case, repeat, columns
        self.viewer_id, self.may_run = viewer_id, may_run
        self.is_finished = False
        self.is_behind = False  # a first text went out alone: what else is new is to be asked for at once
        self._given = dict(positions)
        self._lanes: dict[int, LaneSeen] = {}
        self._rows: Sequence[Row] = []
        self._looks = looks_of(comparison.pk)
        self._changes = -1
        self._looked_at = self._drawn_at = 0.0
        self._outdated = False  # dots, head and figures are behind the rows
        self._outdated_lanes: set[int] = set()
        self._outdated_since = 0.0

    @property
    def awaits_first_text(self) -> bool:
        """Whether a lane in flight has shown nothing yet: then what comes next must not wait for more."""
        return any(lane.source is not None and not lane.has_text for lane in self._lanes.values())

    def event_id(self) -> str:
        return ",".join(
            lanes.position_text(lane.row.id, lane.row.state, None if lane.is_final else lane.position, waits=lane.waits)
            for lane in self._lanes.values()
        )

    def news(self) -> str:
        """Everything new as fragments; sets `is_finished` with the last ones."""
        awaited = self.awaits_first_text
        parts = self._texts()
        if parts and awaited:
            self.is_behind = True
            return "".join(parts)
        self.is_behind = False
        if self._should_look():
            self._look()
        finished = bool(self._rows) and is_at_rest(self._rows, is_paused=self.comparison.paused_at is not None)
        if self._may_draw():
            if self._outdated_lanes:
                parts += self._replaced_lanes()
            if self._outdated and (finished or time.monotonic() - self._drawn_at >= REFRESH_S):
                parts += self._around(finished)
        self.is_finished = finished and not self._outdated and not self._outdated_lanes
        return "".join(parts)

    def _may_draw(self) -> bool:
        """Whether cards may be drawn now; not while a lane may get its first text, or not for long."""
        is_torn = any(lane.is_torn for lane in self._lanes.values())
        return is_torn or not self.awaits_first_text or time.monotonic() - self._outdated_since >= YIELD_S

    # Which exchange a lane shows, and whether its card is still true ----------------------------------------------

    def due_at(self) -> float:
        """When it is to be asked for news though nothing rings, by `time.monotonic()`."""
        if self._outdated or self._outdated_lanes:
            return time.monotonic()
        return self._looked_at + self._look_after_s()

    def _should_look(self) -> bool:
        """Whether stored states may have moved: here a counter tells; elsewhere only a look does."""
        moved = feed.changes(self.comparison.pk) != self._changes
        return moved or time.monotonic() - self._looked_at >= self._look_after_s()

    def _look_after_s(self) -> float:
        if any(isinstance(lane.source, StoreSource) for lane in self._lanes.values()):
            return LOOK_S
        is_sent_here = all(row.id in feeds for row in self._rows if row.is_unfinished)
        return FAR_LOOK_S if is_sent_here else REFRESH_S

    def _look(self) -> None:
        # Half as old as it may be: pages that look at different moments share one look after the other.
        _, self._changes, rows, paused_at = self._looks.look(self.comparison, at_most_s=self._look_after_s() / 2)
        self._looked_at = time.monotonic()
        if rows == self._rows and paused_at == self.comparison.paused_at:
            return
        if not self._outdated and not self._outdated_lanes:
            self._outdated_since = time.monotonic()
        self._rows, self._outdated = rows, True
        self.comparison.refresh_from_db(fields=["finished_at", "paused_at", "repeats", "tool_stubs", "max_turns"])
        in_view = shown(rows, cell_in_view(rows, case=self.case, repeat=self.repeat))
        for position in self.columns:
            if row := in_view.get(position):
                self._place(position, row)

    def _place(self, position: int, row: Row) -> None:
        """Bring one lane to its row: same exchange and same kind of state, or a lane to be drawn anew."""
        lane = self._lanes.get(position)
        if lane is None:
            given = self._given.get(row.id, Seen("", 0))
            lane = self._lanes[position] = LaneSeen(row._replace(state=given.state), given.position, waits=given.waits)
            lane.is_torn = row.id not in self._given
        elif lane.row.id != row.id:
            lane = self._lanes[position] = LaneSeen(row, 0)
            lane.is_torn = True
        has_moved = lane.row.state != row.state and not lane.is_final
        if lane.is_torn or has_moved or (lane.is_final and lane.waits != bool(row.wait)):
            self._outdated_lanes.add(position)
        lane.row = row
        if row.state in IN_FLIGHT and (lane.is_final or lane.source is None):
            lane.position = max(lane.position, 0)
            lane.source = source_of(row.id)

    # Fragments ----------------------------------------------------------------------------------------------------

    def _texts(self) -> list[str]:
        """What arrived in the lanes since, appended."""
        return [part for lane in self._lanes.values() for part in self._text(lane)]

    def _text(self, lane: LaneSeen) -> list[str]:
        if lane.source is None or lane.is_final or lane.is_torn or lane.row.state in FINAL:
            return []
        trail = lane.source.refresh()
        if lane.position > (end := trail.position):  # a position from elsewhere
            lane.is_torn = True
            self._outdated_lanes.add(lane.row.position)
            return []
        if lane.position == end:
            return []
        changes = trail.between(lane.position, end)
        lane.position, lane.has_text = end, lane.has_text or any(change.kind != "open" for change in changes)
        return fragments(lane.row, changes)

    def _replaced_lanes(self) -> list[str]:
        """Whole lanes: a state moved, another exchange is shown, or the baseline they are compared with is final now."""
        outdated, self._outdated_lanes = self._outdated_lanes, set()
        ended = {position for position in outdated if self._lanes[position].row.state in FINAL}
        partials: dict[int, Partial] = {}
        for position in outdated:
            lane = self._lanes[position]
            lane.is_torn = False
            lane.waits = bool(lane.row.wait)
            if position in ended:
                lane.position, lane.source = SEEN_FINAL, None
            elif lane.source is not None:
                partials[lane.row.id] = partial = partial_of(lane.source.refresh())
                lane.position = partial.position
        cell = cell_in_view(self._rows, case=self.case, repeat=self.repeat)
        view = load(
            self.comparison,
            case=cell[0],
            repeat=cell[1],
            columns=self.columns,
            rows=self._rows,
            viewer_id=self.viewer_id,
            may_run=self.may_run,
        )
        drawn = lanes.lanes_in(view, partials, only=outdated | view.compared_with(ended))
        return [partial_html(f"#lane-{lane.position}", lanes.render_lane(lane)) for lane in drawn]

    def _around(self, finished: bool) -> list[str]:
        """Head, dots and figures, drawn from the rows."""
        self._outdated, self._drawn_at = False, time.monotonic()
        cell = cell_in_view(self._rows, case=self.case, repeat=self.repeat)
        return [
            partial_html(target, html)
            for target, html in lanes.render_around(
                self.comparison, self._rows, cell=cell, columns=self.columns, may_run=self.may_run
            )
        ]


def fragments(row: Row, changes: list[Change]) -> list[str]:
    """Changes of one exchange as fragments, one for each block that grew.

    htmx looks up all targets of a message before it swaps the first: text for a block that opens in the same message
    must come inside the block.
    """
    grown: dict[int, Growth] = {}
    for change in changes:
        growth = grown.setdefault(change.index, Growth())
        if change.kind == "open":
            growth.opening = change
        elif change.kind == "replace":
            growth.texts, growth.is_replaced = [change.text], True
        else:
            growth.texts.append(change.text)
    return [growth_html(row, index, growth) for index, growth in grown.items()]


@dataclass
class Growth:
    """What is new of one block: whether it opened, and its text."""

    opening: Change | None = None
    texts: list[str] = field(default_factory=list)
    is_replaced: bool = False


def growth_html(row: Row, index: int, growth: Growth) -> str:
    text = text_html("".join(growth.texts))
    if growth.opening is None:
        return partial_html(
            f"#t-{row.public_id}-{index}", text, swap="innerHTML" if growth.is_replaced else "beforeend"
        )
    opened = PartialBlock(index, growth.opening.block_type, growth.opening.text, "".join(growth.texts))
    [block] = growing_views([opened], row.public_id)
    html = render_to_string("runs/_block_live.html", {"block": block})
    return partial_html(f"#lane-{row.position}-blocks", html, swap="beforeend")


def partial_html(target: str, html: str, *, swap: str = "outerHTML") -> str:
    """One region of a multi-region update. `html` is safe HTML; a CR in it is text of a template and may go."""
    return f'<hx-partial hx-target="{target}" hx-swap="{swap}">{html}</hx-partial>'.replace("\r", "")
