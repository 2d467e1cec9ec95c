"""What a comparison takes from the library: a saved prompt, and column by column saved combinations."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from django.db.models import QuerySet

from betaconsole.library.cases import CaseRow
from betaconsole.library.models import Combination, CombinationVersion, KeptQuerySet, Prompt, PromptVersion
from betaconsole.teams.models import Team, User

from .asking import NewComparison
from .problems import Problem

AnyVersion = TypeVar("AnyVersion", PromptVersion, CombinationVersion)


@dataclass(frozen=True)
class Taken:
    """The versions that a request names. `cases`: those saved with the prompt; `combinations` by the column's position."""

    prompt: PromptVersion | None = None
    cases: Sequence[CaseRow] = ()
    combinations: Mapping[int, CombinationVersion] = field(default_factory=dict)


NOTHING_TAKEN = Taken()


def taken_by(asked: NewComparison, *, team: Team, user: User) -> Taken:
    """What was asked for, as far as this person sees it in the team. Raises the `Problem` that names the place."""
    prompt = _prompt(asked, Prompt.objects.visible_to(user).filter(team=team))
    cases = [case.row for case in prompt.prompt.cases.all()] if prompt and asked.cases is None else []
    mine = Combination.objects.visible_to(user).filter(team=team)
    return Taken(prompt, cases, _combinations(asked, mine))


def _prompt(asked: NewComparison, mine: KeptQuerySet) -> PromptVersion | None:
    if asked.prompt is None:
        if asked.prompt_version is not None:
            raise Problem(422, "Say of which prompt: its id or name goes in prompt.", field="prompt_version")
        return None
    if asked.body is not None or asked.parts is not None:
        raise Problem(422, "Give a saved prompt, or what is sent in its place: not both.", field="prompt")
    found = _known(mine, asked.prompt, kind="prompt", place="prompt")
    return _version(found.versions.select_related("prompt"), asked.prompt_version, "prompt_version")


def _combinations(asked: NewComparison, mine: KeptQuerySet) -> dict[int, CombinationVersion]:
    taken = {}
    for position, variant in enumerate(asked.variants or ()):
        place = f"variants.{position}"
        if variant.combination is None:
            if variant.combination_version is not None:
                said = "Say of which combination: its id or name goes in combination."
                raise Problem(422, said, field=f"{place}.combination_version")
            continue
        if variant.betas is not None:
            said = "Give betas or a saved combination, which brings its own: not both."
            raise Problem(422, said, field=f"{place}.combination")
        found = _known(mine, variant.combination, kind="combination", place=f"{place}.combination")
        version = _version(
            found.versions.select_related("combination"), variant.combination_version, f"{place}.combination_version"
        )
        if version.patch and variant.patch is not None:
            said = "The combination changes the body itself: leave patch out, or list its betas in its place."
            raise Problem(422, said, field=f"{place}.patch")
        taken[position] = version
    return taken


def _known(mine: KeptQuerySet, named: str, *, kind: str, place: str) -> Any:
    """Which of these has this id, or else this name; what was archived is not taken."""
    by_name = mine.filter(name=named)
    kept = [one] if (one := mine.filter(public_id=named).first()) else list(by_name.filter(archived_at=None)[:2])
    if len(kept) > 1:
        raise Problem(422, f"More than one {kind} is called {named!a}: say which by its id.", field=place)
    if not kept and not by_name.exists():
        raise Problem(422, f"The team has no {kind} with the id or name {named!a}.", field=place)
    if not kept or kept[0].archived_at is not None:
        raise Problem(422, f"The {kind} {named!a} was archived: bring it back first.", field=place)
    return kept[0]


def _version(versions: QuerySet[AnyVersion], number: int | None, place: str) -> AnyVersion:
    """The version of this number; the newest where none is asked for."""
    wanted = versions if number is None else versions.filter(number=number)
    found = wanted.order_by("-number").first()
    if found is None:
        raise Problem(422, "There is no such version." if number else "It has no version yet.", field=place)
    return found
