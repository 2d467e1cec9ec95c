"""Where a lane stands among the repeats and cases of its comparison, and the ways to its neighbours. Pure."""

from dataclasses import dataclass

from .showing import Row
from .viewing import View


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
    is_trace: bool = False

    @property
    def is_shown(self) -> bool:
        return self.repeats > 1 or self.cases > 1

    @property
    def columns_query(self) -> str:
        """What an address of this page says about its columns."""
        return f"&columns={self.columns}" if self.columns else ""

    @property
    def case_word(self) -> str:
        """What a case is called here: in a trace it is a turn of the recorded conversation."""
        return "recorded turn" if self.is_trace else "case"

    @property
    def previous_case_label(self) -> str:
        return f"Previous {self.case_word}"

    @property
    def next_case_label(self) -> str:
        return f"Next {self.case_word}"

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


def dots_of(view: View, position: int) -> Dots:
    """Where the lane of the column at this position stands."""
    latest = {(row.case, row.repeat): row for row in view.rows if row.position == position}
    repeats = sorted({row.repeat for row in view.rows})
    dots = tuple(
        Dot(
            repeat,
            _dot_state(row),
            f"repeat {repeat}: {_dot_words(row)}",
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
        is_trace=view.comparison.is_trace,
    )


def _dot_state(row: Row | None) -> str:
    return "waiting" if row and row.wait else row.state if row else ""


def _dot_words(row: Row | None) -> str:
    if row is None:
        return "not sent"
    said = "waiting for a person" if row.wait else row.state.replace("_", " ")
    return f"{said}, turn {row.turn}" if row.turn > 1 else said
