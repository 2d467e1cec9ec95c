"""Who asks: htmx, for a fragment, or somebody else, for a page."""

from django.http import HttpRequest


def by_htmx(request: HttpRequest) -> bool:
    """Whether htmx asks: for a fragment, or for where to go. A request that met no middleware is nobody's."""
    return bool(getattr(request, "htmx", False))
