#pragma once

#include "server/charts/insight_builder.h"
#include "server/http/message.h"

namespace fovea::server {

// The chart that the last segment of the path names: "roc" in /any/where/roc and
// /any/where/roc.png. "sample_pictures", the name in earlier versions, is sample_images. Throws
// HttpError 404 that lists the charts.
const InsightKind& insight_kind(const Request& request);

// The chart as PNG in the size of the query (width, height, dark). Throws HttpError: 400 for an
// invalid size, 404 if the chart has no data.
Reply png_reply(const Request& request, const ChartContext& context, const InsightKind& kind,
                const InsightQuery& query);

}  // namespace fovea::server
