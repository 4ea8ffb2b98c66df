#include "server/charts/png/draw_chart.h"

#include <cmath>
#include <thread>

#include "engine/image/decode.h"
#include "server/charts/insight.h"
#include "server/charts/png/theme.h"
#include "tests/support/catch.h"
#include "tests/support/evaluations.h"

namespace fovea::tests {
namespace {

using namespace fovea::server;

const LoadImage kNoImages = [](const std::string&) { return std::nullopt; };

Image decoded(const std::string& png) {
  return decode_image({reinterpret_cast<const std::uint8_t*>(png.data()), png.size()});
}

Image drawn(const Chart& chart, const DrawingSize& size = {}, const LoadImage& load = kNoImages) {
  return decoded(
      draw_chart(chart, {"A title", "A sentence of some words.", "A source."}, size, load));
}

bool is(const Image& image, int x, int y, Colour colour) {
  const std::uint8_t* p = &image.rgb[3 * std::size_t(y * image.width + x)];
  const double expected[] = {colour.r, colour.g, colour.b};
  for (int c = 0; c < 3; ++c) {
    if (std::abs(p[c] - 255 * expected[c]) > 1.5) return false;
  }
  return true;
}

struct PixelArea {
  int count = 0, left = 1 << 20, right = -1, top = 1 << 20, bottom = -1;
};

// The bounding box of the pixels of this colour between two columns.
PixelArea find(const Image& image, Colour colour, int from = 0, int to = 1 << 20) {
  PixelArea found;
  for (int y = 0; y < image.height; ++y) {
    for (int x = from; x < std::min(to, image.width); ++x) {
      if (!is(image, x, y, colour)) continue;
      ++found.count;
      found.left = std::min(found.left, x);
      found.right = std::max(found.right, x);
      found.top = std::min(found.top, y);
      found.bottom = std::max(found.bottom, y);
    }
  }
  return found;
}

Chart bars(std::vector<double> values) {
  Bars panel = empty_bars("class", {"images", Unit::count}, {"all"});
  for (std::size_t i = 0; i < values.size(); ++i)
    panel.categories.push_back(std::string(1, char('a' + i)));
  panel.series[0].values = std::move(values);
  return {{panel}};
}

TEST_CASE("a chart is a PNG of the requested size and theme", "[server][charts][png]") {
  const auto [width, height] = GENERATE(table<int, int>(
      {{320, 240}, {960, 640}, {321, 1001}, {2400, 1800}, {2400, 240}, {320, 1800}}));
  for (const bool dark : {false, true}) {
    const Image image = drawn(bars({3, 1, 2}), {width, height, dark});
    CHECK(image.width == width);
    CHECK(image.height == height);
    CHECK(is(image, 0, 0, dark ? kDark.background : kLight.background));
    CHECK(find(image, (dark ? kDark : kLight).series[0]).count > width * height / 100);
  }
}

TEST_CASE("bars share a baseline and are proportional to their values", "[server][charts][png]") {
  const Image image = drawn(bars({30, 10, 20}));
  const Colour blue = kLight.series[0];
  const PixelArea all = find(image, blue);
  const int third = image.width / 3;
  const PixelArea a = find(image, blue, 0, third), b = find(image, blue, third, 2 * third),
                  c = find(image, blue, 2 * third);
  const auto height = [](const PixelArea& found) { return found.bottom - found.top + 1; };
  CHECK(a.bottom == b.bottom);
  CHECK(b.bottom == c.bottom);
  CHECK(height(a) == Approx(3 * height(b)).margin(4));
  CHECK(height(c) == Approx(2 * height(b)).margin(4));
  CHECK(a.top == all.top);
  CHECK(a.top == Approx(find(image, kLight.grid).top).margin(1));  // the tick at 30
  CHECK(a.right < b.left);
  CHECK(b.right < c.left);
}

TEST_CASE("stacked bars are drawn in the order of their series", "[server][charts][png]") {
  Bars panel = empty_bars("class", {"images", Unit::count}, {"training", "validation", "test"});
  panel.stacked = true;
  panel.categories = {"a"};
  for (std::size_t i = 0; i < 3; ++i) panel.series[i].values = {20.0};
  const Image image = drawn({{panel}});
  // Below the legend, which uses the same colours.
  const auto band = [&](std::size_t series) { return find(image, kLight.series[series], 200); };
  CHECK(band(1).bottom < band(0).top + 2);
  CHECK(band(2).bottom < band(1).top + 2);
  CHECK(band(0).bottom - band(0).top == Approx(band(1).bottom - band(1).top).margin(2));
}

TEST_CASE("a curve passes through its points", "[server][charts][png]") {
  Curves panel{{"x", Unit::number, 0, 10}, {"y", Unit::number, 0, 1}, {}};
  panel.curves.push_back({"up", {{0, 0}, {10, 1}}, false, false});
  panel.curves.push_back({"flat", {{0, 0.5}, {10, 0.5}}, false, false});
  const Image image = drawn({{panel}});
  const int middle = image.width / 2, right = image.width - 60;
  const PixelArea flat = find(image, kLight.series[1], middle);
  const PixelArea at_middle = find(image, kLight.series[0], 540, 560);
  const PixelArea at_right = find(image, kLight.series[0], right);
  CHECK(flat.bottom - flat.top < 6);
  CHECK(at_right.top < flat.top - 150);
  CHECK(std::abs(at_middle.top - flat.top) < 80);
}

TEST_CASE("a heat map shows the diagonal in blue and the worst mistake in full orange",
          "[server][charts][png]") {
  const EvaluationReport report =
      Answers({"a", "b"}).add(0, 0, 100).add(1, 1, 60).add(1, 0, 40).report();
  const Image image = drawn(confusion_matrix(report).chart);
  const PixelArea right = find(image, kLight.correct, 200), wrong = find(image, kLight.wrong, 100);
  REQUIRE(right.count > 5000);
  REQUIRE(wrong.count > 5000);
  CHECK(right.left < image.width / 2);  // row a, column a: all correct
  CHECK(wrong.left < image.width / 2);  // row b, column a
  CHECK(wrong.bottom > right.bottom);   // row b is below row a
}

Image plain(int width, int height, std::uint8_t r, std::uint8_t g, std::uint8_t b) {
  Image image{width, height, {}};
  for (int i = 0; i < width * height; ++i) image.rgb.insert(image.rgb.end(), {r, g, b});
  return image;
}

TEST_CASE("available images keep their aspect ratio and others are omitted",
          "[server][charts][png]") {
  ImageGrid panel;
  panel.groups = {{"wide", {{"w", "wide", "", 0, "/w"}, {"gone", "wide", "", 0, ""}}},
                  {"tall", {{"t", "tall", "", 0, "/t"}}}};
  const LoadImage load = [](const std::string& sha256) -> std::optional<Image> {
    if (sha256 == "w") return plain(40, 10, 255, 0, 0);
    if (sha256 == "t") return plain(10, 40, 0, 255, 0);
    FAIL("an unavailable image was requested: " << sha256);
    return std::nullopt;
  };
  const Image image = drawn({{panel}}, {}, load);
  const PixelArea red = find(image, {1, 0, 0}), green = find(image, {0, 1, 0});
  const double wide = double(red.right - red.left + 1) / (red.bottom - red.top + 1);
  const double tall = double(green.bottom - green.top + 1) / (green.right - green.left + 1);
  CHECK(wide == Approx(4).epsilon(0.05));
  CHECK(tall == Approx(4).epsilon(0.05));
}

TEST_CASE("the worst mistakes are drawn as images or as bars if no image is available",
          "[server][charts][png]") {
  Chart chart = worst_mistakes(Answers({"a", "b"}).add(0, 1, 3).add(1, 1, 5).report()).chart;
  CHECK(is_drawable(chart));
  CHECK(find(drawn(chart), kLight.series[0]).count > 1000);  // bars
  std::get<ImageGrid>(chart.panels[0]).groups[0].images[1].url = "/image";
  const Image image = drawn(chart, {}, [](const std::string&) { return plain(8, 8, 255, 0, 255); });
  CHECK(find(image, {1, 0, 1}).count > 1000);
  CHECK(find(image, kLight.series[0]).count == 0);
}

TEST_CASE("drawing is deterministic and can be called from several threads",
          "[server][charts][png]") {
  const Chart chart = bars({5, 3, 8, 1});
  const Heading heading{"Title", "Sentence.", "Source."};
  const std::string first = draw_chart(chart, heading, {}, kNoImages);
  std::vector<std::string> files(4);
  std::vector<std::thread> threads;
  for (std::string& file : files) {
    threads.emplace_back([&] { file = draw_chart(chart, heading, {}, kNoImages); });
  }
  for (std::thread& thread : threads) thread.join();
  for (const std::string& file : files) CHECK(file == first);
  CHECK(draw_chart(chart, {"Title", "Another sentence.", "Source."}, {}, kNoImages) != first);
}

TEST_CASE("invalid or too long text and unknown characters do not break a chart",
          "[server][charts][png]") {
  const std::string bad = std::string("caf\xc3 \xff\xfe\x01\n") + "\xed\xa0\x80" + "\xf8";
  Bars panel = empty_bars(bad, {bad, Unit::count}, {bad, std::string(50'000, 'x')});
  panel.categories = {bad, "\xe7\x8c\xab", std::string(100'000, 'M')};
  panel.series[0].values = {1, 2, 3};
  panel.series[1].values = {1, std::nan(""), 3};
  const std::string png =
      draw_chart({{panel}}, {bad, std::string(20'000, 'w'), bad}, {}, kNoImages);
  const Image image = decoded(png);
  CHECK(find(image, kLight.series[0]).count > 500);
}

TEST_CASE("charts with hundreds of classes are drawn", "[server][charts][png]") {
  DataStatistics data;
  std::vector<std::string> names;
  for (int i = 0; i < 500; ++i) {
    data.classes.push_back(class_statistics("class " + std::to_string(i), i, 1, 1, i % 32));
    names.push_back(data.classes.back().name);
  }
  data.images = 1;
  Answers answers(names);
  for (int i = 0; i < 500; ++i) answers.add(i, (i * 7) % 500, 2);
  const EvaluationReport report = answers.report();
  for (const Insight& insight : {class_distribution(data), pixel_intensity(data),
                                 rgb_by_class(data), confusion_matrix(report), roc_curves(report),
                                 precision_recall_curves(report), per_class_metrics(report)}) {
    for (const DrawingSize size : {DrawingSize{}, DrawingSize{320, 240, true}}) {
      CHECK(drawn(insight.chart, size).width == size.width);
    }
  }
}

TEST_CASE("a chart without panels shows its heading", "[server][charts][png]") {
  const Image image = drawn({});
  CHECK(find(image, kLight.text).count > 100);
}

}  // namespace
}  // namespace fovea::tests
