-- Remembers the assertions that the portal made, so that it is asked once for each token and API (gateway/assertions.py).
-- It asks nobody by itself: a call whose assertion is not known goes on to the filter that asks, and the answer is kept
-- when the response passes. Each worker of an Envoy has a memory of its own, of two halves: when the young one is full,
-- the old one is let go of. What is looked up in the old one moves into the young one.

local MOST = 5000 -- in a half
local LONGEST_CALL = 310 -- seconds
local NOTE = "gateway.assertions"
local ANSWER = "envoy.filters.http.ext_authz"

local young, old, count = {}, {}, 0
-- Until then a response may bring an assertion; later ones are not looked at.
local asking_until = 0

local function keep(key, held)
  if count >= MOST then
    old, young, count = young, {}, 0
  end
  if young[key] == nil then
    count = count + 1
  end
  young[key] = held
end

local function recall(key)
  local held = young[key]
  if held == nil then
    held = old[key]
    if held ~= nil then
      keep(key, held)
    end
  end
  return held
end

function envoy_on_request(handle)
  local headers = handle:headers()
  local api = handle:filterContext():get("api")
  local token = headers:get("x-gateway-jti")
  local now = os.time()
  if token ~= nil then
    local key = api .. " " .. token
    local held = recall(key)
    if held ~= nil and now < held.ends then
      headers:replace("x-jwt-assertion", held.assertion)
      return
    end
    handle:streamInfo():dynamicMetadata():set(NOTE, "key", key)
    asking_until = now + LONGEST_CALL
  end
  headers:remove("x-jwt-assertion")
  headers:replace("x-gateway-api", api)
end

function envoy_on_response(handle)
  local now = os.time()
  if now > asking_until then
    return
  end
  local metadata = handle:streamInfo():dynamicMetadata()
  local asked, answer = metadata:get(NOTE), metadata:get(ANSWER)
  if asked == nil or answer == nil then
    return
  end
  local assertion, seconds = answer["x-jwt-assertion"], tonumber(answer["x-gateway-seconds"])
  if assertion ~= nil and seconds ~= nil then
    keep(asked["key"], { assertion = assertion, ends = now + seconds })
  end
end
