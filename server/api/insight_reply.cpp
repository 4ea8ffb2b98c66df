#include "server/api/insight_reply.h"

#include "server/api/input.h"
#include "server/charts/png/draw_chart.h"

namespace fovea::server {
namespace {

bool read_flag(const Request& request, const char* name) {
  const auto given = find_field(request.query, name);
  if (!given || *given == "0" || *given == "false") return false;
  if (*given == "1" || *given == "true" || given->empty()) return true;
  throw HttpError(400, std::string(name) + "=" + std::string(*given) + " is neither 1 nor 0");
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
  std::string names;
  for (const InsightKind& kind : insight_kinds()) {
    if (kind.name == name) return kind;
    names += (names.empty() ? "" : ", ") + std::string(kind.name);
  }
  throw HttpError(404, "there is no chart " + name + "; there are " + names);
}

Reply png_reply(const Request& request, App& app, const InsightKind& kind,
                const InsightQuestion& question) {
  const DrawingSize size = read_size(request);
  InsightAnswers answers(app, question);
  const InsightAnswer answer = answers.about(kind);
  const Insight& insight = answer.insight;
  if (!is_drawable(insight.chart)) {
    throw HttpError(404, insight.sentence + (insight.caveat.empty() ? "" : " " + insight.caveat));
  }
  const auto load = [&](const std::string& sha256) -> std::optional<Image> {
    const auto hash = parse_hash(sha256);
    const ImageRecord* image = hash ? answers.snapshot().dataset.index().find(*hash) : nullptr;
    if (!image) return std::nullopt;
    return answers.snapshot().dataset.load(*image);
  };
  const std::string caveat = insight.caveat.empty() ? "" : insight.caveat + " ";
  Reply reply;
  reply.body = draw_chart(
      insight.chart, {kind.title, insight.sentence, caveat + "Source: " + answer.source.text + "."},
      size, load);
  reply.fields = {
      {"Content-Type", "image/png"},
      {"Cache-Control", "no-store"},
      {"Content-Disposition", "inline; filename=\"" + std::string(kind.name) + ".png\""}};
  return reply;
}

}  // namespace fovea::server
