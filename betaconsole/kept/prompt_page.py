"""The page of one prompt: the version that is shown, its variables, the cases, where it was used."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render

from betaconsole.claude import jsontext
from betaconsole.library.case_table import TYPED_CASES, CaseTable, case_table, raw_rows
from betaconsole.library.models import Prompt, PromptVersion
from betaconsole.library.reading import readable
from betaconsole.library.variables import Variable, variables_in_text, variables_of
from betaconsole.storage.fields import showable
from betaconsole.teams.access import TeamRequest
from betaconsole.web.paging import number

from .answering import NOTHING_REFUSED, Refusal, version_of
from .listing import comparisons_of_prompt

SHOWN_CHARACTERS = 100_000
SHOWN_VERSIONS = 100
EMPTY_LINES = 3  # of the table of cases: so many can be typed before they are saved


@dataclass(frozen=True)
class Text:
    """A text as a page shows it, and how many characters are left out."""

    name: str
    text: str
    left_out: int

    @classmethod
    def of(cls, name: str, text: str) -> "Text":
        return cls(name, showable(text[:SHOWN_CHARACTERS]), max(0, len(text) - SHOWN_CHARACTERS))


def page_context(
    request: TeamRequest, prompt: Prompt, shown: PromptVersion, *, refusal: Refusal = NOTHING_REFUSED
) -> dict[str, Any]:
    """What `library/prompt.html` needs. The same number of queries for any number of versions, cases and comparisons."""
    versions = prompt.versions.select_related("author").order_by("-number").defer("body_text", "tool_stubs")
    listed = list(versions[:SHOWN_VERSIONS])
    names = variables_in_text(shown.body_text)
    is_source = request.GET.get("as") == "json"
    before = number(request.GET.get("before"))
    return {
        "prompt": prompt,
        "tags": [tag.tag for tag in prompt.tags.all()],
        "versions": listed,
        "shown": shown,
        "is_newest": shown.number == listed[0].number,
        "earlier": next((one.number for one in listed if one.number < shown.number), None),
        "is_source": is_source,
        "texts": _texts(shown, is_source=is_source),
        "variables": _variables(names, shown, refusal),
        "cases": _cases(prompt, names, refusal),
        "used": comparisons_of_prompt(request, prompt, before=before),
        "before": before,
        "refusal": refusal,
    }


def refused(request: TeamRequest, prompt: Prompt, refusal: Refusal) -> HttpResponse:
    """The page once more at its newest version, with why and what was typed."""
    shown = version_of(prompt.versions.all(), None)
    return render(request, "library/prompt.html", page_context(request, prompt, shown, refusal=refusal), status=422)


def _texts(shown: PromptVersion, *, is_source: bool) -> list[Text]:
    if not is_source:
        return [Text.of("Prompt", readable(shown.body_text, stubs=shown.tool_stubs, max_turns=shown.max_turns))]
    stubs = [Text.of("Tool stubs", jsontext.dumps(shown.tool_stubs, indent=2))] if shown.tool_stubs else []
    return [Text.of("Body as saved", shown.body_text), *stubs]


def _variables(names: list[str], shown: PromptVersion, refusal: Refusal) -> list[Variable]:
    if refusal.place == "variables":
        typed = refusal.typed
        return [
            Variable(name, typed.get(f"description-{name}", ""), typed.get(f"default-{name}", "")) for name in names
        ]
    return variables_of(names, shown.variables)


def _cases(prompt: Prompt, names: list[str], refusal: Refusal) -> CaseTable:
    if refusal.place == "cases":
        rows = raw_rows(refusal.typed)
        return case_table(rows, names, count=len(rows), empty=EMPTY_LINES)
    rows = [case.row for case in prompt.cases.all()[: TYPED_CASES + 1]]
    count = len(rows) if len(rows) <= TYPED_CASES else prompt.cases.count()
    return case_table(rows, names, count=count, empty=EMPTY_LINES)
