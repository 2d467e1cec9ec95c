"""The menu of presets: what each would make of the matrix as it stands, or why it cannot."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from django.utils import timezone

from betaconsole.catalogue.model_specs import all_models

from . import presets
from .columns import MAX_CELLS, Column, letter
from .labels import split_name
from .matrix import MatrixError
from .models import Draft
from .presets import ACROSS_MODELS, PRESETS, Preset

KNOWN_VERSIONS = ("2026-10-21", "2023-06-01")


class Choice(NamedTuple):
    """A preset, how many columns and requests it makes, and why it cannot be taken (empty where it can)."""

    preset: Preset
    columns: int
    requests: int
    problem: str


class ModelChoice(NamedTuple):
    """A model to go across, and whether the columns ask it already."""

    id: str
    is_chosen: bool


@dataclass(frozen=True)
class PresetMenu:
    """All presets but the one across models, which has a form of its own: `models`, none where nothing has a model.

    `betas` are those that they work on, as (stem, date). `differing`: letters of columns whose own settings would go.
    """

    betas: tuple[tuple[str, str], ...]
    choices: tuple[Choice, ...]
    models: tuple[ModelChoice, ...]
    differing: tuple[str, ...]

    @property
    def across_models(self) -> Preset:
        return PRESETS[ACROSS_MODELS]


def preset_menu(draft: Draft, columns: Sequence[Column], model: str | None, *, per_column: int) -> PresetMenu:
    """The menu for a draft. `model`: the body's, None where requests have none; `per_column`: requests a column sends."""
    betas = presets.betas_for(columns, draft.rows)
    return PresetMenu(
        betas=tuple(split_name(beta) for beta in betas),
        choices=tuple(
            _choice(preset, columns, betas, per_column) for key, preset in PRESETS.items() if key != ACROSS_MODELS
        ),
        models=() if model is None else _models(columns, model),
        differing=tuple(map(letter, presets.differing(columns))),
    )


def filled(
    preset: str, columns: Sequence[Column], betas: Sequence[str], *, per_column: int, models: Sequence[str] = ()
) -> list[Column]:
    """The matrix as that preset fills it, where what it sends is not too much. Raises `MatrixError`."""
    made = presets.fill(preset, columns, betas=betas, models=models, versions=KNOWN_VERSIONS)
    if (cells := len(made) * per_column) > MAX_CELLS:
        raise MatrixError(
            f"That would be {len(made)} columns and {cells:,} requests; one comparison holds at most {MAX_CELLS:,}: take "
            "fewer repeats first."
        )
    return made


def _choice(preset: Preset, columns: Sequence[Column], betas: Sequence[str], per_column: int) -> Choice:
    try:
        made = len(filled(preset.key, columns, betas, per_column=per_column))
    except MatrixError as error:
        return Choice(preset, 0, 0, str(error))
    return Choice(preset, made, made * per_column, "")


def _models(columns: Sequence[Column], model: str) -> tuple[ModelChoice, ...]:
    """The models that answer today; those of the columns come first."""
    today = timezone.now().date()
    asked = list(dict.fromkeys(filter(None, [model, *(column.model for column in columns)])))
    known = [name for name, spec in all_models().items() if not spec.is_retired(today)]
    return tuple(ModelChoice(name, name in asked) for name in dict.fromkeys([*asked, *known]))
