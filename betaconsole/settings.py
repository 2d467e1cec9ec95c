"""Every setting of the console. The environment is read here and nowhere else; a wrong value stops the start.

The README's table "Settings" documents each variable; a test holds the two together.
"""

import ipaddress
import logging
import secrets
import sys
from pathlib import Path
from urllib.parse import urlsplit

import dj_database_url
from csp.constants import NONE, SELF
from dj_database_url import DBConfig
from django.core.exceptions import ImproperlyConfigured
from environs import Env, validate

from betaconsole.claude.endpoints import MAX_BODY_BYTES

BASE_DIR = Path(__file__).resolve().parent.parent
env = Env()


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _origin(name: str, url: str) -> str:
    """`scheme://host[:port]` of an address, refused where it carries more than an origin and a path."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query or parts.fragment:
        # A refused address may hold a password: it is not repeated here, nor below.
        raise ImproperlyConfigured(f"{name}: give http(s)://host[:port]")
    return f"{parts.scheme}://{parts.netloc}"


def _proxy(url: str) -> str | None:
    if url and (urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname):
        raise ImproperlyConfigured("BETACONSOLE_OUTBOUND_PROXY: give http(s)://[user:password@]host:port")
    return url or None


def _database(url: str) -> DBConfig:
    try:
        found = dj_database_url.parse(url)
    except ValueError:
        found = {}
    if found.get("ENGINE") not in ("django.db.backends.sqlite3", "django.db.backends.postgresql"):
        raise ImproperlyConfigured("DATABASE_URL: give sqlite:///path or postgresql://user:password@host:port/name")
    return found


def _kept_secret(path: Path) -> str:
    """The secret kept in `path`, made on the first start, readable by its owner only."""
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(50))
    return path.read_text().strip()


# Where things are ---------------------------------------------------------------------------------------------

DATA_DIR = Path(env.str("BETACONSOLE_DATA", str(BASE_DIR / "var"))).resolve()
DATA_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)
HOST = env.str("HOST", "127.0.0.1")
PORT = env.int("PORT", 8000, validate=validate.Range(1, 65535))

# Who may come in ----------------------------------------------------------------------------------------------

MODE = env.str("BETACONSOLE_MODE", "solo")
if MODE != "solo":
    raise ImproperlyConfigured("BETACONSOLE_MODE: only 'solo' exists in this version; team mode comes with accounts.")
if not _is_loopback(HOST):
    raise ImproperlyConfigured(
        f"HOST={HOST}: without sign-in the console answers on loopback only (127.0.0.1, ::1, localhost)."
    )

SECRET_KEY = env.str("SECRET_KEY", "") or _kept_secret(DATA_DIR / "secret.key")
ENCRYPTION_KEYS: list[str] = env.list("BETACONSOLE_ENCRYPTION_KEYS", [])
ENCRYPTION_KEYS_FILE = Path(env.str("BETACONSOLE_ENCRYPTION_KEYS_FILE", str(DATA_DIR / "encryption.key")))
DEBUG = False
# Solo mode answers on loopback only, and teams.solo.LocalOnly checks Host, peer and proxy headers of every request.
ALLOWED_HOSTS = ["127.0.0.1", "localhost", "[::1]", HOST]

# Where requests go --------------------------------------------------------------------------------------------

OFFICIAL_API = "https://api.anthropic.com"
ENVIRONMENT_KEY = env.str("ANTHROPIC_API_KEY", "").strip()
ENVIRONMENT_BASE_URL = env.str("ANTHROPIC_BASE_URL", "").strip().rstrip("/") or OFFICIAL_API
ALLOWED_BASE_URLS = [
    _origin("BETACONSOLE_ALLOWED_BASE_URLS", url) for url in env.list("BETACONSOLE_ALLOWED_BASE_URLS", [OFFICIAL_API])
]
if _origin("ANTHROPIC_BASE_URL", ENVIRONMENT_BASE_URL) not in ALLOWED_BASE_URLS:
    ALLOWED_BASE_URLS.append(_origin("ANTHROPIC_BASE_URL", ENVIRONMENT_BASE_URL))
OUTBOUND_PROXY = _proxy(env.str("BETACONSOLE_OUTBOUND_PROXY", ""))
CA_BUNDLE = env.str("BETACONSOLE_CA_BUNDLE", "") or None
if CA_BUNDLE and not Path(CA_BUNDLE).is_file():
    raise ImproperlyConfigured(f"BETACONSOLE_CA_BUNDLE: {CA_BUNDLE} is not a file")
# How many times faster than a real model the built-in simulator answers.
SIMULATOR_SPEED = env.float("BETACONSOLE_SIMULATOR_SPEED", 1.0, validate=validate.Range(0.01, 10_000))
SENDING_ENABLED = env.bool("BETACONSOLE_SENDING_ENABLED", True)

# Threads: each open live page holds one, and so does each waiting API call; the rest answer pages.
THREADS = env.int("BETACONSOLE_THREADS", 256, validate=validate.Range(40, 4096))
LIVE_STREAMS = THREADS - 32

# Sizes --------------------------------------------------------------------------------------------------------

# A body posted as a form is percent-encoded: up to three bytes for one.
DATA_UPLOAD_MAX_MEMORY_SIZE = 3 * MAX_BODY_BYTES + 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5000

# Django -------------------------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.staticfiles",
    "django_htmx",
    "csp",
    "ninja",
    "betaconsole.web",
    "betaconsole.catalogue",
    "betaconsole.teams",
    "betaconsole.library",
    "betaconsole.availability",
    "betaconsole.drafts",
    "betaconsole.runs",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "betaconsole.web.headers.SafeHeaders",
    "betaconsole.teams.solo.LocalOnly",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "betaconsole.teams.solo.SoloMode",
    "betaconsole.web.nul.RefuseNul",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]

ROOT_URLCONF = "betaconsole.urls"
WSGI_APPLICATION = "betaconsole.wsgi.application"
AUTH_USER_MODEL = "teams.User"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "loaders": [
                ("django.template.loaders.cached.Loader", ["django.template.loaders.filesystem.Loader"]),
            ],
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.csrf",
                "betaconsole.teams.context.who",
            ],
            "builtins": ["betaconsole.web.templatetags.figures"],
        },
    }
]

DATABASES = {"default": _database(env.str("DATABASE_URL", f"sqlite:///{DATA_DIR / 'betaconsole.sqlite3'}"))}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # Kept open per thread: a file costs nothing. A server's connections are counted: there each request takes one and
    # gives it back, or some hundred idle threads would hold as many.
    DATABASES["default"]["CONN_MAX_AGE"] = 600
    DATABASES["default"]["OPTIONS"] = {
        # IMMEDIATE: a transaction that reads before it writes must not find the lock taken half way.
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA busy_timeout=20000;",
    }
    # A file, not memory: the suite's threads and processes share it as they do in production.
    DATABASES["default"]["TEST"] = {"NAME": str(DATA_DIR / "test.sqlite3")}

STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = False

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = False

# What the browser may do --------------------------------------------------------------------------------------

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "object-src": [NONE],
    }
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
# The console's port is part of the cookie's name: cookies do not know ports, and two consoles on one machine would
# overwrite each other's token.
CSRF_COOKIE_NAME = f"csrftoken_{PORT}"
CSRF_FAILURE_VIEW = "betaconsole.web.failures.csrf_failure"

# Logs: ids, sizes and states, never a body, never a key ---------------------------------------------------------

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"redact": {"()": "betaconsole.web.redaction.RedactKeys", "keys": [ENVIRONMENT_KEY]}},
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {
        "stderr": {"class": "logging.StreamHandler", "stream": sys.stderr, "formatter": "line", "filters": ["redact"]}
    },
    "root": {"handlers": ["stderr"], "level": env.log_level("BETACONSOLE_LOG_LEVEL", logging.WARNING)},
    # urllib3 would print request lines and headers at DEBUG.
    "loggers": {"urllib3": {"level": "WARNING"}, "betaconsole": {"level": "INFO"}},
}
