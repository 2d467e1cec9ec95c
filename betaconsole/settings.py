"""Every setting of the console. The environment is read here and nowhere else; a wrong value stops the start.

The README's table "Settings" documents each variable; a test holds the two together.
"""

import ipaddress
import logging
import secrets
import socket
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
    if (
        parts.scheme not in ("http", "https")
        or not parts.hostname
        or "@" in parts.netloc
        or parts.query
        or parts.fragment
    ):
        # A refused address may hold a password: it is not repeated here, nor below.
        raise ImproperlyConfigured(f"{name}: give http(s)://host[:port]")
    return f"{parts.scheme}://{parts.netloc}"


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _mode(asked: str, host: str) -> str:
    """solo or team. A bind that others can reach needs accounts; asking for solo there is a mistake."""
    if asked not in ("", "solo", "team"):
        raise ImproperlyConfigured("BETACONSOLE_MODE: 'solo' (one local owner, no sign-in) or 'team' (accounts).")
    if asked == "solo" and not _is_loopback(host):
        raise ImproperlyConfigured(
            f"HOST={host}: solo mode has no sign-in, so it answers on loopback only (127.0.0.1, ::1, localhost). "
            "Leave BETACONSOLE_MODE out, or set it to team, for accounts."
        )
    return asked or ("solo" if _is_loopback(host) else "team")


def _public_url(url: str) -> str:
    """The address people type: an origin without a path; by default where the console listens."""
    if url:
        if urlsplit(url).path not in ("", "/"):
            raise ImproperlyConfigured("BETACONSOLE_PUBLIC_URL: give http(s)://host[:port], without a path")
        return _origin("BETACONSOLE_PUBLIC_URL", url)
    if HOST in ("0.0.0.0", "::") or _is_loopback(HOST):  # noqa: S104 - asked about, not bound to
        return f"http://{HOST if HOST == '127.0.0.1' else 'localhost'}:{PORT}"
    return f"http://[{HOST}]:{PORT}" if ":" in HOST else f"http://{HOST}:{PORT}"


def _networks(name: str, given: list[str]) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    try:
        return [ipaddress.ip_network(one.strip(), strict=False) for one in given]
    except ValueError:
        raise ImproperlyConfigured(f"{name}: give addresses or networks, such as 127.0.0.1,10.0.0.0/8") from None


def _oidc(url: str, client: str, secret: str) -> tuple[str, str, str]:
    """The provider's address, where sign-in with it is configured: as a whole or not at all."""
    if any([url, client, secret]) and not all([url, client, secret]):
        raise ImproperlyConfigured(
            "BETACONSOLE_OIDC_URL, BETACONSOLE_OIDC_CLIENT_ID and BETACONSOLE_OIDC_CLIENT_SECRET: give all three or none"
        )
    if url:
        _origin("BETACONSOLE_OIDC_URL", url)
    return url.rstrip("/"), client, secret


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

MODE = _mode(env.str("BETACONSOLE_MODE", ""), HOST)
PUBLIC_URL = _public_url(env.str("BETACONSOLE_PUBLIC_URL", ""))
PUBLIC_HOST = urlsplit(PUBLIC_URL).hostname or ""
IS_HTTPS = PUBLIC_URL.startswith("https://")
IS_LOOPBACK_ONLY = _is_loopback(HOST) and _is_loopback(PUBLIC_HOST)
# Whose word counts about who a request comes from: a proxy on this machine where there must be one, else nobody's.
TRUSTED_PROXIES = _networks(
    "BETACONSOLE_TRUSTED_PROXIES", env.list("BETACONSOLE_TRUSTED_PROXIES", ["127.0.0.1", "::1"] if IS_HTTPS else [])
)

# Sign-in at an OpenID Connect provider, beside the password: all three or none.
OIDC_NAME = env.str("BETACONSOLE_OIDC_NAME", "Single sign-on")
OIDC_URL, OIDC_CLIENT, OIDC_SECRET = _oidc(
    env.str("BETACONSOLE_OIDC_URL", ""),
    env.str("BETACONSOLE_OIDC_CLIENT_ID", ""),
    env.str("BETACONSOLE_OIDC_CLIENT_SECRET", ""),
)
OIDC_NAME = OIDC_NAME if OIDC_URL and MODE == "team" else ""

