"""Files of others that lie in the checkout are exactly what their manifest says, with their licence."""

import base64
import hashlib
import json
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parent.parent
FOLDERS = [CHECKOUT / "static" / "vendor", CHECKOUT / "tests" / "vendor"]


def _entries(folder: Path) -> list[dict[str, str]]:
    return json.loads((folder / "manifest.json").read_text())


@pytest.mark.parametrize(
    ("folder", "entry"),
    [(folder, entry) for folder in FOLDERS for entry in _entries(folder)],
    ids=lambda value: value["file"] if isinstance(value, dict) else "",
)
def test_a_vendored_file_is_the_one_in_the_manifest(folder, entry):
    digest = hashlib.sha384((folder / entry["file"]).read_bytes()).digest()
    assert entry["sha384"] == "sha384-" + base64.b64encode(digest).decode()
    assert entry["version"] in entry["file"]
    assert entry["package"]
    assert entry["licence"]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.parent.name)
def test_every_vendored_file_is_in_the_manifest_and_every_package_has_its_licence(folder):
    files = {path.name for path in folder.iterdir()} - {"manifest.json"}
    licences = {name for name in files if name.endswith(".LICENSE")}
    assert files - licences == {entry["file"] for entry in _entries(folder)}
    for entry in _entries(folder):
        assert any(entry["package"].startswith(name.removesuffix(".LICENSE")) for name in licences)


def test_vendored_scripts_load_nothing_from_elsewhere():
    for folder in FOLDERS:
        for entry in _entries(folder):
            assert "sourceMappingURL" not in (folder / entry["file"]).read_text()
