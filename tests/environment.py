"""The world the suite runs in: a data folder of its own, nothing from the outside environment, no way to the internet.

Imported by `tests.settings` before the console reads its settings; so it holds in every process of the suite.
"""

import atexit
import ipaddress
import os
import shutil
import socket
import tempfile
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet

CHECKOUT = Path(__file__).resolve().parent.parent
# Names that may come in: everything else that the console reads is dropped.
KEPT = ("BETACONSOLE_RECORDED", "BETACONSOLE_TEST_DATABASE_URL")


class OutsideWorld(RuntimeError):
    """A test tried to leave this machine. No OSError, so that no code takes it for a network fault and goes on."""


def _is_read_by_the_console(name: str) -> bool:
    if name in KEPT:
        return False
    prefixed = name.startswith(("BETACONSOLE_", "ANTHROPIC_", "DJANGO_"))
    return prefixed or name in ("HOST", "PORT", "DATABASE_URL", "SECRET_KEY") or name.lower().endswith("_proxy")


def clean_environment() -> dict[str, str]:
    """The environment without anything the console would read: what a console started by a test begins with."""
    return {name: value for name, value in os.environ.items() if not _is_read_by_the_console(name)}


def _own_environment() -> None:
    kept = clean_environment()
    data = tempfile.mkdtemp(prefix="betaconsole-tests-")
    atexit.register(shutil.rmtree, data, ignore_errors=True)
    (Path(data) / "static").mkdir()
    # What the first start of a console makes there; a console that a test starts on a bare folder makes its own.
    (Path(data) / "encryption.key").write_bytes(Fernet.generate_key())
    (Path(data) / "encryption.key").chmod(0o600)
    kept["BETACONSOLE_DATA"] = data
    kept["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    if database := kept.get("BETACONSOLE_TEST_DATABASE_URL"):
        kept["DATABASE_URL"] = database
    # Playwright keeps an event loop in the test's thread, which Django would take for async code.
    kept["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    os.environ.clear()
    os.environ.update(kept)


def _stay_on_this_machine() -> None:
    connect, connect_ex, getaddrinfo = socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo

    def guarded_connect(self: socket.socket, address: Any) -> None:
        _check_address(self.family, address)
        return connect(self, address)

    def guarded_connect_ex(self: socket.socket, address: Any) -> int:
        _check_address(self.family, address)
        return connect_ex(self, address)

    def guarded_getaddrinfo(host: Any, *args: Any, **kwargs: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        if name and name.endswith(".invalid"):
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        is_looked_up = not kwargs.get("flags", 0) & socket.AI_NUMERICHOST
        if name and name != "localhost" and is_looked_up and not _is_numeric(name):
            raise OutsideWorld(f"a test looked up {name}")
        return getaddrinfo(host, *args, **kwargs)

    socket.socket.connect = guarded_connect  # type: ignore[method-assign]
    socket.socket.connect_ex = guarded_connect_ex  # type: ignore[method-assign]
    socket.getaddrinfo = guarded_getaddrinfo


def _check_address(family: int, address: Any) -> None:
    if family in (socket.AF_INET, socket.AF_INET6):
        host = str(address[0]).split("%")[0]
        if host != "localhost" and not (_is_numeric(host) and ipaddress.ip_address(host).is_loopback):
            raise OutsideWorld(f"a test tried to connect to {host}")


def _is_numeric(host: str) -> bool:
    try:
        ipaddress.ip_address(host.strip("[]").split("%")[0])
    except ValueError:
        return False
    return True


_own_environment()
_stay_on_this_machine()