SECRET_KEY = env.str("SECRET_KEY", "") or _kept_secret(DATA_DIR / "secret.key")
ENCRYPTION_KEYS: list[str] = env.list("BETACONSOLE_ENCRYPTION_KEYS", [])
ENCRYPTION_KEYS_FILE = Path(env.str("BETACONSOLE_ENCRYPTION_KEYS_FILE", str(DATA_DIR / "encryption.key")))
DEBUG = False
# Solo mode answers on loopback only, and teams.solo.LocalOnly checks Host, peer and proxy headers of every request.
ALLOWED_HOSTS = ["127.0.0.1", "localhost", "[::1]", HOST]
if MODE == "team":
    ALLOWED_HOSTS += [f"[{PUBLIC_HOST}]" if ":" in PUBLIC_HOST else PUBLIC_HOST, socket.gethostname().lower()]

# Where requests go --------------------------------------------------------------------------------------------

OFFICIAL_API = "https://api.anthropic.com"
ENVIRONMENT_KEY = env.str("ANTHROPIC_API_KEY", "").strip()
ENVIRONMENT_BASE_URL = env.str("ANTHROPIC_BASE_URL", "").strip().rstrip("/")
_ALLOWED: list[str] = env.list("BETACONSOLE_ALLOWED_BASE_URLS", [])
# The official API is on the internet: its name may lead into a private network only where the operator wrote it down.
OFFICIAL_API_MAY_BE_INTERNAL = OFFICIAL_API in [ENVIRONMENT_BASE_URL, *_ALLOWED]
ENVIRONMENT_BASE_URL = ENVIRONMENT_BASE_URL or OFFICIAL_API
ALLOWED_BASE_URLS = [_origin("BETACONSOLE_ALLOWED_BASE_URLS", url) for url in _ALLOWED or [OFFICIAL_API]]
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
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    *(["allauth.socialaccount.providers.openid_connect"] if OIDC_NAME else []),
    "allauth.usersessions",
    "django_htmx",
    "csp",
    "ninja",
    "betaconsole.web",
    "betaconsole.catalogue",
    "betaconsole.teams",
    "betaconsole.library",
    "betaconsole.availability",
    "betaconsole.decisions",
    "betaconsole.drafts",
    "betaconsole.runs",
    "betaconsole.sharing",
    "betaconsole.compare",
    "betaconsole.api",
]

# The tables of accounts are there in both modes, so that a data folder can change from one to the other.
SOLO_MIDDLEWARE = [
    "betaconsole.web.request_log.RequestLog",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "betaconsole.web.headers.SafeHeaders",
    "django.middleware.security.SecurityMiddleware",
    "betaconsole.teams.solo.LocalOnly",
    "betaconsole.web.vitals.VitalsFirst",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "betaconsole.teams.solo.SoloMode",
    "betaconsole.web.nul.RefuseNul",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",  # allauth does not start without it
]
TEAM_MIDDLEWARE = [
    "betaconsole.web.request_log.RequestLog",
    # What only sets headers stands first: whatever is refused below carries them too.
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "betaconsole.web.headers.SafeHeaders",
    "betaconsole.web.proxies.TrustedProxies",
    "django.middleware.security.SecurityMiddleware",
    "betaconsole.web.vitals.VitalsFirst",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "betaconsole.web.nul.RefuseNul",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "betaconsole.teams.accounts.asking.TeamMode",
]
MIDDLEWARE = TEAM_MIDDLEWARE if MODE == "team" else SOLO_MIDDLEWARE

ROOT_URLCONF = "betaconsole.team_urls" if MODE == "team" else "betaconsole.urls"
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
                "django.contrib.messages.context_processors.messages",
                "betaconsole.teams.context.who",
                "betaconsole.sharing.context.mentions",
            ],
            "builtins": ["betaconsole.web.templatetags.figures"],
        },
    }
]

