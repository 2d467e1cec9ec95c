"""A result that a person typed, kept as a stub: in the comparison, and in the draft it was run from. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from betaconsole.library.stubs import StubError, find, read_stubs
from betaconsole.runs.sending.turns import Call, Result

from .planning import PlanError

Written = Mapping[str, Any]


def stub_of(call: Call, result: Result) -> dict[str, Any]:
    """The stub that gives this result to this call and to no other. Raises `PlanError`."""
    asked = {"tool": call.name, "match": call.input, "match_exactly": True}
    if not result.is_error:
        return {**asked, "result": result.content}
    if not isinstance(result.content, str):
        raise PlanError("save", "Only an error that is a text can be saved as a stub.")
    return {**asked, "error": result.content}


def with_saved(stubs: Sequence[Written], pairs: Iterable[tuple[Call, Result]]) -> list[Written]:
    """The stubs and one for each of these pairs, ahead of what answers its call by now. Raises `PlanError`."""
    grown = list(stubs)
    try:
        for call, result in pairs:
            new = stub_of(call, result)
            if new in grown:
                continue
            known = read_stubs(grown)
            earlier = find(known, call.name, call.input)
            grown.insert(known.index(earlier) if earlier else len(grown), new)
        read_stubs(grown)
    except StubError as error:
        raise PlanError("save", f"This cannot be saved as a stub: {error.message}") from error
    return grown
