"""The WSGI application that gunicorn serves, whoever started it: `manage.py serve`, or somebody's own gunicorn."""

import os

from django.core.handlers.wsgi import WSGIHandler
from django.core.wsgi import get_wsgi_application
from django.db import connections

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "betaconsole.settings")


def checked_application() -> WSGIHandler:
    """The application. Raises where the database is another version's, or something is sealed and its master key is gone."""
    application = get_wsgi_application()
    # Our own modules need Django's apps.
    from betaconsole.storage import upgrading
    from betaconsole.teams import master_key

    upgrading.check()
    master_key.ensure()
    connections.close_all()
    return application


application = checked_application()
