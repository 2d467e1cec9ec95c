"""How long a team keeps its history: the rule, what it would remove, and the moment from which it does.

A comparison's age counts from when it was made, and not before it has been finished for as long. What runs or waits never
goes, nor does an errand that a batch of a kept comparison rests on.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

from django.db.models import Count, Exists, OuterRef, Q, Sum
from django.utils import timezone

from betaconsole.decisions.models import Decision
from betaconsole.runs.models import Batch, Body, Comparison, ComparisonQuerySet, Exchange, ExchangeQuerySet, Imported
from betaconsole.teams.models import Team

from .keeping import UNDO_FOR

GRACE = timedelta(days=1)  # from saving a rule to the first removal: whoever mistyped it takes it back
MOST_DAYS = 36_500
HIDDEN_AT_ONCE = 20
SHOWN = 10


@dataclass(frozen=True)
class Rule:
    """`days`: None keeps history for ever. Pinned comparisons and those a decision rests on go only where chosen, those with a
    public link only once it has ended."""

    days: int | None = None
    takes_pinned: bool = False
    takes_decided: bool = False

    @classmethod
    def of(cls, team: Team) -> Self:
        return cls(team.keep_days, team.keep_days_takes_pinned, team.keep_days_takes_decided)

    def __str__(self) -> str:
        if self.days is None:
            return "for ever"
        also = [word for word, is_taken in (("pinned", self.takes_pinned), ("decided", self.takes_decided)) if is_taken]
        days = f"for {self.days:,} day{'' if self.days == 1 else 's'}"
        return f"{days}, {' and '.join(also)} ones too" if also else days

    def cutoff(self, now: datetime) -> datetime | None:
        """What is older goes; None where nothing does."""
        return None if self.days is None else now - timedelta(days=self.days)


@dataclass(frozen=True)
class Preview:
    """What a rule would remove if it began now. `size` in bytes, as they were sent and received."""

    comparisons: int
    errands: int  # among the comparisons: what was asked on the way, such as uploads and checks
    exchanges: int
    size: int
    first: list[Comparison]  # the oldest ones
    newest: Comparison | None
    kept_pinned: int  # old enough, and kept by the rule
    kept_decided: int
    kept_linked: int

    @property
    def kept(self) -> list[str]:
        """What stays, old as it is, and why."""
        told = {
            "pinned": self.kept_pinned,
            "that a decision rests on": self.kept_decided,
            "with a public link": self.kept_linked,
        }
        return [f"{count:,} {why}" for why, count in told.items() if count]


def begins_at(team: Team) -> datetime | None:
    """When the team's rule removes something for the first time; None where nothing is removed."""
    return None if team.keep_days is None or team.keep_days_set_at is None else team.keep_days_set_at + GRACE


def keep(team: Team, rule: Rule) -> None:
    """From now on the team keeps its history by this rule. The caller looks at the role."""
    team.keep_days, team.keep_days_set_at = rule.days, timezone.now()
    team.keep_days_takes_pinned, team.keep_days_takes_decided = rule.takes_pinned, rule.takes_decided
    team.save(
        update_fields=["keep_days", "keep_days_set_at", "keep_days_takes_pinned", "keep_days_takes_decided"],
    )


def old(team: Team, cutoff: datetime) -> ComparisonQuerySet:
    """What the team made before this moment and what was finished before it, and nobody deleted."""
    rows = Comparison.objects.filter(team=team, deleted_at=None, created_at__lt=cutoff, finished_at__lt=cutoff)
    # What was brought counts from that day on.
    brought = Imported.objects.filter(comparison=OuterRef("pk"), source__created_at__gte=cutoff)
    return rows.filter(~Exists(Batch.objects.filter(errand=OuterRef("pk"))), ~Exists(brought))


def due(team: Team, rule: Rule, now: datetime) -> ComparisonQuerySet:
    """The comparisons, errands among them, that the rule removes."""
    cutoff = rule.cutoff(now)
    if cutoff is None:
        return Comparison.objects.none()
    rows = old(team, cutoff).exclude(_linked(now))
    if not rule.takes_pinned:
        rows = rows.filter(pinned_at=None)
    return rows if rule.takes_decided else rows.exclude(_decided())


def _decided() -> Exists:
    return Exists(Decision.objects.filter(team=OuterRef("team"), comparison=OuterRef("public_id")))


def _linked(now: datetime) -> Exists:
    """Somebody outside may be reading it by the address they were given."""
    open_links = {"public_links__revoked_at": None, "public_links__expires_at__gt": now}
    return Exists(Comparison.objects.filter(pk=OuterRef("pk"), **open_links))


def preview(team: Team, rule: Rule, now: datetime) -> Preview:
    """What the rule would remove. The number of queries is the same for any number of rows."""
    gone = due(team, rule, now)
    told = gone.aggregate(all=Count("pk"), errands=Count("pk", filter=Q(is_errand=True)))
    exchanges = Exchange.objects.filter(comparison__in=gone)
    listed = gone.listed().select_related("author")
    cutoff = rule.cutoff(now)
    kept = {"pinned": 0, "decided": 0, "linked": 0}
    if cutoff is not None:
        words = {
            "pinned": Count("pk", filter=Q(pinned_at__isnull=False)),
            "decided": Count("pk", filter=Q(_decided())),
            "linked": Count("pk", filter=Q(_linked(now))),
        }
        kept = old(team, cutoff).aggregate(**words)
    return Preview(
        comparisons=told["all"] - told["errands"],
        errands=told["errands"],
        exchanges=exchanges.count(),
        size=_size(exchanges),
        first=list(listed.order_by("created_at", "pk")[:SHOWN]),
        newest=listed.order_by("-created_at", "-pk").first(),
        kept_pinned=0 if rule.takes_pinned else kept["pinned"],
        kept_decided=0 if rule.takes_decided else kept["decided"],
        kept_linked=kept["linked"],
    )


def _size(exchanges: ExchangeQuerySet) -> int:
    bodies = Body.objects.filter(
        Q(pk__in=exchanges.values("request_body")) | Q(pk__in=exchanges.values("response_body"))
    )
    return bodies.aggregate(sum=Sum("size"))["sum"] or 0


def hide_some(now: datetime) -> int:
    """Hide the next few that rules remove, from all teams, for good; returns how many."""
    for team in Team.objects.filter(keep_days__isnull=False, keep_days_set_at__lte=now - GRACE).order_by("pk"):
        rule = Rule.of(team)
        keys = list(due(team, rule, now).order_by("created_at", "pk").values_list("pk", flat=True)[:HIDDEN_AT_ONCE])
        # Asked again with the change: one may have been pinned or begun to run meanwhile. Too old to be taken back.
        if hidden := due(team, rule, now).filter(pk__in=keys).update(deleted_at=now - UNDO_FOR):
            return hidden
    return 0
