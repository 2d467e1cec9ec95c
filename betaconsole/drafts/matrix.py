"""Edits of the matrix: columns in, columns out. Pure; what cannot be done raises `MatrixError`."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from betaconsole.claude.headers import MAX_BETAS, HeaderError, check_beta, check_extra_header, check_version
from betaconsole.library.models import CombinationVersion
from betaconsole.library.patches import same_patch

from .columns import MAX_COLUMNS, Column, letter, makes_a_circle, new_key
from .shaping import example_of

MAX_ROWS = 128
MAX_NAME = 200
MAX_CHANGES = 256_000  # characters; the columns travel with every tick, a bigger change is an own body
Columns = list[Column]


class MatrixError(ValueError):
    """An edit of the matrix that cannot be made; the message is for people."""


def position_of(columns: Sequence[Column], key: str) -> int:
    for position, column in enumerate(columns):
        if column.key == key:
            return position
    raise MatrixError("That column is no longer there.")


def changed(columns: Sequence[Column], key: str, how: Callable[[Column], Column]) -> Columns:
    """The columns with one of them replaced by what `how` makes of it."""
    position = position_of(columns, key)
    return [how(column) if at == position else column for at, column in enumerate(columns)]


def tick(columns: Sequence[Column], key: str, beta: str, *, on: bool) -> Columns:
    """The beta ticked in that column, or unticked; unticking takes its example along."""
    return changed(columns, key, lambda column: with_checked_beta(column, beta) if on else column.without_beta(beta))


def with_checked_beta(column: Column, beta: str) -> Column:
    ticked = column.with_beta(checked_beta(beta))
    if len(ticked.betas) > MAX_BETAS:
        raise MatrixError(f"One header holds at most {MAX_BETAS} betas.")
    return ticked


def checked_beta(beta: str) -> str:
    """The name, if it is well-formed; the refusal quotes it."""
    try:
        return check_beta(beta)
    except HeaderError as error:
        raise MatrixError(str(error)) from error


def add_row(rows: Sequence[str], beta: str) -> list[str]:
    """The rows with one more beta at the end."""
    if checked_beta(beta) in rows:
        return list(rows)
    if len(rows) >= MAX_ROWS:
        raise MatrixError(f"The matrix has {MAX_ROWS} rows; remove one first.")
    return [*rows, beta]


def without_beta(columns: Sequence[Column], beta: str) -> Columns:
    """The beta unticked everywhere."""
    return [column.without_beta(beta) for column in columns]


def set_betas(columns: Sequence[Column], key: str, betas: Sequence[str]) -> Columns:
    """A column with exactly these betas; examples of others go."""

    def exactly(column: Column) -> Column:
        bare = replace(column, betas=(), examples=tuple(beta for beta in column.examples if beta in betas))
        for beta in betas:
            bare = with_checked_beta(bare, beta)
        return bare

    return changed(columns, key, exactly)


def take_combination(
    columns: Sequence[Column], key: str, version: CombinationVersion, *, before: CombinationVersion | None = None
) -> Columns:
    """A column that is what a saved combination says: exactly its betas, and its changes to the body.

    `before`: the version that the column took last. What was typed into the column itself stays where this version has no
    changes, and the column did not take this combination before.
    """
    typed = columns[position_of(columns, key)].changes_text
    taken = set_betas(columns, key, version.betas)
    if version.patch or not _is_own(typed, version, before):
        taken = set_changes(taken, key, version.patch)
    return remember_combination(taken, key, version)


def _is_own(changes: str, version: CombinationVersion, before: CombinationVersion | None) -> bool:
    """Whether changes of a column come from no combination, and are not to be brought back to this one's."""
    if before is None:
        return True
    return before.combination_id != version.combination_id and not same_patch(changes, before.patch)


def remember_combination(columns: Sequence[Column], key: str, version: CombinationVersion) -> Columns:
    """A column that says which version of a combination it took."""
    return changed(columns, key, lambda column: replace(column, combination=version.pk))


def add_column(columns: Sequence[Column]) -> Columns:
    """One more column, empty."""
    _room(columns)
    return [*columns, Column(key=new_key())]


