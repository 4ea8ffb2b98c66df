#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "server/http/net.h"

namespace fovea::server {

// A request body that grows as its bytes arrive: Beast's string_body takes memory for the announced
// length at once. The session reserves the memory, see BodyBudget.
// The names of its members are those that Beast requires.
struct GrowingBody {
  using value_type = std::string;  // NOLINT(readability-identifier-naming)

  class reader {  // NOLINT(readability-identifier-naming)
   public:
    template <bool kIsRequest, class MessageFields>
    reader(wire::header<kIsRequest, MessageFields>&, std::string& body) : body_(body) {}
    void init(const boost::optional<std::uint64_t>&, ErrorCode& error) { error = {}; }
    template <class Buffers>
    std::size_t put(const Buffers& buffers, ErrorCode& error) {
      error = {};
      std::size_t bytes = 0;
      for (const asio::const_buffer buffer : beast::buffers_range_ref(buffers)) {
        body_.append(static_cast<const char*>(buffer.data()), buffer.size());
        bytes += buffer.size();
      }
      return bytes;
    }
    void finish(ErrorCode& error) { error = {}; }

   private:
    std::string& body_;
  };
};

}  // namespace fovea::server
