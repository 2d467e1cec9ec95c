"""`manage.py catalogue check`: is the catalogue still what the `anthropic` SDK knows?"""

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from betaconsole.catalogue.betas import all_betas, catalogue_date, sdk_version
from betaconsole.catalogue.keeping_up import Difference, Kind, differences, is_older
from betaconsole.catalogue.model_specs import all_models
from betaconsole.catalogue.sdk import Sdk, SdkError, read_sdk, source_files

FOLDER = "betaconsole/catalogue"


class Command(BaseCommand):
    help = (
        "Compare the catalogue with the beta and model names in an anthropic SDK: list what is new, changed and gone there, "
        "and what to edit. Its source is read, not run, and nothing is sent."
    )
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("what", choices=["check"])
        parser.add_argument(
            "--sdk", type=Path, metavar="PATH", help="a folder, checkout or wheel; without it the installed one"
        )
        parser.add_argument("--strict", action="store_true", help="exit with 1 where there is something to edit")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            sdk = read_sdk(source_files(options["sdk"]))
        except SdkError as error:
            raise CommandError(str(error)) from None
        found = differences(sdk, all_betas(), all_models())
        self._say_what_is_compared(sdk)
        for kind in Kind:
            self._say_differences(kind, [one for one in found if one.kind is kind])
        self._say_what_to_edit(sdk, found)
        if found and options["strict"]:
            sys.exit(1)

    def _say_what_is_compared(self, sdk: Sdk) -> None:
        self.stdout.write(
            f"anthropic {sdk.version}: {len(sdk.betas)} betas in its list, {len(set(sdk.named) - set(sdk.betas))} more in its "
            f"source, {len(sdk.models)} models.\n"
            f"Catalogue of {catalogue_date()}, made from anthropic {sdk_version()}: {len(all_betas())} betas, "
            f"{len(all_models())} models."
        )
        if is_older(sdk):
            self.stdout.write("This release is older than that: names may be missing in it because they came later.")

    def _say_differences(self, kind: Kind, found: list[Difference]) -> None:
        if not found:
            return
        self.stdout.write(f"\n{kind.value.capitalize()} ({len(found)})")
        for one in found:
            self.stdout.write(f"  {one.name}: {one.said}\n      {one.file}: {one.edit}")

    def _say_what_to_edit(self, sdk: Sdk, found: list[Difference]) -> None:
        if not found:
            self.stdout.write("\nNothing to edit: every name is in both.")
            return
        for file in sorted({one.file for one in found if one.row}):
            self.stdout.write(f"\nRows to begin with, for {FOLDER}/{file}:\n")
            self.stdout.write("\n\n".join(one.row for one in found if one.file == file and one.row))
        self.stdout.write(
            f'\nThen set catalogue_date and sdk_version = "{sdk.version}" in {FOLDER}/betas.toml (and catalogue_date in '
            "models.toml), and run .venv/bin/python -m pytest tests/catalogue tests/betas: they say what else a row needs."
        )
