"""What is typed into the search of history, read: `beta:context-1m status:error by:me after:2026-11-01 cost:>0.1 "exact words"`.

Pure. What is not understood is never silently dropped: it comes back with the reason. Blanks mean "and", a comma means "or",
a minus in front of a filter means "without".
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation

CHOICES = ("beta", "model", "state", "outcome", "status", "error", "connection", "by", "tag", "is")
RANGES = ("cost", "latency")
TIMES = ("after", "before")
KEYS = (*CHOICES, *RANGES, *TIMES)
OTHER_NAMES = {"author": "by", "took": "latency", "since": "after", "until": "before", "betas": "beta"}
MAX_CHARS = 1000
MAX_PARTS = 40

_PART = re.compile(r'(?P<minus>-)?(?:(?P<key>[A-Za-z_]+):)?(?:"(?P<quoted>[^"]*)"(?=\s|$)|(?P<plain>\S+))')
_BOUND = re.compile(r"(?P<sign>>=|<=|>|<)(?P<value>[^<>=]+)")
_AGO = re.compile(r"(?P<count>\d{1,4})(?P<unit>[hdw])")
_SIGNS = {">": "gt", ">=": "gte", "<": "lt", "<=": "lte"}
_UNITS = {"ms": Decimal(1), "s": Decimal(1000), "m": Decimal(60_000), "min": Decimal(60_000)}
_LARGEST = Decimal(10) ** 9


@dataclass(frozen=True)
class Choice:
    """One of `values` holds (`is_without`: none of them does). The values as typed: what they mean is not known here."""

    kind: str
    values: tuple[str, ...]
    is_without: bool = False

    def __str__(self) -> str:
        return f"{'-' if self.is_without else ''}{self.kind}:{','.join(map(_quoted, self.values))}"


@dataclass(frozen=True)
class Range:
    """Bounds as (gt, gte, lt or lte; value): US dollars for cost, milliseconds for latency."""

    kind: str
    bounds: tuple[tuple[str, Decimal], ...]
    typed: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.typed}"


@dataclass(frozen=True)
class Since:
    """From a moment on (`after`: the day itself included) or before it. A day, or so long ago."""

    kind: str
    moment: date | timedelta
    typed: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.typed}"


@dataclass(frozen=True)
class Ignored:
    """A part that was typed and does nothing, and why."""

    text: str
    why: str


@dataclass(frozen=True)
class Query:
    """What was typed, read. `words` are free words, `phrases` the words in quotes."""

    words: tuple[str, ...] = ()
    phrases: tuple[str, ...] = ()
    choices: tuple[Choice, ...] = ()
    ranges: tuple[Range, ...] = ()
    times: tuple[Since, ...] = ()
    ignored: tuple[Ignored, ...] = field(default=(), compare=False)

    @property
    def filters(self) -> tuple[Choice | Range | Since, ...]:
        return (*self.choices, *self.ranges, *self.times)

    @property
    def asks(self) -> bool:
        """Whether anything is asked for; else everything is meant."""
        return bool(self.words or self.phrases or self.filters)

    def __str__(self) -> str:
        """As one would type it, the filters first."""
        return " ".join([*map(str, self.filters), *(f'"{phrase}"' for phrase in self.phrases), *self.words])

    def __add__(self, other: "Query") -> "Query":
        """Both asked for at once."""
        names = ("words", "phrases", "choices", "ranges", "times", "ignored")
        return Query(**{name: getattr(self, name) + getattr(other, name) for name in names})

    def without(self, kind: str) -> "Query":
        """The same without its filters of this kind."""
        return replace(
            self,
            choices=tuple(one for one in self.choices if one.kind != kind),
            ranges=tuple(one for one in self.ranges if one.kind != kind),
            times=tuple(one for one in self.times if one.kind != kind),
        )


class _NotReadableError(Exception):
    """Why a part cannot be read, as a sentence."""


def parse(text: str) -> Query:
    """What this means. Never raises: what cannot be read is in `ignored`."""
    query = Query()
    if len(text) > MAX_CHARS:
        query += Query(ignored=(Ignored("…", f"Only the first {MAX_CHARS:,} characters are read."),))
    parts = list(_PART.finditer(text[:MAX_CHARS]))
    for part in parts[:MAX_PARTS]:
        try:
            query += _read(part)
        except _NotReadableError as error:
            query += Query(ignored=(Ignored(part[0], str(error)),))
    if len(parts) > MAX_PARTS:
        query += Query(ignored=(Ignored(parts[MAX_PARTS][0] + " …", f"Only the first {MAX_PARTS} parts are read."),))
    return query


def filtered(kind: str, value: str) -> Query:
    """One filter given by itself, as a form or an address does: its value may hold blanks. Empty: none."""
    value = value.strip()[:MAX_CHARS]
    if not value:
        return Query()
    is_without = kind in CHOICES and value.startswith("-")
    try:
        return _filter(kind, value.removeprefix("-") if is_without else value, is_without=is_without)
    except _NotReadableError as error:
        return Query(ignored=(Ignored(f"{kind}:{value}", str(error)),))


def _read(part: re.Match[str]) -> Query:
    value = part["quoted"] if part["quoted"] is not None else part["plain"]
    if part["key"] is None:
        if part["minus"] and re.search(r"[^\W_]", value):
            raise _NotReadableError("Words cannot be excluded, only filters can: -beta:name, -state:failed.")
        if value.endswith(":") and _kind(value[:-1]) in KEYS:
            raise _NotReadableError(f"{value} needs a value.")
        return Query(phrases=(value,)) if part["quoted"] is not None else Query(words=(value,))
    if value.startswith("//"):  # an address
        return Query(words=(part[0],))
    kind = _kind(part["key"])
    if kind not in KEYS:
        hint = _nearest(kind)
        raise _NotReadableError(f"There is no filter “{part['key']}”{hint}. In quotes it is searched for as it stands.")
    return _filter(kind, value, is_without=bool(part["minus"]))


def _kind(key: str) -> str:
    return OTHER_NAMES.get(key.lower(), key.lower())


def _nearest(kind: str) -> str:
    found = [key for key in KEYS if key.startswith(kind[:3]) or kind.startswith(key)]
    return f"; {found[0]}: perhaps" if found else ""


def _filter(kind: str, value: str, *, is_without: bool) -> Query:
    if not value.strip(' ,"'):
        raise _NotReadableError(f"{kind}: needs a value.")
    if kind in CHOICES:
        values = tuple(one for one in (one.strip(' "') for one in value.split(",")) if one)
        return Query(choices=(Choice(kind, values, is_without),))
    if is_without:
        raise _NotReadableError(f"{kind}: cannot be turned round; give the other bound.")
    if kind in RANGES:
        return Query(ranges=(Range(kind, _bounds(kind, value), value),))
    return Query(times=(Since(kind, _moment(kind, value), value),))


def _bounds(kind: str, value: str) -> tuple[tuple[str, Decimal], ...]:
    """`>0.1`, `<=5s`, `0.1..2`."""
    if ".." in value:
        least, most = value.split("..", 1)
        both = (("gte", _quantity(kind, least)), ("lte", _quantity(kind, most)))
        if both[0][1] > both[1][1]:
            raise _NotReadableError("The first bound is larger than the second.")
        return both
    if found := _BOUND.fullmatch(value):
        return ((_SIGNS[found["sign"]], _quantity(kind, found["value"])),)
    example = "cost:>0.1 or cost:0.1..2 (US dollars)" if kind == "cost" else "latency:>5s or latency:200ms..2s"
    raise _NotReadableError(f"Give bounds: {example}.")


def _quantity(kind: str, text: str) -> Decimal:
    text = text.strip().removeprefix("$").lower()
    number, factor = text, Decimal(1)
    if kind == "latency":
        found = re.fullmatch(r"(?P<number>[\d.]+)\s*(?P<unit>ms|s|min|m)?", text)
        if found is None:
            raise _NotReadableError("A time is a number with ms, s or min: 800ms, 2.5s.")
        number, factor = found["number"], _UNITS[found["unit"] or "s"]
    try:
        value = Decimal(number) * factor
    except InvalidOperation as error:
        raise _NotReadableError(f"“{text}” is no number.") from error
    if not value.is_finite() or not 0 <= value <= _LARGEST:
        raise _NotReadableError(f"“{text}” is no amount there can be.")
    return value


def _moment(kind: str, value: str) -> date | timedelta:
    """`2026-11-01`, `7d`, `24h`, `2w`."""
    if found := _AGO.fullmatch(value.lower()):
        count = int(found["count"])
        return {"h": timedelta(hours=count), "d": timedelta(days=count), "w": timedelta(weeks=count)}[found["unit"]]
    try:
        return date.fromisoformat(value)
    except ValueError as error:
        raise _NotReadableError(f"Give a day ({kind}:2026-11-01) or how long ago ({kind}:7d, {kind}:24h).") from error


def _quoted(value: str) -> str:
    return f'"{value}"' if re.search(r'[\s"]', value) else value


def joined(queries: Iterable[Query]) -> Query:
    """All of them at once."""
    return sum(queries, Query())
