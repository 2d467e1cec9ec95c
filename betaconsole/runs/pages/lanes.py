"""The lanes of a comparison's page, computed: templates only look things up."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from django.template.loader import render_to_string

from betaconsole.catalogue.help import Link
from betaconsole.drafts.models import Engine
from betaconsole.library.stubs import ToolStub
from betaconsole.runs.models import ColumnRole, Comparison, Exchange, Variant
from betaconsole.runs.sending.judging import outcomes_of
from betaconsole.runs.sending.turns import calls_of
from betaconsole.runs.states import FINAL, State
from betaconsole.runs.stored import stubs_of

from .beta_chips import BetaLine, Chip, blamed, chips_of, lines_of, what_they_did
from .block_views import BlockView, Growing, final_views, growing_views
from .conversation import Conversation, conversation_of, stub_results, with_results, with_words
from .dots import Dots, dots_of
from .figures import Figure, figures_of, kinds_for
from .header_line import HeaderPart, header_parts
from .needs import Need, Typed, need_of, with_typed
from .other_answers import Start, answer_views, starts_of
from .over_repeats import with_repeats
from .overview import cells_of, figures_context, matrix, state_context
from .showing import Row
from .viewing import FIRST_LANES, View, Words, load, words_of
from .wording import (
    WORTH_ANOTHER_GO,
    ErrorView,
    Pill,
    error_of,
    help_with,
    is_for_support,
    note,
    pill,
    support_text,
)

AS_IT_MUST_BE = "As it must be: the API looks at these names, so that it takes another one says something."
FEW = 4  # with more lanes than this their betas stand in a matrix above them
STATE_LETTERS: dict[str, str] = {State.QUEUED.value: "q", State.SENDING.value: "s", State.STREAMING.value: ""}


class Partial(Protocol):
    """An exchange so far, as `runs.picture` gives it."""

    position: int

    @property
    def blocks(self) -> Sequence[Growing]: ...


@dataclass(frozen=True)
class Origin:
    """The refused column a column was made from, and what it no longer sends. `is_shown`: that column has a lane here."""

    letter: str
    position: int
    left_out: list[str]
    is_shown: bool


@dataclass(frozen=True)
class SayForm:
    """The form for a person's next message: what was typed and refused before, else empty.

    `seen`: the ids of what the columns in view showed, so that a second press is known as one.
    """

    has_columns: bool
    has_repeats: bool
    seen: str
    typed: Typed | None


@dataclass(frozen=True)
class Lane:
    """One column with the cell it shows: the turns before, and the latest exchange."""

    comparison: Comparison
    variant: Variant
    exchange: Exchange
    conversation: Conversation
    need: Need | None  # what the cell needs from a person before it goes on
    say: SayForm | None  # None where no next message can follow
    told: Exchange  # whose outcome is told: its own, or the refused one for which it was skipped
    pill: Pill
    chips: list[Chip]  # what came of its betas
    header: list[HeaderPart]
    origin: Origin | None
    left_out: list[str]  # betas of the baseline that this column does not send, those its origin tells excepted
    differs_in: list[str]  # what else differs from the baseline, in words
    baseline: Variant | None
    dots: Dots
    case: int
    blocks: list[BlockView]
    note: str
    error: ErrorView | None
    help: list[Link]  # where to read on about the error
    support: str  # what to send to Anthropic's support; empty where there is nothing to ask
    refused: list[str]
    can_add_without: bool
    figures: list[Figure]
    live_position: int
    may_run: bool = True  # whether who looks may do more than read

    @property
    def position(self) -> int:
        return self.variant.position

    @property
    def control(self) -> str:
        """What the column must show as a control; empty for others."""
        if self.variant.role == ColumnRole.TWIN:
            return f"control: no difference from {self.baseline.letter}" if self.baseline else "control"
        return "control: must be refused" if self.variant.role == ColumnRole.MADE_UP else ""

    @property
    def is_final(self) -> bool:
        return self.exchange.state in FINAL

    @property
    def waits(self) -> bool:
        return self.need is not None and self.need.waits

    @property
    def can_run_again(self) -> bool:
        return self.exchange.state in WORTH_ANOTHER_GO and not self.refused

    @property
    def can_replay(self) -> bool:
        """Whether a stream was recorded that came further than its head."""
        exchange = self.exchange
        came = exchange.status == 200 and exchange.first_byte_ms is not None
        return self.is_final and came and exchange.stream and exchange.batch_id is None and exchange.answers_message

    @property
    def shows_baseline(self) -> bool:
        """Whether the letter of the baseline must be said: it is the first column unless somebody chose another."""
        return self.baseline is not None and self.baseline.position != 0


@dataclass(frozen=True)
class Read:
    """What is read once for all lanes that are drawn: by exchange, the `lines` by position."""

    partials: Mapping[int, Partial]
    words: Mapping[int, Words]
    starts: Mapping[int, Start]
    stubs: Sequence[ToolStub]
    typed: Typed | None
    lines: Mapping[int, Sequence[BetaLine]]

    def message(self, exchange: Exchange) -> dict[str, Any] | None:
        """The message of an exchange that has ended."""
        said = self.words.get(exchange.pk)
        return said.message if said and exchange.is_final else None

    def typed_in(self, form: str, exchange: Exchange) -> Typed | None:
        """What was typed into this form of the exchange and refused."""
        typed = self.typed
        return typed if typed and typed.xid == exchange.public_id and typed.form == form else None


def lanes_in(
    view: View, partials: Mapping[int, Partial], *, only: Collection[int] | None = None, typed: Typed | None = None
) -> list[Lane]:
    """The lanes of a view, or `only` those at these positions, in the order of the columns.

    `partials` are the exchanges in flight so far, by id; `typed`: what a person sent from one of them that was refused.
    """
    chosen = [
        variant
        for variant in view.variants
        if variant.position in view.columns
        and variant.position in view.exchanges
        and (only is None or variant.position in only)
    ]
    shown = [turn.pk for variant in chosen for turn in with_words(view.turns[variant.position])]
    latest = [view.exchanges[variant.position] for variant in chosen]
    read = Read(
        partials=partials,
        words=words_of(shown),
        starts=starts_of([one.pk for one in latest if one.is_final and not one.answers_message]),
        stubs=stubs_of(view.comparison),
        typed=typed,
        lines=lines_in(view, chosen),
    )
    return [_lane(view, variant, read) for variant in chosen]


def lines_in(view: View, variants: Sequence[Variant]) -> dict[int, list[BetaLine]]:
    """What came of the betas of these columns in the cells in view, by position, and in how many repeats."""
    turns = {variant.position: _judged(view, variant) for variant in variants}
    outcomes = outcomes_of([turn for told in turns.values() for turn in told])
    lines = {position: lines_of([outcomes[turn.pk] for turn in told]) for position, told in turns.items()}
    return with_repeats(view, variants, lines)


def _judged(view: View, variant: Variant) -> Sequence[Exchange]:
    """The turns that say what came of the column's betas: those of the cell in view, once it is at rest."""
    told = view.causes.get(variant.position)
    turns = view.turns[variant.position] if told is None else [told]
    return [turn for turn in turns if turn.is_final] if turns[-1].is_final else []


