"""`manage.py compare`: a comparison from a file, its verdict, and an exit code for a pipeline."""

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from pydantic import ValidationError

from betaconsole.api.asking import NewComparison
from betaconsole.api.conditions import (
    Condition,
    ConditionError,
    Told,
    Untold,
    check_planned,
    is_true,
    read_condition,
)
from betaconsole.api.exact_json import json_response
from betaconsole.api.orders import order_of
from betaconsole.api.problems import problem_of, read_invalid
from betaconsole.api.verdicts import as_answer, told_of
from betaconsole.checks.checks import CheckError, read_checks
from betaconsole.claude import jsontext
from betaconsole.compare.evidence import conclude
from betaconsole.runs.models import Comparison
from betaconsole.runs.pages.overview import progress
from betaconsole.runs.pages.showing import rows_of
from betaconsole.runs.sending import engine
from betaconsole.runs.sending.cancelling import cancel
from betaconsole.runs.sending.waiting import state_of
from betaconsole.storage.upgrading import upgrade
from betaconsole.teams.models import Membership, Role
from betaconsole.teams.solo import set_up

FAILED, UNDECIDED, UNFINISHED = 1, 2, 3
LOOK_S = 0.25
HELP = """Run a comparison from a file: the JSON that POST /api/v1/comparisons takes ("-" reads it from standard input).

A console that serves the same data folder sends it; without one, this command does."""
CODES = """conditions (nothing else is looked at: without --fail-if "not trusted" and --fail-if "not enough" a comparison whose
controls failed, or that had too few answers to show anything, ends with 0):
  output_tokens.relative > 0.1        a figure of any column beside its baseline
  B.cost_usd.relative >= 5%           of one column, by its letter or label
  "check:valid JSON".value < 0.9      names with spaces or dots in double quotes
  output_tokens.relative > 10% and output_tokens.p_corrected <= 0.05
  refused   not trusted   not enough  what the verdict says
fields: value baseline difference relative low high relative_low relative_high p p_corrected n excluded

exit codes:
  0  it ran, and no condition of --fail-if is true
  1  a condition of --fail-if is true
  2  nothing can be said: a file, a connection, a condition that is no good or names a figure or column that there cannot be
     (said before anything is sent), or one that was not measured
  3  it is not finished: --timeout is over, or a cell waits for a person"""


