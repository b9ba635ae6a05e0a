-- Arguments behind `--`: the method, the size of the body to send, and a file with the Cookie header of each person, if people ask. Prints the figures of the run as one line of JSON.

function init(args)
  wrk.method = args[1]
  wrk.headers["Host"] = "bench.test"
  local size = tonumber(args[2])
  if size > 0 then wrk.body = string.rep("x", size) end
  if args[3] then people(args[3]) end
end

-- The requests are made once: what is measured is the proxy.
function people(file)
  wrk.headers["User-Agent"] = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
  wrk.headers["Accept"] = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
  wrk.headers["Accept-Language"] = "de-AT,de;q=0.9,en;q=0.8"
  wrk.headers["Accept-Encoding"] = "gzip, deflate, br, zstd"
  local requests, turn = {}, 0
  for cookie in io.lines(file) do
    wrk.headers["Cookie"] = cookie
    requests[#requests + 1] = wrk.format()
  end
  request = function()
    turn = turn % #requests + 1
    return requests[turn]
  end
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '{"requests":%d,"seconds":%.6f,"errors":%d,"p50":%.3f,"p99":%.3f}\n',
    summary.requests, summary.duration / 1e6,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000
  ))
end
