#include <fmt/format.h>
#include <algorithm>
#include <numeric>

#include "server/charts/insight.h"
#include "server/text/words.h"

namespace fovea::server {
namespace {

constexpr std::int64_t kFewTests = 20;  // the gate needs this many per class

std::int64_t total(const ClassStatistics& statistics) {
  return std::accumulate(statistics.splits.begin(), statistics.splits.end(), std::int64_t{0});
}

std::string has_or_have(std::size_t subjects) {
  return subjects == 1 ? " has" : " have";
}

// The classes with that many images: "cat has", "cat and dog have", "12 classes have".
std::string classes_with(const DataStatistics& data, std::int64_t images) {
  std::vector<std::string> names;
  for (const ClassStatistics& statistics : data.classes) {
    if (total(statistics) == images) names.push_back(named(statistics.name));
  }
  if (names.size() > 3) return std::to_string(names.size()) + " classes have";
  return joined(names) + has_or_have(names.size());
}

// How balanced the classes are. REQUIRES: at least one class.
std::string balance(const DataStatistics& data) {
  const auto [smallest, largest] =
      std::minmax_element(data.classes.begin(), data.classes.end(),
                          [](const auto& a, const auto& b) { return total(a) < total(b); });
  const std::int64_t few = total(*smallest), many = total(*largest);
  const std::size_t classes = data.classes.size();
  if (classes == 1) {
    return fmt::format("There is only one class, {}, with {}: a classifier needs at least two.",
                       named(largest->name), counted(many, "image"));
  }
  if (few == many) {
    return fmt::format("{} have {} each.",
                       classes == 2 ? "Both classes" : fmt::format("All {} classes", classes),
                       counted(many, "image"));
  }
  std::string text = fmt::format("Of {} in {} classes, {} the most ({}) and {} the fewest ({})",
                                 counted(data.images, "image"), classes, classes_with(data, many),
                                 counted(many), classes_with(data, few), counted(few));
  if (few == 0) return text + ".";
  const double ratio = double(many) / double(few);
  if (ratio < 1.5) return text + ": the classes are well balanced.";
  text += ", a ratio of " + fixed(ratio, 1);
  return text + (ratio < 3 ? "." : ": a model may favour the larger classes.");
}

void add_sentence(std::string& text, const std::string& sentence) {
  if (!text.empty() && !sentence.empty()) text += " ";
  text += sentence;
}

std::string without_training_images(const DataStatistics& data) {
  std::vector<std::string> names;
  for (const ClassStatistics& statistics : data.classes) {
    if (statistics.splits[0] == 0) names.push_back(named(statistics.name));
  }
  if (names.empty()) return {};
  return some_of(names) + has_or_have(names.size()) + " no training images.";
}

std::string few_tests(const DataStatistics& data) {
  std::vector<std::string> names;
  for (const ClassStatistics& statistics : data.classes) {
    if (statistics.splits[2] < kFewTests) names.push_back(named(statistics.name));
  }
  if (names.empty()) return {};
  if (names.size() > 1 && names.size() == data.classes.size()) {
    return fmt::format("No class has {} test images, too few to measure accuracy reliably.",
                       kFewTests);
  }
  return fmt::format("{}{} fewer than {} test images, too few to measure {} accuracy reliably.",
                     some_of(names), has_or_have(names.size()), kFewTests,
                     names.size() == 1 ? "its" : "their");
}

std::string size_text(const ImageSize& size) {
  return fmt::format("{} x {}", size.width, size.height);
}

std::string sizes(const DataStatistics& data) {
  if (data.sizes.empty()) return {};
  const ImageSize& usual = data.sizes[0];
  if (data.sizes.size() == 1) return "All images are " + size_text(usual) + " pixels.";
  const auto by_area = [](const ImageSize& a, const ImageSize& b) {
    return double(a.width) * a.height < double(b.width) * b.height;
  };
  const auto [smallest, largest] =
      std::minmax_element(data.sizes.begin(), data.sizes.end(), by_area);
  const double share = double(usual.count) / double(std::max<std::int64_t>(data.images, 1));
  return fmt::format(
      "The most common size is {} pixels ({} of the images); sizes range from {} to {} pixels{}",
      size_text(usual), percent(share), size_text(*smallest), size_text(*largest),
      data.other_sizes > 0 ? ", not counting less common ones." : ".");
}

}  // namespace

Insight class_distribution(const DataStatistics& data) {
  if (data.images == 0 || data.classes.empty()) return {{}, "There are no images yet.", {}};
  Bars bars = empty_bars("class", {"images", Unit::count}, {"training", "validation", "test"});
  bars.stacked = true;
  for (const ClassStatistics& statistics : data.classes) {
    bars.categories.push_back(statistics.name);
    for (std::size_t i = 0; i < 3; ++i) {
      bars.series[i].values.push_back(double(statistics.splits[i]));
    }
  }
  Insight insight{{{std::move(bars)}}, balance(data), few_tests(data)};
  add_sentence(insight.sentence, without_training_images(data));
  return insight;
}

Insight sample_images(const DataStatistics& data) {
  ImageGrid images;
  std::size_t most = 0;
  const ClassStatistics* fewest = nullptr;
  for (const ClassStatistics& statistics : data.classes) {
    if (statistics.samples.empty()) continue;
    ImageGroup group{statistics.name, {}};
    for (const std::string& sha256 : statistics.samples) {
      group.images.push_back({sha256, statistics.name, {}, 0, {}});
    }
    most = std::max(most, group.images.size());
    if (!fewest || group.images.size() < fewest->samples.size()) fewest = &statistics;
    images.groups.push_back(std::move(group));
  }
  if (!fewest) return {{}, "There are no images yet.", {}};
  std::string text = fmt::format(
      "Out of {}, the first {} of each class in order of content hash: an arbitrary but fixed "
      "selection.",
      counted(data.images, "image"), most);
  if (fewest->samples.size() < most) {
    add_sentence(text, fmt::format("{} has only {}.", named(fewest->name), fewest->samples.size()));
  }
  add_sentence(text, sizes(data));
  return {{{std::move(images)}}, text, {}};
}

}  // namespace fovea::server
