"""Settings of the playground. It reads only its own variables, all of them named PLAYGROUND_…"""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from playground import environment, logs

BASE_DIR = Path(__file__).resolve().parent
PLAYGROUND_VAR = environment.folder("PLAYGROUND_VAR", BASE_DIR.parent / "var" / "playground")

# Where this site lives, and whom it asks
PLAYGROUND_URL = environment.url("PLAYGROUND_URL", "http://localhost:8080/playground2")
PLAYGROUND_ISSUER = environment.url("PLAYGROUND_ISSUER", "https://localhost:9443")
PLAYGROUND_AUTHORIZE_ENDPOINT = environment.url(
    "PLAYGROUND_AUTHORIZE_ENDPOINT", f"{PLAYGROUND_ISSUER}/oauth2/authorize"
)
PLAYGROUND_TOKEN_ENDPOINT = environment.url("PLAYGROUND_TOKEN_ENDPOINT", f"{PLAYGROUND_ISSUER}/oauth2/token")
PLAYGROUND_REVOKE_ENDPOINT = environment.url("PLAYGROUND_REVOKE_ENDPOINT", f"{PLAYGROUND_ISSUER}/oauth2/revoke")
PLAYGROUND_LOGOUT_ENDPOINT = environment.url("PLAYGROUND_LOGOUT_ENDPOINT", f"{PLAYGROUND_ISSUER}/oauth2/logout")
PLAYGROUND_USERINFO_ENDPOINT = environment.url("PLAYGROUND_USERINFO_ENDPOINT", f"{PLAYGROUND_ISSUER}/oauth2/userinfo")
PLAYGROUND_RESOURCE_URL = environment.url("PLAYGROUND_RESOURCE_URL", "https://localhost:8243/photos/1.0")
# The certificates we trust; read at each call, so it may be made after we start.
PLAYGROUND_CA_FILE = os.environ.get("PLAYGROUND_CA_FILE") or str(BASE_DIR.parent / "var" / "tls" / "ca.pem")
PLAYGROUND_TIMEOUT = environment.seconds("PLAYGROUND_TIMEOUT", 10)

_home = urlsplit(PLAYGROUND_URL)
if _home.path != "/playground2":
    raise ImproperlyConfigured(f"PLAYGROUND_URL must end in /playground2, not {_home.path!r}.")

SECRET_KEY = environment.secret("PLAYGROUND_SECRET_KEY", kept_in=PLAYGROUND_VAR / "secret-key")
DEBUG = False
ALLOWED_HOSTS = [str(_home.hostname), "localhost", "127.0.0.1", "[::1]"]
APPEND_SLASH = False  # /playground2 and /playground2/ are both written down
ROOT_URLCONF = "playground.urls"
WSGI_APPLICATION = "playground.wsgi.application"

INSTALLED_APPS = [
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "js_lib_bootstrap5",
    "playground",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "playground.middleware.content_security_policy",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "playground.middleware.one_address",
    "playground.middleware.never_stored",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.messages.context_processors.messages",
                "playground.attempts.context",
            ]
        },
    }
]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": environment.private_file(PLAYGROUND_VAR / "playground.sqlite3"),
        # A transaction takes the write lock when it begins: what it has read cannot change under it.
        "OPTIONS": {"transaction_mode": "IMMEDIATE", "timeout": 10, "init_command": "PRAGMA journal_mode=WAL"},
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Cookies of a host are sent to all its ports: names of our own, and only where we live.
SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_COOKIE_NAME = "playground-session"
SESSION_COOKIE_PATH = "/playground2"
SESSION_COOKIE_AGE = 2 * 3600
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"  # Strict would lose the session when the authorization server sends people back
SESSION_COOKIE_SECURE = _home.scheme == "https"
CSRF_COOKIE_NAME = "playground-csrf"
CSRF_COOKIE_PATH = "/playground2"
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SECURE = _home.scheme == "https"
CSRF_FAILURE_VIEW = "playground.views.errors.forged"
MESSAGE_STORAGE = "playground.notices.Storage"
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

WHITENOISE_ALLOW_ALL_ORIGINS = False
STATIC_URL = "/playground2/static/"
WHITENOISE_USE_FINDERS = True  # no collectstatic: the few files are served from where they lie
USE_TZ = True
USE_I18N = False
LANGUAGE_CODE = "en"

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"()": logs.Lines}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
}
