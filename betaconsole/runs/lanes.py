"""The lanes of a comparison's page, computed: templates only look things up."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from django.template.loader import render_to_string

from .block_views import BlockView, Growing, final_views, growing_views
from .figures import Figure, figures_of
from .header_line import HeaderPart, header_parts
from .models import Comparison, Exchange, Variant
from .overview import figures_context, state_context
from .showing import Row
from .states import FINAL, IN_FLIGHT, State
from .viewing import FIRST_LANES, View, load, messages_of
from .wording import WORTH_ANOTHER_GO, ErrorView, Pill, error_of, note, pill, support_text

STATE_LETTERS: dict[str, str] = {State.QUEUED.value: "q", State.SENDING.value: "s", State.STREAMING.value: ""}


class Partial(Protocol):
    """An exchange so far, as `runs.picture` gives it."""

    position: int

    @property
    def blocks(self) -> Sequence[Growing]: ...


@dataclass(frozen=True)
class Dot:
    """One repeat of a column. `title` says its state in words."""

    repeat: int
    state: str
    title: str
    is_shown: bool


@dataclass(frozen=True)
class Dots:
    """Where the lane stands among its repeats and cases, and the ways to the neighbours (None at the ends)."""

    position: int
    case: int
    case_name: str
    cases: int
    repeat: int
    repeats: int
    columns: str  # as in the address; empty for the first lanes
    dots: tuple[Dot, ...]

    @property
    def is_shown(self) -> bool:
        return self.repeats > 1 or self.cases > 1

    @property
    def columns_query(self) -> str:
        """What an address of this page says about its columns."""
        return f"&columns={self.columns}" if self.columns else ""

    @property
    def case_number(self) -> int:
        return self.case + 1

    @property
    def previous_case(self) -> int | None:
        return self.case - 1 if self.case > 0 else None

    @property
    def next_case(self) -> int | None:
        return self.case + 1 if self.case + 1 < self.cases else None

    @property
    def previous(self) -> int | None:
        return self.repeat - 1 if self.repeat > 1 else None

    @property
    def next(self) -> int | None:
        return self.repeat + 1 if self.repeat < self.repeats else None


@dataclass(frozen=True)
class Origin:
    """The refused column a column was made from, and what it no longer sends. `is_shown`: that column has a lane here."""

    letter: str
    position: int
    left_out: list[str]
    is_shown: bool


@dataclass(frozen=True)
class Lane:
    """One column with the exchange it shows."""

    comparison: Comparison
    variant: Variant
    exchange: Exchange
    told: Exchange  # whose outcome is told: its own, or the refused one for which it was skipped
    pill: Pill
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
    support: str  # what to send to Anthropic's support; empty where there is nothing to ask
    refused: list[str]
    can_add_without: bool
    figures: list[Figure]
    live_position: int

    @property
    def position(self) -> int:
        return self.variant.position

    @property
    def baseline_position(self) -> int | None:
        return self.baseline.position if self.baseline else None

    @property
    def is_final(self) -> bool:
        return self.exchange.state in FINAL

    @property
    def is_in_flight(self) -> bool:
        return self.exchange.state in IN_FLIGHT

    @property
    def can_run_again(self) -> bool:
        return self.exchange.state in WORTH_ANOTHER_GO and not self.refused

    @property
    def shows_baseline(self) -> bool:
        """Whether the letter of the baseline must be said: it is the first column unless somebody chose another."""
        return self.baseline is not None and self.baseline.position != 0


def lanes_of(
    comparison: Comparison,
    *,
    case: int | None,
    repeat: int | None,
    partials: Mapping[int, Partial],
    columns: Collection[int] = FIRST_LANES,
) -> list[Lane]:
    """The lanes of these columns. `partials` are the exchanges in flight so far, by id."""
    return lanes_in(load(comparison, case=case, repeat=repeat, columns=columns), partials)


def lanes_in(view: View, partials: Mapping[int, Partial], *, only: Collection[int] | None = None) -> list[Lane]:
    """The lanes of a view, or `only` those at these positions, in the order of the columns."""
    chosen = [
        variant
        for variant in view.variants
        if variant.position in view.columns
        and variant.position in view.exchanges
        and (only is None or variant.position in only)
    ]
    exchanges = [view.exchanges[variant.position] for variant in chosen]
    messages = messages_of([exchange.pk for exchange in exchanges if exchange.is_final])
    return [
        _lane(view, variant, partial=partials.get(exchange.pk), message=messages.get(exchange.pk))
        for variant, exchange in zip(chosen, exchanges, strict=True)
    ]


def _lane(view: View, variant: Variant, *, partial: Partial | None, message: dict[str, Any] | None) -> Lane:
    exchange = view.exchanges[variant.position]
    baseline = view.baseline_of(variant)
    here = [row for row in view.rows if row.position == variant.position]
    refused = view.refused(variant)
    told = view.causes.get(variant.position, exchange)
    origin = _origin(view, variant)
    told_of = origin.left_out if origin else []
    return Lane(
        comparison=view.comparison,
        variant=variant,
        exchange=exchange,
        told=told,
        pill=_pill(view, told, here),
        header=header_parts(variant.betas, baseline=baseline.betas if baseline else None, refused=refused),
        origin=origin,
        left_out=[beta for beta in baseline.betas if beta not in (*variant.betas, *told_of)] if baseline else [],
        differs_in=_differences(view.comparison, variant, baseline),
        baseline=baseline,
        dots=_dots(view, variant.position),
        case=view.case,
        blocks=_blocks(exchange, message, partial),
        note=note(
            told,
            kept_bytes=told.kept_bytes,  # type: ignore[attr-defined]
            skipped=sum(row.state == State.SKIPPED for row in here),
            limit=_limit(view),
        ),
        error=error_of(told),
        support=support_text(told),
        refused=refused,
        can_add_without=bool(refused) and not any(other.origin_id == variant.pk for other in view.variants),
        figures=figures_of(
            exchange, view.exchanges.get(baseline.position) if baseline else None, is_baseline=not baseline
        ),
        live_position=partial.position if partial else 0,
    )


def _origin(view: View, variant: Variant) -> Origin | None:
    origin = next((other for other in view.variants if other.pk == variant.origin_id), None)
    if origin is None:
        return None
    left_out = [beta for beta in origin.betas if beta not in variant.betas]
    return Origin(origin.letter, origin.position, left_out, is_shown=origin.position in view.columns)


def _pill(view: View, exchange: Exchange, here: Sequence[Row]) -> Pill:
    repeats = [row for row in here if row.case == view.case and row.turn == 1 and row.attempt == 1]
    done = {row.repeat for row in here if row.case == view.case and row.state == State.SUCCEEDED}
    return pill(exchange, done=len(done), total=len(repeats))


def _blocks(exchange: Exchange, message: dict[str, Any] | None, partial: Partial | None) -> list[BlockView]:
    if partial is not None:
        return growing_views(partial.blocks, exchange.public_id)
    return final_views(message, exchange.public_id)


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
    return said


def _limit(view: View) -> str:
    limit = view.comparison.connection.max_in_flight
    if view.sending_now < limit:
        return ""
    return f"Starts with its group: {limit} requests in flight allowed, {view.sending_now} running."


def _dots(view: View, position: int) -> Dots:
    latest = {(row.case, row.repeat): row for row in view.rows if row.position == position}
    repeats = sorted({row.repeat for row in view.rows})
    dots = tuple(
        Dot(
            repeat,
            row.state if row else "",
            f"repeat {repeat}: {row.state.replace('_', ' ') if row else 'not sent'}",
            repeat == view.repeat,
        )
        for repeat in repeats
        for row in [latest.get((view.case, repeat))]
    )
    names = {case.position: str(case) for case in view.cases}
    return Dots(
        position=position,
        case=view.case,
        case_name=names.get(view.case, ""),
        cases=len(view.cases),
        repeat=view.repeat,
        repeats=repeats[-1] if repeats else 1,
        columns=view.asked_columns,
        dots=dots if len(dots) > 1 else (),
    )


def positions(lanes: Sequence[Lane]) -> str:
    """Where the page's lanes stand, for the live stream to go on from: `412:1840,413:s0,414:f`."""
    return ",".join(
        position_text(lane.exchange.pk, lane.exchange.state, None if lane.is_final else lane.live_position)
        for lane in lanes
    )


