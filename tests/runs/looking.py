"""The lanes of a comparison as its page computes them."""

from collections.abc import Collection, Mapping

from betaconsole.runs.models import Comparison
from betaconsole.runs.pages.lanes import Lane, Partial, lanes_in
from betaconsole.runs.pages.viewing import FIRST_LANES, load


def lanes_of(
    comparison: Comparison,
    *,
    case: int | None = None,
    repeat: int | None = None,
    partials: Mapping[int, Partial] | None = None,
    columns: Collection[int] = FIRST_LANES,
) -> list[Lane]:
    """The lanes of these columns. `partials` are the exchanges in flight so far, by id."""
    return lanes_in(load(comparison, case=case, repeat=repeat, columns=columns), partials or {})
