"""Collecting the static files: hashed names, compressed copies, and only where something changed."""

import hashlib
from pathlib import Path

from django.conf import settings
from django.core.management import call_command


def collect() -> bool:
    """Collect the static files where they differ from the last time; whether that was so."""
    root = Path(settings.STATIC_ROOT)
    mark = root.with_name(root.name + ".sha256")
    digest = _digest([Path(folder) for folder in settings.STATICFILES_DIRS])
    if root.is_dir() and mark.exists() and mark.read_text() == digest:
        return False
    call_command("collectstatic", interactive=False, clear=True, verbosity=0)
    mark.write_text(digest)  # last: a collection that was cut off is done again
    return True


def _digest(folders: list[Path]) -> str:
    digest = hashlib.sha256()
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                digest.update(f"{path.relative_to(folder)}\0{path.stat().st_size}\0".encode() + path.read_bytes())
    return digest.hexdigest()
