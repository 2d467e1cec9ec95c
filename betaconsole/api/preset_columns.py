"""The columns that a preset makes from betas, as `POST /comparisons` takes it in place of variants."""

from collections.abc import Sequence

from betaconsole.drafts.columns import Column, baselines, new_key
from betaconsole.drafts.labels import labels
from betaconsole.drafts.matrix import MatrixError
from betaconsole.drafts.presets import CONTROLS, WITH_WITHOUT, fill
from betaconsole.runs.launching.planning import VariantPlan

from .problems import Problem


def columns_of_preset(preset: str, betas: Sequence[str], *, version: str) -> list[VariantPlan]:
    """The columns with the names and baselines that the composer gives them. Raises `Problem`."""
    for index, name in enumerate(betas):
        if name in betas[:index]:
            raise Problem(422, f"{name} stands twice here.", field=f"betas.{index}")
    try:
        columns = [Column(key=new_key())]
        if preset == CONTROLS and betas:
            columns = fill(WITH_WITHOUT, columns, betas=betas)
        columns = fill(preset, columns, betas=betas)
    except MatrixError as error:
        raise Problem(422, str(error), field="betas") from error
    names = dict(zip((column.key for column in columns), labels(columns), strict=True))
    compared = baselines(columns)
    return [
        VariantPlan(
            label=names[column.key],
            betas=column.betas,
            version=version,
            baseline=names.get(compared[column.key] or column.key),
            role=column.role,
        )
        for column in columns
    ]
