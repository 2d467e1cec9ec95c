"""A beta tried with one click: its example as a draft, a column without it beside one with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from betaconsole.catalogue.betas import Beta, Status, find
from betaconsole.claude import jsontext
from betaconsole.drafts.columns import Column, new_key
from betaconsole.drafts.models import Draft
from betaconsole.teams.models import Connection, Team, User

from .listing import can_try
from .trials import PLAIN_BODY, PLAIN_ENOUGH, TIME_STUB, TRIALS, WHY_ALIKE, Trial

STUBBED = {str(TIME_STUB["tool"]): TIME_STUB}


@dataclass(frozen=True)
class Pair:
    """What a draft is made of: a body and the columns that shape it, with answers to the tools it offers."""

    body: dict[str, Any]
    columns: Sequence[Column]
    tool_stubs: Sequence[dict[str, Any]]
    separate_caches: bool = False


def try_draft(team: Team, author: User, beta: Beta) -> Draft:
    """The beta in the composer, on the team's default connection: the simulator where there is no key."""
    connection = Connection.objects.default_for(team, author)
    pair = pair_for(beta, simulated=connection.is_simulator)
    return Draft.start(
        team=team,
        author=author,
        connection=connection,
        version=connection.anthropic_version,
        body_text=jsontext.dumps(pair.body, indent=2),
        columns=pair.columns,
        title=f"{beta.name}: {beta.title}",
        tool_stubs=pair.tool_stubs,
        separate_caches=pair.separate_caches,
    )


def told_of_try(beta: Beta) -> str:
    """What to look for once a try has run, or why there will be nothing."""
    if beta.name in TRIALS:
        return f"Press Run. What this shows: {TRIALS[beta.name].look_for}"
    return f"Press Run. No difference is to be expected: {WHY_ALIKE[beta.name]}"


def pair_for(beta: Beta, *, simulated: bool) -> Pair:
    """Columns without and with a beta that `can_try`, and the body both start from. `simulated`: it goes to the simulator."""
    assert can_try(beta)
    trial = TRIALS.get(beta.name) or Trial("", body=PLAIN_ENOUGH.get(beta.name))
    body = cast("dict[str, Any]", jsontext.apply_changes(beta.example_base or PLAIN_BODY, trial.body))
    body = {**body, "stream": True}
    if simulated and trial.wish:
        body["system"] = f"[[simulator: {trial.wish}]]"
    return Pair(body, _columns(beta, trial), _stubs(body, beta), trial.separate_caches)


def _columns(beta: Beta, trial: Trial) -> list[Column]:
    if beta.status is Status.GENERALLY_AVAILABLE and not beta.gated and beta.changes is not None:
        return _field_columns(beta)
    changes = () if trial.without_field else _changing((beta.name,))
    columns = [
        Column(key=new_key(), name="Without", betas=beta.needs, examples=_changing(beta.needs)),
        Column(key=new_key(), name="With", betas=(*beta.needs, beta.name), examples=changes),
    ]
    if trial.headerless_model:
        columns.append(
            Column(key=new_key(), name="No header", model=trial.headerless_model, changes_text=_as_text(beta), betas=())
        )
    return columns


def _field_columns(beta: Beta) -> list[Column]:
    """What was built in: the pair differs in the field, and a third column shows that the header adds nothing."""
    return [
        Column(key=new_key(), name="Without"),
        Column(key=new_key(), name="Field, no header", changes_text=_as_text(beta)),
        Column(key=new_key(), name="Field and header", betas=(beta.name,), examples=(beta.name,)),
    ]


def _as_text(beta: Beta) -> str:
    return jsontext.dumps(beta.changes, indent=2)


def _changing(names: Sequence[str]) -> tuple[str, ...]:
    """Those of the betas that the catalogue has changes for."""
    return tuple(name for name in names if (known := find(name)) and known.changes is not None)


def _stubs(body: dict[str, Any], beta: Beta) -> list[dict[str, Any]]:
    """An answer for each tool of the body, and of what the beta changes in it."""
    text = jsontext.dumps([body, beta.changes])
    return [stub for name, stub in STUBBED.items() if f'"name":{jsontext.dumps(name)}' in text.replace(": ", ":")]
