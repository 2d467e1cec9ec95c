"""What differs between two columns, or between any two exchanges: words, blocks, requests, headers, and all of it in a line."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from betaconsole.runs.models import Exchange
from betaconsole.runs.pages.exchange_page import neighbours
from betaconsole.runs.pages.views import visible_comparison
from betaconsole.teams.access import TeamRequest, requires
from betaconsole.teams.models import Role
from betaconsole.web.htmx import by_htmx
from betaconsole.web.paging import identifier

from .answered import answered
from .asked import asked
from .gist import gist_of
from .options import CARRIED, SHOWN, Options, carried, choices
from .pairs import pair_of
from .sides import Sides, sides_of_exchanges, sides_of_pair
from .spoken import spoken
from .structure import structure
from .tabs import TabLink, show_tab
from .timing_columns import columns_of_sides
from .timing_drawing import drawing_of
from .timing_table import table_of, tools_of

MAX_TOOL_ROWS = 100
Turns = Callable[[Sides, Options], list[Any]]
PARTS: dict[str, tuple[str, Turns]] = {
    "words": ("Words", spoken),
    "blocks": ("Blocks", lambda sides, options: structure(sides)),
    "requests": ("Requests", lambda sides, options: asked(sides)),
    "headers": ("Headers", lambda sides, options: answered(sides)),
}


@requires(Role.VIEWER)
@require_safe
def words(request: TeamRequest, public_id: str) -> HttpResponse:
    """What two columns said, word by word."""
    return _tab(request, public_id, "words")


@requires(Role.VIEWER)
@require_safe
def blocks(request: TeamRequest, public_id: str) -> HttpResponse:
    """The content blocks of two columns, and what their messages say beside them."""
    return _tab(request, public_id, "blocks")


@requires(Role.VIEWER)
@require_safe
def requests(request: TeamRequest, public_id: str) -> HttpResponse:
    """What two columns really sent, and the code that turns it on."""
    return _tab(request, public_id, "requests")


@requires(Role.VIEWER)
@require_safe
def headers(request: TeamRequest, public_id: str) -> HttpResponse:
    """What two columns used, and every response header."""
    return _tab(request, public_id, "headers")


@requires(Role.VIEWER)
@require_safe
def gist(request: TeamRequest, public_id: str) -> HttpResponse:
    """What changed between two columns in one line, for the foot of a lane; empty where there is nothing to say yet."""
    pair = pair_of(request, visible_comparison(request, public_id))
    sides = sides_of_pair(pair)
    context = {"pair": pair, "gist": gist_of(sides) if sides else ""}
    return render(request, "compare/_gist.html", context)


@requires(Role.VIEWER)
@require_safe
def diff(request: TeamRequest) -> HttpResponse:
    """Two exchanges from anywhere: `left` and `right` are their ids or addresses, `part` what of them. Where one or both are
    left out the page asks for them."""
    left, right = (_exchange(request, name) for name in ("left", "right"))
    if left is None or right is None:
        return render(request, "compare/diff_choose.html", _choice(left, right))
    part = request.GET.get("part", "")
    part = part if part in (*PARTS, "timing") else "words"
    sides = sides_of_exchanges(left, right)
    context = {
        **(_timing(sides) if part == "timing" else _part(request, part, sides)),
        "left": left,
        "right": right,
        "gist": gist_of(sides),
        "tabs": _strip(request, part),
    }
    return render(request, "compare/_tabs.html" if by_htmx(request) else "compare/diff.html", context)


def _tab(request: TeamRequest, public_id: str, part: str) -> HttpResponse:
    comparison = visible_comparison(request, public_id)
    pair = pair_of(request, comparison)
    sides = sides_of_pair(pair)
    repeats = sorted({row.repeat for row in pair.view.rows})
    context = {"pair": pair, "repeats": repeats, "carried": carried(request.GET, *SHOWN)}
    if sides is not None:
        context |= _part(request, part, sides)
    return show_tab(request, comparison, f"compare/_{part}.html", context, here=part)


def _choice(left: Exchange | None, right: Exchange | None) -> dict[str, Any]:
    """What the page that asks for the missing side, or for both, needs."""
    known = left or right
    return {"known": known, "is_left": left is not None, "beside": _beside(known) if known else []}


def _part(request: TeamRequest, part: str, sides: Sides) -> dict[str, Any]:
    """What the template of a part needs."""
    options = Options.of(request.GET)
    return {
        "sides": sides,
        "turns": PARTS[part][1](sides, options),
        "options": options,
        "choices": choices(request.path, request.GET, options) if part == "words" else [],
        "part": f"compare/_{part}.html",
    }


def _timing(sides: Sides) -> dict[str, Any]:
    """What the drawing of both streams needs."""
    columns = columns_of_sides(sides)
    measured = [column.measured for column in columns]
    return {
        "part": "compare/_timing_of_two.html",
        "sides": sides,
        "columns": columns,
        "drawing": drawing_of([column.source for column in columns]),
        "rows": table_of(measured),
        "tools": tools_of(measured)[:MAX_TOOL_ROWS],
    }


def _strip(request: TeamRequest, here: str) -> list[TabLink]:
    kept = {name: value for name in CARRIED if name != "part" and (value := _kept(request.GET, name))}
    address = reverse("compare:diff")
    labels = {**{key: label for key, (label, _) in PARTS.items()}, "timing": "Timing"}
    return [
        TabLink(key, label, f"{address}?{urlencode({**kept, 'part': key})}", key == here)
        for key, label in labels.items()
    ]


def _kept(query: QueryDict, name: str) -> str:
    return _id_in(query.get(name, "")) if name in ("left", "right") else identifier(query.get(name))


def _exchange(request: TeamRequest, name: str) -> Exchange | None:
    """The exchange that the address names; None where it names none, 404 where it names one that is not the asker's."""
    if not request.GET.get(name, "").strip():
        return None
    rows = Exchange.objects.visible_to(request.user).filter(team=request.team).select_related("comparison", "variant")
    found = rows.defer("message", "text", "timeline", "added").filter(public_id=_id_in(request.GET[name])).first()
    if found is None:
        raise Http404
    return found


def _id_in(text: str) -> str:
    """The id in what was pasted: itself, or the last part of an exchange's address."""
    return identifier(text.strip().partition("?")[0].rstrip("/").rpartition("/")[2])


def _beside(exchange: Exchange) -> list[Exchange]:
    """The other columns' exchanges of the same case, repeat and turn."""
    return [other for other in neighbours(exchange) if other.turn == exchange.turn and other.pk != exchange.pk]
