#include "server/api/insight_reply.h"

#include <fmt/core.h>

#include "engine/core/text.h"
#include "server/api/input.h"
#include "server/charts/png/draw_chart.h"
#include "server/text/strings.h"

namespace fovea::server {
namespace {

bool read_flag(const Request& request, const char* name) {
  const auto text = find_field(request.query, name);
  if (!text || *text == "0" || *text == "false") return false;
  if (*text == "1" || *text == "true" || text->empty()) return true;
  throw HttpError(400, fmt::format("{}={} is not 1 or 0", name, *text));
}

DrawingSize read_size(const Request& request) {
  DrawingSize size;
  using Size = DrawingSize;
  size.width =
      static_cast<int>(read_number(request, "width", Size::kMinWidth, Size::kMaxWidth, size.width));
  size.height = static_cast<int>(
      read_number(request, "height", Size::kMinHeight, Size::kMaxHeight, size.height));
  size.dark = read_flag(request, "dark");
  return size;
}

}  // namespace

const InsightKind& insight_kind(const Request& request) {
  const std::string file = request.path.substr(request.path.rfind('/') + 1);
  std::string name = file.substr(0, file.rfind(".png"));
  if (name == "sample_pictures") name = "sample_images";
  std::vector<std::string> names;
  for (const InsightKind& kind : insight_kinds()) {
    if (kind.name == name) return kind;
    names.emplace_back(kind.name);
  }
  throw HttpError(404, fmt::format("there is no chart {}; the charts are {}", name, join(names)));
}

Reply png_reply(const Request& request, const ChartContext& context, const InsightKind& kind,
                const InsightQuery& query) {
  const DrawingSize size = read_size(request);
  InsightBuilder builder(context, query);
  const SourcedInsight result = builder.build(kind);
  const Insight& insight = result.insight;
  const std::string caveat = insight.caveat.empty() ? "" : insight.caveat + " ";
  if (!is_drawable(insight.chart)) {
    throw HttpError(404, std::string(trim(insight.sentence + " " + caveat)));
  }
  const auto load = [&](const std::string& sha256) {
    return builder.load_image(result.source, sha256);
  };
  Reply reply;
  reply.body = draw_chart(
      insight.chart, {kind.title, insight.sentence, caveat + "Source: " + result.source.text + "."},
      size, load);
  reply.fields = {{"Content-Type", "image/png"},
                  {"Cache-Control", "no-store"},
                  {"Content-Disposition", fmt::format("inline; filename=\"{}.png\"", kind.name)}};
  return reply;
}

}  // namespace fovea::server
