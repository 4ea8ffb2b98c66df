#include <cmath>
#include <nlohmann/json.hpp>

#include "server/charts/insight.h"
#include "server/text/words.h"
#include "tests/support/catch.h"
#include "tests/support/evaluations.h"

namespace fovea::tests {
namespace {

using namespace fovea::server;

TEST_CASE("numbers and lists are formatted for human readers", "[server][charts]") {
  CHECK(counted(0) == "0");
  CHECK(counted(999) == "999");
  CHECK(counted(-1000) == "-1,000");
  CHECK(counted(1234567, "image") == "1,234,567 images");
  CHECK(counted(1, "image") == "1 image");
  CHECK(percent(0.8617) == "86.2 %");
  CHECK(percent(0.12) == "12 %");
  CHECK(percent(0) == "0 %");
  CHECK(percent(1) == "100 %");
  CHECK(percent(0.0001) == "less than 0.1 %");
  CHECK(percent(0.9999) == "more than 99.9 %");
  CHECK(milliseconds(0.412) == "0.41 ms");
  CHECK(milliseconds(12.3) == "12 ms");
  CHECK(some_of({"a"}) == "a");
  CHECK(some_of({"a", "b", "c"}) == "a, b and c");
  CHECK(some_of({"a", "b", "c", "d", "e"}, 3) == "a, b and 3 more");
  CHECK(named("cat") == "cat");
  CHECK(named("traffic light") == "traffic light");
  CHECK(named("4") == "\"4\"");
  CHECK(named("cat, dog") == "\"cat, dog\"");
}

TEST_CASE("chart JSON has panels with units and bounds and null for missing values",
          "[server][charts]") {
  Bars bars = empty_bars("class", {"share", Unit::fraction, 0, 1}, {"recall"});
  bars.categories = {"a", "b"};
  bars.series[0].values = {0.1 + 0.2, std::nan("")};
  const Curves lines{{"time", Unit::time}, {"n", Unit::count}, {{"x", {{1, 2}}, true, false}}};
  const auto json = chart_json({{bars, lines}});
  const auto& first = json["panels"][0];
  CHECK(first["kind"] == "bars");
  CHECK(first["y"]["unit"] == "share");
  CHECK(first["y"]["high"] == 1);
  CHECK(first["series"][0]["values"][0].dump() == "0.3");
  CHECK(first["series"][0]["values"][1].is_null());
  const auto& second = json["panels"][1];
  CHECK(second["x"]["unit"] == "time");
  CHECK_FALSE(second["x"].contains("low"));
  CHECK(second["lines"][0]["reference"] == true);
  CHECK(second["lines"][0]["points"].dump() == "[[1.0,2.0]]");
}

TEST_CASE("the class distribution names the largest and the smallest class and their ratio",
          "[server][charts]") {
  const Insight insight = class_distribution(data_statistics(
      {class_statistics("fist", 200, 20, 20), class_statistics("palm", 40, 10, 10)}));
  CHECK_THAT(
      insight.sentence,
      ContainsSubstring("fist has the most (240) and palm has the fewest (60), a ratio of 4.0"));
  CHECK_THAT(insight.sentence, ContainsSubstring("a model may favour the larger classes"));
  CHECK_THAT(insight.caveat,
             ContainsSubstring("palm has fewer than 20 test images, too few to measure its"));
  const auto& bars = std::get<Bars>(insight.chart.panels.at(0));
  CHECK(bars.categories == std::vector<std::string>{"fist", "palm"});
  CHECK(bars.series.at(0).values == std::vector<double>{200, 40});
  CHECK(bars.series.at(2).values == std::vector<double>{20, 10});
}

TEST_CASE("the class distribution covers balanced and single and untrained classes",
          "[server][charts]") {
  const auto sentence = [](std::vector<ClassStatistics> classes) {
    return class_distribution(data_statistics(std::move(classes))).sentence;
  };
  CHECK_THAT(sentence({class_statistics("a", 30, 5, 25), class_statistics("b", 30, 5, 25)}),
             ContainsSubstring("Both classes have 60 images each."));
  CHECK_THAT(sentence({class_statistics("a", 30, 5, 25), class_statistics("b", 32, 5, 25)}),
             ContainsSubstring("well balanced"));
  CHECK_THAT(sentence({class_statistics("a", 30, 5, 25)}),
             ContainsSubstring("There is only one class, a, with 60 images"));
  CHECK_THAT(sentence({class_statistics("a", 30, 5, 25), class_statistics("b", 0, 5, 25)}),
             ContainsSubstring("b has no training images."));
  CHECK_THAT(sentence({class_statistics("a", 9, 0, 0), class_statistics("b", 9, 0, 0),
                       class_statistics("c", 3, 0, 0)}),
             ContainsSubstring("a and b have the most (9) and c has the fewest (3)"));
  const Insight nothing = class_distribution({});
  CHECK(nothing.chart.panels.empty());
  CHECK(nothing.sentence == "There are no images yet.");
}

TEST_CASE("sample images state the selection and the sizes and classes with few images",
          "[server][charts]") {
  DataStatistics data =
      data_statistics({class_statistics("fist", 20, 2, 2), class_statistics("palm", 3, 0, 0)});
  Insight insight = sample_images(data);
  CHECK_THAT(insight.sentence, ContainsSubstring("palm has only 3"));
  CHECK_THAT(insight.sentence, ContainsSubstring("All images are 32 x 32 pixels"));
  const auto& groups = std::get<ImageGrid>(insight.chart.panels.at(0)).groups;
  REQUIRE(groups.size() == 2);
  CHECK(groups[0].images.size() == 8);
  CHECK(groups[1].images[0].label == "palm");
  CHECK_FALSE(is_drawable(insight.chart));  // no image is marked as available yet
  data.sizes = {{32, 32, 20}, {640, 480, 5}, {8, 8, 2}};
  insight = sample_images(data);
  CHECK_THAT(insight.sentence, ContainsSubstring("32 x 32 pixels (74.1 % of the images); sizes "
                                                 "range from 8 x 8 to 640 x 480 pixels."));
}

TEST_CASE("brightness names the brightest and the darkest class unless all are similar",
          "[server][charts]") {
  DataStatistics data = data_statistics({class_statistics("day", 30, 5, 5, 25),
                                         class_statistics("night", 30, 5, 5, 2),
                                         class_statistics("dusk", 30, 5, 5, 10)});
  Insight insight = pixel_intensity(data);
  CHECK_THAT(insight.sentence,
             ContainsSubstring("brightest class is day (204) and the darkest night (20) of 255"));
  data.classes[2].intensity = {};
  data.classes[2].intensity[31] = 0.4;
  data.classes[2].intensity[10] = 0.6;
  insight = pixel_intensity(data);
  CHECK_THAT(insight.sentence,
             ContainsSubstring("almost white (248 or more) are frequent in dusk (40 %), compared"));
  const auto& curves = std::get<Curves>(insight.chart.panels.at(0)).curves;
  CHECK(curves.at(0).highlighted);
  CHECK(curves.at(1).highlighted);
  CHECK_FALSE(curves.at(2).highlighted);
  CHECK(curves.at(1).points.at(2).y == 1);
  insight = pixel_intensity(
      data_statistics({class_statistics("a", 9, 0, 0), class_statistics("b", 9, 0, 0)}));
  CHECK_THAT(insight.sentence, ContainsSubstring("brightness hardly distinguishes them"));
  CHECK_THAT(insight.caveat, ContainsSubstring("a and b have fewer than 20 images: their values"));
}

TEST_CASE("mean colours name the warmest and the coolest and the least colourful class",
          "[server][charts]") {
  DataStatistics data =
      data_statistics({class_statistics("sky", 30, 5, 5), class_statistics("fire", 30, 5, 5),
                       class_statistics("snow", 30, 5, 5)});
  CHECK_THAT(rgb_by_class(data).sentence, ContainsSubstring("The images are grey"));
  for (ClassStatistics& statistics : data.classes) statistics.mean = {120, 110, 100};
  data.classes[1].mean[0] = 123;
  CHECK_THAT(
      rgb_by_class(data).sentence,
      ContainsSubstring("from sky (red exceeds blue by 20) to fire (red exceeds blue by 23): "
                        "colour hardly distinguishes them"));
  data.classes[0].mean = {80, 100, 160};
  data.classes[1].mean = {180, 90, 40};
  data.classes[2].mean = {200, 202, 204};
  const Insight insight = rgb_by_class(data);
  CHECK_THAT(insight.sentence,
             ContainsSubstring("warmest colours is fire (red exceeds blue by 140)"));
  CHECK_THAT(insight.sentence, ContainsSubstring("coolest is sky (blue exceeds red by 80)"));
  CHECK_THAT(insight.sentence,
             ContainsSubstring("snow is the least colourful, its channels differ by 4"));
  CHECK(insight.caveat.empty());
  CHECK(std::get<Bars>(insight.chart.panels.at(0)).series.at(2).values ==
        std::vector<double>{160, 40, 204});
}

}  // namespace
}  // namespace fovea::tests
