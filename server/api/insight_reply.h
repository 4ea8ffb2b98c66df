#pragma once

#include <string>

#include "server/api/insight_answers.h"
#include "server/http/message.h"

namespace fovea::server {

// Throws Refusal(404) with the names there are.
const InsightKind& insight_kind(const std::string& name);

// "roc" of the path /any/where/roc.png
std::string drawn_name(const Request& request);

// The chart as PNG, of the size that the query asks for (width, height, dark). Throws Refusal: 400
// for a size out of bounds, 404 when there is nothing to draw.
Reply png_reply(const Request& request, App& app, const InsightKind& kind,
                const InsightQuestion& question);

}  // namespace fovea::server
