#include <fmt/format.h>
#include <algorithm>
#include <cmath>

#include "server/charts/insight.h"
#include "server/text/words.h"

namespace fovea::server {
namespace {

constexpr std::int64_t kFewMeasured = 20;
constexpr double kBinWidth = 8;  // grey values per bin of ClassStatistics::intensity
const char* const kNoImages = "There are no images yet.";

using Classes = std::vector<const ClassStatistics*>;

Classes measured(const DataStatistics& data) {
  Classes classes;
  for (const ClassStatistics& statistics : data.classes) {
    if (statistics.measured > 0) classes.push_back(&statistics);
  }
  return classes;
}

std::string few_measured(const Classes& classes) {
  std::vector<std::string> names;
  for (const ClassStatistics* statistics : classes) {
    if (statistics->measured < kFewMeasured) names.push_back(named(statistics->name));
  }
  if (names.empty()) return {};
  return fmt::format("{} {} fewer than {} images: {} values are unreliable.", some_of(names),
                     names.size() == 1 ? "has" : "have", kFewMeasured,
                     names.size() == 1 ? "its" : "their");
}

// The middle grey value of a bin.
double middle(std::size_t bin) {
  return kBinWidth * double(bin) + (kBinWidth - 1) / 2;
}

double mean_grey(const ClassStatistics& statistics) {
  double sum = 0, shares = 0;
  for (std::size_t bin = 0; bin < statistics.intensity.size(); ++bin) {
    sum += statistics.intensity[bin] * middle(bin);
    shares += statistics.intensity[bin];
  }
  return shares > 0 ? sum / shares : 0;
}

std::string grey(const ClassStatistics& statistics) {
  return named(statistics.name) + " (" + fixed(mean_grey(statistics), 0) + ")";
}

double median_share(const Classes& classes, std::size_t bin) {
  std::vector<double> shares;
  for (const ClassStatistics* statistics : classes) shares.push_back(statistics->intensity[bin]);
  std::nth_element(shares.begin(), shares.begin() + std::ptrdiff_t(shares.size() / 2),
                   shares.end());
  return shares[shares.size() / 2];
}

// Classes with far more black or white pixels than the others, often because of a border or a
// background.
std::string black_or_white(const Classes& classes) {
  double largest = 0;
  std::string text;
  for (const auto& [bin, colour] :
       {std::pair<std::size_t, const char*>{0, "black (below 8)"}, {31, "white (248 or more)"}}) {
    const double median = median_share(classes, bin);
    std::vector<std::string> names;
    double most = 0;
    for (const ClassStatistics* statistics : classes) {
      const double share = statistics->intensity[bin];
      if (share < 0.02 || share < 2 * median) continue;
      names.push_back(named(statistics->name) + " (" + percent(share) + ")");
      most = std::max(most, share);
    }
    if (names.empty() || 3 * names.size() > classes.size() || most <= largest) continue;
    largest = most;
    text = fmt::format(
        " Pixels that are almost {} are frequent in {}, compared with {} in the "
        "median class.",
        colour, some_of(names), percent(median));
  }
  return text;
}

// Mean red minus mean blue.
double warmth(const ClassStatistics& statistics) {
  return statistics.mean[0] - statistics.mean[2];
}

// "sky (blue exceeds red by 80)"
std::string tint(const ClassStatistics& statistics) {
  const double red = warmth(statistics);
  return fmt::format("{} ({} by {})", named(statistics.name),
                     red < 0 ? "blue exceeds red" : "red exceeds blue", fixed(std::abs(red), 0));
}

double largest_difference(const ClassStatistics& statistics) {
  const auto [low, high] = std::minmax_element(statistics.mean.begin(), statistics.mean.end());
  return *high - *low;
}

}  // namespace

Insight pixel_intensity(const DataStatistics& data) {
  const Classes classes = measured(data);
  if (classes.empty()) return {{}, kNoImages, {}};
  const auto [darkest, brightest] = std::minmax_element(
      classes.begin(), classes.end(),
      [](const auto* a, const auto* b) { return mean_grey(*a) < mean_grey(*b); });
  Curves panel{{"grey value (0 black, 255 white)", Unit::number, 0, 255},
               {"fraction of pixels", Unit::fraction, 0, 0},
               {}};
  for (const ClassStatistics* statistics : classes) {
    for (const double share : statistics->intensity) panel.y.high = std::max(panel.y.high, share);
    Curve curve{statistics->name, {}, false, statistics == *darkest || statistics == *brightest};
    for (std::size_t bin = 0; bin < statistics->intensity.size(); ++bin) {
      curve.points.push_back({middle(bin), statistics->intensity[bin]});
    }
    panel.curves.push_back(std::move(curve));
  }
  std::string text;
  if (classes.size() == 1) {
    text = fmt::format("The mean grey value of the only class, {}, is {} of 255.",
                       named(classes[0]->name), fixed(mean_grey(*classes[0]), 0));
  } else if (mean_grey(**brightest) - mean_grey(**darkest) < 8) {
    text = fmt::format(
        "All classes have a similar mean grey value, from {} to {} of 255: "
        "brightness hardly distinguishes them.",
        grey(**darkest), grey(**brightest));
  } else {
    text = fmt::format("By mean grey value, the brightest class is {} and the darkest {} of 255.",
                       grey(**brightest), grey(**darkest));
  }
  if (classes.size() > 1) text += black_or_white(classes);
  return {{{std::move(panel)}}, text, few_measured(classes)};
}

Insight rgb_by_class(const DataStatistics& data) {
  const Classes classes = measured(data);
  if (classes.empty()) return {{}, kNoImages, {}};
  Bars bars = empty_bars("class", {"mean value (0 to 255)"}, {"red", "green", "blue"});
  for (const ClassStatistics* statistics : classes) {
    bars.categories.push_back(statistics->name);
    for (std::size_t c = 0; c < 3; ++c) bars.series[c].values.push_back(statistics->mean[c]);
  }
  const auto [coolest, warmest] =
      std::minmax_element(classes.begin(), classes.end(),
                          [](const auto* a, const auto* b) { return warmth(*a) < warmth(*b); });
  const auto [palest, strongest] = std::minmax_element(
      classes.begin(), classes.end(),
      [](const auto* a, const auto* b) { return largest_difference(*a) < largest_difference(*b); });
  std::string text;
  if (largest_difference(**strongest) < 3) {
    text = fmt::format(
        "The images are grey: the mean values of red, green and blue differ by at "
        "most {} of 255 in every class.",
        fixed(largest_difference(**strongest), 1));
  } else if (classes.size() == 1) {
    text = "There is only one class, " + tint(**warmest) + ".";
  } else if (warmth(**warmest) - warmth(**coolest) < 5) {
    text = fmt::format(
        "All classes have a similar mean colour, from {} to {}: colour hardly "
        "distinguishes them.",
        tint(**coolest), tint(**warmest));
  } else {
    text = fmt::format(
        "The class with the warmest colours is {}, the one with the coolest is {}; "
        "{} is the least colourful, its channels differ by {}.",
        tint(**warmest), tint(**coolest), named((*palest)->name),
        fixed(largest_difference(**palest), 0));
  }
  return {{{std::move(bars)}}, text, few_measured(classes)};
}

}  // namespace fovea::server
