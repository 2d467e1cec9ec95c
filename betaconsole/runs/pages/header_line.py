"""A column's `anthropic-beta` line as a page shows it: exact, with what differs from its baseline marked. Pure."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from betaconsole.drafts.labels import split_name


@dataclass(frozen=True)
class HeaderPart:
    """One name of the line. It may break between `stem` and `date` only; `is_last`: no comma follows."""

    stem: str
    date: str
    is_last: bool
    is_added: bool
    is_refused: bool

    @property
    def name(self) -> str:
        return self.stem + self.date


def header_parts(
    betas: Sequence[str], *, baseline: Collection[str] | None = None, refused: Collection[str] = ()
) -> list[HeaderPart]:
    """The names in the order they were sent. `baseline` is what it is compared with; None marks nothing as added."""
    return [
        HeaderPart(
            *split_name(name),
            is_last=index == len(betas) - 1,
            is_added=baseline is not None and name not in baseline,
            is_refused=name in refused,
        )
        for index, name in enumerate(betas)
    ]
