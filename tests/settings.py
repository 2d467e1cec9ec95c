"""The console's settings, read in the suite's own environment."""

from tests import environment  # noqa: F401, I001 - first: the settings read the environment when they are imported
from betaconsole.settings import *  # noqa: F403

# Pages of the test client name static files without a manifest; the consoles that tests start use the real storage.
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}  # noqa: F405
# The provider of sign-ins that one test starts; a console has it where it is configured.
INSTALLED_APPS.append("allauth.socialaccount.providers.openid_connect")  # noqa: F405
# Passwords of tests need no protection; a slow hash would only take time.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# No test of this process cuts the power; consoles that tests start write as they do in production.
if "init_command" in (options := DATABASES["default"].get("OPTIONS", {})):  # noqa: F405
    options["init_command"] = options["init_command"].replace("synchronous=FULL", "synchronous=OFF")
