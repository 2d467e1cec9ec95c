"""What the composer's templates show, computed when a template asks: a tick renders little, so it computes little."""

import secrets
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any

from django.conf import settings
from django.http import HttpRequest

from betaconsole.catalogue import betas as catalogue
from betaconsole.catalogue.model_specs import all_models
from betaconsole.checks.checks import Check
from betaconsole.claude import jsontext
from betaconsole.claude.endpoints import METHODS, Endpoint
from betaconsole.library.models import Combination, Prompt
from betaconsole.storage.fields import showable
from betaconsole.teams.models import Connection

from . import uploads
from .before_run import Told, errors_not_accepted, told_of
from .case_values import Values, values_of
from .columns import MAX_REPEATS, Column
from .composing import CONFIRM, OVER_BUDGET, Problem
from .costing import Costs, costs_of
from .endpoint_choice import Takes, has_model, is_count, is_final, takes, title_of
from .facts import Facts
from .findings import Finding, Group, findings, grouped
from .form_view import FormView, form_view
from .kept_files import notes_on
from .models import CaseSet, Draft, Engine
from .preset_menu import KNOWN_VERSIONS, PresetMenu, preset_menu
from .presets import PRESETS, Preset
from .sheet_view import BIG_TEXT, ColumnView, Offer, RowView, SheetView
from .stub_view import ToolPanel, tool_panel, tools_chip
from .uploads import PartRow, Suggestion

WIDE_FROM = 5  # columns; from here on the matrix needs the whole width of the page
MENU_LENGTH = 8
FORM, JSON = "form", "json"
TOOLS, ENDPOINT = "tools", "endpoint"  # panels of the composer that open and close


def composer_context(draft: Draft, request: HttpRequest, *, problems: Sequence[Problem] = ()) -> dict[str, Any]:
    """The context of `drafts/_composer.html`: all it shows is under `composer`. Each page made is a new tab."""
    return {"composer": Composer(draft, problems=problems), "draft": draft}


def new_tab() -> str:
    """A name for one load of a page: rapid edits of one tab never conflict with each other."""
    return secrets.token_hex(8)


