"""Style sheets: what is written for one page does not change another, and nothing is kept that no page uses."""

import re
from collections import defaultdict
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]
SHEETS = {path.name: path.read_text() for path in (CHECKOUT / "static" / "css").glob("*.css")}
TEMPLATES = {path: path.read_text() for path in (CHECKOUT / "templates").rglob("*.html")}
ON_EVERY_PAGE = {"tokens.css", "base.css"}
COMMENT, RULE = re.compile(r"/\*.*?\*/", re.DOTALL), re.compile(r"([^{}]+)\{")
BETWEEN = re.compile(r",(?![^()]*\))")  # selectors of a rule, not those within :is()
LOADED = re.compile(r"css/([\w-]+\.css)")
MADE_ELSEWHERE = re.compile(r"c-\w+|htmx-request")  # by Pygments and by htmx


def selectors(sheet: str) -> Iterator[str]:
    for rule in RULE.findall(COMMENT.sub("", SHEETS[sheet])):
        yield from (one.strip() for one in BETWEEN.split(rule))


def test_a_bare_class_has_one_meaning_on_a_page() -> None:
    plain = {sheet: {one for one in selectors(sheet) if re.fullmatch(r"\.[\w-]+", one)} for sheet in SHEETS}
    loaded = {str(path): ON_EVERY_PAGE | set(LOADED.findall(text)) for path, text in TEMPLATES.items()}
    twice: dict[str, set[str]] = defaultdict(set)
    for template, sheets in loaded.items():
        for one, other in combinations(sorted(sheets), 2):
            for name in plain[one] & plain[other]:
                twice[f"{name} in {one} and {other}"].add(Path(template).name)
    assert twice == {}


def test_every_class_that_is_given_a_look_is_used_somewhere() -> None:
    scripts = (path.read_text() for path in (CHECKOUT / "static" / "js").glob("*.js"))
    views = (path.read_text() for path in (CHECKOUT / "betaconsole").rglob("*.py"))
    words = {word for text in (*TEMPLATES.values(), *scripts, *views) for word in re.findall(r"[\w-]+", text)}
    styled = {name for sheet in SHEETS for one in selectors(sheet) for name in re.findall(r"\.([a-zA-Z][\w-]*)", one)}
    assert {name for name in styled - words if not MADE_ELSEWHERE.fullmatch(name)} == set()
