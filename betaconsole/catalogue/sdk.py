"""What one release of the `anthropic` Python SDK names: betas and models. Its source is read, never run."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import cast
from zipfile import BadZipFile, ZipFile

BETA_LIST, MODEL_LIST = "types/anthropic_beta_param.py", "types/model_param.py"
_VERSION, _ENDS = "_version.py", "DEPRECATED_MODELS"
# A whole name that ends in a date; with no hyphens in the date it is more often a model's.
_NAME = re.compile(r"(?<![\w.-])[a-z][a-z0-9]*(?:-[a-z0-9]+)*-20\d\d(?P<hyphen>-?)(?:0[1-9]|1[0-2])-?[0-3]\d(?![\w-])")


class SdkError(Exception):
    """No SDK is there, or not one whose lists can be read; the message is for people."""


@dataclass(frozen=True)
class Sdk:
    """The names in a release. `named`: by every beta name in its source, the files it stands in, the SDK's own list among them.

    `ends`: the day on which a model is said to end.
    """

    version: str
    betas: tuple[str, ...]
    named: Mapping[str, tuple[str, ...]]
    models: tuple[str, ...]
    ends: Mapping[str, date]


def source_files(path: Path | None) -> dict[str, str]:
    """The source by path inside the package `anthropic`: of the installed one, or of a folder, checkout or wheel at `path`."""
    path = _installed() if path is None else path
    try:
        files = _in_wheel(path) if path.is_file() else _in_folder(path)
    except (OSError, BadZipFile, UnicodeDecodeError) as error:
        raise SdkError(f"{path} cannot be read: {error}") from error
    if BETA_LIST not in files:
        raise SdkError(f"{path} holds no anthropic SDK: there is no {BETA_LIST} in it.")
    return files


def read_sdk(files: Mapping[str, str]) -> Sdk:
    """What these source files name."""
    models = _strings_of(files, MODEL_LIST, "ModelParam")
    betas = _strings_of(files, BETA_LIST, "AnthropicBetaParam")
    found = re.search(r'__version__ = "([^"]+)"', files.get(_VERSION, ""))
    return Sdk(
        version=found[1] if found else "unknown",
        betas=betas,
        named=_named(files, betas),
        models=models,
        ends={model: end for text in files.values() if _ENDS in text for model, end in _ends(text)},
    )


def _installed() -> Path:
    spec = find_spec("anthropic")
    if spec is None or spec.origin is None:
        raise SdkError("The anthropic SDK is not installed here; name a folder or a wheel with --sdk.")
    return Path(spec.origin).parent


def _in_folder(path: Path) -> dict[str, str]:
    roots = [path, path / "anthropic", path / "src" / "anthropic"]
    root = next((root for root in roots if (root / BETA_LIST).is_file()), None)
    if root is None:
        return {}
    return {file.relative_to(root).as_posix(): file.read_text(encoding="utf-8") for file in root.rglob("*.py")}


def _in_wheel(path: Path) -> dict[str, str]:
    with ZipFile(path) as wheel:
        names = [name for name in wheel.namelist() if name.startswith("anthropic/") and name.endswith(".py")]
        return {name.removeprefix("anthropic/"): wheel.read(name).decode() for name in names}


def _strings_of(files: Mapping[str, str], file: str, alias: str) -> tuple[str, ...]:
    """Every string in the value of this type alias."""
    value = _assigned(files.get(file, ""), alias)
    texts = ast.walk(value) if value else ()
    return tuple(node.value for node in texts if isinstance(node, ast.Constant) and isinstance(node.value, str))


def _assigned(source: str, name: str) -> ast.expr | None:
    """The value that a module gives this name at its top level."""
    for node in _parsed(source).body:
        targets = [node.target] if isinstance(node, ast.AnnAssign) else getattr(node, "targets", [])
        if any(isinstance(target, ast.Name) and target.id == name for target in targets):
            return cast("ast.Assign | ast.AnnAssign", node).value
    return None


def _parsed(source: str) -> ast.Module:
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError) as error:
        raise SdkError(f"the SDK's source cannot be read by this Python: {error}") from error


def _named(files: Mapping[str, str], listed: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    named: dict[str, list[str]] = {}
    for file, text in sorted(files.items(), key=lambda item: (item[0] != BETA_LIST, item[0])):
        for name in {found[0] for found in _NAME.finditer(text) if found["hyphen"] or found[0] in listed}:
            named.setdefault(name, []).append(file)
    return {name: tuple(named[name]) for name in sorted(named)}


def _ends(source: str) -> Iterator[tuple[str, date]]:
    """The models of `DEPRECATED_MODELS`, whose values are written as in "June 15th, 2026". Raises `SdkError` for others."""
    value = _assigned(source, _ENDS)
    for model, said in zip(value.keys, value.values, strict=True) if isinstance(value, ast.Dict) else ():
        if isinstance(model, ast.Constant) and isinstance(said, ast.Constant):
            day = re.sub(r"(?<=\d)(st|nd|rd|th)", "", str(said.value))
            try:
                yield str(model.value), datetime.strptime(day, "%B %d, %Y").date()
            except ValueError as error:
                raise SdkError(f"the SDK says of {model.value!s} that it ends on {said.value!r}: no day") from error