DATABASES = {"default": _database(env.str("DATABASE_URL", f"sqlite:///{DATA_DIR / 'betaconsole.sqlite3'}"))}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["ENGINE"] = "betaconsole.storage.sqlite3"
    # Kept open per thread: a file costs nothing. A server's connections are counted: there each request takes one and
    # gives it back, or some hundred idle threads would hold as many.
    DATABASES["default"]["CONN_MAX_AGE"] = 600
    DATABASES["default"]["OPTIONS"] = {
        # IMMEDIATE: a transaction that reads before it writes must not find the lock taken half way.
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,  # seconds to wait for the lock (storage.sqlite3)
        # What a connection may hold, or some hundred threads would hold more with every page they serve. A small cache costs
        # nothing: whatever another connection commits empties it.
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-1000;",
        "cached_statements": 64,
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
SECURE_SSL_REDIRECT = SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = MODE == "team" and IS_HTTPS
SECURE_REDIRECT_EXEMPT = ["^healthz$", "^readyz$"]  # asked on this side of the proxy, by its plain address
if SECURE_SSL_REDIRECT:
    SECURE_HSTS_SECONDS = 365 * 24 * 3600
    SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = True
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL] if MODE == "team" else []
CSRF_COOKIE_HTTPONLY = SESSION_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = SESSION_COOKIE_SAMESITE = "Lax"
# The console's port is part of a cookie's name: cookies do not know ports, and two consoles on one machine would
# overwrite each other's. Over TLS the prefix keeps neighbours of the domain from setting them.
CSRF_COOKIE_NAME = "__Host-csrftoken" if CSRF_COOKIE_SECURE else f"csrftoken_{PORT}"
SESSION_COOKIE_NAME = "__Host-sessionid" if SESSION_COOKIE_SECURE else f"sessionid_{PORT}"
CSRF_FAILURE_VIEW = "betaconsole.web.failures.csrf_failure"
# Reports of failures, mailed or shown, hold no key.
DEFAULT_EXCEPTION_REPORTER = "betaconsole.web.tracebacks.Report"
DEFAULT_EXCEPTION_REPORTER_FILTER = "betaconsole.web.tracebacks.ReportFilter"

# Accounts (team mode) -----------------------------------------------------------------------------------------

SESSION_COOKIE_AGE = 14 * 24 * 3600
SESSION_IDLE_S = 12 * 3600
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.ScryptPasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"  # nothing is mailed: links are handed over by people
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "betaconsole.teams.accounts.adapter.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_LOGOUT_REDIRECT_URL = "/account/login/"
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False
USERSESSIONS_TRACK_ACTIVITY = True
MFA_ADAPTER = "betaconsole.teams.accounts.adapter.SecondFactors"
MFA_ALLOW_UNVERIFIED_EMAIL = True  # nobody could verify one without mail; an invitation was handed to its person
MFA_TOTP_ISSUER = "betaconsole"
MFA_TOTP_TOLERANCE = 1
SOCIALACCOUNT_ADAPTER = "betaconsole.teams.accounts.adapter.SignInService"
SOCIALACCOUNT_LOGIN_ON_GET = True  # by a link: our policy lets no form end at another site
# The provider vouches for an address it calls verified: the account with it is that person's.
SOCIALACCOUNT_EMAIL_AUTHENTICATION = SOCIALACCOUNT_EMAIL_AUTHENTICATION_AUTO_CONNECT = True
SOCIALACCOUNT_PROVIDERS = {
    "openid_connect": {
        "OAUTH_PKCE_ENABLED": True,
        "APPS": [
            {
                "provider_id": "oidc",
                "name": OIDC_NAME,
                "client_id": OIDC_CLIENT,
                "secret": OIDC_SECRET,
                "settings": {"server_url": OIDC_URL},
            }
        ]
        if OIDC_NAME
        else [],
    }
}
# Browsers make passkeys for names only, over TLS or on localhost.
PASSKEYS = MODE == "team" and (PUBLIC_HOST == "localhost" or (IS_HTTPS and not _is_address(PUBLIC_HOST)))
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes", *(["webauthn"] if PASSKEYS else [])]
MFA_PASSKEY_LOGIN_ENABLED = PASSKEYS
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = PASSKEYS and not IS_HTTPS

# Logs: ids, sizes and states, never a body, never a key ---------------------------------------------------------

LOG_FORMAT = env.str("BETACONSOLE_LOG_FORMAT", "text", validate=validate.OneOf(["text", "json"]))
LOG_LEVEL = env.log_level("BETACONSOLE_LOG_LEVEL", logging.INFO if MODE == "team" else logging.WARNING)
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {
        "context": {"()": "betaconsole.web.log_lines.InContext"},
        "redact": {"()": "betaconsole.web.redaction.RedactKeys", "keys": [ENVIRONMENT_KEY]},
    },
    "formatters": {
        "text": {"()": "betaconsole.web.log_lines.TextLine"},
        "json": {"()": "betaconsole.web.log_lines.JsonLine"},
    },
    "handlers": {
        "stderr": {
            "class": "logging.StreamHandler",
            "stream": sys.stderr,
            "formatter": LOG_FORMAT,
            "filters": ["context", "redact"],
        }
    },
    "root": {"handlers": ["stderr"], "level": LOG_LEVEL},
    "loggers": {
        "urllib3": {"level": "WARNING"},  # it would print request lines and headers at DEBUG
        "django": {"handlers": [], "propagate": True},
        "django.request": {"level": "ERROR"},  # what was refused has its own line (web/request_log.py)
    },
}
