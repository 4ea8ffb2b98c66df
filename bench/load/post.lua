-- wrk -s post.lua: posts the file $IMAGE as the form field "file".
local file = assert(io.open(assert(os.getenv("IMAGE"), "IMAGE is not set"), "rb"))
local bytes = file:read("*a")
file:close()

wrk.method = "POST"
wrk.headers["Content-Type"] = "multipart/form-data; boundary=part"
wrk.body = '--part\r\nContent-Disposition: form-data; name="file"; filename="image.jpg"\r\n'
  .. 'Content-Type: image/jpeg\r\n\r\n' .. bytes .. '\r\n--part--\r\n'

-- Prints one line: requests, failures, rate, and p50, p99 and maximum latency in milliseconds.
function done(summary, latency)
  local errors = summary.errors
  local failures = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  print(string.format("RESULT %d %d %.0f %.2f %.2f %.2f", summary.requests, failures,
    summary.requests / (summary.duration / 1e6), latency:percentile(50) / 1000,
    latency:percentile(99) / 1000, latency.max / 1000))
end