class Composer:
    """A draft as the composer shows it. `view` is the view of the body, form or json; `opened` are the open panels."""

    def __init__(
        self,
        draft: Draft,
        *,
        tab: str = "",
        view: str = "",
        opened: Iterable[str] = (),
        problems: Sequence[Problem] = (),
    ) -> None:
        self.draft = draft
        self.tab = tab or new_tab()
        self.asked_view = view
        self.opened = set(opened)
        self.problems = problems

    # The matrix ------------------------------------------------------------------------------------------------

    @cached_property
    def sheet(self) -> list[Column]:
        return self.draft.sheet

    @cached_property
    def facts(self) -> Facts:
        return Facts.load(self.draft.facts)

    @cached_property
    def matrix(self) -> SheetView:
        return SheetView(self.draft, misfits=self.facts.misfits if self.takes_json else {})

    @property
    def columns(self) -> list[ColumnView]:
        return self.matrix.columns

    @property
    def rows(self) -> list[RowView]:
        return self.matrix.rows

    @property
    def offers(self) -> list[Offer]:
        return self.matrix.offers if self.takes_json else []

    @cached_property
    def preset_menu(self) -> PresetMenu:
        """What could fill the matrix."""
        per_column = self.count // max(1, len(self.sheet))
        return preset_menu(self.draft, self.sheet, self.facts.model if self.has_model else None, per_column=per_column)

    @property
    def plan(self) -> Preset | None:
        """What the columns are for, where a preset has filled the matrix and it still is as it was filled."""
        return PRESETS.get(self.draft.preset)

    @cached_property
    def checks(self) -> Sequence[Check]:
        """What is checked of each answer."""
        return self.draft.known_checks

    @cached_property
    def controls(self) -> list[ColumnView]:
        """The columns that tell whether the comparison can be trusted."""
        return [column for column in self.columns if column.column.role]

    @property
    def is_wide(self) -> bool:
        return len(self.sheet) >= WIDE_FROM

    @cached_property
    def catalogue_size(self) -> int:
        return len(catalogue.all_betas())

    @cached_property
    def combinations(self) -> list[Combination]:
        return list(Combination.objects.filter(team=self.draft.team_id).kept()[:100])

    @property
    def is_priced(self) -> bool:
        """Whether what it sends has input tokens and a cost that can be said before."""
        return self.endpoint.is_messages

    @cached_property
    def costs(self) -> Costs:
        """What its columns cost at most."""
        return costs_of(self.draft, self.sheet, self.facts)

    # The body --------------------------------------------------------------------------------------------------

    @property
    def view(self) -> str:
        if not self.endpoint.is_messages:
            return JSON
        return JSON if self.asked_view == JSON or (not self.asked_view and self.facts.problem) else FORM

    @cached_property
    def body(self) -> dict[str, Any] | None:
        """The body's document; None where it does not parse."""
        body = None if self.facts.problem else jsontext.loads(self.draft.body_text)
        return body if isinstance(body, dict) else None

    @cached_property
    def form(self) -> FormView | None:
        """The body as a form; None where it does not parse."""
        if self.body is None or self.case_set:
            return None
        return form_view(self.body, notes_on(self.draft, self.draft.body_text))

    @cached_property
    def tools_chip(self) -> str:
        """How many tools and stubs there are; empty for none."""
        return tools_chip(self.body, self.draft.tool_stubs)

    @cached_property
    def tool_panel(self) -> ToolPanel:
        return tool_panel(self.body, self.draft.tool_stubs, self.draft.max_turns)

    @property
    def tools_are_open(self) -> bool:
        return TOOLS in self.opened and self.endpoint.is_messages

    @cached_property
    def body_text(self) -> str:
        return showable(self.draft.body_text)

    @property
    def is_big(self) -> bool:
        return self.facts.size_bytes - self.facts.apart_bytes > BIG_TEXT

    @cached_property
    def models(self) -> list[str]:
        return list(all_models())

    @property
    def versions(self) -> tuple[str, ...]:
        return KNOWN_VERSIONS

    # Where to, and how -----------------------------------------------------------------------------------------

    @cached_property
    def endpoint(self) -> Endpoint:
        return self.draft.endpoint

    @property
    def endpoint_title(self) -> str:
        return title_of(self.endpoint)

    @property
    def methods(self) -> tuple[str, ...]:
        return METHODS

    @property
    def endpoint_is_open(self) -> bool:
        return ENDPOINT in self.opened

    @cached_property
    def takes(self) -> Takes:
        """What the body of a request is: json, multipart or nothing."""
        return takes(self.endpoint)

    @property
    def takes_json(self) -> bool:
        return self.takes == "json"

    @property
    def has_model(self) -> bool:
        return has_model(self.endpoint)

    @property
    def is_count(self) -> bool:
        return is_count(self.endpoint)

    @property
    def is_batch(self) -> bool:
        return self.draft.engine == Engine.BATCH

    @property
    def unusual(self) -> list[str]:
        """What differs from how requests usually go out, in a word or two each."""
        said = {"as a Message Batch": self.is_batch, "separate caches": self.draft.separate_caches}
        return [words for words, holds in said.items() if holds]

    @property
    def asks_first(self) -> bool:
        """Whether Run asks once more: what it does cannot be taken back, or will be refused as far as is known."""
        return (is_final(self.endpoint) or bool(self.errors_to_ask)) and not self.is_confirmed

    @property
    def is_final(self) -> bool:
        return is_final(self.endpoint)

    @cached_property
    def errors_to_ask(self) -> list[Told]:
        """What preflight calls an error and this person has not sent anyway before."""
        return errors_not_accepted(self.told, self.facts)

    @property
    def is_confirmed(self) -> bool:
        """Whether Run has just asked, so that pressing it again is the answer."""
        return any(problem.where == CONFIRM for problem in self.problems)

    @property
    def connection_problem(self) -> str:
        """Why Run sent nothing on the connection: it is gone, for others, or has no budget left for this."""
        return next((one.message for one in self.problems if one.where in ("connection", OVER_BUDGET)), "")

    @property
    def may_pass_budget(self) -> bool:
        """Whether a budget stands in the way, and this person may have it sent all the same."""
        return any(problem.where == OVER_BUDGET for problem in self.problems)

    # Saving and running ----------------------------------------------------------------------------------------

    @cached_property
    def findings(self) -> list[Finding]:
        return findings(self.draft, self.sheet, self.facts, self.problems)

    @cached_property
    def told(self) -> list[Told]:
        """What preflight says of the columns."""
        return told_of(self.draft, self.sheet, self.facts)

    @cached_property
    def column_findings(self) -> list[Group]:
        return grouped(self.told, self.facts, self.endpoint)

    @cached_property
    def findings_by_level(self) -> Counter[str]:
        """How many findings there are of each level, the worst first: error, warning, hint."""
        every = [*self.findings, *(finding for group in self.column_findings for finding in group.findings)]
        return Counter(sorted(finding.word.lower() for finding in every if finding.tone))

    @property
    def findings_in_short(self) -> str:
        """`2 errors, 1 warning`; hints are not counted."""
        counts = self.findings_by_level.items()
        return ", ".join(f"{number} {word}{'s' if number > 1 else ''}" for word, number in counts)

    @property
    def has_errors(self) -> bool:
        return "error" in self.findings_by_level

    @property
    def count(self) -> int:
        return self.draft.repeats * self.cells_per_repeat

    @property
    def cells_per_repeat(self) -> int:
        """Columns × cases."""
        cases = self.draft.case_set if self.takes_json else None
        return len(self.sheet) * (cases.count if cases else 1)

    @cached_property
    def case_set(self) -> CaseSet | None:
        """The recorded requests that run in place of the prompt."""
        return self.draft.recorded if self.takes_json else None

    @cached_property
    def values(self) -> Values | None:
        """The variables of the body and the cases that fill them in; None where there are none of either."""
        takes_values = self.takes_json and self.case_set is None
        return values_of(self.draft, self.facts.variables) if takes_values else None

    @property
    def parts(self) -> list[PartRow]:
        """What an upload takes along."""
        return uploads.load(self.draft.parts)

    @property
    def part_suggestions(self) -> list[Suggestion]:
        """Fields that the endpoint knows and the upload has not yet."""
        there = {part.name for part in self.parts}
        return [one for one in uploads.suggestions(self.endpoint) if one.name not in there or one.name.endswith("[]")]

    @property
    def max_repeats(self) -> int:
        return MAX_REPEATS

    @property
    def max_body_bytes(self) -> int:
        return settings.MAX_BODY_BYTES

    @cached_property
    def client_token(self) -> str:
        """Names one press of Run: pressing twice sends once."""
        return secrets.token_hex(16)

    @cached_property
    def undo(self) -> str:
        """What undo would take back, empty where there is nothing."""
        step = self.draft.steps.filter(undone=False).order_by("-revision").values_list("what", flat=True).first()
        return showable(step or "")

    @cached_property
    def connections(self) -> list[Connection]:
        """Those that whoever composes may send on."""
        ours, author = Connection.objects.filter(team=self.draft.team_id), self.draft.author
        return list((ours.usable() if author is None else ours.usable_by(author)).order_by("pk"))

    @cached_property
    def prompts(self) -> list[Prompt]:
        """Saved prompts, those used last."""
        return list(Prompt.objects.filter(team=self.draft.team_id).kept()[:MENU_LENGTH])

    @property
    def saved_prompt(self) -> Prompt | None:
        """The saved prompt that is open, unless it was deleted."""
        version = self.draft.prompt_version
        return version.prompt if version and version.prompt.archived_at is None else None
