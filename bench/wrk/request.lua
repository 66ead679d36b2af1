-- The load of every cell: wrk sends the bytes of a file, exactly as they are.
--
--   wrk -s request.lua http://127.0.0.1:PORT -- REQUEST_FILE
--
-- The file holds a whole request (or several, pipelined). The harness has sent the very same bytes once and compared
-- the answer byte for byte, so what is measured is what was checked. wrk formats its request once, before the load
-- starts, so none of this costs time under load.

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

-- One line that a program can read, after wrk's own report.
function done(summary, latency, requests)
   local errors = summary.errors
   io.write(string.format(
      '\nRESULT {"requests":%d,"bytes":%d,"microseconds":%d,"p50":%d,"p99":%d,"max":%d,' ..
      '"connect":%d,"read":%d,"write":%d,"timeout":%d,"status":%d}\n',
      summary.requests, summary.bytes, summary.duration,
      latency:percentile(50), latency:percentile(99), latency.max,
      errors.connect, errors.read, errors.write, errors.timeout, errors.status))
end
