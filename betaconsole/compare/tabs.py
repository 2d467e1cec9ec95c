"""The parts of what changed, in the order in which they are shown: each a tab below the lanes and an address of its own."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse

from betaconsole.runs.models import Comparison
from betaconsole.teams.access import TeamRequest
from betaconsole.web.htmx import by_htmx

OF_THE_CELL = frozenset({"case", "repeat"})


@dataclass(frozen=True)
class Tab:
    """One part. `url` names its view, which takes the comparison's public id; `fits` says whether a comparison has it."""

    key: str
    label: str
    url: str
    fits: Callable[[Comparison], bool] = lambda comparison: True


def has_two_columns(comparison: Comparison) -> bool:
    """Whether there is anything to compare."""
    return comparison.variants.filter(position__gt=0).exists()


TABS: tuple[Tab, ...] = (
    Tab("figures", "Figures", "compare:figures"),
    Tab("words", "Words", "compare:words", has_two_columns),
    Tab("blocks", "Blocks", "compare:blocks", has_two_columns),
    Tab("checks", "Checks", "compare:checks", fits=lambda comparison: comparison.endpoint.is_messages),
    Tab("timing", "Timing", "compare:timing", fits=lambda comparison: comparison.endpoint.is_messages),
    Tab("requests", "Requests", "compare:requests", has_two_columns),
    Tab("headers", "Headers", "compare:headers", has_two_columns),
)


@dataclass(frozen=True)
class TabLink:
    """A tab in the strip."""

    key: str
    label: str
    href: str
    is_here: bool


def strip(comparison: Comparison, *, here: str = "", query: str = "") -> list[TabLink]:
    """The tabs of a comparison; `here` is the key of the one that is open, `query` is kept from tab to tab."""
    end = f"?{query}" if query else ""
    return [
        TabLink(tab.key, tab.label, reverse(tab.url, args=[comparison.public_id]) + end, tab.key == here)
        for tab in TABS
        if tab.fits(comparison)
    ]


def _kept(asked: QueryDict) -> str:
    """What an address asks for, of the cell in view only the last: a page with lanes says which it is after the link's own."""
    kept = asked.copy()
    for name in OF_THE_CELL & kept.keys():
        kept.setlist(name, asked.getlist(name)[-1:])
    return kept.urlencode()


def show_tab(
    request: TeamRequest,
    comparison: Comparison,
    template: str,
    context: dict[str, Any],
    *,
    here: str,
    status: int = 200,
) -> HttpResponse:
    """A tab's answer: the strip with this part open for htmx, a page of its own for everybody else."""
    said = {
        **context,
        "comparison": comparison,
        "tabs": strip(comparison, here=here, query=_kept(request.GET)),
        "part": template,
    }
    return render(request, "compare/_tabs.html" if by_htmx(request) else "compare/tab.html", said, status=status)
