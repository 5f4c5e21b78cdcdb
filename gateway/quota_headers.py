"""What callers are told of their limits: X-RateLimit-Limit, -Remaining and -Reset with every answer; when a call is
refused (429), also Retry-After (RFC 9110 10.2.3), RateLimit and RateLimit-Policy
(draft-ietf-httpapi-ratelimit-headers-10 3 and 4) and, in the fault, nextAccessTime.

Envoy's limits say the three by themselves, once for each limit that a call met, the last one first. Only that one
stays: of a refusal it is the limit that refused, of a good answer that of the API or resource, or else the nearest to
the caller.
"""

from __future__ import annotations

from typing import Any

Config = dict[str, Any]

EXTENSIONS = "type.googleapis.com/envoy.extensions.filters.http"
NEAREST, NEXT_ACCESS = "gateway.nearest_quota", "gateway.next_access"
HEADERS = ("x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset")
# Stands in the fault, which is written before Envoy says how long it takes; as long as what takes its place.
PLACEHOLDER = "0000-Jan-00 00:00:00+0000 UTC"
SCRIPT = f"""
function envoy_on_response(handle)
  local headers = handle:headers()
  if headers:get("x-fault-code") == nil then return end
  -- A backend that has gateways behind it may say a code, too; our own refusal has nothing left.
  if headers:getAtIndex("{HEADERS[1]}", 0) ~= "0" then return end
  local seconds = math.max(tonumber(headers:getAtIndex("{HEADERS[2]}", 0) or "") or 1, 1)
  headers:replace("retry-after", tostring(seconds))
  headers:replace("ratelimit", '"quota";r=0;t=' .. seconds)
  local limit = string.match(headers:getAtIndex("{HEADERS[0]}", 0) or "", "^%d+")
  if limit ~= nil then headers:replace("ratelimit-policy", '"quota";q=' .. limit) end
  local body = handle:body()
  if body == nil then return end
  local text = body:getBytes(0, body:length())
  local from, to = string.find(text, "{PLACEHOLDER}", 1, true)
  if from == nil then return end
  local time = os.date("!%Y-%b-%d %H:%M:%S+0000 UTC", os.time() + seconds)
  body:setBytes(string.sub(text, 1, from - 1) .. time .. string.sub(text, to + 1))
end
"""


def nearest() -> Config:
    """Of each of the three the first value only."""
    kept = [
        {"append": {"header": {"key": name, "value": f"%RESP({name})%"}, "append_action": "OVERWRITE_IF_EXISTS"}}
        for name in HEADERS
    ]
    return {"@type": f"{EXTENSIONS}.header_mutation.v3.HeaderMutation", "mutations": {"response_mutations": kept}}


def refused() -> Config:
    """The answers that `next_access` is for. All others go past it: it costs more than all limits together."""
    kind = "type.googleapis.com/envoy.type.matcher.v3.HttpResponseStatusCodeMatchInput"
    status = {"name": "status", "typed_config": {"@type": kind}}
    return {"single_predicate": {"input": status, "value_match": {"exact": "429"}}}


def next_access() -> Config:
    return {"@type": f"{EXTENSIONS}.lua.v3.Lua", "default_source_code": {"inline_string": SCRIPT}}
