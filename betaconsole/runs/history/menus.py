"""The menus above the history: each choice is the same address with one filter of the typed query changed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from betaconsole.runs.models import SentValue
from betaconsole.teams.models import Connection, Team, User

from .filters import KINDS, OUTCOMES, STATES
from .typed_query import Choice, Query, filtered

TIMES = (("24h", "Last 24 hours"), ("7d", "Last 7 days"), ("30d", "Last 30 days"), ("90d", "Last 90 days"))
COSTS = ((">0.01", "Over $0.01"), (">0.1", "Over $0.10"), (">1", "Over $1"))
LATENCIES = ((">5s", "Over 5 s"), (">30s", "Over 30 s"), (">2min", "Over 2 min"))
STATUSES = (
    ("error", "Any error"),
    ("429", "429"),
    ("529", "529"),
    ("4xx", "4xx"),
    ("5xx", "5xx"),
    ("ok", "2xx and 3xx"),
)
SHOWN_STATES = [(value, value.replace("_", " ").capitalize()) for value in STATES if value not in ("queued", "sending")]


@dataclass(frozen=True)
class Option:
    """One choice. `query` is what is typed once it is chosen; where it is chosen already, once it is taken back."""

    label: str
    query: str
    is_chosen: bool
    without: str = ""  # the query that asks for none of it


@dataclass(frozen=True)
class Section:
    """Choices of one kind. `hint`: an example of what may be typed in its place."""

    kind: str
    label: str
    options: Sequence[Option]
    hint: str = ""


@dataclass(frozen=True)
class Menu:
    """One button above the list and what it opens. `chosen`: how many of its filters are in the query."""

    label: str
    sections: Sequence[Section]
    chosen: int


def menus(query: Query, *, team: Team, user: User) -> list[Menu]:
    """Three queries, whatever there is: values that were sent, people, connections."""
    sent: dict[str, list[str]] = {}
    for kind, value in SentValue.objects.filter(team=team).order_by("kind", "value").values_list("kind", "value"):
        sent.setdefault(kind, []).append(value)
    people = [("me", "Me"), *((mate.email, mate.name or mate.email) for mate in _mates(team, user))]
    names = Connection.objects.filter(team=team).order_by("name").values_list("name", flat=True)
    pairs = {kind: [(value, value) for value in values] for kind, values in sent.items()}
    return [
        _menu("Beta", query, [("beta", "Beta", pairs.get("beta", []), "")]),
        _menu("Model", query, [("model", "Model", pairs.get("model", []), "")]),
        _menu("State", query, [("state", "State", SHOWN_STATES, ""), ("status", "Status", STATUSES, "529")]),
        _menu("Outcome", query, [("outcome", "What a beta came to", _words(OUTCOMES), "")]),
        _menu("Author", query, [("by", "Author", people, "")]),
        _menu("Any time", query, [("after", "Since", TIMES, "2026-11-01"), ("before", "Before", (), "2026-12-01")]),
        _menu(
            "More",
            query,
            [
                ("error", "Error", pairs.get("error", []), ""),
                ("connection", "Connection", [(name, name) for name in names], ""),
                ("tag", "Tag", pairs.get("tag", []), ""),
                ("is", "Kind", _words(KINDS), ""),
                ("cost", "Cost", COSTS, "0.1..2"),
                ("latency", "Slowest exchange", LATENCIES, "800ms..5s"),
            ],
        ),
    ]


def _mates(team: Team, user: User) -> Iterable[User]:
    return User.objects.filter(memberships__team=team).exclude(pk=user.pk).order_by("name", "email")


def _words(values: Iterable[str]) -> list[tuple[str, str]]:
    return [(value, value.replace("_", " ").capitalize()) for value in values]


def _menu(label: str, query: Query, parts: Sequence[tuple[str, str, Iterable[tuple[str, str]], str]]) -> Menu:
    sections = [Section(kind, name, _options(query, kind, values), hint) for kind, name, values, hint in parts]
    kinds = {section.kind for section in sections}
    chosen = sum(1 for one in query.filters if one.kind in kinds)
    return Menu(label, [section for section in sections if section.options or section.hint], chosen)


def _options(query: Query, kind: str, values: Iterable[tuple[str, str]]) -> list[Option]:
    kept = query.without(kind)
    found = []
    for value, label in values:
        asked = filtered(kind, f'"{value}"' if "," in value else value)
        is_chosen = any(str(one) == str(asked) for one in query.filters)
        without = "" if kind != "beta" else str(kept + Query(choices=(Choice(kind, (value,), is_without=True),)))
        found.append(Option(label, str(kept if is_chosen else kept + asked), is_chosen, without))
    return found
