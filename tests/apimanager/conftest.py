from __future__ import annotations

from tests.keymanager.conftest import _fresh_signing_keys, bobs_browser, printer, register

__all__ = ["_fresh_signing_keys", "bobs_browser", "printer", "register"]
