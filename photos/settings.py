"""Settings of the photo service: a Django project of its own, on SQLite."""

from __future__ import annotations

import secrets
from pathlib import Path

from photos import environment, logs

ROOT = Path(__file__).resolve().parent.parent

PHOTOS_VAR = environment.folder("PHOTOS_VAR", ROOT / "var" / "photos")
PHOTOS_ISSUER = environment.url("PHOTOS_ISSUER", "https://localhost:9443")
PHOTOS_JWKS_URL = environment.url("PHOTOS_JWKS_URL", "https://localhost:9443/oauth2/jwks")
PHOTOS_AUDIENCE = environment.url("PHOTOS_AUDIENCE", "https://localhost:8243")
# Its own address there: a token may be for this API alone (RFC 8707).
PHOTOS_RESOURCE = environment.url("PHOTOS_RESOURCE", f"{PHOTOS_AUDIENCE}/photos/1.0")
PHOTOS_CA_FILE = environment.file("PHOTOS_CA_FILE", ROOT / "var" / "tls" / "ca.pem")

# Django wants a key, but nothing here is ever signed with it: no sessions, no cookies, no forms.
SECRET_KEY = environment.secret("PHOTOS_SECRET_KEY") or secrets.token_urlsafe(48)
DEBUG = False
# The Host header is never read: every address in an answer is relative to the API's base.
ALLOWED_HOSTS = ["*"]

INSTALLED_APPS = ["photos", "rest_framework"]
MIDDLEWARE = ["django.middleware.security.SecurityMiddleware", "photos.limits.limit_body"]
if environment.is_traced():
    MIDDLEWARE.insert(0, "photos.tracing.trace")
SILENCED_SYSTEM_CHECKS = [
    "security.W002",  # no pages that could be framed
    "security.W003",  # no cookies, so nothing for a forged request to ride on
    "security.W004",  # TLS and its headers are the gateway's; this port listens on loopback
    "security.W008",
]
ROOT_URLCONF = "photos.urls"
WSGI_APPLICATION = "photos.wsgi.application"
APPEND_SLASH = False
USE_TZ = True
USE_I18N = False
TIME_ZONE = "UTC"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": PHOTOS_VAR / "photos.sqlite3",
        "OPTIONS": {
            # A transaction that will write takes its lock at once: it waits at BEGIN instead of failing in the middle.
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
        },
    }
}

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["photos.authentication.SignedToken"],
    "DEFAULT_PERMISSION_CLASSES": ["photos.permissions.IsPerson", "photos.permissions.HasScope"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "photos.negotiation.OneFormat",
    "EXCEPTION_HANDLER": "photos.errors.answer",
    "UNAUTHENTICATED_USER": None,
    "URL_FORMAT_OVERRIDE": None,
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"()": logs.Lines, "format": "{asctime} {levelname} {name}: {message}", "style": "{"},
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "INFO"},
}
