"""`manage.py serve`: everything between a fresh checkout and a console that answers."""

import errno
import fcntl
import gc
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connections
from django.utils.module_loading import import_string
from gunicorn.app.base import Application
from gunicorn.arbiter import Arbiter

from betaconsole.storage import occupation
from betaconsole.storage.health import file_system
from betaconsole.storage.upgrading import TooNew, UpgradeFailed, upgrade
from betaconsole.teams import master_key
from betaconsole.teams.key_health import said_at_start
from betaconsole.teams.sealing import Unreadable, check_master_keys, has_master_keys
from betaconsole.teams.solo import set_up
from betaconsole.web import static_files

CONFIGURATION = Path(__file__).resolve().parents[3] / "gunicorn.conf.py"


class Console(Application):
    """The console under gunicorn, without gunicorn's command line."""

    def load_config(self) -> None:
        self.load_config_from_file(str(CONFIGURATION))

    def load(self) -> WSGIHandler:
        application: WSGIHandler = import_string(settings.WSGI_APPLICATION)
        return application


class Command(BaseCommand):
    help = "Bring the data folder up to date and serve the console at HOST:PORT until Ctrl-C."
    requires_system_checks = []  # the test suite runs them; a start should take a second

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--without-master-key",
            action="store_true",
            help="where the master key is lost: make a new one, and give up what is sealed under the old one",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        os.umask(0o077)  # prompts and answers are their owner's business, also in a data folder that others may enter
        _check_port_is_free(settings.HOST, settings.PORT)
        try:
            occupied = occupation.occupy()  # noqa: F841 - held by this process and the one that serves
        except occupation.Occupied as error:
            raise CommandError(str(error)) from None
        with _alone():
            self.prepare(gives_up_seals=options["without_master_key"])
        # The serving process is a fork of this one: the two share what is imported here, collecting garbage must not
        # copy it, and no connection goes along.
        import_module(settings.ROOT_URLCONF)
        gc.freeze()
        connections.close_all()
        Arbiter(Console()).run()

    def prepare(self, *, gives_up_seals: bool = False) -> None:
        """The database migrated, static files collected, the local owner, the connections and the master key made."""
        try:
            if has_master_keys():
                check_master_keys()
            copy = upgrade()
            master_key.ensure(gives_up_seals=gives_up_seals)
        except (Unreadable, TooNew, UpgradeFailed) as error:
            raise CommandError(str(error)) from None
        if copy:
            self.stdout.write(f"The database was brought up to date; a copy of the old one is {copy}")
        static_files.collect()
        set_up()
        if said := said_at_start():
            self.stderr.write(said)
        if not (place := file_system()).is_well:
            self.stderr.write(f"{place.said} {place.todo}")


@contextmanager
def _alone() -> Iterator[None]:
    """Two consoles started at once on one data folder prepare it one after the other."""
    with (settings.DATA_DIR / "start.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _check_port_is_free(host: str, port: int) -> None:
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except socket.gaierror as error:
        raise CommandError(f"HOST={host}: {error.strerror}") from None
    with socket.socket(family, kind) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except OSError as error:
            taken = f"Port {port} is in use. Stop what listens there, or choose another: PORT={port + 1} make run"
            other = f"Cannot listen at {host}, port {port}: {error.strerror}"
            raise CommandError(taken if error.errno == errno.EADDRINUSE else other) from None
