"""Where SQLite's file lies."""

from pathlib import Path

import pytest
from django.db import connection

from betaconsole.runs.management.commands import serve
from betaconsole.storage import health

pytestmark = pytest.mark.skipif(connection.vendor != "sqlite", reason="about SQLite's file")


@pytest.mark.parametrize(("kind", "is_well"), [("ext4", True), ("nfs4", False), ("cifs", False), ("fuse.sshfs", False)])
def test_s19_a_network_file_system_under_the_database_is_told(kind: str, is_well: bool, tmp_path: Path) -> None:
    folder = Path(connection.settings_dict["NAME"]).resolve().parent
    mounts = tmp_path / "mounts"
    mounts.write_text(f"/dev/vda / xfs rw 0 0\nserver:/share {folder} {kind} rw 0 0\nproc /proc proc rw 0 0\n")
    found = health.file_system(mounts)
    assert (found.is_well, f"lies on {kind}." in found.said) == (is_well, True)
    assert health.file_system(tmp_path / "nothing").is_well


@pytest.mark.django_db(transaction=True)
def test_s19_it_is_said_at_the_start(
    monkeypatch: pytest.MonkeyPatch, settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.STATIC_ROOT = tmp_path / "static"
    mounts = tmp_path / "mounts"
    mounts.write_text("server:/home / nfs4 rw 0 0\n")
    monkeypatch.setattr(serve, "file_system", lambda: health.file_system(mounts))
    serve.Command().prepare()
    assert "loses and damages data on a network file system" in capsys.readouterr().err