def _lane(view: View, variant: Variant, read: Read) -> Lane:
    exchange = view.exchanges[variant.position]
    told = view.causes.get(variant.position, exchange)
    here = [row for row in view.rows if row.position == variant.position]
    message, partial, lines = read.message(exchange), read.partials.get(exchange.pk), read.lines[variant.position]
    need = _need(view, variant.position, message, read.stubs)
    return Lane(
        comparison=view.comparison,
        variant=variant,
        exchange=exchange,
        conversation=conversation_of(
            view.turns[variant.position], read.words, stubs=read.stubs, viewer_id=view.viewer_id
        ),
        need=with_typed(need, read.typed_in("answer", exchange)),
        say=_say(view, exchange, message, read.typed_in("say", exchange)),
        told=told,
        pill=_pill(view, told, here, waits=need is not None and need.waits),
        chips=chips_of(lines),
        dots=dots_of(view, variant.position),
        case=view.case,
        blocks=_blocks(
            exchange,
            message,
            partial,
            start=read.starts.get(exchange.pk),
            stubs=read.stubs if need and need.fields else (),
        ),
        note=_note(view, told, here),
        live_position=partial.position if partial else 0,
        may_run=view.may_run,
        **_beside_baseline(view, variant),
        **_trouble(view, variant, told, lines=lines),
    )


def _note(view: View, told: Exchange, here: Sequence[Row]) -> str:
    skipped = sum(row.state == State.SKIPPED for row in here)
    kept_bytes = told.kept_bytes  # type: ignore[attr-defined]
    return note(told, kept_bytes=kept_bytes, skipped=skipped, limit=_limit(view))


