#include "engine/report/evaluation_images.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "engine/core/base64.h"
#include "engine/core/error.h"
#include "engine/image/bitmap.h"
#include "engine/image/resize.h"

namespace fovea {
namespace {

constexpr int kLongestSide = 96;
constexpr std::size_t kMaxImages = 4096;
constexpr std::size_t kMaxImageText = (1 << 20) / 3 * 4;  // 1 MiB in base64

Image reduced(const Image& image) {
  const int side = std::max(image.width, image.height);
  if (side <= kLongestSide) return image;
  return resize(image, std::max(1, image.width * kLongestSide / side),
                std::max(1, image.height * kLongestSide / side));
}

[[noreturn]] void fail_images(const std::string& problem) {
  throw FormatError("evaluation: images" + problem);
}

}  // namespace

EvaluationImages collect_images(const EvaluationReport& report, const Dataset& dataset) {
  EvaluationImages images;
  const auto add = [&](const std::string& sha256) {
    const auto hash = parse_hash(sha256);
    const ImageRecord* record = hash ? dataset.index().find(*hash) : nullptr;
    if (record && !images.contains(sha256)) {
      images.emplace(sha256, encode_bitmap(reduced(dataset.load(*record))));
    }
  };
  for (const ImageMistake& mistake : report.mistakes) add(mistake.image);
  if (report.statistics) {
    for (const ClassStatistics& statistics : report.statistics->classes) {
      std::for_each(statistics.samples.begin(), statistics.samples.end(), add);
    }
  }
  return images;
}

nlohmann::ordered_json images_json(const EvaluationImages& images) {
  auto json = nlohmann::ordered_json::object();
  for (const auto& [sha256, file] : images) json[sha256] = encode_base64(file);
  return json;
}

EvaluationImages read_evaluation_images(const nlohmann::ordered_json& document) {
  EvaluationImages images;
  const auto member = document.find("images");
  if (member == document.end()) return images;
  if (!member->is_object()) fail_images(" is not an object");
  if (member->size() > kMaxImages) fail_images(" has more than 4096 entries");
  for (const auto& [sha256, text] : member->items()) {
    if (!parse_hash(sha256)) fail_images(" has a key that is not a SHA-256: " + sha256);
    if (!text.is_string()) fail_images("." + sha256 + " is not text");
    const auto& base64 = text.get_ref<const std::string&>();
    if (base64.size() > kMaxImageText) fail_images("." + sha256 + " has more than 1 MiB");
    auto file = decode_base64(base64);
    if (!file) fail_images("." + sha256 + " is not base64");
    images.emplace(sha256, std::move(*file));
  }
  return images;
}

}  // namespace fovea
