#include <algorithm>
#include <numeric>

#include "server/charts/insight.h"
#include "server/text/words.h"

namespace fovea::server {
namespace {

constexpr std::int64_t kFewTests = 20;  // as many as the gate wants of a class

std::int64_t total(const ClassStatistics& mine) {
  return std::accumulate(mine.splits.begin(), mine.splits.end(), std::int64_t{0});
}

// "cat has", "cat and dog have", "12 classes have"
std::string who_has(const DataStatistics& data, std::int64_t images) {
  std::vector<std::string> names;
  for (const ClassStatistics& mine : data.classes) {
    if (total(mine) == images) names.push_back(named(mine.name));
  }
  if (names.size() > 3) return std::to_string(names.size()) + " classes have";
  return joined(names) + (names.size() == 1 ? " has" : " have");
}

// How unequal the classes are, and what follows from it.
std::string balance(const DataStatistics& data) {
  const auto [least, most] =
      std::minmax_element(data.classes.begin(), data.classes.end(),
                          [](const auto& a, const auto& b) { return total(a) < total(b); });
  const std::int64_t few = total(*least), many = total(*most);
  if (data.classes.size() == 1) {
    return (many == 1 ? "The only image is of " : "All " + counted(many) + " images are of ") +
           ("one class, " + named(most->name)) + ": there is nothing to tell apart yet.";
  }
  const std::string classes = std::to_string(data.classes.size()) + " classes";
  if (few == many) {
    return "All " + classes + " have the same number of images, " + counted(many) + ".";
  }
  std::string text = "Of " + counted(data.images, "image") + " in " + classes + ", " +
                     who_has(data, many) + " the most (" + counted(many) + ") and " +
                     who_has(data, few) + " the fewest (" + counted(few) + ")";
  const double ratio = double(many) / double(std::max<std::int64_t>(few, 1));
  if (ratio < 1.5) return text + ", which is well balanced.";
  text += ", " + fixed(ratio, 1) + " times as many";
  if (ratio < 3) return text + ".";
  return text + ": in doubt a model will rather say what it has seen more often.";
}

void add_line(std::string& text, const std::string& line) {
  if (!text.empty()) text += " ";
  text += line;
}

std::string untrained(const DataStatistics& data) {
  std::vector<std::string> names;
  for (const ClassStatistics& mine : data.classes) {
    if (mine.splits[0] == 0) names.push_back(named(mine.name));
  }
  if (names.empty()) return {};
  return some_of(names) + (names.size() == 1 ? " has" : " have") + " no image for training.";
}

std::string few_tests(const DataStatistics& data) {
  std::vector<std::string> names;
  for (const ClassStatistics& mine : data.classes) {
    if (mine.splits[2] < kFewTests) names.push_back(named(mine.name));
  }
  if (names.empty()) return {};
  const std::string least = std::to_string(kFewTests);
  const std::string why = ": too few to say how well a model knows ";
  if (names.size() > 1 && names.size() == data.classes.size()) {
    return "No class has " + least + " test images" + why + "them.";
  }
  return some_of(names) + (names.size() == 1 ? " has" : " have") + " fewer than " + least +
         " test images" + why + (names.size() == 1 ? "it." : "them.");
}

std::string size_text(const ImageSize& size) {
  return std::to_string(size.width) + " x " + std::to_string(size.height) + " pixels";
}

std::string sizes(const DataStatistics& data) {
  if (data.sizes.empty()) return {};
  const ImageSize& usual = data.sizes[0];
  if (data.sizes.size() == 1) return "All images have " + size_text(usual) + ".";
  const auto by_area = [](const ImageSize& a, const ImageSize& b) {
    return double(a.width) * a.height < double(b.width) * b.height;
  };
  const auto [smallest, largest] =
      std::minmax_element(data.sizes.begin(), data.sizes.end(), by_area);
  const double share = double(usual.count) / double(std::max<std::int64_t>(data.images, 1));
  return "The most frequent size is " + size_text(usual) + " (" + percent(share) +
         " of the images); they go from " + size_text(*smallest) + " to " + size_text(*largest) +
         (data.other_sizes > 0 ? ", not counting rarer sizes." : ".");
}

}  // namespace

Insight class_distribution(const DataStatistics& data) {
  if (data.images == 0 || data.classes.empty()) return {{}, "There are no images yet.", {}};
  Bars bars = empty_bars("class", {"images", Unit::count}, {"training", "validation", "test"});
  bars.stacked = true;
  for (const ClassStatistics& mine : data.classes) {
    bars.categories.push_back(mine.name);
    for (std::size_t i = 0; i < 3; ++i) bars.series[i].values.push_back(double(mine.splits[i]));
  }
  Insight insight{{{std::move(bars)}}, balance(data), few_tests(data)};
  if (const std::string line = untrained(data); !line.empty()) add_line(insight.sentence, line);
  return insight;
}

Insight sample_images(const DataStatistics& data) {
  ImageGrid images;
  std::size_t most = 0;
  const ClassStatistics* fewest = nullptr;
  for (const ClassStatistics& mine : data.classes) {
    if (mine.samples.empty()) continue;
    ImageGroup group{mine.name, {}};
    for (const std::string& sha256 : mine.samples) {
      group.images.push_back({sha256, mine.name, {}, 0, false});
    }
    most = std::max(most, group.images.size());
    if (!fewest || group.images.size() < fewest->samples.size()) fewest = &mine;
    images.groups.push_back(std::move(group));
  }
  if (!fewest) return {{}, "There are no images yet.", {}};
  std::string text = "The first " + std::to_string(most) +
                     " of each class by content hash, out of " + counted(data.images, "image") +
                     ": a pick that nobody made.";
  if (fewest->samples.size() < most) {
    add_line(text,
             named(fewest->name) + " has only " + std::to_string(fewest->samples.size()) + ".");
  }
  add_line(text, sizes(data));
  return {{{std::move(images)}}, text, {}};
}

}  // namespace fovea::server
