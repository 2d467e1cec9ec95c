"""JSON values as literals of Python and JavaScript source. Whatever a string holds, it cannot leave its quotes."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from json.encoder import encode_basestring

from .jsonspelling import dumps

_JS_UNSAFE = re.compile("[\u2028\u2029\ufeff]")


class Source(str):
    """Text that is source code already: it stands as it is, where any other string becomes a literal."""

    __slots__ = ()


@dataclass(frozen=True)
class Language:
    """How a language writes what JSON writes otherwise."""

    constants: dict[object, str]
    string: Callable[[str], str]
    key: Callable[[str], str]


def literal(value: object, language: Language, *, indent: str = "") -> str:
    """The value as source text over several lines; `indent` is the indentation of the line it stands in."""
    inner = indent + "    "
    if isinstance(value, Source):
        return value
    if isinstance(value, dict) and value:
        members = [f"{language.key(key)}: {literal(item, language, indent=inner)}" for key, item in value.items()]
        return _block("{", members, "}", inner, indent)
    if isinstance(value, list) and value:
        return _block("[", [literal(item, language, indent=inner) for item in value], "]", inner, indent)
    if isinstance(value, str):
        return language.string(value)
    if value is None or isinstance(value, bool):
        return language.constants[value]
    return dumps(value)


def _block(opening: str, items: list[str], closing: str, inner: str, indent: str) -> str:
    return f"{opening}\n" + "".join(f"{inner}{item},\n" for item in items) + indent + closing


def _js_string(text: str) -> str:
    """A double-quoted string: backticks and ${} mean nothing in it."""
    return _JS_UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", dumps(text))


def _js_key(key: str) -> str:
    """`__proto__` as a plain key would set the prototype instead of a member."""
    return f'["{key}"]' if key == "__proto__" else _js_string(key)


PYTHON = Language({None: "None", True: "True", False: "False"}, encode_basestring, encode_basestring)
JAVASCRIPT = Language({None: "null", True: "true", False: "false"}, _js_string, _js_key)
