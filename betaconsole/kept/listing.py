"""The lists of prompts and combinations: what of a team's is shown, searched, and how often it was used."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Exists, IntegerField, Max, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from betaconsole.drafts.context import Name
from betaconsole.library.models import Combination, Kept, KeptQuerySet, Prompt, PromptTag
from betaconsole.library.names import one_line
from betaconsole.runs.history.listing import HistoryPage, rows_for
from betaconsole.runs.models import Comparison, ComparisonQuerySet, Variant
from betaconsole.teams.access import TeamRequest
from betaconsole.web.paging import Page, identifier, number, page

MOST_TAGS = 40


@dataclass(frozen=True)
class Search:
    """What a list is asked for."""

    query: str = ""
    tag: str = ""
    is_archived: bool = False
    before: int | None = None

    @classmethod
    def of(cls, asked: Any) -> "Search":
        return cls(
            query=one_line(asked.get("q", ""))[:200],
            tag=one_line(asked.get("tag", ""))[:40],
            is_archived=asked.get("archived") == "1",
            before=number(asked.get("before")),
        )

    @property
    def is_narrowed(self) -> bool:
        return bool(self.query or self.tag)


@dataclass(frozen=True)
class Listed:
    """A combination in the list, its betas as a page writes them."""

    combination: Combination
    names: list[Name]


def visible_prompts(request: TeamRequest) -> KeptQuerySet:
    """Every prompt of the team that asks, archived ones too."""
    return Prompt.objects.visible_to(request.user).filter(team=request.team)


def visible_combinations(request: TeamRequest) -> KeptQuerySet:
    return Combination.objects.visible_to(request.user).filter(team=request.team)


def prompt_page(request: TeamRequest, search: Search) -> Page:
    """Prompts with `newest` (number of the newest version), `used` (comparisons) and their tags; four queries at most."""
    rows = _which(visible_prompts(request), search)
    if search.query:
        words = search.query.lower()
        tagged = PromptTag.objects.filter(prompt=OuterRef("pk"), tag__contains=words)
        rows = rows.filter(Q(name__icontains=search.query) | Q(words__contains=words) | Exists(tagged))
    if search.tag:
        rows = rows.filter(Exists(PromptTag.objects.filter(prompt=OuterRef("pk"), tag=search.tag)))
    ran = _comparisons(request).filter(prompt_version__prompt=OuterRef("pk")).order_by()
    counted = ran.values("prompt_version__prompt").annotate(times=Count("pk")).values("times")
    rows = rows.annotate(
        newest_number=Max("versions__number"), used=Coalesce(Subquery(counted, output_field=IntegerField()), 0)
    )
    return page(rows.defer("words").select_related("author").prefetch_related("tags"), key="pk", before=search.before)


def combination_page(request: TeamRequest, search: Search) -> Page:
    """Combinations as `Listed`, in one query."""
    rows = _which(visible_combinations(request), search)
    if search.query:
        by_beta = Q(betas__contains=search.query.lower())
        rows = rows.filter(Q(name__icontains=search.query) | Q(note__icontains=search.query) | by_beta)
    found = page(rows.select_related("author"), key="pk", before=search.before)
    return Page([Listed(one, names_of(one.betas)) for one in found.rows], found.next_before)


def names_of(betas: Sequence[str]) -> list[Name]:
    """Header values as a page writes them."""
    return [Name.of(beta) for beta in betas]


def tags_in_use(request: TeamRequest) -> list[tuple[str, int]]:
    """The team's tags and how many prompts have each, the most used first."""
    used = PromptTag.objects.filter(prompt__in=visible_prompts(request).filter(archived_at=None)).order_by()
    counted = used.values_list("tag").annotate(times=Count("pk")).order_by("-times", "tag")
    return list(counted[:MOST_TAGS])


def just_archived(rows: KeptQuerySet, request: TeamRequest) -> Kept | None:
    """What the address says was archived a moment ago, so that the page can offer to undo it."""
    public_id = identifier(request.GET.get("archived_now"))
    return rows.archived().filter(public_id=public_id).first() if public_id else None


def comparisons_of_prompt(request: TeamRequest, prompt: Prompt, *, before: int | None = None) -> HistoryPage:
    """The comparisons that ran any version of the prompt, newest first."""
    ran = _comparisons(request).filter(prompt_version__prompt=prompt)
    return _history(ran.select_related("author", "prompt_version"), before)


def comparisons_of_combination(
    request: TeamRequest, combination: Combination, *, before: int | None = None
) -> HistoryPage:
    """The comparisons with a column that sent exactly its betas in its order, newest first.

    They are looked for among those that sent its first beta, which an index finds.
    """
    if not combination.betas:
        return HistoryPage([], None)
    sent = Variant.objects.filter(comparison=OuterRef("pk"), header=combination.header)
    used = _comparisons(request).filter(Exists(sent), betas__beta=combination.betas[0])
    return _history(used.select_related("author"), before)


def _history(comparisons: QuerySet, before: int | None) -> HistoryPage:
    found = page(comparisons, key="number", before=before)
    return HistoryPage(rows_for(found.rows), found.next_before)


def _comparisons(request: TeamRequest) -> ComparisonQuerySet:
    return Comparison.objects.visible_to(request.user).filter(team=request.team, is_errand=False)


def _which(rows: KeptQuerySet, search: Search) -> KeptQuerySet:
    return rows.archived() if search.is_archived else rows.filter(archived_at=None)
