#include "server/http/multipart.h"

#include "tests/fuzz/fuzz.h"

using namespace fovea;

// Input: the first line is the Content-Type, the rest is the body of a form.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view body = fuzz::text({data, size});
  const std::string_view content_type = fuzz::take_line(body);
  fuzz::may_refuse([&] {
    const std::string boundary = server::multipart_boundary(content_type);
    fuzz::require(!boundary.empty() && boundary.size() <= 70);
    std::size_t total = 0;
    for (const server::Part& part : server::parse_multipart(body, boundary)) {
      fuzz::require(part.data.empty() ||
                    (part.data.data() >= body.data() &&
                     part.data.data() + part.data.size() <= body.data() + body.size()));
      total += part.data.size();
      fuzz::require(!part.file_name || part.file_name->find('\0') == std::string::npos);
      // A part never contains a whole line with the boundary.
      fuzz::require(part.data.find("\r\n--" + boundary + "\r\n") == std::string_view::npos);
    }
    fuzz::require(total <= body.size());
  });
  return 0;
}
