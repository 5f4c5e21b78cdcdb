"""The filter that remembers for 0.9 s what the portal answered about an opaque token or an API key.

With the portal's own memory (0.9 s) that stays within the two seconds that a revocation may take; and what was revoked
is in Envoy's lists as well (gateway/revocations.py).
"""

from __future__ import annotations

from typing import Any

from gateway import remembering

Config = dict[str, Any]

NAME = "gateway.token_memory"


def memory() -> Config:
    return remembering.filter_of(default_source_code=remembering.script("token_memory.lua"))
