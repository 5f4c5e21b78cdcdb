"""The portal's settings for its unit tests: demo mode, a quick password hasher, templates that complain."""

from __future__ import annotations

import os
import tempfile

os.environ.setdefault("APIM_DEMO", "1")
os.environ.setdefault("APIM_VAR", tempfile.mkdtemp(prefix="apim-tests-"))

from apimanager.settings import *  # noqa: F403

# A file and not memory: threads that race need connections of their own.
if "sqlite3" in DATABASES["default"]["ENGINE"]:  # noqa: F405
    DATABASES["default"]["TEST"] = {"NAME": str(VAR / "test.sqlite3")}  # noqa: F405
# A connection that a thread of a race kept would keep the test database from being dropped.
DATABASES["default"]["CONN_MAX_AGE"] = 0  # noqa: F405
# The whole suite fails from one address within minutes; the limit has tests of its own.
TOKEN_FAILURE_LIMIT = 0
MIDDLEWARE.insert(0, "tests.front.MachineEndpointsMiddleware")  # noqa: F405
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
# Looked up when asked for: reading every static file for each test client took half of the suite's time.
WHITENOISE_AUTOREFRESH = True
# Tests change rows behind the key manager's back; those of what is remembered switch it on (tests/keymanager/).
CLIENT_CACHE_SECONDS = 0
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
