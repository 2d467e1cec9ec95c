"""Whether what the columns do to a body works, said while editing and not only at Run."""

from collections.abc import Mapping, Sequence

from betaconsole.claude import jsontext

from .columns import Column
from .facts import BETAS_IN_BODY, betas_inside_message
from .shaping import ChangesError, read_changes, usable_changes


def misfits(text: str, columns: Sequence[Column], own_bodies: Mapping[str, str]) -> dict[str, str]:
    """For each column whose changes or own body cannot be used the reason, by key. `own_bodies` maps digests to texts."""
    found = {}
    for column in columns:
        if not (column.changes_text or column.examples or column.own_body):
            continue
        try:
            _try_on(column, own_bodies[column.own_body] if column.own_body else text)
        except jsontext.JsonError as error:
            if column.own_body:
                found[column.key] = f"Its own body is not JSON: {error}"
        except ChangesError as error:
            found[column.key] = str(error)
    return found


def _try_on(column: Column, text: str) -> None:
    """Raises `ChangesError` or, for the body, `jsontext.JsonError`."""
    read_changes(column.changes_text)
    body = jsontext.loads(text)
    if not isinstance(body, dict):
        if column.own_body:
            raise ChangesError("Its own body is not a JSON object.")
        return
    if column.own_body:
        for name in (name for name in BETAS_IN_BODY if name in body):
            raise ChangesError(betas_inside_message(name))
    usable_changes(column, body)
