"""A comparison as the grounds of a decision."""

from betaconsole.decisions.deciding import Column, Grounds
from betaconsole.runs.models import Comparison


def grounds_of(comparison: Comparison) -> Grounds:
    """What each column sent, and on what. One query; the comparison comes with its connection."""
    columns = [
        Column(
            letter=variant.letter,
            betas=tuple(dict.fromkeys(variant.betas)),
            model=variant.model,
            version=variant.anthropic_version,
        )
        for variant in comparison.variants.all()
    ]
    return Grounds(
        comparison=comparison.public_id,
        key=comparison.pk,
        number=comparison.number,
        title=comparison.title,
        simulated=comparison.simulated,
        connection=comparison.connection,
        columns=columns,
    )