def _beside_baseline(view: View, variant: Variant) -> dict[str, Any]:
    """What a lane says of what it sends and how it did, against the column it is compared with."""
    baseline, origin = view.baseline_of(variant), _origin(view, variant)
    sent = {*variant.betas, *(origin.left_out if origin else ())}
    return {
        "baseline": baseline,
        "header": header_parts(
            variant.betas, baseline=baseline.betas if baseline else None, refused=view.refused(variant)
        ),
        "origin": origin,
        "left_out": [beta for beta in baseline.betas if beta not in sent] if baseline else [],
        "differs_in": _differences(view.comparison, variant, baseline),
        "figures": _figures(view, variant, baseline),
    }


def _trouble(view: View, variant: Variant, told: Exchange, *, lines: Sequence[BetaLine]) -> dict[str, Any]:
    """What a lane says of an error and offers to do about it. The refusal of a made-up beta is what was asked for."""
    error, refused = error_of(told), view.refused(variant)
    if variant.role == ColumnRole.MADE_UP:
        said = replace(error, advice=AS_IT_MUST_BE) if error and refused else error
        helps = [] if refused else help_with(told, blamed(lines))
        return {"error": said, "help": helps, "support": "", "refused": refused, "can_add_without": False}
    has_one_without = any(other.origin_id == variant.pk for other in view.variants)
    return {
        "error": error,
        "help": help_with(told, blamed(lines)),
        "support": support_text(told) if is_for_support(told) else "",
        "refused": refused,
        "can_add_without": bool(refused) and not has_one_without,
    }


def _need(view: View, position: int, message: dict[str, Any] | None, stubs: Sequence[ToolStub]) -> Need | None:
    if view.comparison.engine != Engine.LIVE:
        return None
    wait, max_turns = view.in_view[position].wait, view.comparison.max_turns
    return need_of(view.exchanges[position], message, wait=wait, stubs=stubs, max_turns=max_turns)


def _say(view: View, exchange: Exchange, message: dict[str, Any] | None, typed: Typed | None) -> SayForm | None:
    """The form for a next message, where the cell's answer is whole and no tool call is open."""
    can_go_on = exchange.state == State.SUCCEEDED and exchange.answers_message and view.comparison.engine == Engine.LIVE
    if not can_go_on or message is None or calls_of(message):
        return None
    seen = ",".join(other.public_id for other in view.exchanges.values())
    has_repeats = len({row.repeat for row in view.rows}) > 1
    return SayForm(has_columns=len(view.exchanges) > 1, has_repeats=has_repeats, seen=seen, typed=typed)


def _figures(view: View, variant: Variant, baseline: Variant | None) -> list[Figure]:
    cells = cells_of(view)
    return figures_of(
        cells[variant.position],
        cells.get(baseline.position) if baseline else None,
        is_baseline=baseline is None,
        chosen=kinds_for(view.comparison, [turn for cell in cells.values() for turn in cell.turns]),
    )


def _origin(view: View, variant: Variant) -> Origin | None:
    origin = next((other for other in view.variants if other.pk == variant.origin_id), None)
    if origin is None:
        return None
    left_out = [beta for beta in origin.betas if beta not in variant.betas]
    return Origin(origin.letter, origin.position, left_out, is_shown=origin.position in view.columns)


def _pill(view: View, exchange: Exchange, here: Sequence[Row], *, waits: bool) -> Pill:
    repeats = [row for row in here if row.case == view.case]
    done = sum(row.state == State.SUCCEEDED and row.wait is None for row in repeats)
    return pill(exchange, done=done, total=len(repeats), waits=waits)


def _blocks(
    exchange: Exchange,
    message: dict[str, Any] | None,
    partial: Partial | None,
    *,
    start: Start | None,
    stubs: Sequence[ToolStub],
) -> list[BlockView]:
    """The latest turn's blocks; calls with what the stubs say to them, where others wait for a person.

    Where no message answers: how the answer begins.
    """
    if partial is not None:
        return growing_views(partial.blocks, exchange.public_id)
    if not exchange.answers_message:
        return answer_views(start, exchange.public_id) if start else []
    return with_results(final_views(message, exchange.public_id), message, stub_results(message, stubs))


def _differences(comparison: Comparison, variant: Variant, baseline: Variant | None) -> list[str]:
    """What a column changes besides its betas, against its baseline (the first columns: against what was composed)."""
    version = baseline.anthropic_version if baseline else comparison.anthropic_version
    said = []
    if baseline and variant.model != baseline.model:
        said.append(variant.model or "no model")
    if variant.anthropic_version != version:
        said.append(f"version {variant.anthropic_version}")
    if variant.has_own_body:  # type: ignore[attr-defined]
        said.append("own body")
    if variant.changes is not None and (baseline is None or variant.changes != baseline.changes):
        said.append("changes to the body")
    if variant.headers != (baseline.headers if baseline else []):
        said += [f"{name}: {value}" for name, value in variant.headers] or ["no further headers"]
    return said


