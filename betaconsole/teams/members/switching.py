"""Changing to another of one's teams without losing one's place."""

from urllib.parse import parse_qs, urlencode, urlsplit

from django.urls import Resolver404, resolve

# Where a page about one object has its like in every team; any other page with an object leads to the composer.
LISTS = {"comparisons": "/history/", "exchanges": "/history/"}


def same_place(address: str) -> str:
    """The page of the same kind in another team: the same page with what was searched for, or the list that an object of
    this team stood in. What else an address asks for (a draft, a page of a list) is of one team."""
    path, _, asked = address.partition("?")
    if not path.startswith("/") or path.startswith("//"):
        return "/"
    try:
        match = resolve(path)
    except Resolver404:
        return "/"
    if "public_id" not in match.kwargs:
        searched = parse_qs(asked).get("q")
        return f"{path}?{urlencode({'q': searched[0]})}" if searched else path
    word = path.split("/")[1]
    above = LISTS.get(word, f"/{word}/")
    try:
        resolve(above)
    except Resolver404:
        return "/"
    return above


def came_from(referer: str, *, host: str) -> str:
    """The path and query of the page one comes from; empty where it is not of this console. The address of a list moves
    while one types into its search, so what the page was made with is not enough."""
    page = urlsplit(referer)
    if page.netloc != host:
        return ""
    return f"{page.path}?{page.query}" if page.query else page.path
