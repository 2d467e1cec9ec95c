"""Presets: fillings of the matrix that isolate the cause of a difference. Pure; columns in, columns out.

Every column made is the first column of the matrix but for its betas (and, across models or versions, for that), and says
in its name what it is. Each is compared with the one column it differs from by the least that tells something: alone and
in subsets with none, one left out with all, on a model with the same model without.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from betaconsole.claude.headers import MAX_BETAS

from .columns import MAX_COLUMNS, Column, baselines, new_key
from .controls import asked_by, has_controls, with_controls, without_controls
from .labels import split_name
from .matrix import MAX_NAME, MatrixError

WITH_WITHOUT, ONE_AT_A_TIME, LEAVE_ONE_OUT, ALL_SUBSETS = (
    "with_without",
    "one_at_a_time",
    "leave_one_out",
    "all_subsets",
)
ACROSS_MODELS, ACROSS_VERSIONS, CONTROLS = "across_models", "across_versions", "controls"
MOST_IN_SUBSETS = 3


@dataclass(frozen=True)
class Preset:
    """A filling of the matrix: how it is called, which columns it makes and the question that they answer."""

    key: str
    title: str
    columns: str
    question: str


PRESETS = {
    preset.key: preset
    for preset in (
        Preset(
            WITH_WITHOUT,
            "With and without",
            "One column without the betas, one with all of them.",
            "Does turning them on change anything?",
        ),
        Preset(ONE_AT_A_TIME, "One at a time", "None, then each beta alone.", "What does each do by itself?"),
        Preset(
            LEAVE_ONE_OUT,
            "Leave one out",
            "All, then all but each, then none.",
            "Which of them still matters while the others are on?",
        ),
        Preset(
            ALL_SUBSETS,
            "All subsets",
            f"Every choice of up to {MOST_IN_SUBSETS} betas, from none to all.",
            "Do they act on one another?",
        ),
        Preset(
            ACROSS_MODELS,
            "Across models",
            "Without and with the betas on each model.",
            "Do other models show the same?",
        ),
        Preset(
            ACROSS_VERSIONS,
            "Across anthropic-version",
            "Without and with the betas under each version of the API.",
            "Does it depend on the version?",
        ),
        Preset(
            CONTROLS,
            "Controls",
            "Beside what is there: a made-up beta that must be refused, and a twin of the baseline that must show no "
            "difference.",
            "Can this comparison be trusted?",
        ),
    )
}


def betas_for(columns: Sequence[Column], rows: Iterable[str]) -> list[str]:
    """What a preset works on: the betas that columns tick, in the order of the rows; where none is ticked, all rows."""
    ticked = set(_union(columns))
    made_up = {beta for column in columns if column.role for beta in column.betas} - ticked
    in_order = list(dict.fromkeys([*rows, *_union(columns)]))
    return [beta for beta in in_order if (beta in ticked if ticked else beta not in made_up)]


def fill(
    preset: str,
    columns: Sequence[Column],
    *,
    betas: Sequence[str],
    models: Sequence[str] = (),
    versions: Sequence[str] = (),
) -> list[Column]:
    """The matrix as that preset fills it; controls that are there come along. Raises `MatrixError` where it cannot be.

    `betas` as from `betas_for`; `models` and `versions` are what the columns go across.
    """
    if preset not in PRESETS:
        raise MatrixError("There is no such preset.")
    _check(preset, betas, models, versions)
    if preset == CONTROLS:
        made = with_controls(columns)
    else:
        made = _filled(preset, columns, list(betas), models, versions)
        made = with_controls(made) if has_controls(columns) else made
    if len(made) > MAX_COLUMNS:
        raise MatrixError(f"That would be {len(made)} columns; at most {MAX_COLUMNS} are possible: take fewer betas.")
    return made


def holds(preset: str, columns: Sequence[Column]) -> bool:
    """Whether the matrix still is as that preset fills it, whatever the order and the names of its columns."""
    if preset == CONTROLS:
        return has_controls(columns)
    rest = without_controls(columns)
    models = list(dict.fromkeys(column.model for column in rest))
    versions = list(dict.fromkeys(column.version for column in rest))
    try:
        again = fill(preset, rest, betas=_union(rest), models=models, versions=versions)
    except (MatrixError, IndexError):
        return False
    return _shape(rest) == _shape(again)


def differing(columns: Sequence[Column]) -> list[int]:
    """The positions of columns with a model, version, header or change of their own, which most presets do not keep."""
    return [
        position
        for position, column in enumerate(columns)
        if not column.role and replace(_bare(column), examples=()) != replace(_bare(columns[0]), examples=())
    ]


def with_true_names(before: Sequence[Column], after: Sequence[Column]) -> list[Column]:
    """The columns after an edit, without the names that a preset gave and that say what is no longer so."""
    union, union_after = _union(before), _union(after)
    given = {column.key: column for column in before if column.name}

    def is_stale(column: Column) -> bool:
        was = given.get(column.key) if column.name else None
        return was is not None and column.name in _names(was, union) and column.name not in _names(column, union_after)

    return [replace(column, name="") if is_stale(column) else column for column in after]


def _check(preset: str, betas: Sequence[str], models: Sequence[str], versions: Sequence[str]) -> None:
    """Refuses what would make no plan."""
    title = PRESETS[preset].title
    if preset in (WITH_WITHOUT, ONE_AT_A_TIME, LEAVE_ONE_OUT, ALL_SUBSETS) and not betas:
        raise MatrixError(f"{title} needs a beta: add those in question to the matrix first.")
    if preset == ALL_SUBSETS and len(betas) > MOST_IN_SUBSETS:
        raise MatrixError(
            f"All subsets of {len(betas)} betas would be {2 ** len(betas):,} columns; it takes up to {MOST_IN_SUBSETS} betas. "
            "Leave one out takes more."
        )
    if len(betas) > MAX_BETAS:
        raise MatrixError(f"One header holds at most {MAX_BETAS} betas; there are {len(betas)}.")
    for word, key, values in (("models", ACROSS_MODELS, models), ("versions", ACROSS_VERSIONS, versions)):
        if preset == key and len(set(values)) < 2:
            raise MatrixError(f"{title}: choose two {word} or more.")


def _filled(
    preset: str, columns: Sequence[Column], betas: list[str], models: Sequence[str], versions: Sequence[str]
) -> list[Column]:
    examples = {beta for column in columns for beta in column.examples}
    empty = replace(_bare(columns[0]), examples=())
    if preset == ACROSS_MODELS:
        places = [replace(empty, model=model) for model in dict.fromkeys(models)]
    elif preset == ACROSS_VERSIONS:
        places = [replace(empty, version=version) for version in dict.fromkeys(versions)]
    else:
        return _compared([_asking(empty, ticked, examples, name) for name, ticked in _sets(preset, betas)])
    made: list[Column] = []
    for place in places:
        where = _where(place, preset)
        pair = [("without", []), ("with", betas)] if betas else [("", [])]
        named = [(f"{word} · {where}" if word else where, ticked) for word, ticked in pair]
        made += _compared([_asking(place, ticked, examples, name[:MAX_NAME]) for name, ticked in named])
    return made if betas else _compared([replace(column, baseline="") for column in made])


def _sets(preset: str, betas: list[str]) -> list[tuple[str, list[str]]]:
    """The betas of each column and what it is called; the first is what the others are compared with."""
    none: tuple[str, list[str]] = ("none", [])
    if preset == WITH_WITHOUT:
        return [("without", []), ("with", betas)]
    if preset == ONE_AT_A_TIME:
        return [none, *((_only(beta, betas), [beta]) for beta in betas)]
    if preset == LEAVE_ONE_OUT:
        left = [(_all_but(beta, betas), [other for other in betas if other != beta]) for beta in betas]
        return [("all", betas), *(left if len(betas) > 1 else ()), none]
    chosen = [list(some) for size in range(1, len(betas) + 1) for some in combinations(betas, size)]
    return [none, *((_sum(some, betas), some) for some in chosen)]


def _asking(place: Column, betas: Iterable[str], examples: set[str], name: str) -> Column:
    """A new column that asks like `place`, with these betas and their examples where a column had taken them."""
    ticked = tuple(betas)
    taken = tuple(beta for beta in ticked if beta in examples)
    return replace(place, key=new_key(), name=name[:MAX_NAME], betas=ticked, examples=taken)


def _compared(columns: list[Column]) -> list[Column]:
    """The columns, the first compared with none and all others with it, wherever they are moved."""
    return [replace(column, baseline=columns[0].key) for column in columns]


def _bare(column: Column) -> Column:
    """What a column asks besides its betas."""
    return replace(asked_by(column), betas=())


def _union(columns: Iterable[Column]) -> list[str]:
    """The betas of the columns that are no controls."""
    return list(dict.fromkeys(beta for column in columns if not column.role for beta in column.betas))


def _shape(columns: Sequence[Column]) -> Counter[tuple[Column, Column | None]]:
    """What the columns ask, each beside what its baseline asks."""
    compared = baselines(columns)
    asked = {column.key: _in_order(column) for column in columns}
    return Counter((asked[column.key], asked.get(compared[column.key] or "")) for column in columns)


def _in_order(column: Column) -> Column:
    return replace(asked_by(column), betas=tuple(sorted(column.betas)), examples=tuple(sorted(column.examples)))


# What columns are called -------------------------------------------------------------------------------------------------


def _names(column: Column, union: Sequence[str]) -> set[str]:
    """Everything that a preset may call this column, where `union` are the betas of all."""
    ticked = [beta for beta in union if beta in column.betas]
    names = {"none", "without"} if not ticked else {_sum(ticked, union), _only(ticked[0], union)}
    if len(ticked) > 1:
        names.discard(_only(ticked[0], union))
    if ticked and len(ticked) == len(union):
        names |= {"all", "with"}
    if ticked and len(ticked) == len(union) - 1:
        names.add(_all_but(next(beta for beta in union if beta not in ticked), union))
    places = [_where(column, preset) for preset in (ACROSS_MODELS, ACROSS_VERSIONS)]
    return {name[:MAX_NAME] for name in (*names, *places, *(f"{name} · {place}" for name in names for place in places))}


def _where(column: Column, preset: str) -> str:
    return re.sub("^claude-", "", column.model) if preset == ACROSS_MODELS else column.version


def _only(beta: str, among: Sequence[str]) -> str:
    return f"only {_short(beta, among)}"


def _all_but(beta: str, among: Sequence[str]) -> str:
    return f"all − {_short(beta, among)}"


def _sum(some: Sequence[str], among: Sequence[str]) -> str:
    if len(some) == len(among) > 1:
        return "all"
    return " + ".join(_short(beta, among) for beta in some) if len(some) > 1 else _only(some[0], among)


def _short(beta: str, among: Iterable[str]) -> str:
    """The name without its date, where no other one is the same without it."""
    stem = split_name(beta)[0]
    alike = [other for other in among if other.startswith(stem) and split_name(other)[0] == stem]
    return beta if len(alike) > 1 else stem
