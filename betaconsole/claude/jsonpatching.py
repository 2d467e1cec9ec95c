"""Changes to a body: JSON merge patches (RFC 7396) and JSON patches (RFC 6902), through libraries, spellings kept.

No function changes what it is given.
"""

from typing import Any

import json_merge_patch
import jsonpatch
import jsonpointer

from .jsonspelling import Integer, Real, dumps

MAX_COPIED_BYTES = 32 * 1024 * 1024


class PatchError(ValueError):
    """A patch that cannot be applied, or a difference that this kind of patch cannot say."""


def apply_changes(body: object, changes: object) -> object:
    """A body with a column's changes: an object is a merge patch, a list a JSON patch, None no change."""
    if changes is None:
        return _copied(body)
    if isinstance(changes, dict):
        return merge_patch(body, changes)
    if isinstance(changes, list):
        return apply_patch(body, changes)
    raise PatchError("Changes are an object (a merge patch) or a list of operations (a JSON patch).")


def merge_patch(body: object, patch: object) -> object:
    """The body merged with the patch: null takes a member away, objects merge, anything else replaces."""
    return json_merge_patch.merge(_copied(body), _copied(patch))


def apply_patch(body: object, operations: list[Any]) -> object:
    """The body after these operations, in order. PatchError names the first that fails, counted from 1."""
    result = _copied(body)
    copied_bytes = 0
    for number, operation in enumerate(operations, 1):
        try:
            step = jsonpatch.JsonPatch([operation])
            copied_bytes += _copied_bytes(result, operation)
            if copied_bytes > MAX_COPIED_BYTES:
                raise PatchError(f"Operation {number} makes the body larger than {MAX_COPIED_BYTES:,} bytes.")
            result = step.apply(result, in_place=True)
        except (jsonpatch.JsonPatchException, jsonpointer.JsonPointerException) as error:
            raise PatchError(f"Operation {number}{_named(operation)} cannot be applied: {error}") from None
    return result


def make_merge_patch(old: object, new: object) -> object:
    """The merge patch that makes `new` of `old`, spellings included. PatchError where it would have to set a null."""
    if not isinstance(old, dict) or not isinstance(new, dict):
        return _without_nulls(new)
    patch: dict[str, Any] = {key: None for key in old if key not in new}
    for key, value in new.items():
        if key not in old or not _is_same(old[key], value):
            patch[key] = make_merge_patch(old.get(key), value)
    return patch


def make_patch(old: object, new: object) -> list[dict[str, Any]]:
    """The JSON patch that makes `new` of `old`, spellings included."""
    return list(jsonpatch.JsonPatch.from_diff(old, new, dumps=dumps))


def _copied(value: Any) -> Any:
    """A copy of objects and lists; what they hold at the ends cannot change and is shared."""
    if isinstance(value, dict):
        return {key: _copied(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_copied(inner) for inner in value]
    return value


def _copied_bytes(body: object, operation: dict[str, Any]) -> int:
    """How much a copy operation adds. Copies of copies double: sixty of them would fill any memory."""
    source = operation.get("from")
    if operation["op"] != "copy" or not isinstance(source, str):
        return 0
    value = jsonpointer.resolve_pointer(body, source)
    return 0 if isinstance(value, jsonpointer.EndOfList) else len(dumps(value))  # the library refuses to copy "/-"


def _without_nulls(value: object) -> object:
    """A copy of the value, which a merge patch can set only if no member in it is null."""
    if value is None:
        raise PatchError("A merge patch cannot set null: use a JSON patch (a list of operations).")
    if isinstance(value, dict):
        return {key: _without_nulls(inner) for key, inner in value.items()}
    return _copied(value)


def _is_same(one: object, other: object) -> bool:
    """Whether both would be written as the same JSON, apart from the order of members."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_is_same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_is_same, one, other))
    if isinstance(one, Integer | Real) or isinstance(other, Integer | Real):
        return _is_number(one) and _is_number(other) and dumps(one) == dumps(other)
    return type(one) is type(other) and one == other


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _named(operation: object) -> str:
    if not isinstance(operation, dict):
        return ""
    words = [str(operation[name]) for name in ("op", "path") if isinstance(operation.get(name), str)]
    return f" ({' '.join(words)[:200]})" if words else ""
