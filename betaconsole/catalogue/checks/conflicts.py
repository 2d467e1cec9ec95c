"""Fields that do not go together (api.md section 3): what betas.toml calls conflicts, and a few between plain fields."""

from __future__ import annotations

from collections.abc import Iterator

from betaconsole.catalogue.betas import all_betas

from .asked import Asked
from .findings import Finding, error, remove_field, replace_beta, warning
from .paths import BodyPath, Place, found, read_path

CONTINUED_WITHOUT = ("system", "tools")
# What only the second version of a beta takes: field, kind of value, first version, second.
NEWER_FORMS = (
    ("fallbacks", str, "server-side-fallback-2026-06-01", "server-side-fallback-2026-07-01"),
    ("fallback_credit_token", dict, "fallback-credit-2026-06-01", "fallback-credit-2026-07-01"),
)
PROFILE_HEADER = "anthropic-user-profile-id"


def conflicting(asked: Asked) -> Iterator[Finding]:
    """conflicting_fields: a field that a beta opens, beside one it does not go with."""
    told: set[frozenset[Place]] = set()
    for beta in all_betas().values():
        own = [read_path(path) for path in beta.unlocks if "=" not in path.rpartition("]")[2]] if beta.conflicts else []
        for path in own:
            for other in map(read_path, beta.conflicts):
                for place, against in _pairs(asked, path, other):
                    if (pair := frozenset((place, against))) not in told:
                        told.add(pair)
                        yield _conflict(asked, place, against)


def threads(asked: Asked) -> Iterator[Finding]:
    """thread_keeps_field, thread_unsupported: what a thread brings along, and what it does not go with."""
    kind = asked.text("thread", "type")
    for name in CONTINUED_WITHOUT if kind == "continue" else ():
        if asked.get(name) is not None:
            message = f"A continued thread keeps its {name}: sending it again is refused."
            fix = remove_field(asked.pointer((name,)))
            yield error("thread_keeps_field", message, path=asked.shown((name,)), fix=fix)
    if kind and asked.get("context_management"):
        message = "A thread does not go together with context_management."
        fix = remove_field(asked.pointer(("context_management",)))
        yield warning("thread_unsupported", message, path=asked.shown(("context_management",)), fix=fix)


def newer_forms(asked: Asked) -> Iterator[Finding]:
    """needs_newer_beta, fallback_to_itself: forms of a field that the first version of its beta does not take."""
    for name, form, older, newer in NEWER_FORMS:
        value = asked.get(name)
        if isinstance(value, form) and value and older in asked.betas and newer not in asked.betas:
            message = f"{older} takes {name} only in its first form: {newer} takes both."
            yield error("needs_newer_beta", message, path=asked.shown((name,)), fix=replace_beta(older, newer))
    for place, hop in asked.objects("fallbacks"):
        if asked.model_id and hop.get("model") == asked.model_id:
            message = f"{asked.model_id} cannot stand in for itself."
            fix = remove_field(asked.pointer(place))
            yield error("fallback_to_itself", message, path=asked.shown((*place, "model")), fix=fix)


def billed_profile(asked: Asked) -> Iterator[Finding]:
    """profile_header_missing: whom to bill stands in a header."""
    if asked.text("billing_policy", "bill_to") != "user_profile":
        return
    path, fix = asked.shown(("billing_policy",)), remove_field(asked.pointer(("billing_policy",)))
    if asked.is_batched:
        yield error("not_in_batches", "A message batch cannot be billed to a user profile.", path=path, fix=fix)
    elif all(name != PROFILE_HEADER for name, _ in asked.request.extra_headers):
        message = f"Billing a user profile needs the header {PROFILE_HEADER}: this column has none."
        yield warning("profile_header_missing", message, path=path, fix=fix)


def _pairs(asked: Asked, path: BodyPath, other: BodyPath) -> Iterator[tuple[Place, Place]]:
    """The places of both paths that stand in one object; for paths from the body itself that is any two."""
    if path.field not in asked.body or other.field not in asked.body:
        return
    for place, _ in found(asked.body, path):
        for against, _ in found(asked.body, other):
            if _indexes(place) == _indexes(against):
                yield place, against


def _indexes(place: Place) -> list[int]:
    return [step for step in place if isinstance(step, int)]


def _conflict(asked: Asked, place: Place, against: Place) -> Finding:
    """The finding, at the field that is easier to do without."""
    kept, gone = (place, against) if _weight(place) >= _weight(against) else (against, place)
    if gone[:-1] == ("tool_choice",):
        gone = gone[:-1]
    message = f"{_named(place)} does not go together with {_named(against)}."
    return error("conflicting_fields", message, path=asked.shown(kept), fix=remove_field(asked.pointer(gone)))


def _weight(place: Place) -> int:
    """How much is lost with a field: what a beta brought more than what was there before."""
    return 1 if place[-1] in ("compaction", "fallbacks", "clear_at") else 0


def _named(place: Place) -> str:
    return ".".join(map(str, place))
