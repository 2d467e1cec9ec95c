"""The form that begins a check: which betas, on which models and connection, and how much asking that is."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.http import QueryDict

from betaconsole.catalogue.betas import MESSAGES, all_betas

from .checking import read_names
from .place import LONGEST_MODEL, Place
from .probing import MOST_BETAS, MOST_MODELS
from .probing_plan import (
    Ask,
    Kind,
    active_betas,
    ask_about,
    controls,
    groups,
    most_usd,
    usable_betas,
    with_header_alone,
)

CHOICES: Mapping[str, str] = {
    "active": "All active ones",
    "used": "What this team has sent",
    "usable": "All but retired ones",
    "all": "All known values",
    "these": "These names",
}


@dataclass(frozen=True)
class CheckForm:
    """What was chosen: `which` is a key of `CHOICES`, `names` what was typed for `these`."""

    which: str
    names: str
    models: tuple[str, ...]

    @classmethod
    def read(cls, asked: QueryDict, place: Place) -> CheckForm:
        """The form as it was sent; where nothing was, as it is first shown. `beta` in an address fills in one name."""
        names = asked.get("names", asked.get("beta", ""))[:100_000]
        which = asked.get("which", "these" if names else "active")
        models = [model.strip()[:LONGEST_MODEL] for model in asked.getlist("models")]
        typed = asked.get("other_model", "").strip()[:LONGEST_MODEL]
        chosen = tuple(dict.fromkeys(model for model in [*models, typed] if model))
        return cls(which if which in CHOICES else "active", names, chosen[: MOST_MODELS + 1] or (place.model,))

    def betas(self, used: Collection[str]) -> list[str]:
        """The names that are meant; `used` are those the team has sent."""
        match self.which:
            case "these":
                return typed_names(self.names)
            case "used":
                return sorted(used)
            case "all":
                return list(all_betas())
            case "usable":
                return usable_betas()
        return active_betas()


def typed_names(text: str) -> list[str]:
    """The names in a field of a form, and no more than one too many: that is refused, not cut."""
    return list(read_names(text, most=MOST_BETAS + 1).names)


@dataclass(frozen=True)
class Size:
    """How much a check asks at most: `requests` in all; `messages` of them are answered with a token each and cost `usd`."""

    betas: int
    models: int
    requests: int
    messages: int
    usd: Decimal


def size_of(betas: Sequence[str], models: Sequence[str]) -> Size:
    """The most that a check sends, controls included; what a busy API turns away is asked once more and not counted here."""
    asks: list[Ask] = []
    for group in groups(betas, models):
        first = [ask_about(group, beta) for beta in group.betas]
        again = [with_header_alone(ask) for ask in first if ask.kind is Kind.BETA]
        asks += [*controls(group), *first, *again]
    messages = [ask for ask in asks if ask.group.word == MESSAGES]
    return Size(len(betas), len(models), len(asks), len(messages), sum(map(most_usd, messages), Decimal()))
