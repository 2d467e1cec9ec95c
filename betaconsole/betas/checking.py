"""Which names of a header line still matter, for a model and a version. Pure: the catalogue knows it, no key is needed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from betaconsole.catalogue.betas import Beta, Status, all_betas, find
from betaconsole.catalogue.checks.nearest import nearest
from betaconsole.catalogue.help import Link, documentation
from betaconsole.catalogue.model_specs import ModelSpec, find_model
from betaconsole.catalogue.preflight import ColumnRequest, preflight
from betaconsole.claude.headers import HeaderError, check_beta
from betaconsole.drafts.pasting import KEY, TAKEN_OUT, PasteError, read_request

from .listing import gated_tools
from .spelling import Spelt, spelt

MOST_CHARACTERS = 1_000_000
MOST_NAMES = 64
_LABEL = re.compile(r"(?i)(?:-H|--header)?\s*['\"]?\s*(?:anthropic[-_]beta|extra_headers|betas)['\"]?\s*[:=]")
_BETWEEN = re.compile(r"[\s,;'\"\[\](){}\\]+")
# Names that the fields of a model tell more about than its list of models does.
FAST, INTERLEAVED = "fast-mode-2026-02-01", "interleaved-thinking-2025-05-14"


class Kind(StrEnum):
    """What became of a name."""

    NEEDED = "needed"
    ELSEWHERE = "elsewhere"
    OTHER_MODELS = "for other models"
    BUILT_IN = "built in"
    PINS = "pins an older shape"
    SUPERSEDED = "superseded"
    RETIRED = "retired"
    REFUSED = "refused"
    UNDOCUMENTED = "undocumented"
    UNKNOWN = "unknown"
    MALFORMED = "malformed"

    @property
    def tone(self) -> str:
        if self in (Kind.REFUSED, Kind.UNKNOWN, Kind.MALFORMED):
            return "bad"
        return "good" if self is Kind.NEEDED else "warn" if self in (Kind.SUPERSEDED, Kind.RETIRED) else ""

    @property
    def mark(self) -> str:
        """A sign beside the word, so that its colour is not all that tells it."""
        return {"good": "●", "bad": "✕", "warn": "→"}.get(self.tone, "✓" if self is Kind.BUILT_IN else "○")


@dataclass(frozen=True)
class Pasted:
    """What was read from a paste: the names in their order, and the model, version and body where it held them."""

    names: tuple[str, ...]
    model: str = ""
    version: str = ""
    body_text: str = ""


@dataclass(frozen=True)
class Checked:
    """One name and what became of it. `breaks`: what is refused without it; `instead` and `near`: names to look at."""

    name: Spelt
    kind: Kind
    said: str
    breaks: tuple[str, ...] = ()
    instead: Spelt | None = None
    near: tuple[Spelt, ...] = ()
    has_page: bool = True

    @property
    def documentation(self) -> Link | None:
        """The page that is about it."""
        return documentation(str(self.name))


def read_names(text: str, *, most: int = MOST_NAMES) -> Pasted:
    """The beta names in a header line however it is spelt, or in a request as curl, code or a log line; the first so many."""
    if text.lstrip().startswith("["):  # a list of names; no request is one
        return Pasted(_in_a_line(text[:MOST_CHARACTERS])[:most])
    try:
        pasted = read_request(text[:MOST_CHARACTERS])
    except PasteError:
        return Pasted(_in_a_line(text[:MOST_CHARACTERS])[:most])
    body_text = pasted.body_text or ""
    return Pasted(pasted.betas[:most], _model_in(body_text), pasted.version, body_text)


def without_keys(text: str) -> str:
    """A pasted text as a page may show it again."""
    return KEY.sub(TAKEN_OUT, text[:MOST_CHARACTERS])


def check(names: Sequence[str], *, model: str, version: str, today: date) -> list[Checked]:
    """What became of each name, on this model and under this version."""
    return [_checked(name, model=model, version=version, today=today) for name in names]


def _in_a_line(text: str) -> tuple[str, ...]:
    names = _BETWEEN.split(_LABEL.sub(" ", text))
    return tuple(dict.fromkeys(name for name in names if name))


def _model_in(body_text: str) -> str:
    found = re.search(r'"model"\s*:\s*"([A-Za-z0-9._:-]{1,100})"', body_text)
    return found[1] if found else ""


def _checked(name: str, *, model: str, version: str, today: date) -> Checked:
    try:
        check_beta(name)
    except HeaderError as error:
        return Checked(spelt(name[:130]), Kind.MALFORMED, str(error), near=_near(name.lower()), has_page=False)
    beta = find(name)
    if beta is None:
        return Checked(spelt(name), Kind.UNKNOWN, _said_by_preflight(name, model, version, today), near=_near(name))
    spec = find_model(model)
    particular = _on_model(beta, spec)
    kind, said = particular or _known(beta)
    notes = [said, *(() if particular else _not_for_model(beta, model, version, today))]
    needed = (*beta.gated, *(f"tools[].type={tool}" for tool in gated_tools(beta)))
    if beta.name == FAST and spec and spec.fast_mode == "header":
        needed = beta.unlocks
    breaks = () if kind in (Kind.BUILT_IN, Kind.RETIRED) and not beta.gated else needed
    instead = spelt(beta.superseded_by) if beta.superseded_by else None
    return Checked(spelt(name), kind, " ".join(filter(None, notes)), breaks, instead)


def _known(beta: Beta) -> tuple[Kind, str]:
    """What became of a known name, whatever the model."""
    if beta.refused:
        return Kind.REFUSED, f"The API refuses the name. {beta.status_note}"
    if beta.status is Status.RETIRED:
        return Kind.RETIRED, f"It is taken and changes nothing. {beta.status_note}"
    if beta.pins is not None:
        return Kind.PINS, f"It selects an older shape of the answers of {', '.join(beta.pins.requests)}."
    if beta.status is Status.SUPERSEDED:
        return Kind.SUPERSEDED, beta.status_note
    if beta.status is Status.GENERALLY_AVAILABLE:
        since = f" since {beta.built_in_since}" if beta.built_in_since else ""
        still = " for all but an older form of its field, which still needs the header" if beta.gated else ""
        return Kind.BUILT_IN, f"Built in{since}{still}."
    if beta.status is Status.UNKNOWN:
        return Kind.UNDOCUMENTED, "Nothing public says what it does."
    if not beta.on_messages:
        return Kind.ELSEWHERE, f"Needed, but not for Messages: it acts on {', '.join(beta.endpoints)}."
    return Kind.NEEDED, "The header alone does it." if beta.header_only else beta.title + "."


def _on_model(beta: Beta, spec: ModelSpec | None) -> tuple[Kind, str] | None:
    """What this model in particular makes of a name; None where it makes no difference."""
    if spec is None:
        return None
    if beta.name == FAST and spec.fast_mode == "built_in":
        return Kind.BUILT_IN, f"{spec.id} takes speed fast without the header."
    if beta.name == FAST and spec.fast_mode == "removed":
        return Kind.RETIRED, f"{spec.id} is no longer fast."
    if beta.name == FAST and spec.fast_mode is None:
        return Kind.OTHER_MODELS, f"No fast mode of {spec.id} is known. {beta.models_note}"
    if beta.name == INTERLEAVED and spec.thinking_types and "enabled" not in spec.thinking_types:
        return Kind.BUILT_IN, f"On {spec.id} thinking is adaptive: the header does nothing."
    if beta.raises and beta.raises.input_tokens and (spec.context_tokens or 0) >= beta.raises.input_tokens:
        return Kind.BUILT_IN, f"{spec.id} takes {spec.context_tokens:,} input tokens without the header."
    return None


def _not_for_model(beta: Beta, model: str, version: str, today: date) -> list[str]:
    return [
        finding.message for finding in _findings(beta.name, model, version, today) if finding.code == "not_for_model"
    ]


def _said_by_preflight(name: str, model: str, version: str, today: date) -> str:
    codes = ("misspelt_name", "unknown_name")
    found = (each.message for each in _findings(name, model, version, today) if each.code in codes)
    return next(found, "Not in the catalogue.")


def _findings(name: str, model: str, version: str, today: date) -> list[Any]:
    body = {"model": model, "max_tokens": 1024, "messages": [{"role": "user", "content": "Hello"}]}
    return preflight([ColumnRequest("", betas=(name,), version=version, body=body)], today=today)[0]


def _near(name: str) -> tuple[Spelt, ...]:
    return tuple(spelt(each) for each in nearest(name, all_betas(), limit=3))
