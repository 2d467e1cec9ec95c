"""The query of an address or a form: what is typed (`q`) and each filter that has a parameter of its own."""

from collections.abc import Mapping

from .typed_query import KEYS, Query, filtered, joined, parse

# `before` is where the next page starts, so times have other names.
PARAMETERS: Mapping[str, str] = {
    **{key: key for key in KEYS if key not in ("before", "after", "by")},
    "author": "by",
    "since": "after",
    "until": "before",
}


def asked_for(values: Mapping[str, str]) -> Query:
    """All of it at once."""
    return parse(values.get("q", "").strip()) + joined(
        filtered(kind, values.get(parameter, "")) for parameter, kind in PARAMETERS.items()
    )
