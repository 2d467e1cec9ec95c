"""Every URL of the console, read from its URLconf, so that a new view cannot be forgotten."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.converters import get_converters
from django.urls.resolvers import RegexPattern

CONVERTER = re.compile(r"<(?:(?P<kind>[^>:]+):)?(?P<name>[^>]+)>")


@dataclass(frozen=True)
class Url:
    """One route: `comparisons/<str:public_id>/live/`, named `runs:live`."""

    route: str
    name: str
    view: Callable[..., Any]

    @property
    def parameters(self) -> list[str]:
        return [found["name"] for found in CONVERTER.finditer(self.route)]

    @property
    def kinds(self) -> dict[str, str]:
        """What each parameter takes: `str`, `slug`, `int`."""
        return {found["name"]: found["kind"] or "str" for found in CONVERTER.finditer(self.route)}

    @property
    def noun(self) -> str:
        """The kind of object the first parameter names: the word before it."""
        words = self.route.split("<")[0].rstrip("/").split("/")
        return words[-1]

    def path(self, **values: Any) -> str:
        """The address with these values; parameters not given get something that names nothing."""
        return "/" + CONVERTER.sub(lambda found: str(values.get(found["name"], _nothing(found["kind"]))), self.route)

    def __str__(self) -> str:
        return self.name


def _nothing(kind: str | None) -> str:
    return "0" if isinstance(get_converters()[kind or "str"].to_python("0"), int) else "nothing"


def every_url() -> list[Url]:
    return urls_of(get_resolver())


def urls_of(resolver: URLResolver) -> list[Url]:
    """Every route of a URLconf."""
    return list(_urls(resolver.url_patterns, "", ""))


def _urls(patterns: list[Any], route: str, namespace: str) -> Iterator[Url]:
    for pattern in patterns:
        below = route + _text(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _urls(
                pattern.url_patterns, below, f"{namespace}{pattern.namespace}:" if pattern.namespace else ""
            )
        elif isinstance(pattern, URLPattern):
            yield Url(below, f"{namespace}{pattern.name}", pattern.callback)


def _text(pattern: Any) -> str:
    """A route as it is; a regular expression only where it matches anything below (the API's 404)."""
    return "nothing-here" if isinstance(pattern, RegexPattern) and str(pattern) == "" else str(pattern)
