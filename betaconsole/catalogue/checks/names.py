"""The names in the header: whether they can be sent, whether they are known, and what has become of them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from betaconsole.catalogue.betas import Beta, Status, all_betas, catalogue_date, find
from betaconsole.claude.headers import MAX_BETAS, HeaderError, check_beta

from .asked import Asked
from .findings import (
    Finding,
    Fix,
    add_beta,
    error,
    hint,
    listed,
    remove_beta,
    replace_beta,
    warning,
)
from .nearest import closest, nearest, slip_of
from .paths import occurs, read_path

# Families that select versions of the API which exclude each other (seen as a refusal, see recorded beta errors).
CLASHING = (("agent-api-", "managed-agents-"),)
_DATE = re.compile(r"-(\d{4})-?(\d{2})-?(\d{2})$")


def malformed(asked: Asked) -> Iterator[Finding]:
    """malformed_name, too_many_names: what cannot stand in the header at all."""
    for name in dict.fromkeys(asked.betas):
        try:
            check_beta(name)
        except HeaderError as problem:
            meant = _tidied(name)
            yield error("malformed_name", str(problem), fix=replace_beta(name, meant) if meant else remove_beta(name))
    if len(asked.betas) > MAX_BETAS:
        message = f"The header has {len(asked.betas)} names: at most {MAX_BETAS} can be sent."
        yield error("too_many_names", message, fix=remove_beta(asked.betas[-1]) if _is_one_over(asked) else None)


def unknown(asked: Asked) -> Iterator[Finding]:
    """misspelt_name, unknown_name: a well-formed name that the catalogue does not hold."""
    for name in dict.fromkeys(asked.betas):
        if find(name) is not None or not _is_well_formed(name):
            continue
        meant = _meant(name)
        if meant:
            message = f"No beta is called {name} (as of {catalogue_date()}): did you mean {meant}?"
            fix = _instead(asked, name, meant)
            without = remove_beta(name)
            yield error("misspelt_name", message, fix=fix, other=without if without != fix else None)
            continue
        near = nearest(name, all_betas())
        hinted = f"; the nearest known: {listed(near)}" if near else ""
        yield warning(
            "unknown_name",
            f"{name} is not among the betas known on {catalogue_date()}, and the API refuses names it does not know{hinted}.",
            fix=remove_beta(name),
        )


def settled(asked: Asked) -> Iterator[Finding]:
    """Known names that are not current: refused_name, retired_name, superseded_name, built_in_name, pins_older_shape,
    undocumented_name.
    """
    for beta in asked.known_betas:
        if beta.refused:
            yield _refused(asked, beta)
        elif beta.status is Status.RETIRED:
            yield warning(
                "retired_name", f"{beta.name} is retired: it is taken and changes nothing.", fix=_without(beta)
            )
        elif beta.status is Status.SUPERSEDED:
            yield _superseded(asked, beta)
        elif beta.status is Status.GENERALLY_AVAILABLE and not _is_used(asked, beta):
            yield _built_in(beta)
        elif beta.status is Status.UNKNOWN:
            yield hint("undocumented_name", f"Nothing public says what {beta.name} does.", fix=_without(beta))


def missing_companions(asked: Asked) -> Iterator[Finding]:
    """needs_beta: a name that goes together with another."""
    for beta in asked.known_betas:
        for needed in beta.needs:
            if needed not in asked.betas:
                yield warning("needs_beta", f"{beta.name} goes together with {needed}.", fix=add_beta(needed))


def clashing(asked: Asked) -> Iterator[Finding]:
    """clashing_names: names that the API does not take in one header."""
    for one, other in CLASHING:
        first = next((name for name in asked.betas if name.startswith(one)), None)
        second = next((name for name in asked.betas if name.startswith(other)), None)
        if first and second:
            message = f"{first} and {second} select versions of the API that exclude each other."
            yield error("clashing_names", message, fix=_first_removed(asked, one))


def _first_removed(asked: Asked, start: str) -> Fix | None:
    names = [name for name in asked.betas if name.startswith(start)]
    return remove_beta(names[0]) if len(names) == 1 else None


def _refused(asked: Asked, beta: Beta) -> Finding:
    new = beta.superseded_by
    said = f": {new} took its place" if new else ""
    return error("refused_name", f"The API refuses {beta.name}{said}.", fix=_instead(asked, beta.name, new))


def _superseded(asked: Asked, beta: Beta) -> Finding:
    new = beta.superseded_by
    if new is None:
        return hint("superseded_name", f"{beta.name} is superseded. {beta.status_note}", fix=_unless_used(asked, beta))
    fits = _opens_as_much(asked, beta, all_betas()[new])
    fix = _instead(asked, beta.name, new) if fits else None
    return hint("superseded_name", f"{beta.name} is superseded by {new}.", fix=fix)


def _built_in(beta: Beta) -> Finding:
    if beta.pins is not None:
        message = f"{beta.name} is generally available: the header only brings back an older shape of the answers."
        return hint("pins_older_shape", message, fix=_without(beta))
    return hint(
        "built_in_name", f"{beta.name} is generally available: nothing needs the header any more.", fix=_without(beta)
    )


def _is_used(asked: Asked, beta: Beta) -> bool:
    """Whether the body holds what is refused without this name to this day."""
    return any(occurs(asked.body, read_path(path)) for path in beta.gated)


def _unless_used(asked: Asked, beta: Beta) -> Fix | None:
    kinds = {tool.get("type") for _, tool in asked.tools}
    return None if _is_used(asked, beta) or not kinds.isdisjoint(beta.tool_types) else _without(beta)


def _opens_as_much(asked: Asked, old: Beta, new: Beta) -> bool:
    """Whether nothing in the body needs the old name where the new one stands."""
    closed = [path for path in old.gated if path not in new.gated and occurs(asked.body, read_path(path))]
    kinds = {tool.get("type") for _, tool in asked.tools} & set(old.tool_types) - set(new.tool_types)
    return not closed and not kinds


def _instead(asked: Asked, old: str, new: str | None) -> Fix:
    return replace_beta(old, new) if new and new not in asked.betas else remove_beta(old)


def _without(beta: Beta) -> Fix:
    return remove_beta(beta.name)


def _meant(name: str) -> str | None:
    """The known name that was surely meant: one letter or two away, or the same family with another date before today."""
    if slip := slip_of(name, all_betas().keys()):
        return slip
    found = _DATE.search(name)
    if found and "-".join(found.groups()) > catalogue_date().isoformat():
        return None
    family = name[: found.start()] if found else name
    return closest(name, [known for known, beta in all_betas().items() if beta.family == family and not beta.refused])


def _tidied(name: str) -> str | None:
    """The known name that is left once case, blanks and underscores are put right."""
    tidy = re.sub(r"[\s_]+", "-", name.strip(" \t\r\n,;\"'").lower())
    return tidy if find(tidy) else _meant(tidy) if _is_well_formed(tidy) else None


def _is_well_formed(name: str) -> bool:
    try:
        return bool(check_beta(name))
    except HeaderError:
        return False


def _is_one_over(asked: Asked) -> bool:
    return len(asked.betas) == MAX_BETAS + 1
