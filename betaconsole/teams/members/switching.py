"""Changing to another of one's teams without losing one's place."""

from django.urls import Resolver404, resolve

# Where a page about one object has its like in every team; any other page with an object leads to the composer.
LISTS = {"comparisons": "/history/", "exchanges": "/history/"}


def same_place(path: str) -> str:
    """The page of the same kind in another team: the same page, or the list that an object of this team stood in."""
    if not path.startswith("/") or path.startswith("//"):
        return "/"
    try:
        match = resolve(path)
    except Resolver404:
        return "/"
    if "public_id" not in match.kwargs:
        return path
    word = path.split("/")[1]
    above = LISTS.get(word, f"/{word}/")
    try:
        resolve(above)
    except Resolver404:
        return "/"
    return above
