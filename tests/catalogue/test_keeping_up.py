"""The catalogue beside releases of the SDK: the installed one, and ones made up here."""

from datetime import date
from io import StringIO
from pathlib import Path
from zipfile import ZipFile

import pytest
from django.core.management import CommandError, call_command

from betaconsole.catalogue.betas import all_betas, sdk_version
from betaconsole.catalogue.keeping_up import Difference, Kind, differences, is_older
from betaconsole.catalogue.model_specs import all_models
from betaconsole.catalogue.sdk import BETA_LIST, MODEL_LIST, Sdk, SdkError, read_sdk, source_files

LISTED = [beta.name for beta in all_betas().values() if BETA_LIST in beta.sources]
ENDS = {name: spec.retires_on for spec in all_models().values() for name in (spec.id, *spec.aliases) if spec.retires_on}
MODELS = [name for spec in all_models().values() for name in (spec.id, *spec.aliases) if name not in ENDS]


def release(
    *, betas: list[str] = LISTED, models: list[str] = MODELS, ends: str = "", also: str = "", version: str = "9.0.0"
) -> dict[str, str]:
    """The source of a release that knows what the catalogue knows, but for what is asked."""
    said = {model: f"{day:%B} {day.day}th, {day.year}" for model, day in ENDS.items()}
    return {
        BETA_LIST: f"AnthropicBetaParam: TypeAlias = Union[str, Literal[{', '.join(map(repr, betas))}]]",
        MODEL_LIST: f"ModelParam: TypeAlias = Union[Literal[{', '.join(map(repr, models))}], str]",
        "resources/messages/messages.py": ends or f"DEPRECATED_MODELS = {said!r}",
        "types/thing.py": f'"""{also}"""',
        "_version.py": f'__version__ = "{version}"  # made up',
    }


def found(files: dict[str, str]) -> list[Difference]:
    return differences(read_sdk(files), all_betas(), all_models())


def test_the_installed_release_has_nothing_that_the_catalogue_lacks():
    sdk = read_sdk(source_files(None))
    assert sdk.version == sdk_version()
    assert len(sdk.betas) == 58
    assert {"oauth-2025-04-20", "fine-grained-tool-streaming-2025-05-14"} <= set(sdk.named) - set(sdk.betas)
    assert (len(sdk.models), sdk.ends["claude-sonnet-4-5"]) == (22, date(2026, 11, 30))
    assert differences(sdk, all_betas(), all_models()) == []


def test_a_release_that_knows_the_same_differs_in_nothing():
    assert found(release()) == []


def test_a_new_name_comes_with_a_row_to_begin_with():
    [one] = found(release(betas=[*LISTED, "quantum-tools-2026-12-24"]))
    assert (one.kind, one.name, one.file) == (Kind.NEW, "quantum-tools-2026-12-24", "betas.toml")
    assert 'name = "quantum-tools-2026-12-24"' in one.row
    assert f'sources = ["{BETA_LIST}"]' in one.row


def test_a_name_that_stands_only_in_the_source_is_new_too():
    [one] = found(release(also="Send `hidden-door-2026-12-24` to open it, with claude-sonnet-9-20261224."))
    assert (one.kind, one.name, one.said) == (Kind.NEW, "hidden-door-2026-12-24", "in types/thing.py")


def test_a_further_date_of_a_family_says_which_date_it_may_supersede():
    [one] = found(release(betas=[*LISTED, "task-budgets-2026-12-24"]))
    assert (one.kind, one.name) == (Kind.CHANGED, "task-budgets-2026-12-24")
    assert 'give that status = "superseded" and superseded_by = "task-budgets-2026-12-24"' in one.edit
    assert "task-budgets-2026-03-13" in one.said
    assert 'area = "output"' in one.row


def test_a_name_that_left_the_list_is_gone_and_it_is_said_where_it_still_stands():
    left = [name for name in LISTED if name != "dreaming-2026-04-21"]
    [one] = found(release(betas=left, also="dreaming-2026-04-21"))
    assert (one.kind, one.name) == (Kind.GONE, "dreaming-2026-04-21")
    assert one.said == f"no longer in {BETA_LIST}, still in types/thing.py"


def test_names_that_no_release_ever_listed_are_not_gone():
    assert "claude-code-20250219" in all_betas()
    assert not any(one.name == "claude-code-20250219" for one in found(release()))


def test_models_are_new_gone_or_end_on_another_day():
    models = [*(name for name in MODELS if name != "claude-opus-5"), "claude-opus-6"]
    ends = "DEPRECATED_MODELS = " + repr(dict.fromkeys(ENDS, "June 1st, 2027") | {"claude-opus-4-8": "May 2nd, 2027"})
    by_name = {one.name: one for one in found(release(models=models, ends=ends))}
    assert by_name["claude-opus-6"].kind is Kind.NEW
    assert by_name["claude-opus-5"].kind is Kind.GONE
    assert by_name["claude-opus-4-8"].edit == "retires_on = 2027-05-02"
    assert by_name["claude-sonnet-4-5"].kind is Kind.CHANGED


def test_an_end_that_is_no_day_is_said_and_not_guessed():
    with pytest.raises(SdkError, match="claude-3 that it ends on 'Soon'"):
        read_sdk(release(ends="DEPRECATED_MODELS = {'claude-3': 'Soon'}"))


def test_an_older_release_is_known_to_be_older():
    def sdk(version: str) -> Sdk:
        return read_sdk(release(version=version))

    assert [is_older(sdk(version)) for version in ("2.9.3", sdk_version(), "10.0.0")] == [True, False, False]


def test_a_folder_a_checkout_and_a_wheel_are_read_alike(tmp_path: Path):
    files = release()
    for root in (tmp_path / "package", tmp_path / "checkout" / "src" / "anthropic", tmp_path / "site" / "anthropic"):
        for name, text in files.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text)
    with ZipFile(tmp_path / "anthropic.whl", "w") as wheel:
        for name, text in files.items():
            wheel.writestr(f"anthropic/{name}", text)
    for place in ("package", "checkout", "site", "anthropic.whl"):
        assert source_files(tmp_path / place) == files


def test_what_is_no_sdk_is_said_so(tmp_path: Path):
    with pytest.raises(SdkError, match="holds no anthropic SDK"):
        source_files(tmp_path)
    with pytest.raises(SdkError, match="cannot be read"):
        source_files(Path(__file__))
    with pytest.raises(CommandError, match="holds no anthropic SDK"):
        call_command("catalogue", "check", sdk=tmp_path)


def test_the_command_ends_with_1_only_when_it_is_strict_and_there_is_something_to_edit(tmp_path: Path):
    def laid_out(place: str, files: dict[str, str]) -> Path:
        for name, text in files.items():
            (tmp_path / place / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / place / name).write_text(text)
        return tmp_path / place

    newer = laid_out("newer", release(betas=[*LISTED, "quantum-tools-2026-12-24"]))
    said = StringIO()
    call_command("catalogue", "check", sdk=newer, stdout=said)
    assert "New (1)\n  quantum-tools-2026-12-24" in said.getvalue()
    assert 'set catalogue_date and sdk_version = "9.0.0"' in said.getvalue()
    with pytest.raises(SystemExit) as ended:
        call_command("catalogue", "check", sdk=newer, strict=True, stdout=StringIO())
    assert ended.value.code == 1
    said = StringIO()
    call_command("catalogue", "check", sdk=laid_out("same", release()), strict=True, stdout=said)
    assert "Nothing to edit" in said.getvalue()
