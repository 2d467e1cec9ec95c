"""The tab Timing: when what came, drawn and in numbers."""

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from betaconsole.runs.models import Variant
from betaconsole.runs.pages.viewing import View
from betaconsole.runs.pages.views import visible_comparison
from betaconsole.teams.access import TeamRequest, requires
from betaconsole.teams.models import Role

from .options import with_value
from .pairs import Pair, pair_of
from .tabs import show_tab
from .timing_columns import columns_of
from .timing_drawing import drawing_of
from .timing_table import table_of, tools_of

MAX_COLUMNS = 12  # drawn below each other; of more the first ones
MAX_TOOL_ROWS = 100


@requires(Role.VIEWER)
@require_safe
def timing(request: TeamRequest, public_id: str) -> HttpResponse:
    """Two columns of one case and repeat, or with `?columns=all` every column, on one axis."""
    comparison = visible_comparison(request, public_id)
    pair = pair_of(request, comparison)
    shows_all = request.GET.get("columns") == "all"
    variants = pair.view.variants[:MAX_COLUMNS] if shows_all else _both(pair)
    columns = columns_of(pair.view, variants, against=_baselines(pair.view) if shows_all else _against(pair))
    measured = [column.measured for column in columns]
    tools = tools_of(measured)
    context = {
        "pair": pair,
        "view": pair.view,
        "shows_all": shows_all,
        "other_look": with_value(request.path, request.GET, "columns", "" if shows_all else "all"),
        "repeats": sorted({row.repeat for row in pair.view.rows}),
        "more_columns": max(0, len(pair.view.variants) - MAX_COLUMNS) if shows_all else 0,
        "columns": columns,
        "drawing": drawing_of([column.source for column in columns]),
        "rows": table_of(measured),
        "tools": tools[:MAX_TOOL_ROWS],
        "more_tools": max(0, len(tools) - MAX_TOOL_ROWS),
    }
    return show_tab(request, comparison, "compare/_timing.html", context, here="timing")


def _both(pair: Pair) -> list[Variant]:
    return [variant for variant in (pair.left, pair.right) if variant is not None]


def _against(pair: Pair) -> dict[str, str]:
    return {pair.right.letter: pair.left.letter} if pair.left and pair.right else {}


def _baselines(view: View) -> dict[str, str]:
    letters = {variant.pk: variant.letter for variant in view.variants}
    return {variant.letter: letters.get(variant.baseline_id or 0, "") for variant in view.variants}
