"""What the columns are called: the name given, else what the column has beyond the one it is compared with."""

import re
from collections.abc import Mapping, Sequence

from .columns import Column, baselines, letter
from .controls import TWIN

MAX_LABEL = 200
DATED = re.compile(r"(.+?)-(\d{4}-?\d{2}-?\d{2})")


def split_name(beta: str) -> tuple[str, str]:
    """A beta name in two where a line may break: `context-1m` and `-2025-08-07`; the second is empty without a date."""
    found = DATED.fullmatch(beta)
    return (found[1], f"-{found[2]}") if found else (beta, "")


def labels(columns: Sequence[Column]) -> list[str]:
    """A unique label for each column, in order."""
    by_key = {column.key: (position, column) for position, column in enumerate(columns)}
    compared = baselines(columns)
    found: list[str] = []
    for position, column in enumerate(columns):
        label = column.name.strip() or _described(column, compared[column.key], by_key) or letter(position)
        label = label[: MAX_LABEL - 20]
        if label in found:
            label = f"{label} ({letter(position)})"
        while label in found:
            label += "′"
        found.append(label)
    return found


def _described(column: Column, baseline: str | None, by_key: Mapping[str, tuple[int, Column]]) -> str:
    """What the column has and lacks against its baseline: `+ interleaved thinking`, `B − context 1m`."""
    position, base = by_key[baseline] if baseline else (0, Column(key=""))
    if column.role:
        return f"twin of {letter(position)}" if column.role == TWIN else "made-up beta"
    if baseline is None and not column.betas:
        return "Baseline" if by_key[column.key][0] == 0 else ""
    signs = [f"+ {_short(beta)}" for beta in column.betas if beta not in base.betas]
    signs += [f"− {_short(beta)}" for beta in base.betas if beta not in column.betas]
    if column.model and column.model != base.model:
        signs.append(column.model.removeprefix("claude-"))
    if column.version and column.version != base.version:
        signs.append(column.version)
    signs += [
        f"{name.removeprefix('anthropic-')} {value}"
        for name, value in column.headers
        if (name, value) not in base.headers
    ]
    if not signs:
        return ""
    shown = signs if len(signs) <= 3 else [*signs[:2], f"{len(signs) - 2} more"]
    text = " ".join(shown)
    return text if position == 0 else f"{letter(position)} {text}"


def _short(beta: str) -> str:
    return split_name(beta)[0].replace("-", " ")
