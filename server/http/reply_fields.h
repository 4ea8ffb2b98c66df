#pragma once

#include <string>
#include <string_view>

#include "server/http/message.h"

namespace fovea::server {

// Sent with every response. WebAssembly threads need the Cross-Origin fields. The page compiles
// WebAssembly and shows images that the visitor selected (blob:, data:).
const Fields& security_fields();

std::string make_request_id();                  // 16 random hex digits
bool is_valid_request_id(std::string_view id);  // 1 to 128 characters that need no escaping
// The request's W3C traceparent; empty if it is missing or malformed.
std::string_view trace_parent(const Request& request);
std::string http_date();  // the present time in the format of the Date field

}  // namespace fovea::server
