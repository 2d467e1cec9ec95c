#!/usr/bin/env python
"""Django's command line for betaconsole."""

import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line
from environs import EnvError


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "betaconsole.settings")
    try:
        # Django would keep a wrong setting to itself and complain of an unknown command.
        import betaconsole.settings  # noqa: F401
    except (ImproperlyConfigured, EnvError) as error:
        sys.exit(f"betaconsole did not start: {error}")
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