class Command(BaseCommand):
    help = HELP
    requires_system_checks = []

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        kwargs |= {"epilog": CODES, "formatter_class": argparse.RawDescriptionHelpFormatter}
        return super().create_parser(prog_name, subcommand, **kwargs)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", help="what to run, as JSON")
        parser.add_argument("--wait", action="store_true", help="wait until it has ended and print the verdict")
        parser.add_argument(
            "--fail-if",
            action="append",
            default=[],
            metavar="CONDITION",
            help="end with 1 where this is true; several may be given",
        )
        parser.add_argument("--timeout", type=float, metavar="SECONDS", help="end with 3 where it takes longer")
        parser.add_argument("--user", metavar="EMAIL", help="in whose name; needed in team mode")
        parser.add_argument("--json", action="store_true", help="print the verdict as the API answers it")

    def handle(self, *args: Any, **options: Any) -> None:
        conditions = [_condition(text) for text in options["fail_if"]]
        if conditions and not options["wait"]:
            raise CommandError("--fail-if needs --wait.", returncode=UNDECIDED)
        asked = _asked(options["file"])
        upgrade()
        set_up()
        comparison = _launched(asked, _membership(options["user"]), conditions)
        self.say(f"#{comparison.number} /comparisons/{comparison.public_id}/")
        if not options["wait"]:
            if not engine.somebody_sends():
                self.say("No console serves this data folder: it is sent once one does.")
            return
        self.wait_for(comparison, timeout_s=options["timeout"])
        self.conclude(comparison, conditions, as_json=options["json"])

    def say(self, text: str) -> None:
        """On the way: what is asked for alone goes to standard output."""
        self.stderr.write(text, style_func=lambda plain: plain)

    def wait_for(self, comparison: Comparison, *, timeout_s: float | None) -> None:
        until = time.monotonic() + timeout_s if timeout_s else None
        is_ours, told = False, ""
        try:
            while state_of(comparison) == "running" and not (until and time.monotonic() >= until):
                if not is_ours and not engine.somebody_sends():
                    engine.start()
                    is_ours = True
                if (text := progress(rows_of(comparison)).text) != told:
                    told = text
                    self.say(told)
                time.sleep(LOOK_S)
                comparison.refresh_from_db(fields=["finished_at"])
        except KeyboardInterrupt:
            if is_ours:
                cancel(comparison)
            raise CommandError("Stopped." if is_ours else "It goes on in the console.", returncode=UNFINISHED) from None
        finally:
            if is_ours:
                engine.stop()
        comparison.refresh_from_db()

    def conclude(self, comparison: Comparison, conditions: list[Condition], *, as_json: bool) -> None:
        if comparison.finished_at is None:
            said = "waits for a person" if state_of(comparison) == "waiting" else "has not ended in time"
            raise CommandError(f"It {said}.", returncode=UNFINISHED)
        labels = dict(comparison.variants.values_list("position", "label"))
        shown = conclude(comparison)
        answer = as_answer(shown, labels)
        if as_json:
            whole = {"id": comparison.public_id, "state": "finished", "verdict": answer}
            self.stdout.write(json_response(whole).content.decode())
        else:
            self.stdout.write("\n".join(answer["sentences"] if answer else []))
        told = told_of(shown, labels)
        if told is None:
            raise CommandError(f"The verdict could not be worked out: {shown.problem}.", returncode=UNDECIDED)
        self.judge(conditions, told)

    def judge(self, conditions: list[Condition], told: Told) -> None:
        failed, undecided = [], []
        for condition in conditions:
            try:
                failed += [condition.text] if is_true(condition, told) else []
            except (ConditionError, Untold) as error:
                undecided.append(f"{condition.text}: {error}" if isinstance(error, Untold) else str(error))
        if failed:
            raise CommandError(f"Failed: {'; '.join(failed)}", returncode=FAILED)
        if undecided:
            raise CommandError(f"Cannot be told: {'; '.join(undecided)}", returncode=UNDECIDED)


def _condition(text: str) -> Condition:
    try:
        return read_condition(text)
    except ConditionError as error:
        raise CommandError(f"--fail-if {error}", returncode=UNDECIDED) from None


def _asked(name: str) -> NewComparison:
    try:
        data = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
        return NewComparison.model_validate(jsontext.loads(data.decode()))
    except OSError as error:
        raise CommandError(f"{name}: {error.strerror}", returncode=UNDECIDED) from None
    except ValidationError as error:
        raise CommandError(f"{name}: {read_invalid(error)}", returncode=UNDECIDED) from None
    except (jsontext.JsonError, UnicodeDecodeError) as error:
        raise CommandError(f"{name}: {problem_of(error).message}", returncode=UNDECIDED) from None


def _membership(email: str | None) -> Membership:
    """In whose name it runs: the local owner's in solo mode."""
    found = Membership.objects.select_related("user", "team").order_by("pk")
    found = found.filter(user__email__iexact=email) if email else found.filter(user__is_local=True)
    membership = found.first()
    if membership is None or (settings.MODE == "team" and not email):
        raise CommandError("Say in whose name: --user EMAIL.", returncode=UNDECIDED)
    if not Role(membership.role).includes(Role.MEMBER):
        raise CommandError(f"{email} may only read.", returncode=UNDECIDED)
    return membership


def _launched(asked: NewComparison, membership: Membership, conditions: Sequence[Condition]) -> Comparison:
    try:
        order = order_of(asked, team=membership.team, user=membership.user)
        labels, checks = [one.label for one in order.plan.variants], _names_of_checks(order.plan.checks)
        for condition in conditions:
            check_planned(condition, labels=labels, checks=checks)
        comparison, _ = order.launch(client_token=asked.client_token, over_budget=asked.over_budget)
    except ConditionError as error:
        raise CommandError(f"--fail-if {error}", returncode=UNDECIDED) from None
    except Exception as error:
        problem = problem_of(error)
        if problem.status == 500:
            raise
        raise CommandError(problem.message, returncode=UNDECIDED) from None
    return comparison


def _names_of_checks(written: Sequence[Any]) -> list[str]:
    """None where they cannot be read: launching says why."""
    try:
        return [check.name for check in read_checks(list(written))]
    except CheckError:
        return []
