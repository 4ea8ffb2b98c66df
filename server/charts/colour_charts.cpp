#include <algorithm>
#include <cmath>

#include "server/charts/insight.h"
#include "server/text/words.h"

namespace fovea::server {
namespace {

constexpr std::int64_t kFewMeasured = 20;
constexpr double kBinWidth = 8;  // grey values in a bin of ClassStatistics::intensity
const char* const kNothing = "No pixels were measured yet: there are no images.";

using Classes = std::vector<const ClassStatistics*>;

Classes measured(const DataStatistics& data) {
  Classes classes;
  for (const ClassStatistics& mine : data.classes) {
    if (mine.measured > 0) classes.push_back(&mine);
  }
  return classes;
}

std::string few_measured(const Classes& classes) {
  std::vector<std::string> names;
  for (const ClassStatistics* mine : classes) {
    if (mine->measured < kFewMeasured) names.push_back(named(mine->name));
  }
  if (names.empty()) return {};
  return some_of(names) + (names.size() == 1 ? " has" : " have") + " fewer than " +
         std::to_string(kFewMeasured) + " images: chance plays a part.";
}

double middle(std::size_t bin) {
  return kBinWidth * double(bin) + (kBinWidth - 1) / 2;
}

double mean_grey(const ClassStatistics& mine) {
  double sum = 0, shares = 0;
  for (std::size_t bin = 0; bin < mine.intensity.size(); ++bin) {
    sum += mine.intensity[bin] * middle(bin);
    shares += mine.intensity[bin];
  }
  return shares > 0 ? sum / shares : 0;
}

std::string grey(const ClassStatistics& mine) {
  return named(mine.name) + " (" + fixed(mean_grey(mine), 0) + ")";
}

double median_share(const Classes& classes, std::size_t bin) {
  std::vector<double> shares;
  for (const ClassStatistics* mine : classes) shares.push_back(mine->intensity[bin]);
  std::nth_element(shares.begin(), shares.begin() + std::ptrdiff_t(shares.size() / 2),
                   shares.end());
  return shares[shares.size() / 2];
}

// Classes with far more black or white than the others: a border or a background, often.
std::string extreme(const Classes& classes) {
  double largest = 0;
  std::string text;
  for (const auto& [bin, what] :
       {std::pair<std::size_t, const char*>{0, "black (below 8)"}, {31, "white (248 or more)"}}) {
    const double median = median_share(classes, bin);
    std::vector<std::string> names;
    double most = 0;
    for (const ClassStatistics* mine : classes) {
      const double share = mine->intensity[bin];
      if (share < 0.02 || share < 2 * median) continue;
      names.push_back(named(mine->name) + " (" + percent(share) + ")");
      most = std::max(most, share);
    }
    if (names.empty() || 3 * names.size() > classes.size() || most <= largest) continue;
    largest = most;
    text = " Many pixels of " + some_of(names) + " are almost " + what + "; " + percent(median) +
           " in the median class.";
  }
  return text;
}

double warmth(const ClassStatistics& mine) {
  return mine.mean[0] - mine.mean[2];
}

std::string lean(const ClassStatistics& mine) {
  const double red = warmth(mine);
  return named(mine.name) + " (red " + fixed(std::abs(red), 0) + (red < 0 ? " below" : " above") +
         " blue)";
}

double largest_difference(const ClassStatistics& mine) {
  const auto [low, high] = std::minmax_element(mine.mean.begin(), mine.mean.end());
  return *high - *low;
}

}  // namespace

Insight pixel_intensity(const DataStatistics& data) {
  const Classes classes = measured(data);
  if (classes.empty()) return {{}, kNothing, {}};
  const auto [darkest, brightest] = std::minmax_element(
      classes.begin(), classes.end(),
      [](const auto* a, const auto* b) { return mean_grey(*a) < mean_grey(*b); });
  Lines lines{{"grey value (0 black, 255 white)", Unit::number, 0, 255},
              {"share of pixels", Unit::share, 0, 0},
              {}};
  for (const ClassStatistics* mine : classes) {
    for (const double share : mine->intensity) lines.y.high = std::max(lines.y.high, share);
    Line line{mine->name, {}, false, mine == *darkest || mine == *brightest};
    for (std::size_t bin = 0; bin < mine->intensity.size(); ++bin) {
      line.points.push_back({middle(bin), mine->intensity[bin]});
    }
    lines.lines.push_back(std::move(line));
  }
  std::string text;
  if (classes.size() == 1) {
    text = "The mean grey value of " + grey(*classes[0]) + " stands alone: there is one class.";
  } else if (mean_grey(**brightest) - mean_grey(**darkest) < 8) {
    text = "All classes are about equally bright, from " + grey(**darkest) + " to " +
           grey(**brightest) + " of 255: brightness tells little about the class.";
  } else {
    text = "On average the brightest class is " + grey(**brightest) + " and the darkest " +
           grey(**darkest) + " of 255.";
  }
  if (classes.size() > 1) text += extreme(classes);
  return {{{std::move(lines)}}, text, few_measured(classes)};
}

Insight rgb_by_class(const DataStatistics& data) {
  const Classes classes = measured(data);
  if (classes.empty()) return {{}, kNothing, {}};
  Bars bars = empty_bars("class", {"mean value (0 to 255)"}, {"red", "green", "blue"});
  for (const ClassStatistics* mine : classes) {
    bars.categories.push_back(mine->name);
    for (std::size_t c = 0; c < 3; ++c) bars.series[c].values.push_back(mine->mean[c]);
  }
  const auto [coldest, warmest] =
      std::minmax_element(classes.begin(), classes.end(),
                          [](const auto* a, const auto* b) { return warmth(*a) < warmth(*b); });
  const auto [palest, strongest] = std::minmax_element(
      classes.begin(), classes.end(),
      [](const auto* a, const auto* b) { return largest_difference(*a) < largest_difference(*b); });
  std::string text;
  if (largest_difference(**strongest) < 3) {
    text =
        "The images are grey: in no class do the means of red, green and blue differ by more "
        "than " +
        fixed(largest_difference(**strongest), 1) + " of 255.";
  } else if (classes.size() == 1) {
    text = "There is one class, " + lean(**warmest) + ".";
  } else if (warmth(**warmest) - warmth(**coldest) < 5) {
    text = "All classes have about the same mean colour, from " + lean(**coldest) + " to " +
           lean(**warmest) + ": colour tells little about the class.";
  } else {
    text = "The warmest class is " + lean(**warmest) + ", the coldest " + lean(**coldest) + "; " +
           named((*palest)->name) + " has the least colour, its channels differ by " +
           fixed(largest_difference(**palest), 0) + ".";
  }
  return {{{std::move(bars)}}, text, few_measured(classes)};
}

}  // namespace fovea::server
