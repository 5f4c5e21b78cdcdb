"""The filter that remembers for 0.9 s what the portal answered about an opaque token or an API key: no filter of Envoy
1.40 keeps what it was answered. With the portal's own memory (0.9 s) that stays within the two seconds that a
revocation may take; and what was revoked is in Envoy's lists as well (gateway/revocations.py).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

Config = dict[str, Any]

NAME = "gateway.token_memory"
SCRIPT = Path(__file__).with_name("token_memory.lua")


def memory() -> Config:
    # Routes are not chosen by the headers that it puts.
    return {
        "@type": "type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua",
        "default_source_code": {"inline_string": SCRIPT.read_text()},
        "clear_route_cache": False,
    }
