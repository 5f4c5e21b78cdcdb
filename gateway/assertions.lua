-- Remembers the assertions that the portal made, so that it is asked once for each token and API (gateway/assertions.py).
-- It asks nobody by itself: a call whose assertion is not known goes on to the filter that asks, and the answer is kept
-- when the response passes.

local LONGEST_CALL = 310 -- seconds
local NOTE = "gateway.assertions"
local ANSWER = "envoy.filters.http.ext_authz"

local keep, recall = two_halves(5000)
-- Until then a response may bring an assertion; later ones are not looked at.
local asking_until = 0

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
