"""A comparison as a whole: how far it is, the table of figures, which column sent which beta. Cells are counted, not exchanges."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from betaconsole.drafts.columns import letter
from betaconsole.runs.models import Exchange, Variant, Wait
from betaconsole.runs.sending.pausing import can_pause
from betaconsole.runs.states import IN_FLIGHT, State
from betaconsole.runs.tallying import REFUSED

from .beta_chips import BetaLine, in_short
from .cache_bias import cache_bias
from .far import far_of, tally_of
from .figures import Cell, Figure, figures_of, kinds_for
from .header_line import HeaderPart, header_parts
from .showing import LANES, Row
from .trace import trace_context
from .viewing import View
from .wording import Pill, pill


@dataclass(frozen=True)
class FigureRow:
    """A column in the table of figures."""

    variant: Variant
    exchange: Exchange | None
    pill: Pill | None
    figures: list[Figure]
    baseline: Variant | None
    is_lane: bool

    @property
    def turns(self) -> int:
        return self.exchange.turn if self.exchange else 0


@dataclass(frozen=True)
class MatrixRow:
    """One beta and, per column, `sent`, `refused` or nothing. `did`: what came of it, in short; empty until it is known."""

    beta: HeaderPart
    cells: list[str]
    did: str


@dataclass(frozen=True)
class Progress:
    """How far a comparison is: `40 done, 1 refused, 19 skipped`, or `running 3 of 8`, `paused at 3 of 8`.

    `is_running`: something is queued or in flight. `waiting`: cells that need a person.
    """

    is_running: bool
    text: str
    waiting: int = 0
    is_paused: bool = False


@dataclass(frozen=True)
class WayToWaiting:
    """Where the next cell is that waits for a person, and how many wait."""

    href: str
    text: str


def figure_rows(view: View) -> list[FigureRow]:
    """Every column of the comparison with its figures, whether it has a lane or not."""
    cells, in_view = cells_of(view), view.in_view
    chosen = kinds_for(view.comparison, [turn for cell in cells.values() for turn in cell.turns])
    rows = []
    for variant in view.variants:
        exchange = view.exchanges.get(variant.position)
        told = view.causes.get(variant.position, exchange)
        baseline = view.baseline_of(variant)
        waits = variant.position in in_view and in_view[variant.position].wait is not None
        rows.append(
            FigureRow(
                variant=variant,
                exchange=exchange,
                pill=pill(told, done=1, total=1, waits=waits) if told else None,
                figures=figures_of(
                    cells.get(variant.position, Cell()),
                    cells.get(baseline.position) if baseline else None,
                    is_baseline=baseline is None,
                    chosen=chosen,
                ),
                baseline=baseline,
                is_lane=variant.position in view.columns,
            )
        )
    return rows


def cells_of(view: View) -> dict[int, Cell]:
    """What is measured of the cells in view, by column position."""
    in_view = view.in_view
    return {position: Cell(turns, in_view[position].wait is not None) for position, turns in view.turns.items()}


def matrix(view: View, did: Mapping[str, BetaLine]) -> list[MatrixRow]:
    """Which column sent which beta, in the order the betas first appear; `did` is what came of them."""
    betas = list(dict.fromkeys(beta for variant in view.variants for beta in variant.betas))
    refused = {variant.position: view.refused(variant) for variant in view.variants}
    return [
        MatrixRow(
            header_parts([beta])[0],
            [
                "refused" if beta in refused[variant.position] else "sent" if beta in variant.betas else ""
                for variant in view.variants
            ],
            in_short(did[beta]) if beta in did else "",
        )
        for beta in betas
    ]


def progress(rows: Sequence[Row], *, refused: int = 0, is_paused: bool = False) -> Progress:
    """How far a comparison is, from the states of its cells; `refused` of the failed ones were refused betas."""
    states = Counter(row.wait or row.state for row in rows)
    unfinished = sum(row.is_unfinished for row in rows)
    waiting = sum(row.wait is not None for row in rows)
    if unfinished:
        far = f"{len(rows) - unfinished - waiting:,} of {len(rows):,}"
        in_flight = sum(row.state in IN_FLIGHT for row in rows)
        if not is_paused:
            return Progress(True, f"running {far}", waiting)
        return Progress(True, f"paused at {far}{f', {in_flight:,} still ending' if in_flight else ''}", waiting, True)
    over = {state: count for state, count in states.items() if state not in Wait.Reason}
    return Progress(False, summary(over, refused=refused) if over or not waiting else "", waiting)


def summary(states: Mapping[str, int], *, refused: int = 0) -> str:
    """Counts of states in words, the good ones first: `40 done, 1 refused, 19 skipped`. A cell that waits is no other state."""
    words = {
        "done": states.get(State.SUCCEEDED, 0),
        "refused": refused,
        "failed": states.get(State.FAILED, 0) - refused,
        "incomplete": states.get(State.INCOMPLETE, 0),
        "of unknown outcome": states.get(State.UNKNOWN_OUTCOME, 0),
        "interrupted": states.get(State.INTERRUPTED, 0),
        "stopped": states.get(State.CANCELLED, 0),
        "skipped": states.get(State.SKIPPED, 0),
        "in flight": sum(states.get(state, 0) for state in IN_FLIGHT),
        "waiting": states.get(State.QUEUED, 0),
        "waiting for a result": states.get(Wait.Reason.RESULT, 0),
        "waiting to go on": states.get(Wait.Reason.RESTART, 0),
    }
    return ", ".join(f"{count:,} {word}" for word, count in words.items() if count) or "nothing sent"


def state_context(view: View) -> dict[str, Any]:
    """For `_comparison_state.html` and `_comparison_progress.html`."""
    told = tally_of(view.comparison, view.rows)
    refused = told.left_out.get(REFUSED, 0)
    return {
        "comparison": view.comparison,
        "progress": progress(view.rows, refused=refused, is_paused=view.comparison.paused_at is not None),
        "far": far_of(view, told),
        "way": way_to_waiting(view),
        "may_run": view.may_run,
        "can_pause": can_pause(view.comparison),
    }


def way_to_waiting(view: View) -> WayToWaiting | None:
    """The way to a cell that waits, one on this page first; None where nothing waits."""
    waiting = [row for row in view.rows if row.wait]
    if not waiting:
        return None
    here = [row for row in waiting if (row.case, row.repeat) == view.cell and row.position in view.columns]
    row, is_here = (here or waiting)[0], bool(here)
    # A column without a lane gets one: it stands first among those asked for.
    columns = "" if row.position in view.columns else f"&columns={row.position}"
    there = f"{view.comparison.get_absolute_url()}?case={row.case}&repeat={row.repeat}{columns}"
    anchor = f"#answer-{row.public_id}"
    what = "waiting to go on" if row.wait == Wait.Reason.RESTART else "waiting for a result"
    text = f"{what} in {letter(row.position)}" if len(waiting) == 1 else f"{len(waiting):,} {what}"
    return WayToWaiting(anchor if is_here else there + anchor, text)


def figures_context(view: View) -> dict[str, Any]:
    """For `_figures.html`."""
    rows = figure_rows(view)
    bias = cache_bias(
        {position: cell.turns[:1] for position, cell in cells_of(view).items()},
        separate=view.comparison.separate_caches,
    )
    return {
        "comparison": view.comparison,
        "view": view,
        "rows": rows,
        "heads": rows[0].figures if rows else [],
        "turns_said": turns_said(rows),
        "unpriced": unpriced(rows),
        "cache_bias": bias,
        "trace": trace_context(view) if view.comparison.is_trace else None,
        "more_than_lanes": len(view.variants) > LANES,
    }


def unpriced(rows: Sequence[FigureRow]) -> list[tuple[str, str]]:
    """Why columns have no cost though their answers came: their letters and a sentence."""
    whys: dict[str, list[str]] = {}
    for row in rows:
        for figure in row.figures:
            if figure.why_unknown:
                whys.setdefault(figure.why_unknown, []).append(row.variant.letter)
    return [(", ".join(letters), why) for why, letters in whys.items()]


def turns_said(rows: Sequence[FigureRow]) -> str:
    """`2 turns` where every column has as many; empty where one turn is all there is or they differ."""
    counts = {row.turns for row in rows if row.turns}
    return f"{max(counts):,} turns" if len(counts) == 1 and max(counts) > 1 else ""
