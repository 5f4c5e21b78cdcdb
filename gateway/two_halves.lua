-- A memory of two halves. It stands before each script that remembers (gateway/remembering.py). When the young half is
-- full, the old one is let go of; what is looked up in the old one moves into the young one. Each worker of an Envoy has
-- one of its own.
local function two_halves(most)
  local young, old, count = {}, {}, 0
  local function keep(key, held)
    if count >= most then
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
  return keep, recall
end

