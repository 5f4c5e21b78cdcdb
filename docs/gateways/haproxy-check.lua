-- http-request lua.check PRODUCTION: asks the portal about the call (README.md beside this file).
-- Sets txn.status (204: yes), txn.authorization, txn.fault, txn.challenge, txn.nonce.

local PORTAL = "https://127.0.0.1:9443/gateway/check?key_type="
local HOST = "localhost:9443" -- also the name that the portal's certificate has to have
local PROOF = os.getenv("APIM_GATEWAY_PROOF") or ""
local SECONDS, MOST = 1, 10000

-- In memory only, of this thread.
local remembered, count = {}, 0

local function now()
    local time = core.now()
    return time.sec + time.usec / 1000000
end

local function recall(key)
    local held = remembered[key]
    if held and now() - held.at < SECONDS then
        return held.authorization
    end
end

local function remember(key, authorization)
    if count >= MOST then
        remembered, count = {}, 0
    end
    if not remembered[key] then
        count = count + 1
    end
    remembered[key] = { at = now(), authorization = authorization }
end

local function first(headers, name)
    return headers[name] and headers[name][0]
end

-- Two of a kind would be one that is checked and one that is used.
local function only(headers, name)
    return headers[name] and headers[name][1] == nil and headers[name][0] or nil
end

core.register_action("check", { "http-req" }, function(txn, key_type)
    local headers = txn.http:req_get_headers()
    local uri, method = txn.sf:pathq(), txn.sf:method()
    local authorization, dpop = only(headers, "authorization"), only(headers, "dpop")
    local api_key, x_api_key = only(headers, "apikey"), only(headers, "x-api-key")
    local key = table.concat({ key_type, method, uri, authorization or "", api_key or "", x_api_key or "" }, "\n")
    local known = not headers["dpop"] and recall(key)
    if known then
        txn:set_var("txn.status", 204)
        txn:set_var("txn.authorization", known)
        return
    end
    local told = {
        ["host"] = { HOST },
        ["x-gateway-proof"] = { PROOF },
        ["x-original-uri"] = { uri },
        ["x-original-method"] = { method },
    }
    if authorization then
        told["authorization"] = { authorization }
    end
    if dpop then
        told["dpop"] = { dpop }
    end
    if api_key then
        told["apikey"] = { api_key }
    end
    if x_api_key then
        told["x-api-key"] = { x_api_key }
    end
    local answer = core.httpclient():get({ url = PORTAL .. key_type, headers = told, timeout = 3000 })
    txn:set_var("txn.status", answer.status or 0)
    if answer.status ~= 204 then
        txn:set_var("txn.fault", first(answer.headers or {}, "x-fault-code") or "0")
        txn:set_var("txn.challenge", first(answer.headers or {}, "www-authenticate") or "")
    else
        txn:set_var("txn.authorization", first(answer.headers, "authorization"))
        if not headers["dpop"] then
            remember(key, first(answer.headers, "authorization"))
        end
    end
    local nonce = first(answer.headers or {}, "dpop-nonce")
    if nonce then
        txn:set_var("txn.nonce", nonce)
    end
end, 1)
