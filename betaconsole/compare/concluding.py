"""Verdicts worked out when comparisons end, on a thread of the process that sends: one after the other, so that lists can say them.

What is due is a row of `VerdictDue`. Whoever starts the process starts `chore`; any other process that looks at a comparison works its
verdict out as well, and finds it kept here.
"""

import logging

from betaconsole.runs.models import Comparison, VerdictDue
from betaconsole.storage.chores import Chore

from .evidence import conclude

logger = logging.getLogger(__name__)

LOOK_S = 1.0  # between two looks for what is due


def look() -> None:
    """Work out all that is due, one after the other."""
    while not chore.is_stopping and conclude_next():
        pass


chore = Chore("verdicts", look, every_s=LOOK_S)


def conclude_next() -> bool:
    """Work out the verdict that has been due for longest; False where none is.

    One that cannot be worked out is due no more: the page of the comparison says so, and tries again when somebody asks.
    """
    due = VerdictDue.objects.order_by("pk").values_list("comparison_id", flat=True).first()
    if due is None:
        return False
    # What comes while it is worked out is a row of its own.
    rows = list(VerdictDue.objects.filter(comparison=due).values_list("pk", flat=True))
    try:
        _conclude(due)
    except Exception as error:
        # One that cannot be read must not keep the others waiting. Where nothing can be read its row stays as well.
        logger.error("the verdict of comparison %s cannot be worked out: %s", due, type(error).__name__)
    VerdictDue.objects.filter(pk__in=rows).delete()
    return True


def _conclude(comparison_id: int) -> None:
    ended = Comparison.objects.filter(deleted_at=None, is_errand=False).exclude(finished_at=None)
    comparison = ended.filter(pk=comparison_id).first()
    if comparison is not None and _ran_often(comparison):
        conclude(comparison)


def _ran_often(comparison: Comparison) -> bool:
    """Whether its columns have several cells: of one answer each there is no verdict that a list would say."""
    return comparison.repeats > 1 or comparison.cases.count() > 1
