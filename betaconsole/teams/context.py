"""What every page knows about who is looking at it."""

from typing import Any

from django.http import HttpRequest

from .models import Connection


def who(request: HttpRequest) -> dict[str, Any]:
    """`team` and `connections` (usable ones, the default first) for the header of the page."""
    team = getattr(request, "team", None)
    if team is None:
        return {}
    return {"team": team, "default_connection": _Lazily(lambda: Connection.objects.default_for(team))}


class _Lazily:
    """Templates call callables: the query runs only where a template asks for it."""

    def __init__(self, find: Any) -> None:
        self.find = find
        self.found: Any = None

    def __call__(self) -> Any:
        self.found = self.found or self.find()
        return self.found
