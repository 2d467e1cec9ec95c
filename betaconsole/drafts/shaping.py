"""What a column makes of a body: examples of betas and typed changes become one patch. Pure.

A column's changes come in layers: the catalogue's example for each ticked beta that the column takes, then what was
typed. An example is fitted to the body it meets: where it would put a list and one stands there already, its elements
are added to that list, so that the example of one beta never wipes out the tools or edits of another.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from betaconsole.catalogue import betas as catalogue
from betaconsole.catalogue.checks.outline import outlined
from betaconsole.claude import jsontext

from .columns import Column
from .facts import BETAS_IN_BODY, betas_inside_message

Changes = dict[str, Any] | list[Any]


class ChangesError(ValueError):
    """Changes that cannot be read or do not fit the body; the message is for people."""


def example_of(beta: str) -> Changes | None:
    """The changes that give a beta something to act on, as the catalogue knows them."""
    known = catalogue.find(beta)
    return known.changes if known else None


def read_changes(text: str) -> Changes | None:
    """Typed changes: a merge patch (object), RFC 6902 operations (array), or None where nothing was typed."""
    if not text.strip():
        return None
    try:
        changes = jsontext.loads(text)
    except jsontext.JsonError as error:
        raise ChangesError(f"The changes are not JSON: {error}") from error
    if not isinstance(changes, dict | list):
        raise ChangesError("Changes are an object (a merge patch, RFC 7396) or an array of operations (RFC 6902).")
    return changes


def changes_of(column: Column, body: Any) -> Changes | None:
    """All the column changes in `body`, as one patch that does the same. Raises `ChangesError`."""
    layers: list[Changes] = []
    shaped = body
    for beta in column.examples:
        example = example_of(beta)
        if example is not None and beta in column.betas:
            layers.append(fitted(example, shaped))
            shaped = applied(shaped, layers[-1])
    typed = read_changes(column.changes_text)
    if typed is not None:
        applied(shaped, typed)
        layers.append(typed)
    return joined(body, layers)


def usable_changes(column: Column, body: dict[str, Any]) -> Changes | None:
    """`changes_of`, where they leave an object and put no betas into it. Raises `ChangesError`."""
    changes = changes_of(column, body)
    shaped = applied(body, changes)
    if not isinstance(shaped, dict):
        raise ChangesError("The changes leave something that is not a JSON object.")
    for name in BETAS_IN_BODY:
        if name in shaped and name not in body:
            raise ChangesError(betas_inside_message(name))
    return changes


def applied(body: Any, changes: Changes | None) -> Any:
    """The body with the changes made. Raises `ChangesError`."""
    try:
        return jsontext.apply_changes(body, changes)
    except jsontext.PatchError as error:
        raise ChangesError(f"The changes do not fit the body: {error}") from error


def fitted(example: Changes, body: Any) -> Changes:
    """The example so that it adds to the lists of `body` instead of replacing them."""
    operations = list(example) if isinstance(example, list) else list(operations_of(example, body))
    wanted = [one for operation in operations for one in _extending(operation, body)]
    if wanted == operations:
        return example
    return wanted


def joined(body: Any, layers: Sequence[Changes]) -> Changes | None:
    """One patch for several applied in turn to `body`: a merge patch while that says the same, else operations."""
    if len(layers) <= 1:
        return layers[0] if layers else None
    merged: Any = layers[0]
    for layer in layers[1:]:
        merged = _merged(merged, layer)
        if merged is None:
            break
    if merged is not None:
        return merged
    operations: list[Any] = []
    shaped = body
    for layer in layers:
        operations += layer if isinstance(layer, list) else operations_of(layer, shaped)
        shaped = applied(shaped, layer)
    return operations


def operations_of(patch: dict[str, Any], body: Any, path: str = "") -> Iterator[dict[str, Any]]:
    """The RFC 6902 operations that do to `body` what the merge patch does."""
    if not isinstance(body, dict):
        yield {"op": "add", "path": path, "value": _without_nulls(patch)}
        return
    for name, value in patch.items():
        place = f"{path}/{name.replace('~', '~0').replace('/', '~1')}"
        if value is None:
            if name in body:
                yield {"op": "remove", "path": place}
        elif isinstance(value, dict) and isinstance(body.get(name), dict):
            yield from operations_of(value, body[name], place)
        else:
            yield {"op": "add", "path": place, "value": _without_nulls(value)}


def _extending(operation: dict[str, Any], body: Any) -> Iterator[dict[str, Any]]:
    """An operation that puts a list where one stands, as operations that add the elements that are not in it.

    In a body's outline an element may stand in short.
    """
    value = operation.get("value")
    standing = _at(body, operation["path"]) if operation["op"] == "add" and isinstance(value, list) else None
    if not isinstance(standing, list):
        yield operation
        return
    for element in value or ():
        if element not in standing and outlined(element) not in standing:
            yield {"op": "add", "path": operation["path"] + "/-", "value": element}


def _at(body: Any, pointer: str) -> Any:
    for part in pointer.split("/")[1:]:
        body = body.get(part.replace("~1", "/").replace("~0", "~")) if isinstance(body, dict) else None
    return body


def _merged(first: Any, second: Any) -> dict[str, Any] | None:
    """One merge patch for two, or None where none says the same for every body."""
    if not isinstance(first, dict) or not isinstance(second, dict):
        return None
    merged = dict(first)
    for name, value in second.items():
        if name not in first or not isinstance(value, dict):
            merged[name] = value
        elif (inner := _merged(first[name], value)) is not None:
            merged[name] = inner
        else:
            return None  # the first puts a value or a null where the second merges into an object
    return merged


def _without_nulls(value: Any) -> Any:
    """What a merge patch leaves where it creates `value`: the members that are null are not there."""
    if not isinstance(value, dict):
        return value
    return {name: _without_nulls(inner) for name, inner in value.items() if inner is not None}


def offered_fields(column: Column, beta: str) -> list[str]:
    """The fields of the body that the example of a beta would bring to the column; none where it is there already."""
    example = example_of(beta)
    if example is None or beta in column.examples or column.own_body:
        return []
    fields = _fields(example)
    try:
        typed = read_changes(column.changes_text)
    except ChangesError:
        return fields
    return [] if typed is not None and set(fields) <= set(_fields(typed)) else fields


def adopted(column: Column, beta: str, body: Any) -> Changes | None:
    """The typed changes once the example of a beta is among them, as text to be edited. Raises `ChangesError`."""
    example = example_of(beta)
    base = applied(body, changes_of(replace(column, examples=_others(column, beta), changes_text=""), body))
    layers = [fitted(example, base)] if example is not None else []
    typed = read_changes(column.changes_text)
    return joined(base, layers if typed is None else [*layers, typed])


def changed_fields(column: Column) -> set[str]:
    """The fields of the body that the column changes; without those of changes that cannot be read."""
    layers = [example_of(beta) for beta in column.examples if beta in column.betas]
    with suppress(ChangesError):
        layers.append(read_changes(column.changes_text))
    return {field for changes in layers if changes is not None for field in _fields(changes)}


def _others(column: Column, beta: str) -> tuple[str, ...]:
    return tuple(name for name in column.examples if name != beta)


def _fields(changes: Changes) -> list[str]:
    """The fields of the body that changes touch, in order."""
    if isinstance(changes, dict):
        return list(changes)
    paths = [operation.get("path") for operation in changes if isinstance(operation, dict)]
    return list(dict.fromkeys(path.split("/")[1] for path in paths if isinstance(path, str) and "/" in path))
