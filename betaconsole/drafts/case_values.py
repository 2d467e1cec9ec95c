"""Values for the variables of a draft's body, case by case: kept as a case set, shown as a small table."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction

from betaconsole.library.case_table import TYPED_CASES, CaseTable, case_table
from betaconsole.library.cases import CaseRow
from betaconsole.library.variables import Variable, variables_of
from betaconsole.storage.fields import showable

from .models import CaseBody, CaseSet, Draft


@dataclass(frozen=True)
class Values:
    """What the composer shows of variables: each with what is said of it, and the cases under them.

    `missing` are the variables that a case may leave open and that have no default: they are sent as typed.
    """

    variables: list[Variable]
    cases: CaseTable
    missing: list[str]


def value_rows(made: CaseSet) -> list[CaseRow]:
    """The cases of a set of values, in order."""
    return [CaseRow(body.name, json.loads(body.text)) for body in made.bodies.all()]


def add_values(draft: Draft, rows: Sequence[CaseRow], *, source: str) -> CaseSet:
    """The cases as a case set of the draft, which does not name it yet. Call it inside the transaction that does."""
    texts = [json.dumps(dict(row.values)) for row in rows]
    made = CaseSet.objects.create(
        draft=draft,
        kind=CaseSet.Kind.VALUES,
        source=showable(source)[:200],
        count=len(rows),
        size_bytes=sum(map(len, texts)),
    )
    CaseBody.objects.bulk_create(
        (
            CaseBody(case_set=made, position=position, name=row.name, text=text)
            for position, (row, text) in enumerate(zip(rows, texts, strict=True))
        ),
        batch_size=200,
    )
    return made


@transaction.atomic
def keep_values(draft: Draft, rows: Sequence[CaseRow], *, source: str) -> None:
    """The cases of a draft that nobody edits yet."""
    draft.case_set = add_values(draft, rows, source=source)
    draft.save(update_fields=["case_set"])


def values_of(draft: Draft, names: Sequence[str]) -> Values | None:
    """What there is to fill in, and with what; None where there is neither a variable nor a case."""
    made = draft.value_set
    if not names and made is None:
        return None
    rows = [CaseRow(body.name, json.loads(body.text)) for body in made.bodies.all()[: TYPED_CASES + 1]] if made else []
    described = draft.prompt_version.variables if draft.prompt_version else ()
    variables = variables_of(names, described)
    open_in = {name for row in rows or [CaseRow()] for name in names if not row.values.get(name)}
    return Values(
        variables=variables,
        cases=case_table(rows, names, count=made.count if made else 0),
        missing=[one.name for one in variables if one.name in open_in and not one.default],
    )