def duplicate(columns: Sequence[Column], key: str) -> Columns:
    """A copy of a column beside it, without its name: names are unique to a reader."""
    _room(columns)
    position = position_of(columns, key)
    source = columns[position]
    baseline = "" if source.baseline == source.key else source.baseline
    copy = replace(source, key=new_key(), name="", baseline=baseline)
    return [*columns[: position + 1], copy, *columns[position + 1 :]]


def remove(columns: Sequence[Column], key: str) -> Columns:
    """Without a column; those compared with it follow the first one again."""
    if len(columns) == 1:
        raise MatrixError("A comparison needs at least one column.")
    position = position_of(columns, key)
    rest = [column for at, column in enumerate(columns) if at != position]
    return [replace(column, baseline="") if column.baseline == key else column for column in rest]


def move(columns: Sequence[Column], key: str, *, by: int) -> Columns:
    """A column some places to the right (negative: left), as far as there are places."""
    position = position_of(columns, key)
    rest = [column for at, column in enumerate(columns) if at != position]
    target = max(0, min(len(rest), position + by))
    return [*rest[:target], columns[position], *rest[target:]]


def rename(columns: Sequence[Column], key: str, name: str) -> Columns:
    """A column's name; empty: it says what it adds to its baseline. Two columns never share a name."""
    name = " ".join(name.split())
    if len(name) > MAX_NAME:
        raise MatrixError(f"A column's name has at most {MAX_NAME} characters.")
    for position, column in enumerate(columns):
        if name and column.key != key and column.name == name:
            raise MatrixError(f"Column {letter(position)} is called {name!r} already.")
    return changed(columns, key, lambda column: replace(column, name=name))


def set_model(columns: Sequence[Column], key: str, model: str) -> Columns:
    """A model of the column's own; empty: as the body says."""
    model = model.strip()
    if len(model) > MAX_NAME:
        raise MatrixError(f"A model's name has at most {MAX_NAME} characters.")
    return changed(columns, key, lambda column: replace(column, model=model))


def set_version(columns: Sequence[Column], key: str, version: str) -> Columns:
    """An anthropic-version of the column's own; empty: the draft's."""
    version = version.strip()
    if version:
        try:
            check_version(version)
        except HeaderError as error:
            raise MatrixError(str(error)) from error
    return changed(columns, key, lambda column: replace(column, version=version))


def set_header(columns: Sequence[Column], key: str, value: str, *, name: str) -> Columns:
    """A further request header of the column's own (claude.headers.EXTRA_HEADERS); empty: without it."""
    value = value.strip()
    if value:
        try:
            check_extra_header(name, value)
        except HeaderError as error:
            raise MatrixError(str(error)) from error

    def having(column: Column) -> Column:
        others = [header for header in column.headers if header[0] != name]
        return replace(column, headers=tuple(sorted([*others, (name, value)] if value else others)))

    return changed(columns, key, having)


def set_baseline(columns: Sequence[Column], key: str, baseline: str) -> Columns:
    """The column this one is compared with: a key, its own key (none), or empty (the first column)."""
    position = position_of(columns, key)
    if baseline and baseline != key:
        other = position_of(columns, baseline)
        if makes_a_circle(columns, key, baseline):
            raise MatrixError(
                f"{letter(other)} is compared with {letter(position)} already; one of the two has to be the base."
            )
    return changed(columns, key, lambda column: replace(column, baseline=baseline))


def set_changes(columns: Sequence[Column], key: str, text: str) -> Columns:
    """A column's changes as typed, whatever they are: what is wrong with them is said, not refused."""
    if len(text) > MAX_CHANGES:
        raise MatrixError(f"Changes have at most {MAX_CHANGES:,} characters; give the column its own body instead.")
    return changed(columns, key, lambda column: replace(column, changes_text=text if text.strip() else ""))


def take_example(columns: Sequence[Column], key: str, beta: str, *, on: bool) -> Columns:
    """Let a column take the catalogue's example of a ticked beta, or take it away again."""
    if on and not example_of(beta):
        raise MatrixError(f"The catalogue has no example for {beta}.")

    def taking(column: Column) -> Column:
        others = tuple(name for name in column.examples if name != beta)
        return replace(column, examples=(*others, beta) if on and beta in column.betas else others)

    return changed(columns, key, taking)


def _room(columns: Sequence[Column]) -> None:
    if len(columns) >= MAX_COLUMNS:
        raise MatrixError(f"There are {MAX_COLUMNS} columns; more are not possible.")
