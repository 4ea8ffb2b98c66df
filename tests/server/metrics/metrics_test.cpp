#include "server/metrics/metrics.h"
#include "server/metrics/latency_histogram.h"

#include "tests/support/catch.h"

namespace fovea::tests {
namespace {

using namespace fovea::server;

TEST_CASE("counted metrics appear in the text with bounded labels", "[server][metrics]") {
  Metrics metrics;
  metrics.request_finished("GET", "/api/v1/predictions/{id}", 200, 0.003);
  metrics.request_finished("GET", "/api/v1/predictions/{id}", 200, 0.003);
  metrics.request_finished("BREW", "other", 405, 0.001);
  metrics.inference_finished("m", "1", "ok");
  metrics.inference_rejected("queue_full");
  metrics.training_finished("failed");
  metrics.version_activated(false);
  metrics.version_activated(false);
  metrics.version_activated(true);
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
        "fovea_inference_stage_seconds_sum{stage=\"compute\"} 0.003",
        "fovea_inference_stage_seconds_bucket{stage=\"compute\",le=\"0.0025\"} 0",
        "fovea_inference_stage_seconds_bucket{stage=\"compute\",le=\"0.005\"} 1",
        "fovea_http_request_duration_seconds_bucket{le=\"0.0025\"} 1",
        "fovea_http_request_duration_seconds_bucket{le=\"+Inf\"} 3", "fovea_extra{x=\"a\\\"b\"} 7",
        "fovea_training_jobs_total{state=\"failed\"} 1", "fovea_model_promotions_total 2",
        "fovea_model_rollbacks_total 1", "# TYPE fovea_extra gauge"}) {
    INFO(text);
    CHECK_THAT(text, ContainsSubstring(line));
  }
}

TEST_CASE("the metrics of projects have their name as a label", "[server][metrics]") {
  Metrics server, hands;
  server.request_finished("GET", "/", 200, 0.001);
  const std::string model = "m", version = "1", label = "cat";
  server.predicted({model, version, label, 0.9, false, 1, 2, 3});
  hands.predicted({model, version, label, 0.9, false, 1, 2, 3});
  hands.predicted({model, version, label, 0.9, false, 1, 2, 3});
  const std::string text = metrics_text({{"", server}, {"hands", hands}}, {});
  INFO(text);
  CHECK_THAT(text, ContainsSubstring("fovea_inference_images_total 1\n"));
  CHECK_THAT(text, ContainsSubstring("fovea_inference_images_total{project=\"hands\"} 2\n"));
  CHECK_THAT(text, ContainsSubstring("fovea_http_request_duration_seconds_count 1"));
  const std::string type = "# TYPE fovea_inference_stage_seconds histogram";
  CHECK(text.find(type) == text.rfind(type));
  const std::string one = metrics_text({{"hands", hands}}, {});
  CHECK(one.find("fovea_http_request") == one.npos);
}

TEST_CASE("latency percentiles are within 2.5 percent", "[server][metrics]") {
  LatencyHistogram histogram;
  AtomicLatencyHistogram atomic;
  double sum = 0;
  for (int i = 1; i <= 1000; ++i) {
    histogram.add(0.01 * i * i);
    atomic.add(0.01 * i * i);
    sum += 0.01 * i * i;
  }
  CHECK(histogram.count() == 1000);
  CHECK(histogram.percentile(0.5) == Approx(2500).epsilon(0.025));
  CHECK(histogram.percentile(0.99) == Approx(9801).epsilon(0.025));
  CHECK(atomic.snapshot().bins() == histogram.bins());
  CHECK(atomic.sum_ms() == Approx(sum));
  CHECK(histogram.count_up_to(2500) == Approx(500).margin(13));
  histogram.add(4, -1);
  CHECK(histogram.count() == 999);
  CHECK(LatencyHistogram().percentile(0.5) == 0);
}

TEST_CASE("latencies of any size are counted", "[server][metrics]") {
  AtomicLatencyHistogram histogram;
  for (const double ms : {-1.0, 0.0, 1e-9, 80'000.0, 1e300}) histogram.add(ms);
  CHECK(histogram.snapshot().count() == 5);
  CHECK(histogram.snapshot().count_up_to(0.001) == 3);
  for (const double ms : {0.002, 1.0, 35.0, 60'000.0}) {
    CHECK(LatencyBins::middle(LatencyBins::index(ms)) == Approx(ms).epsilon(0.025));
  }
}

TEST_CASE("process metrics are positive", "[server][metrics]") {
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
