"""The lists of prompts and combinations: what of a team's is shown, searched, and how often it was used."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Exists, IntegerField, Max, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce

from betaconsole.drafts.sheet_view import Name
from betaconsole.library.models import Combination, CombinationVersion, Kept, KeptQuerySet, Prompt, PromptTag
from betaconsole.library.names import one_line
from betaconsole.runs.history.listing import HistoryRow, rows_for
from betaconsole.runs.models import Comparison, ComparisonQuerySet, Variant
from betaconsole.teams.access import TeamRequest
from betaconsole.web.paging import SIZE, Page, identifier, number, page

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


@dataclass(frozen=True)
class Used:
    """A comparison that used a prompt or a combination, and which version: `v3`, `v3, changed`."""

    row: HistoryRow
    ran: str


def visible(kind: type[Prompt] | type[Combination], request: TeamRequest) -> KeptQuerySet:
    """Every prompt, or combination, of the team that asks, archived ones too."""
    return kind.objects.visible_to(request.user).filter(team=request.team)


def prompt_page(request: TeamRequest, search: Search) -> Page:
    """Prompts with `newest` (number of the newest version), `used` (comparisons) and their tags; four queries at most."""
    rows = _which(visible(Prompt, request), search)
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
    rows = _which(visible(Combination, request), search)
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
    used = PromptTag.objects.filter(prompt__in=visible(Prompt, request).filter(archived_at=None)).order_by()
    counted = used.values_list("tag").annotate(times=Count("pk")).order_by("-times", "tag")
    return list(counted[:MOST_TAGS])


def has_archive(rows: KeptQuerySet, shown: Page) -> bool:
    """Whether the archive is all there is: it is looked into where the list `shown` is empty."""
    return not shown.rows and rows.archived().exists()


def just_archived(rows: KeptQuerySet, request: TeamRequest) -> Kept | None:
    """What the address says was archived a moment ago, so that the page can offer to undo it."""
    public_id = identifier(request.GET.get("archived_now"))
    return rows.archived().filter(public_id=public_id).first() if public_id else None


def comparisons_of_prompt(request: TeamRequest, prompt: Prompt, *, before: int | None = None) -> Page:
    """The comparisons that ran any version of the prompt, newest first, as `Used`."""
    ran = _comparisons(request).filter(prompt_version__prompt=prompt).select_related("author", "prompt_version")
    found = page(ran, key="number", before=before)
    said = [_said(one.prompt_version.number, is_changed=one.prompt_changed) for one in found.rows]
    return _used(found, said)


def comparisons_of_combination(
    request: TeamRequest, combination: Combination, shown: CombinationVersion, *, before: int | None = None
) -> Page:
    """The comparisons with a column that took any version of it, or that sent exactly the betas of the one `shown` in its
    order; newest first, as `Used`.

    Those of the first kind an index finds; the others are looked for among what sent the first beta.
    """
    ours = _comparisons(request).select_related("author")
    versions = combination.versions.values("pk")
    took = ours.filter(pk__in=Variant.objects.filter(combination_version__in=versions).values("comparison"))
    sent = Variant.objects.filter(comparison=OuterRef("pk"), header=shown.header)
    alike = ours.filter(Exists(sent), betas__beta__in=shown.betas[:1])
    pages = [page(rows, key="number", before=before) for rows in (took, alike)]
    merged = {one.number: one for found in pages for one in found.rows}
    rows = [merged[key] for key in sorted(merged, reverse=True)[:SIZE]]
    is_more = len(merged) > len(rows) or any(found.next_before for found in pages)
    said = _versions_taken(combination, rows)
    found = Page(rows, rows[-1].number if is_more else None)
    return _used(found, [", ".join(said.get(one.pk, ["the same betas"])) for one in rows])


def _versions_taken(combination: Combination, comparisons: Sequence[Comparison]) -> dict[int, list[str]]:
    """Which versions of it the columns of each comparison took: `v2`, or `v2, changed` where the column had more."""
    taken = Variant.objects.filter(comparison__in=comparisons, combination_version__combination=combination)
    found: dict[int, dict[str, None]] = {}
    for variant in taken.select_related("combination_version").order_by("position"):
        version = variant.combination_version
        if version is not None:
            said = _said(version.number, is_changed=variant.took_changed)
            found.setdefault(variant.comparison_id, {})[said] = None
    return {key: list(said) for key, said in found.items()}


def _said(number: int, *, is_changed: bool) -> str:
    return f"v{number}, changed" if is_changed else f"v{number}"


def _used(found: Page, ran: Sequence[str]) -> Page:
    rows = [Used(row, said) for row, said in zip(rows_for(found.rows), ran, strict=True)]
    return Page(rows, found.next_before)


def _comparisons(request: TeamRequest) -> ComparisonQuerySet:
    return Comparison.objects.visible_to(request.user).filter(team=request.team, is_errand=False)


def _which(rows: KeptQuerySet, search: Search) -> KeptQuerySet:
    return rows.archived() if search.is_archived else rows.filter(archived_at=None)
