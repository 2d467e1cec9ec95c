"""What a search that found nothing may have meant. Pure."""

from __future__ import annotations

from betaconsole.catalogue.betas import all_betas, find
from betaconsole.catalogue.checks.nearest import nearest

from .checking import read_names
from .spelling import Spelt, spelt

MOST_SUGGESTED = 6


def suggested(query: str) -> list[Spelt]:
    """The known names that a query holds or nearly holds, or whose family it does: also those of a pasted header line."""
    families = {beta.family: name for name, beta in all_betas().items()}
    words = [query.strip(), *read_names(query).names, "-".join(query.split())]
    found: dict[str, None] = {}
    for word in dict.fromkeys(word.lower() for word in words if len(word) > 2):
        near = [word] if find(word) else nearest(word, [*all_betas(), *families], limit=2)
        found |= dict.fromkeys(families.get(name, name) for name in near)
    return [spelt(name) for name in list(found)[:MOST_SUGGESTED]]
