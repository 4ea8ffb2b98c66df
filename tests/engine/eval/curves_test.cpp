#include "engine/eval/curves.h"

#include <cmath>
#include <fstream>

#include <nlohmann/json.hpp>

#include "engine/core/error.h"
#include "engine/core/rng.h"
#include "engine/eval/metrics.h"
#include "tests/support/catch.h"

using namespace fovea;

namespace {

Tensor table(const std::vector<std::vector<double>>& rows) {
  Tensor t({int(rows.size()), 1, 1, int(rows.at(0).size())});
  for (std::size_t n = 0; n < rows.size(); ++n) {
    for (std::size_t c = 0; c < rows[n].size(); ++c) t.image(int(n))[c] = Scalar(rows[n][c]);
  }
  return t;
}

void check_points(const nlohmann::json& expected, const std::vector<CurvePoint>& points) {
  if (expected.is_null()) {
    CHECK(points.empty());
    return;
  }
  REQUIRE(points.size() == expected.size());
  for (std::size_t i = 0; i < points.size(); ++i) {
    CHECK(points[i].x == Approx(expected[i][0].get<double>()).margin(1e-12));
    CHECK(points[i].y == Approx(expected[i][1].get<double>()).margin(1e-12));
  }
}

}  // namespace

TEST_CASE("ROC and precision-recall points equal those of scikit-learn", "[engine][eval]") {
  std::ifstream file(FOVEA_SOURCE_DIR "/tests/data/metrics-cases.json");
  const auto document = nlohmann::json::parse(file);
  for (const auto& item : document["cases"]) {
    INFO(item["name"].get<std::string>());
    const Tensor p = table(item["probabilities"].get<std::vector<std::vector<double>>>());
    const auto labels = item["labels"].get<std::vector<int>>();
    for (int c = 0; c < p.shape().c; ++c) {
      const ClassCurves curves = class_curves(p, labels, c, 100000);
      check_points(item["expected"]["roc"][std::size_t(c)], curves.roc);
      check_points(item["expected"]["pr"][std::size_t(c)], curves.pr);
    }
  }
}

TEST_CASE("a curve reduced to 200 points keeps its area and its ends", "[engine][eval]") {
  Rng rng(7);
  Tensor p({10000, 1, 1, 2});
  std::vector<int> labels;
  for (int i = 0; i < 10000; ++i) {
    labels.push_back(rng.uniform() < 0.1f ? 1 : 0);
    const float x = 1 / (1 + std::exp(-rng.normal() - 2 * float(labels.back())));
    p.image(i)[1] = x;
    p.image(i)[0] = 1 - x;
  }
  const ClassCurves full = class_curves(p, labels, 1, 1 << 20);
  const ClassCurves thin = class_curves(p, labels, 1);
  REQUIRE(full.roc.size() > 9000);
  CHECK(thin.roc.size() == 200);
  CHECK(thin.pr.size() == 200);
  CHECK(area_below(thin.roc) == Approx(area_below(full.roc)).margin(1e-3));
  CHECK(area_below(thin.pr) == Approx(area_below(full.pr)).margin(1e-3));
  CHECK(area_below(full.roc) == Approx(compute_metrics(p, labels).per_class[1].roc_auc));
  CHECK(thin.roc.front().y == 0);
  CHECK(thin.roc.back().x == 1);
  CHECK(thin.pr.back().x == 1);
  CHECK(class_curves(p, labels, 1, 0).roc.size() == 2);
}

TEST_CASE("the worst mistakes are the wrong predictions with the highest confidence",
          "[engine][eval]") {
  const Tensor p = table({{0.9, 0.1}, {0.4, 0.6}, {0.2, 0.8}, {0.3, 0.7}});
  const std::vector<int> labels{0, 0, 0, 1};
  const auto worst = worst_mistakes(p, labels);
  REQUIRE(worst.size() == 2);
  CHECK(worst[0].image == 2);
  CHECK(worst[0].truth == 0);
  CHECK(worst[0].predicted == 1);
  CHECK(worst[0].probability == Approx(0.8));
  CHECK(worst[1].image == 1);
  CHECK(worst_mistakes(p, labels, 1).size() == 1);
  CHECK_THROWS_AS(worst_mistakes(p, std::vector<int>{0}), ShapeError);
  CHECK_THROWS_WITH(class_curves(p, labels, 2), ContainsSubstring("there is no class 2"));
}
