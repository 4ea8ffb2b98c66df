#pragma once

#include <string>

#include "server/api/insight_answers.h"
#include "server/http/message.h"

namespace fovea::server {

// The chart that the last segment of the path names: "roc" in /any/where/roc and /any/where/roc.png.
// "sample_pictures", the name of earlier versions, is sample_images. Throws HttpError(404) that lists
// the charts.
const InsightKind& insight_kind(const Request& request);

// The chart as PNG, of the size that the query asks for (width, height, dark). Throws HttpError:
// 400 for a size out of bounds, 404 when there is nothing to draw.
Reply png_reply(const Request& request, App& app, const InsightKind& kind,
                const InsightQuestion& question);

}  // namespace fovea::server
