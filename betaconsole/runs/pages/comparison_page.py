"""The page of one comparison, from what its address asks for."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict

from betaconsole.drafts.context import WIDE_FROM, composer_context
from betaconsole.drafts.models import Draft
from betaconsole.library.models import PromptVersion
from betaconsole.runs.launching.more_repeats import room_in
from betaconsole.runs.models import Comparison, Variant
from betaconsole.storage.public_id import new_public_id
from betaconsole.teams.access import TeamRequest
from betaconsole.teams.models import User
from betaconsole.web.paging import number

from . import lanes
from .batch_views import batches_of
from .beta_chips import BetaLine
from .live import parse_columns
from .needs import Typed
from .picture import Partial, partial_of, source_of
from .showing import fingerprint
from .viewing import View, load


@dataclass(frozen=True)
class Asked:
    """Which part of a comparison an address asks for; empty where it leaves the choice to the page."""

    case: int | str
    repeat: int | str
    columns: str

    @classmethod
    def of(cls, query: QueryDict) -> "Asked":
        columns = ",".join(query.getlist("columns"))
        chosen = ",".join(map(str, parse_columns(columns))) if columns.strip(",") else ""
        case, repeat = number(query.get("case")), number(query.get("repeat"))
        return cls("" if case is None else case, "" if repeat is None else repeat, chosen)

    def load(self, comparison: Comparison, viewer: User) -> View:
        return load(
            comparison,
            case=self.case if isinstance(self.case, int) else None,
            repeat=self.repeat if isinstance(self.repeat, int) else None,
            columns=parse_columns(self.columns),
            viewer_id=viewer.pk,
            may_run=viewer.may_run,
        )

    @property
    def query(self) -> str:
        """What an address says to ask for the same."""
        parts = (("case", self.case), ("repeat", self.repeat), ("columns", self.columns))
        return urlencode({name: value for name, value in parts if value != ""})


def area(comparison: Comparison, asked: Asked, viewer: User, *, typed: Typed | None = None) -> dict[str, Any]:
    """Context of `_lanes_area.html`: what has arrived, and the positions from which the live stream goes on.

    `typed`: what the viewer sent from a lane that was refused.
    """
    seen = fingerprint(comparison)  # first: what moves meanwhile is noticed
    view = asked.load(comparison, viewer)
    return {**lanes.area_context(view, partials_of(view), typed=typed), "asked": asked, "seen": seen}


def partials_of(view: View) -> dict[int, Partial]:
    """What has arrived of the unfinished exchanges that have a lane."""
    return {
        exchange.pk: partial_of(source_of(exchange.pk).refresh())
        for position, exchange in view.exchanges.items()
        if position in view.columns and not exchange.is_final
    }


def page(
    comparison: Comparison, request: TeamRequest, *, asked: Asked | None = None, typed: Typed | None = None
) -> dict[str, Any]:
    """Context of `comparison.html`; `asked` where it is not what the address asks for, `typed` as for `area`."""
    context = area(comparison, asked or Asked.of(request.GET), request.user, typed=typed)
    view: View = context["view"]
    draft = own_draft(comparison, request.user) if request.user.may_run else None
    composer = composer_context(draft, request) if draft else {}
    return {
        **composer,
        **context,
        # From WIDE_FROM columns on the lanes need the whole width: the composer folds into a line.
        "layout": "beside" if draft and len(view.variants) < WIDE_FROM else "wide",
        **(lanes.matrix_context(view, _told(context["lanes"])) if context["is_many"] else {}),
        "folded": folded(view),
        "requests": len(view.variants) * len(view.cases) * comparison.repeats,
        "again_token": new_public_id(),
        **more_context(view),
        "says_endpoint": not comparison.endpoint.is_messages and comparison.title != str(comparison.endpoint),
        "batches": batches_of(comparison),
        "may_change": comparison.may_change(request.membership),
        "ran": _version_of(comparison),
        "taken": _taken(view),
        "carried": Comparison.objects.filter(batches__errand=comparison).first() if comparison.is_errand else None,
    }


def more_context(view: View) -> dict[str, Any]:
    """For `_more_repeats.html`."""
    room = room_in(view.comparison, columns=len(view.variants), cases=len(view.cases))
    return {"room": room, "more_token": new_public_id()}


def _told(shown: Sequence[lanes.Lane]) -> Iterator[BetaLine]:
    """What the lanes say of their betas."""
    return (line for lane in shown for chip in lane.chips for line in chip.lines)


def _version_of(comparison: Comparison) -> PromptVersion | None:
    """Which version of a saved prompt it ran, without its text."""
    if comparison.prompt_version_id is None:
        return None
    versions = PromptVersion.objects.select_related("prompt").only("number", "prompt__name", "prompt__public_id")
    return versions.get(pk=comparison.prompt_version_id)


def _taken(view: View) -> list[Variant]:
    """The columns that took a saved combination, with the version that each took."""
    if all(variant.combination_version_id is None for variant in view.variants):
        return []
    took = view.comparison.variants.filter(combination_version__isnull=False)
    return list(took.select_related("combination_version__combination"))


def own_draft(comparison: Comparison, user: User) -> Draft | None:
    """The composer this comparison was run from, where it is the reader's own."""
    return Draft.objects.visible_to(user).filter(pk=comparison.draft_id).first() if comparison.draft_id else None


def folded(view: View) -> str:
    """The composer in one line: `claude-sonnet-4-6 · 8 columns × 10 · Simulator`."""
    models = list(dict.fromkeys(variant.model for variant in view.variants if variant.model))
    if not view.comparison.endpoint.is_messages:
        models = [str(view.comparison.endpoint)]
    repeats = f" × {view.comparison.repeats}" if view.comparison.repeats > 1 else ""
    model = models[0] if len(models) == 1 else f"{len(models)} models"
    return f"{model} · {len(view.variants)} columns{repeats} · {view.comparison.connection.name}"
