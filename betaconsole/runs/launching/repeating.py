"""A whole comparison once more: the same requests, as a comparison of their own."""

from dataclasses import replace

from betaconsole.runs.models import Comparison
from betaconsole.teams.models import User

from .adding import check_not_of_a_batch, plan_of
from .launching import launch


def run_whole_again(
    comparison: Comparison, *, author: User, client_token: str | None, over_budget: bool = False
) -> Comparison:
    """A new comparison of the same columns, cases and repeats on the same connection, in an order drawn anew.

    The same `client_token` gives the same comparison, so that pressing twice sends once. Raises what `launch` raises.
    """
    check_not_of_a_batch(comparison)
    variants = list(comparison.variants.select_related("baseline"))
    plan = plan_of(comparison, variants)
    columns = [
        replace(column, baseline=variant.baseline.label if variant.baseline else None)
        for column, variant in zip(plan.variants, variants, strict=True)
    ]
    made, _ = launch(
        replace(plan, variants=columns, seed=None),
        team=comparison.team,
        author=author,
        connection=comparison.connection,
        client_token=client_token,
        draft=comparison.draft,
        prompt_version=comparison.prompt_version,
        prompt_changed=comparison.prompt_changed,
        over_budget=over_budget,
    )
    return made
