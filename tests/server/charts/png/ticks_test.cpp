#include "server/charts/png/ticks.h"

#include "tests/support/catch.h"

namespace fovea::tests {
namespace {

using namespace fovea::server;

std::vector<std::string> labels(const Ticks& ticks) {
  std::vector<std::string> list;
  for (const Tick& mark : ticks.marks) list.push_back(mark.label);
  return list;
}

using Labels = std::vector<std::string>;

TEST_CASE("ticks are round numbers that cover the data", "[server][charts][png]") {
  const Ticks loss = make_ticks({"loss"}, {0.28, 1.83}, 6);
  CHECK(labels(loss) == Labels{"0.0", "0.5", "1.0", "1.5", "2.0"});
  CHECK(loss.range.low == 0);
  CHECK(loss.range.high == 2);
  CHECK(labels(make_ticks({"ms"}, {0, 2300}, 5)) ==
        Labels{"0", "500", "1,000", "1,500", "2,000", "2,500"});
  CHECK(labels(make_ticks({"change"}, {-1, 1}, 4)) == Labels{"-1.0", "-0.5", "0.0", "0.5", "1.0"});
}

TEST_CASE("ticks of counts are whole numbers and those of fractions are percentages",
          "[server][charts][png]") {
  CHECK(labels(make_ticks({"n", Unit::count}, {0, 2}, 8)) == Labels{"0", "1", "2"});
  CHECK(labels(make_ticks({"n", Unit::count}, {0, 7}, 3)) == Labels{"0", "5", "10"});
  CHECK(labels(make_ticks({"p", Unit::fraction, 0, 1}, {0.4, 0.6}, 4)) ==
        Labels{"0 %", "25 %", "50 %", "75 %", "100 %"});
  CHECK(labels(make_ticks({"p", Unit::fraction}, {0, 0.03}, 4)) ==
        Labels{"0 %", "1 %", "2 %", "3 %"});
}

TEST_CASE("an axis with bounds ends at its bounds", "[server][charts][png]") {
  const Ticks grey = make_ticks({"grey", Unit::number, 0, 255}, {3.5, 251.5}, 6);
  CHECK(labels(grey) == Labels{"0", "50", "100", "150", "200", "250"});
  CHECK(grey.range.high == 255);
}

TEST_CASE("ticks of times are whole minutes or hours or days in UTC", "[server][charts][png]") {
  const double midnight = 1769904000;  // 2026-02-01T00:00:00Z
  const double hour = 3600;
  CHECK(labels(make_ticks({"t", Unit::time}, {midnight - 7 * hour, midnight + 7 * hour}, 5)) ==
        Labels{"18:00", "21:00", "2026-02-01", "03:00", "06:00"});
  CHECK(labels(make_ticks({"t", Unit::time}, {midnight, midnight + 72 * hour}, 4)) ==
        Labels{"2026-02-01", "2026-02-02", "2026-02-03", "2026-02-04"});
}

TEST_CASE("degenerate data still has an axis", "[server][charts][png]") {
  for (const Unit unit : {Unit::number, Unit::count, Unit::fraction, Unit::time}) {
    for (const Range data : {Range{0, 0}, Range{5, 5}, Range{-3, -3}, Range{1e9, 1e9 + 1e-7},
                             Range{-1e9, 1e9}, Range{0, 1e-12}}) {
      const Ticks ticks = make_ticks({"x", unit}, data, 5);
      INFO(int(unit) << ": " << data.low << " to " << data.high);
      CHECK(ticks.range.low < ticks.range.high);
      CHECK(ticks.range.low <= data.low);
      CHECK(ticks.range.high >= data.high);
      CHECK(ticks.marks.size() <= 12);
    }
  }
}

}  // namespace
}  // namespace fovea::tests
