-- The load of every cell: wrk sends the bytes of a file, exactly as they are.
--
--   wrk -s request.lua http://127.0.0.1:PORT -- REQUEST_FILE
--
-- The file holds a whole request (or several, pipelined). The harness has sent the very same bytes once and compared
-- the answer byte for byte, so what is measured is what was checked. wrk formats its request once, before the load
-- starts, so none of this costs time under load.

-- wrk loads one script and knows no path of its own: the other stands beside it.
dofile((debug.getinfo(1, "S").source:match("^@(.*/)") or "") .. "result.lua")

local path

function init(args)
   path = args[1]
   wrk.format = function()
      local file = assert(io.open(path, "rb"))
      local bytes = file:read("*a")
      file:close()
      return bytes
   end
end
