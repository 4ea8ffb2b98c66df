#include "wasm/training_input.h"

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>
#include <numeric>

#include "engine/core/error.h"
#include "engine/core/shape.h"
#include "engine/fit/view_features.h"

namespace fovea {
namespace {

using nlohmann::json;

constexpr int kMaxClasses = 1'000;

std::vector<int> sorted_by_hash(std::span<const std::uint8_t> hashes, int count) {
  std::vector<int> order(count);
  std::iota(order.begin(), order.end(), 0);
  const auto compare = [&](int a, int b) {
    return std::memcmp(&hashes[a * kHashBytes], &hashes[b * kHashBytes], kHashBytes);
  };
  std::sort(order.begin(), order.end(), [&](int a, int b) { return compare(a, b) < 0; });
  for (int i = 1; i < count; ++i) {
    if (compare(order[i - 1], order[i]) != 0) continue;
    const auto [first, second] = std::minmax(order[i - 1], order[i]);
    throw ConfigError("images " + std::to_string(first) + " and " + std::to_string(second) +
                      " have the same content");
  }
  return order;
}

}  // namespace

TrainRequest read_train_request(const char* text) {
  const json request = json::parse(text, nullptr, false);
  TrainRequest read;
  try {
    request.at("classes").get_to(read.classes);
    if (request.contains("provenance")) request.at("provenance").get_to(read.provenance);
  } catch (const json::exception&) {
    throw ConfigError("the request is not an object with a list of texts \"classes\"");
  }
  if (read.classes.size() < 2 || read.classes.size() > kMaxClasses) {
    throw ConfigError("training needs 2 to " + std::to_string(kMaxClasses) + " classes, got " +
                      std::to_string(read.classes.size()));
  }
  std::vector<std::string> sorted = read.classes;
  std::sort(sorted.begin(), sorted.end());
  const auto twice = std::adjacent_find(sorted.begin(), sorted.end());
  if (twice != sorted.end()) throw ConfigError("there are two classes \"" + *twice + "\"");
  return read;
}

ImageFeatures gather_images(int dim, const float* features, std::span<const std::uint8_t> hashes,
                            std::span<const int> labels, const std::vector<std::string>& classes) {
  const int count = int_size(labels);
  std::vector<int> per_class(classes.size());
  for (int i = 0; i < count; ++i) {
    if (labels[i] < 0 || labels[i] >= int_size(classes)) {
      throw ConfigError("the label of image " + std::to_string(i) + " is " +
                        std::to_string(labels[i]) + ", but there are " +
                        std::to_string(classes.size()) + " classes");
    }
    ++per_class[labels[i]];
  }
  for (std::size_t c = 0; c < classes.size(); ++c) {
    if (per_class[c] == 0) throw ConfigError("class \"" + classes[c] + "\" has no images");
  }
  ImageFeatures all{kFeatureViews, Tensor({count * kFeatureViews, 1, 1, dim}), {}};
  all.labels.reserve(count);
  const std::ptrdiff_t width = std::ptrdiff_t{kFeatureViews} * dim;
  for (const int i : sorted_by_hash(hashes, count)) {
    std::copy_n(features + i * width, width,
                all.features.image(int_size(all.labels) * kFeatureViews));
    all.labels.push_back(labels[i]);
  }
  return all;
}

}  // namespace fovea
