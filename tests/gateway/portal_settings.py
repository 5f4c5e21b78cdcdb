"""The demo's settings for the live portal of these tests: a quick timeout, and backends vouched for by the demo CA."""

from __future__ import annotations

from apimanager.settings import *  # noqa: F403
from apimanager.settings import TLS_CA_FILE

GATEWAY_BACKEND_TIMEOUT = 1
GATEWAY_REVOCATION_PERIOD = 3
GATEWAY_BACKEND_CA_FILE = str(TLS_CA_FILE.with_name("backends.pem"))
