-- The load of a cell that asks for many files: requests that differ in their path alone.
--
--   wrk -s sequence.lua http://127.0.0.1:PORT -- PATHS_FILE AUTHORITY SKIP
--
-- The file holds paths, one a line; the first SKIP are passed over, and after the last one comes the first. A request is
-- put together once for each path, before the load starts: under load each costs a look into a table.

-- wrk loads one script and knows no path of its own: the other stands beside it.
dofile((debug.getinfo(1, "S").source:match("^@(.*/)") or "") .. "result.lua")

local requests = {}
local position = 0

function init(args)
   local known = {}
   for path in io.lines(args[1]) do
      local request = known[path]
      if request == nil then
         request = "GET " .. path .. " HTTP/1.1\r\nHost: " .. args[2] .. "\r\n\r\n"
         known[path] = request
      end
      requests[#requests + 1] = request
   end
   position = tonumber(args[3]) % #requests
end

function request()
   position = position + 1
   if position > #requests then position = 1 end
   return requests[position]
end
