-- Remembers for a moment what the portal answered about an opaque token or an API key (gateway/token_memory.py).
-- It asks nobody: a call that is not known goes on to the filter that asks, and the answer is kept when the response
-- passes. Of a call with a proof of any kind nothing is remembered and nothing is recalled: each proof counts once.

local MILLISECONDS = 900
local LONGEST_CALL = 310000
local NOTE = "gateway.token_memory"
local ANSWER = "envoy.filters.http.ext_authz"

local keep, recall = two_halves(5000)
-- Until then a response may bring an answer; later ones are not looked at.
local asking_until = 0

-- What the call shows, if that is all that the answer hangs on.
local function shown(headers)
  if headers:get("dpop") ~= nil or headers:get("x-forwarded-client-cert") ~= nil then
    return nil
  end
  local key, authorization = headers:get("apikey"), headers:get("authorization")
  if headers:get("x-api-key") ~= nil then
    return nil
  end
  if key ~= nil then
    return authorization == nil and headers:getNumValues("apikey") == 1 and "apikey " .. key or nil
  end
  if authorization ~= nil and headers:getNumValues("authorization") == 1 then
    return string.match(authorization, "^[Bb]earer +[%w_~+/-]+=*$")
  end
end

function envoy_on_request(handle)
  local headers = handle:headers()
  local key = shown(headers)
  if key == nil then
    return
  end
  local now = handle:timestamp()
  local held = recall(key)
  if held ~= nil and now < held.ends then
    headers:replace("x-gateway-token", held.token)
    headers:replace("authorization", "Bearer " .. held.token)
    return
  end
  local note = handle:streamInfo():dynamicMetadata()
  note:set(NOTE, "key", key)
  note:set(NOTE, "at", now)
  asking_until = now + LONGEST_CALL
end

function envoy_on_response(handle)
  local now = handle:timestamp()
  if now > asking_until then
    return
  end
  local metadata = handle:streamInfo():dynamicMetadata()
  local asked, answer = metadata:get(NOTE), metadata:get(ANSWER)
  if asked == nil or answer == nil then
    return
  end
  local token, ends = answer["x-gateway-token"], asked["at"] + MILLISECONDS
  if token ~= nil and now < ends then
    keep(asked["key"], { token = token, ends = ends })
  end
end
