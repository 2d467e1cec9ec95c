"""The geometry of the drawn streams: one axis, below each other the columns with their tracks. Pure.

A column's tracks: marks for the moments that count, blocks from start to end, a stroke for each moment at which something
came with the longest silence bracketed, tokens per second as bars on a scale that all columns share, and how complete the
JSON of each tool call was. Every sort has a shape or pattern of its own, so that no colour is needed.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from betaconsole.diffing.timing import Mark, Span, Timing, ToolInput
from betaconsole.diffing.timing_silence import Silence
from betaconsole.runs.pages.timeline import Tick, axis_moments, moment_label
from betaconsole.web.templatetags.figures import count, ms, rate

WIDTH = 880
LABELS = 96  # the names of the tracks
RIGHT = 16
TICKS = 8
HEAD, TURNS, MARKS, BLOCKS, EVENTS, BARS, JSON, GAP, AXIS = 22, 13, 15, 20, 26, 34, 30, 12, 22
APART = 10  # the signs of moments stand at least so far from each other
CHARACTER = 6.3  # of a label, about
FEW_PIECES = 60
MAX_LABEL = 70

MARK_NAMES = {
    "first_byte": "First byte",
    "first_thinking": "First thinking",
    "first_text": "First text",
    "first_tool_json": "First tool JSON",
    "cut": "Cut off",
}
SORT_NAMES = {"thinking": "thinking", "text": "text", "tool": "tool call", "other": "other"}


@dataclass(frozen=True)
class Source:
    """A column to draw. `why_none`: why nothing of it is drawn, in words; empty where something is."""

    letter: str
    label: str
    timing: Timing
    moments: Sequence[float]  # when something came, on the axis
    why_none: str = ""


@dataclass(frozen=True)
class Box:
    """A block. `label` is empty where it would not fit; `is_open`: its end never came."""

    x: float
    y: float
    width: float
    height: float
    sort: str
    label: str
    title: str
    is_open: bool


@dataclass(frozen=True)
class Glyph:
    """A mark: its shape by `kind`, at a place. `stem` leads to its moment, which may be a little to the left."""

    kind: str
    x: float
    y: float
    stem: str
    title: str


@dataclass(frozen=True)
class Line:
    """A path with a label at a place; the label is empty where another one stands there."""

    path: str
    x: float
    y: float
    label: str
    title: str
    dots: str = ""


@dataclass(frozen=True)
class TrackName:
    label: str
    y: float
    note: str = ""


@dataclass(frozen=True)
class TurnLine:
    """Where a further turn begins."""

    x: float
    label: str


@dataclass(frozen=True)
class Group:
    """One column, drawn from `top` to `bottom`."""

    letter: str
    label: str
    why_none: str
    top: float
    bottom: float
    turns_y: float = 0.0
    tracks: Sequence[TrackName] = ()
    turns: Sequence[TurnLine] = ()
    boxes: Sequence[Box] = ()
    glyphs: Sequence[Glyph] = ()
    strokes: str = ""
    silence: Line | None = None
    bars: str = ""
    levels: str = ""
    inputs: Sequence[Line] = ()

    @property
    def why_y(self) -> float:
        return self.top + HEAD + 10


@dataclass(frozen=True)
class Drawing:
    """The whole picture. `said` describes it for who does not see it."""

    width: int
    height: float
    left: int
    ticks: Sequence[Tick]
    groups: Sequence[Group]
    said: str

    @property
    def axis_y(self) -> float:
        return self.height - 6

    @property
    def grid_bottom(self) -> float:
        return self.height - AXIS + 4

    @property
    def marks(self) -> dict[str, str]:
        """The signs that stand in it, with their names."""
        kinds = {glyph.kind for group in self.groups for glyph in group.glyphs}
        return {kind: name for kind, name in MARK_NAMES.items() if kind in kinds}

    @property
    def sorts(self) -> dict[str, str]:
        """The sorts of blocks that stand in it, with their names."""
        sorts = {box.sort for group in self.groups for box in group.boxes}
        return {sort: name for sort, name in SORT_NAMES.items() if sort in sorts}


@dataclass(frozen=True)
class Scale:
    """What is the same for all columns: the length of the axis and the highest rate."""

    last_ms: float
    peak: float

    def x(self, at_ms: float) -> float:
        return round(LABELS + (WIDTH - LABELS - RIGHT) * at_ms / self.last_ms, 1)


def drawing_of(sources: Sequence[Source]) -> Drawing | None:
    """The picture of these columns, None where none of them has a stream."""
    if all(source.why_none for source in sources):
        return None
    scale = Scale(
        last_ms=max((source.timing.total_ms or 0.0 for source in sources if not source.why_none), default=0.0) or 1.0,
        peak=max((source.timing.rate.peak or 0.0 for source in sources), default=0.0) or 1.0,
    )
    groups, top = [], 4.0
    for source in sources:
        group = _group(source, scale, top)
        groups.append(group)
        top = group.bottom + GAP
    ticks = [Tick(scale.x(at_ms), moment_label(at_ms)) for at_ms in axis_moments(scale.last_ms, most=TICKS)]
    said = " ".join(map(_said, sources))
    return Drawing(WIDTH, top - GAP + AXIS, LABELS, ticks, groups, said)


def _group(source: Source, scale: Scale, top: float) -> Group:
    timing = source.timing
    if source.why_none:
        return Group(source.letter, source.label[:MAX_LABEL], source.why_none, top, top + HEAD + 16)
    has_turns = len(timing.turns) > 1
    turns_y = top + HEAD
    blocks_y = turns_y + (TURNS if has_turns else 0) + MARKS
    events_y = blocks_y + BLOCKS + 6
    bars_y = events_y + EVENTS + 6
    json_y = bars_y + BARS + 8
    has_bars, has_json = timing.rate.peak is not None, bool(timing.tool_inputs)
    bottom = json_y + JSON if has_json else bars_y + BARS
    peak = "" if timing.rate.peak is None else f"up to {rate(timing.rate.peak)}"
    tracks = [
        TrackName("blocks", blocks_y + BLOCKS / 2),
        TrackName("events", events_y + EVENTS / 2, count(sum(turn.events for turn in timing.turns))),
        TrackName("tokens/s", bars_y + BARS / 2, peak if has_bars else "not known"),
    ]
    if has_json:
        tracks.append(TrackName("tool JSON", json_y + JSON / 2, "0–100 %"))
    return Group(
        letter=source.letter,
        label=source.label[:MAX_LABEL],
        why_none="",
        top=top,
        bottom=bottom,
        turns_y=turns_y,
        tracks=tracks,
        turns=[TurnLine(scale.x(turn.start_ms), f"turn {turn.turn}") for turn in timing.turns if has_turns],
        boxes=[_box(span, scale, blocks_y) for span in timing.spans],
        glyphs=_glyphs([mark for mark in timing.marks if mark.kind in MARK_NAMES], scale, blocks_y),
        strokes=_strokes(source.moments, scale, events_y),
        silence=_silence(timing.silences[0], scale, events_y) if timing.silences else None,
        bars=_bars(timing, scale, bars_y),
        levels=_levels(scale, [bars_y + BARS, *([json_y, json_y + JSON] if has_json else [])]),
        inputs=_inputs(timing.tool_inputs, scale, json_y),
    )


def _box(span: Span, scale: Scale, y: float) -> Box:
    x = scale.x(span.start_ms)
    width = max(1.5, round(scale.x(span.end_ms) - x, 1))
    name = span.name or (span.type if span.sort == "other" else SORT_NAMES[span.sort])
    said = f"{SORT_NAMES[span.sort]}{f' {span.name}' if span.name else ''}, {ms(span.start_ms)} to {ms(span.end_ms)}"
    title = f"{said}: {count(span.characters)} characters in {pieces(span.pieces)}"
    label = _fitting(name, width)
    return Box(
        x,
        y,
        width,
        BLOCKS,
        span.sort,
        label,
        title if span.is_whole else f"{title}; its end never came",
        not span.is_whole,
    )


def _fitting(name: str, width: float) -> str:
    """As much of a label as fits, nothing where that says nothing."""
    room = int((width - 8) / CHARACTER)
    if len(name) <= room:
        return name
    return f"{name[: room - 1]}…" if room >= 5 else ""


def _glyphs(marks: Sequence[Mark], scale: Scale, blocks_y: float) -> list[Glyph]:
    """The signs above the blocks. Where two moments fall together the later sign stands beside the earlier one."""
    glyphs, free_from = [], 0.0
    y = blocks_y - MARKS / 2
    for mark in marks:
        at = scale.x(mark.at_ms)
        x = round(max(at, free_from), 1)
        free_from = x + APART
        turn = f", turn {mark.turn}" if mark.turn > 1 else ""
        title = f"{MARK_NAMES[mark.kind]}{turn}: {ms(mark.at_ms)}"
        glyphs.append(Glyph(mark.kind, x, y, f"M{x:g} {y:g}L{at:g} {blocks_y:g}", title))
    return glyphs


def _strokes(moments: Sequence[float], scale: Scale, y: float) -> str:
    """One stroke for each place where something came: many events are no longer than the axis has places."""
    places = sorted({scale.x(at_ms) for at_ms in moments})
    return "".join(f"M{x:g} {y + 13:g}v{EVENTS - 13}" for x in places)


def _silence(silence: Silence, scale: Scale, y: float) -> Line:
    start, end = scale.x(silence.start_ms), scale.x(silence.end_ms)
    label = f"silent {ms(silence.length_ms)}"
    title = f"Longest silence: {ms(silence.length_ms)}, from {ms(silence.start_ms)}"
    half = len(label) * CHARACTER / 2
    middle = min(max((start + end) / 2, LABELS + half), WIDTH - half)
    return Line(f"M{start:g} {y + 9:g}v6m0 -3H{end:g}m0 -3v6", round(middle, 1), y + 6, label, title)


def _bars(timing: Timing, scale: Scale, y: float) -> str:
    base, bin_ms = y + BARS, timing.rate.bin_ms
    bars = []
    for one in timing.rate.bins:
        if tokens_per_second := timing.rate.per_second(one):
            x, height = scale.x(one.at_ms), round(max(0.8, BARS * tokens_per_second / scale.peak), 1)
            width = round(max(1.0, min(scale.x(one.at_ms + bin_ms), WIDTH - RIGHT) - x - 0.6), 1)
            bars.append(f"M{x:g} {base:g}v{-height:g}h{width:g}v{height:g}z")
    return "".join(bars)


def _levels(scale: Scale, heights: Sequence[float]) -> str:
    return "".join(f"M{LABELS} {y:g}H{WIDTH - RIGHT}" for y in heights)


def _inputs(tools: Sequence[ToolInput], scale: Scale, y: float) -> list[Line]:
    """The completeness of every call; a label where none stands yet."""
    lines, taken_until = [], 0.0
    for tool in tools:
        line = _input(tool, scale, y)
        half = len(line.label) * CHARACTER + 6
        if line.x < taken_until:
            line = Line(line.path, line.x, line.y, "", line.title, line.dots)
        else:
            taken_until = line.x + half
        lines.append(line)
    return lines


def _input(tool: ToolInput, scale: Scale, y: float) -> Line:
    base = y + JSON
    places = [(scale.x(at_ms), round(base - JSON * share, 1)) for at_ms, share in tool.points]
    path = f"M{scale.x(tool.start_ms):g} {base:g}" + "".join(f"H{x:g}V{height:g}" for x, height in places)
    path += f"H{scale.x(tool.end_ms):g}"
    dots = ""
    if len(places) <= FEW_PIECES:
        dots = "".join(f"M{x - 2:g} {height:g}a2 2 0 1 0 4 0a2 2 0 1 0 -4 0z" for x, height in places)
    manner = how_it_came(tool)
    label = f"{tool.name}: {manner}" if tool.name else manner
    x = scale.x(tool.end_ms) + 6
    if x + len(label) * CHARACTER > WIDTH:
        x = max(LABELS + 2.0, scale.x(tool.start_ms) - 6 - len(label) * CHARACTER)
    return Line(path, round(x, 1), base - 6, label, f"Input of {label}, {ms(tool.start_ms)} to {ms(tool.end_ms)}", dots)


def how_it_came(tool: ToolInput) -> str:
    """Whether a call's input came finely, in words."""
    if not tool.pieces:
        return "no input came"
    return "in one piece" if tool.came_in_one else f"in {pieces(tool.pieces)}"


def pieces(number: int) -> str:
    return "1 piece" if number == 1 else f"{count(number)} pieces"


def _said(source: Source) -> str:
    if source.why_none:
        return f"{source.letter}: {source.why_none}"
    timing = source.timing
    moments = [
        f"{name.lower()} at {ms(at_ms)}"
        for kind, name in MARK_NAMES.items()
        if (at_ms := next((mark.at_ms for mark in timing.marks if mark.kind == kind), None)) is not None
    ]
    silence = timing.longest_silence_ms
    longest = [f"longest silence {ms(silence)}"] if silence is not None else []
    return f"{source.letter}: {', '.join([*moments, *longest, f'end at {ms(timing.total_ms)}'])}."
