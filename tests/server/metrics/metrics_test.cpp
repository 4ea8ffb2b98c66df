#include "server/metrics/metrics.h"

#include "tests/support/catch.h"

namespace fovea::tests {
namespace {

using namespace fovea::server;

TEST_CASE("what was counted stands in the text, under labels that a client cannot make up") {
  Metrics metrics;
  metrics.answered("GET", "/api/v1/predictions/{id}", 200, 0.003);
  metrics.answered("GET", "/api/v1/predictions/{id}", 200, 0.003);
  metrics.answered("BREW", "other", 405, 0.001);
  metrics.settled("m", "1", "ok");
  metrics.rejected("queue_full");
  metrics.trained("failed");
  metrics.swapped(false);
  metrics.swapped(false);
  metrics.swapped(true);
  const std::string model = "m", version = "1", label = "cat";
  metrics.predicted({model, version, label, 0.4, true, 1, 2, 3});
  metrics.add_source([](std::vector<MetricSample>& samples) {
    samples.push_back({"fovea_extra", "More.", MetricSample::Kind::gauge, {{"x", "a\"b"}}, 7});
  });
  const std::string text = metrics.text({});
  for (const char* line :
       {"fovea_http_requests_total{code=\"200\",method=\"GET\",route=\"/api/v1/predictions/{id}\"} "
        "2",
        "method=\"other\",route=\"other\"} 1", "fovea_http_request_duration_seconds_count 3",
        "fovea_inference_requests_total{model=\"m\",outcome=\"ok\",version=\"1\"} 1",
        "fovea_inference_rejected_total{reason=\"queue_full\"} 1", "fovea_inference_images_total 1",
        "fovea_predictions_total{class=\"cat\",model=\"m\",version=\"1\"} 1",
        "fovea_predictions_uncertain_total 1", "fovea_prediction_confidence_bucket{le=\"0.4\"} 1",
        "fovea_inference_stage_seconds_sum{stage=\"compute\"} 0.003", "fovea_extra{x=\"a\\\"b\"} 7",
        "fovea_training_jobs_total{state=\"failed\"} 1", "fovea_model_promotions_total 2",
        "fovea_model_rollbacks_total 1", "# TYPE fovea_extra gauge"}) {
    INFO(text);
    CHECK_THAT(text, ContainsSubstring(line));
  }
}

TEST_CASE("the process tells its own use of the machine") {
  std::vector<MetricSample> samples;
  add_process_samples(samples);
  REQUIRE(samples.size() == 4);
  for (const MetricSample& sample : samples) {
    INFO(sample.name);
    CHECK(sample.value > 0);
  }
}

}  // namespace
}  // namespace fovea::tests
