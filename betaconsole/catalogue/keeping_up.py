"""The catalogue beside a release of the `anthropic` SDK: what is new there, gone or changed, and what to edit. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from .betas import Beta, Status, family_of, sdk_version
from .model_specs import ModelSpec
from .sdk import BETA_LIST, MODEL_LIST, Sdk

BETAS_FILE, MODELS_FILE = "betas.toml", "models.toml"
_CURRENT = (Status.ACTIVE, Status.UNKNOWN)


class Kind(StrEnum):
    """How a name differs. A `changed` one is known under another date: of a beta's family, or of a model's end."""

    NEW = "new"
    CHANGED = "changed"
    GONE = "gone"


@dataclass(frozen=True)
class Difference:
    """One name that the SDK and the catalogue do not agree on. `said`: how it differs; `edit`: what to do, and in which file."""

    kind: Kind
    name: str
    said: str
    file: str
    edit: str
    row: str = ""  # TOML to begin with


def differences(sdk: Sdk, betas: Mapping[str, Beta], models: Mapping[str, ModelSpec]) -> list[Difference]:
    """All of them: new ones first, betas before models."""
    found = [*_betas(sdk, betas), *_models(sdk, models)]
    return sorted(found, key=lambda one: (list(Kind).index(one.kind), one.file, one.name))


def is_older(sdk: Sdk) -> bool:
    """Whether the release is older than the one the catalogue was made from, so that names may be missing in it."""
    return _number(sdk.version) < _number(sdk_version())


def _number(version: str) -> list[int]:
    return [int(part) for part in re.findall(r"\d+", version)[:3]]


# Betas --------------------------------------------------------------------------------------------------------------------


def _betas(sdk: Sdk, betas: Mapping[str, Beta]) -> Iterator[Difference]:
    families: dict[str, list[Beta]] = {}
    for beta in betas.values():
        families.setdefault(beta.family, []).append(beta)
    new = [name for name in dict.fromkeys([*sdk.betas, *sdk.named]) if name not in betas]
    for name in new:
        yield _new_beta(name, sdk.named.get(name, (BETA_LIST,)), families.get(family_of(name), []))
    for beta in betas.values():
        if BETA_LIST in beta.sources and beta.name not in sdk.betas:
            yield _gone_beta(beta, sdk.named.get(beta.name, ()))


def _new_beta(name: str, files: tuple[str, ...], relatives: list[Beta]) -> Difference:
    where = _some(files)
    if not relatives:
        return Difference(Kind.NEW, name, f"in {where}", BETAS_FILE, "add a row", _row(name, files))
    older = [beta for beta in relatives if beta.status in _CURRENT]
    said = f"a further date of {', '.join(beta.name for beta in relatives)}; in {where}"
    edit = "add a row"
    if older:
        names = " and ".join(beta.name for beta in older)
        edit += f'; where it takes the place of {names}, give that status = "superseded" and superseded_by = "{name}"'
    return Difference(Kind.CHANGED, name, said, BETAS_FILE, edit, _row(name, files, relatives[-1]))


def _gone_beta(beta: Beta, files: tuple[str, ...]) -> Difference:
    said = f"no longer in {BETA_LIST}" + (f", still in {_some(files)}" if files else "")
    edit = f"take {BETA_LIST} out of its sources"
    if beta.status in _CURRENT:
        edit += "; the SDK's changelog may say whether it is generally_available, superseded or retired now"
    return Difference(Kind.GONE, beta.name, said, BETAS_FILE, edit)


def _some(files: tuple[str, ...]) -> str:
    return ", ".join(files[:3]) + (f" and {len(files) - 3} more" if len(files) > 3 else "")


def _row(name: str, files: tuple[str, ...], relative: Beta | None = None) -> str:
    """The beginning of a row for betas.toml; area and endpoints as in an older date's."""
    endpoints = ", ".join(f'"{word}"' for word in relative.endpoints) if relative else ""
    lines = (
        "[[beta]]",
        f'name = "{name}"',
        f'area = "{relative.area if relative else ""}"',
        f'title = "{relative.title if relative else ""}"',
        'summary = ""',
        'status = "active"',
        'status_note = ""',
        f"endpoints = [{endpoints}]",
        "sources = [" + ", ".join(f'"{file}"' for file in files[:5]) + "]",
    )
    return "\n".join(lines)


# Models -------------------------------------------------------------------------------------------------------------------


def _models(sdk: Sdk, models: Mapping[str, ModelSpec]) -> Iterator[Difference]:
    known = {name: spec for spec in models.values() for name in (spec.id, *spec.aliases)}
    for name in dict.fromkeys([*sdk.models, *sdk.ends]):
        if name not in known:
            row = f'[[model]]\nid = "{name}"\ndisplay_name = ""\nsources = ["{MODEL_LIST}"]'
            edit = "add a row, or the name to the aliases of its model"
            yield Difference(Kind.NEW, name, f"in {MODEL_LIST}", MODELS_FILE, edit, row)
    for name, spec in known.items():
        if name in sdk.ends and sdk.ends[name] != spec.retires_on:
            said = f"the SDK says that it ends on {sdk.ends[name]}, the catalogue {spec.retires_on or 'nothing'}"
            yield Difference(Kind.CHANGED, name, said, MODELS_FILE, f"retires_on = {sdk.ends[name]}")
        elif name not in sdk.models and name not in sdk.ends:
            edit = "give it a retires_on where it has ended"
            yield Difference(Kind.GONE, name, f"neither in {MODEL_LIST} nor among those that end", MODELS_FILE, edit)
