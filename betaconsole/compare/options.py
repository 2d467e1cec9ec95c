"""How a difference is to be shown, from the address; every choice is a link that works without a script."""

from dataclasses import dataclass

from django.http import QueryDict

from betaconsole.web.paging import identifier


@dataclass(frozen=True)
class Options:
    """`is_unified`: both texts in one column; `wraps`: long lines are broken; `is_rendered`: Markdown as it reads."""

    is_unified: bool = False
    ignores_space: bool = False
    ignores_case: bool = False
    is_rendered: bool = False
    wraps: bool = True

    @classmethod
    def of(cls, query: QueryDict) -> "Options":
        return cls(
            is_unified=query.get("look") == "unified",
            ignores_space=query.get("blanks") == "ignored",
            ignores_case=query.get("case_of_letters") == "ignored",
            is_rendered=query.get("markdown") == "rendered",
            wraps=query.get("lines") != "whole",
        )


@dataclass(frozen=True)
class Choice:
    """One option as a link that turns it on or off."""

    label: str
    href: str
    is_on: bool


def choices(path: str, query: QueryDict, options: Options) -> list[Choice]:
    """The options of a page, each as the address of the same page with it the other way round."""
    every = [
        ("Unified", "look", "unified", options.is_unified),
        ("Ignore blanks", "blanks", "ignored", options.ignores_space),
        ("Ignore case", "case_of_letters", "ignored", options.ignores_case),
        ("Rendered Markdown", "markdown", "rendered", options.is_rendered),
        ("Whole lines", "lines", "whole", not options.wraps),
    ]
    return [
        Choice(label, with_value(path, query, name, "" if is_on else value), is_on)
        for label, name, value, is_on in every
    ]


def with_value(path: str, query: QueryDict, name: str, value: str) -> str:
    """The address with one more value, or without it where that is empty."""
    changed = QueryDict(mutable=True)
    for key, kept in carried(query, *CARRIED):
        changed[key] = kept
    changed.pop(name, None)
    if value:
        changed[name] = value
    return f"{path}?{changed.urlencode()}" if changed else path


def carried(query: QueryDict, *names: str) -> list[tuple[str, str]]:
    """Those values of an address that are plain ids or words: nothing else is carried on."""
    return [(name, value) for name in names if (value := identifier(query.get(name)))]


SHOWN = ("look", "blanks", "case_of_letters", "markdown", "lines")
CARRIED = ("column", "against", "case", "repeat", "left", "right", "part", *SHOWN)
