-- Arguments behind `--`: the method, and the size of the body to send. Prints the figures of the run as one line of JSON.

function init(args)
  wrk.method = args[1]
  wrk.headers["Host"] = "bench.test"
  local size = tonumber(args[2])
  if size > 0 then wrk.body = string.rep("x", size) end
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
