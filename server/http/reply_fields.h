#pragma once

#include <string>
#include <string_view>

#include "server/http/message.h"

namespace fovea::server {

// Sent with every answer. WebAssembly threads need the two Cross-Origin fields on the page, and the
// page compiles WebAssembly and shows images the visitor dropped (blob:, data:).
const Fields& security_fields();

std::string make_request_id();                 // 16 random hex digits
bool is_sane_request_id(std::string_view id);  // short, and harmless in logs, headers and JSON
// The request's W3C traceparent; empty when there is none or it is malformed.
std::string_view trace_parent(const Request& request);
std::string http_date();  // now, as the Date field has it

}  // namespace fovea::server