def _limit(view: View) -> str:
    limit = view.comparison.connection.max_in_flight
    if view.sending_now < limit:
        return ""
    return f"Starts with its group: {limit} requests in flight allowed, {view.sending_now} running."


def positions(lanes: Sequence[Lane]) -> str:
    """Where the page's lanes stand, for the live stream to go on from: `412:1840,413:s0,414:f,415:w`."""
    return ",".join(
        position_text(
            lane.exchange.pk, lane.exchange.state, None if lane.is_final else lane.live_position, waits=lane.waits
        )
        for lane in lanes
    )


def position_text(exchange_id: int, state: str, position: int | None, *, waits: bool = False) -> str:
    """One position; a letter where the lane shows another state than streaming. None: its final card is shown.

    `waits`: that card asks a person for something.
    """
    if position is None:
        return f"{exchange_id}:{'w' if waits else 'f'}"
    return f"{exchange_id}:{STATE_LETTERS.get(state, '')}{position}"


# HTML ---------------------------------------------------------------------------------------------------------------


def render_lane(lane: Lane) -> str:
    """The lane's whole card."""
    return render_to_string("runs/_lane.html", {"lane": lane})


def render_around(
    comparison: Comparison,
    rows: Sequence[Row],
    *,
    cell: tuple[int, int],
    columns: Collection[int] = FIRST_LANES,
    may_run: bool = True,
) -> list[tuple[str, str]]:
    """What stands around the lanes as (target, HTML): how far it is in the head, the dots, the figures, of many the matrix."""
    view = load(comparison, case=cell[0], repeat=cell[1], columns=columns, rows=rows, may_run=may_run)
    state = state_context(view)
    parts: list[tuple[str, str]] = [
        (f"#{part}", render_to_string(f"runs/_{part.replace('-', '_')}.html", state))
        for part in ("comparison-state", "comparison-progress")
    ]
    here = [position for position in view.columns if position in view.exchanges]
    parts += [
        (
            f"#lane-{position}-dots",
            render_to_string("runs/_dots.html", {"dots": dots_of(view, position), "comparison": comparison}),
        )
        for position in here
    ]
    parts.append(("#figures", render_to_string("runs/_figures.html", figures_context(view))))
    has_repeats = view.is_at_rest and len({row.repeat for row in rows}) > 1
    if len(here) > FEW or has_repeats:
        lines = lines_in(view, [variant for variant in view.variants if variant.position in here])
        if has_repeats:
            parts += [(f"#lane-{position}-chips", _chips(view, position, lines[position])) for position in here]
        if len(here) > FEW:
            context = matrix_context(view, (line for each in lines.values() for line in each))
            parts.append(("#sent-betas", render_to_string("runs/_matrix.html", context)))
    return parts


def _chips(view: View, position: int, lines: Sequence[BetaLine]) -> str:
    """A lane's chips by themselves: other repeats may have ended after the one in view."""
    context = {
        "position": position,
        "chips": chips_of(lines),
        "exchange": view.causes.get(position, view.exchanges[position]),
        "may_run": view.may_run,
    }
    return render_to_string("runs/_beta_chips.html", context)


def matrix_context(view: View, lines: Iterable[BetaLine]) -> dict[str, Any]:
    """For `_matrix.html`. `lines`: what came of the betas of the columns shown."""
    return {"matrix": matrix(view, what_they_did(lines)), "variants": view.variants}


def area_context(view: View, partials: Mapping[int, Partial], *, typed: Typed | None = None) -> dict[str, Any]:
    """For `_lanes_area.html`: the live part of the page."""
    lanes = lanes_in(view, partials, typed=typed)
    return {
        **figures_context(view),
        **state_context(view),
        "lanes": lanes,
        "is_many": len(lanes) > FEW,
        "at": positions(lanes),
        "lost": lost(lanes, typed),
    }


def lost(lanes: Sequence[Lane], typed: Typed | None) -> Typed | None:
    """What was refused and has no form any more, because its cell went on meanwhile."""
    if typed is None:
        return None
    has_form = any(
        lane.exchange.public_id == typed.xid and (lane.need if typed.form == "answer" else lane.say) is not None
        for lane in lanes
    )
    return None if has_form else typed