def position_text(exchange_id: int, state: str, position: int | None) -> str:
    """One position; a letter where the lane shows another state than streaming. None: its final card is shown."""
    return f"{exchange_id}:f" if position is None else f"{exchange_id}:{STATE_LETTERS.get(state, '')}{position}"


# HTML ---------------------------------------------------------------------------------------------------------------


def render_lane(lane: Lane) -> str:
    """The lane's whole card."""
    return render_to_string("runs/_lane.html", {"lane": lane})


def render_around(
    comparison: Comparison, rows: Sequence[Row], *, cell: tuple[int, int], columns: Collection[int] = FIRST_LANES
) -> list[tuple[str, str]]:
    """What stands around the lanes as (target, HTML): the state in the head, the dots, the figures."""
    view = load(comparison, case=cell[0], repeat=cell[1], columns=columns, rows=rows)
    parts: list[tuple[str, str]] = [
        ("#comparison-state", render_to_string("runs/_comparison_state.html", state_context(view)))
    ]
    parts += [
        (
            f"#lane-{position}-dots",
            render_to_string("runs/_dots.html", {"dots": _dots(view, position), "comparison": comparison}),
        )
        for position in view.columns
        if position in view.exchanges
    ]
    parts.append(("#figures", render_to_string("runs/_figures.html", figures_context(view))))
    return parts


def area_context(view: View, partials: Mapping[int, Partial]) -> dict[str, Any]:
    """For `_lanes_area.html`: the live part of the page."""
    lanes = lanes_in(view, partials)
    return {
        **figures_context(view),
        **state_context(view),
        "lanes": lanes,
        "is_many": len(lanes) > 4,
        "at": positions(lanes),
        "seen": len(view.rows),
    }
