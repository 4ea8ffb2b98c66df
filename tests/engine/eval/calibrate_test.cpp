#include "engine/eval/calibrate.h"

#include <fstream>

#include <nlohmann/json.hpp>

#include "engine/core/error.h"
#include "engine/core/rng.h"
#include "engine/eval/metrics.h"
#include "engine/model/classifier.h"
#include "tests/support/catch.h"

using namespace fovea;

namespace {

Tensor table(const std::vector<std::vector<float>>& rows) {
  Tensor t({static_cast<int>(rows.size()), 1, 1, static_cast<int>(rows.at(0).size())});
  for (std::size_t n = 0; n < rows.size(); ++n) {
    std::copy(rows[n].begin(), rows[n].end(), t.image(static_cast<int>(n)));
  }
  return t;
}

}  // namespace

TEST_CASE("the temperature is the one scipy finds") {
  std::ifstream file(FOVEA_SOURCE_DIR "/tests/data/metrics-cases.json");
  const auto document = nlohmann::json::parse(file);
  REQUIRE(document["temperatures"].size() == 3);
  for (const auto& item : document["temperatures"]) {
    const Tensor logits = table(item["logits"].get<std::vector<std::vector<float>>>());
    const auto labels = item["labels"].get<std::vector<int>>();
    CHECK(fit_temperature(logits, labels) == Approx(item["expected"].get<double>()).epsilon(1e-4));
  }
}

TEST_CASE("calibration lowers the log loss of an overconfident network") {
  Tensor logits({400, 1, 1, 3}), before, after;
  std::vector<int> labels;
  Rng rng(1);
  for (int n = 0; n < 400; ++n) {
    labels.push_back(static_cast<int>(rng.below(3)));
    for (int c = 0; c < 3; ++c) {
      logits.image(n)[c] = 5 * (rng.normal() + (c == labels.back() ? 1.0f : 0.0f));
    }
  }
  softmax(logits, 1, before);
  softmax(logits, fit_temperature(logits, labels), after);
  const Metrics raw = compute_metrics(before, labels), calibrated = compute_metrics(after, labels);
  CHECK(calibrated.log_loss < raw.log_loss);
  CHECK(calibrated.ece < raw.ece);
  CHECK(calibrated.accuracy == raw.accuracy);
}

TEST_CASE("answers that are always right or always wrong end at the limits") {
  const Tensor logits = table({{3, 0}, {0, 2}});
  CHECK(fit_temperature(logits, std::vector<int>{0, 1}) == Approx(0.05));
  CHECK(fit_temperature(logits, std::vector<int>{1, 0}) == Approx(20));
  CHECK_THROWS_AS(fit_temperature(logits, std::vector<int>{0}), ShapeError);
  CHECK_THROWS_AS(fit_temperature(logits, std::vector<int>{0, 2}), ShapeError);
}
