#include "server/metrics/metrics.h"

#include <iterator>
#include <mutex>
#include <sstream>
#include <unordered_map>

#include <prometheus/counter.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include "server/metrics/latency_histogram.h"

namespace fovea::server {
namespace {

using prometheus::Counter;
using prometheus::Family;
using prometheus::Histogram;

// Upper bounds of the exported buckets, seconds. The times themselves are counted in the finer
// LatencyBins: a time within 2.5 % of a bound may count on its other side.
constexpr double kDurationBounds[] = {0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005,
                                      0.01,   0.025,   0.05,   0.1,   0.25,   0.5,
                                      1,      2.5,     5,      10,    30};

const Histogram::BucketBoundaries& probability_buckets() {
  static const Histogram::BucketBoundaries buckets{0.1, 0.2, 0.3, 0.4,  0.5,  0.6,
                                                   0.7, 0.8, 0.9, 0.95, 0.99, 1};
  return buckets;
}

// The counters of a family by their label values. A cached lookup: Family::Add() is slow.
class Counters {
 public:
  Counters(Family<Counter>& family, std::vector<std::string> names)
      : family_(family), names_(std::move(names)) {}

  void count(std::initializer_list<std::string_view> values) {
    std::string key;  // values joined by a character that no value contains
    for (const std::string_view value : values) {
      key += value;
      key += '\n';
    }
    const std::lock_guard lock(mutex_);
    Counter*& counter = counters_[key];
    if (!counter) {
      prometheus::Labels labels;
      std::size_t i = 0;
      for (const std::string_view value : values) labels.emplace(names_[i++], value);
      counter = &family_.Add(labels);
    }
    counter->Increment();
  }

 private:
  Family<Counter>& family_;
  const std::vector<std::string> names_;
  std::mutex mutex_;
  std::unordered_map<std::string, Counter*> counters_;
};

// Methods invented by clients must not create time series.
std::string_view known_verb(std::string_view verb) {
  for (const std::string_view known :
       {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}) {
    if (verb == known) return known;
  }
  return "other";
}

// Times by stage, exported as one Prometheus histogram. An empty stage name has no label.
struct Durations {
  const char* name;
  const char* help;
  std::vector<std::string> stages;
  std::vector<AtomicLatencyHistogram> histograms =
      std::vector<AtomicLatencyHistogram>(stages.size());

  void add(std::size_t stage, double ms) { histograms[stage].add(ms); }

  prometheus::MetricFamily collect() const {
    prometheus::MetricFamily family;
    family.name = name;
    family.help = help;
    family.type = prometheus::MetricType::Histogram;
    for (std::size_t i = 0; i < stages.size(); ++i) {
      const LatencyHistogram times = histograms[i].snapshot();
      prometheus::ClientMetric metric;
      if (!stages[i].empty()) metric.label.push_back({"stage", stages[i]});
      for (const double bound : kDurationBounds) {
        const auto count = static_cast<std::uint64_t>(times.count_up_to(1000 * bound));
        metric.histogram.bucket.push_back({count, bound});
      }
      metric.histogram.sample_count = static_cast<std::uint64_t>(times.count());
      metric.histogram.sample_sum = histograms[i].sum_ms() / 1000;
      family.metric.push_back(std::move(metric));
    }
    return family;
  }
};

prometheus::MetricFamily& family_of(std::vector<prometheus::MetricFamily>& families,
                                    const MetricSample& sample) {
  for (auto& family : families) {
    if (family.name == sample.name) return family;
  }
  prometheus::MetricFamily family;
  family.name = sample.name;
  family.help = sample.help;
  family.type = sample.kind == MetricSample::Kind::counter ? prometheus::MetricType::Counter
                                                           : prometheus::MetricType::Gauge;
  families.push_back(std::move(family));
  return families.back();
}

// Adds the metrics of a project to those of the others.
void add_family(std::vector<prometheus::MetricFamily>& families, prometheus::MetricFamily added,
                const std::string& project) {
  for (auto& metric : added.metric) {
    if (!project.empty()) metric.label.push_back({"project", project});
  }
  for (auto& family : families) {
    if (family.name != added.name) continue;
    std::move(added.metric.begin(), added.metric.end(), std::back_inserter(family.metric));
    return;
  }
  families.push_back(std::move(added));
}

}  // namespace

struct Metrics::Impl {
  Family<Counter>& counters(const char* name, const char* help) {
    return prometheus::BuildCounter().Name(name).Help(help).Register(registry);
  }

  prometheus::Registry registry;
  Counters requests{counters("fovea_http_requests_total", "HTTP requests answered."),
                    {"method", "route", "code"}};
  Durations request_time{"fovea_http_request_duration_seconds",
                         "Time from the first byte of a request to the last byte of its response.",
                         {""}};
  Counters inferences{
      counters("fovea_inference_requests_total", "Classification requests, by outcome."),
      {"model", "version", "outcome"}};
  Counters rejections{
      counters("fovea_inference_rejected_total", "Classification requests rejected, by reason."),
      {"reason"}};
  Counter& images = counters("fovea_inference_images_total", "Images classified.").Add({});
  enum Stage : std::size_t { kQueue, kDecode, kCompute };
  Durations stage_time{"fovea_inference_stage_seconds",
                       "Time of an image in each stage of its classification.",
                       {"queue", "decode", "compute"}};
  Counters predictions{counters("fovea_predictions_total", "Predictions, by predicted class."),
                       {"model", "version", "class"}};
  Histogram& confidence = prometheus::BuildHistogram()
                              .Name("fovea_prediction_confidence")
                              .Help("Probability of the predicted class.")
                              .Register(registry)
                              .Add({}, probability_buckets());
  Counter& uncertain =
      counters("fovea_predictions_uncertain_total",
               "Predictions with a probability below the threshold of their request.")
          .Add({});
  Counters trainings{counters("fovea_training_jobs_total", "Retraining jobs ended, by state."),
                     {"state"}};
  Counter& promotions =
      counters("fovea_model_promotions_total", "Activations of a version except rollbacks.")
          .Add({});
  Counter& rollbacks =
      counters("fovea_model_rollbacks_total", "Rollbacks to the previous version.").Add({});
  std::vector<std::function<void(std::vector<MetricSample>&)>> sources;
};

Metrics::Metrics() : impl_(std::make_unique<Impl>()) {}
Metrics::~Metrics() = default;

void Metrics::request_finished(std::string_view verb, std::string_view route, int status,
                               double seconds) {
  impl_->requests.count({known_verb(verb), route, std::to_string(status)});
  impl_->request_time.add(0, 1000 * seconds);
}

void Metrics::inference_finished(const std::string& model, const std::string& version,
                                 const std::string& outcome) {
  impl_->inferences.count({model, version, outcome});
}

void Metrics::inference_rejected(const std::string& reason) {
  impl_->rejections.count({reason});
}

void Metrics::training_finished(std::string_view state) {
  impl_->trainings.count({state});
}

void Metrics::version_activated(bool rollback) {
  (rollback ? impl_->rollbacks : impl_->promotions).Increment();
}

void Metrics::predicted(const PredictionSample& sample) {
  impl_->images.Increment();
  impl_->predictions.count({sample.model, sample.version, sample.label});
  impl_->confidence.Observe(sample.probability);
  if (sample.uncertain) impl_->uncertain.Increment();
  impl_->stage_time.add(Impl::kQueue, sample.queue_ms);
  impl_->stage_time.add(Impl::kDecode, sample.decode_ms);
  impl_->stage_time.add(Impl::kCompute, sample.compute_ms);
}

void Metrics::add_source(std::function<void(std::vector<MetricSample>&)> source) {
  impl_->sources.push_back(std::move(source));
}

std::string Metrics::text(std::vector<MetricSample> samples) const {
  return metrics_text({{"", *this}}, std::move(samples));
}

std::string metrics_text(const std::vector<ProjectMetrics>& projects,
                         std::vector<MetricSample> samples) {
  std::vector<prometheus::MetricFamily> families;
  for (const auto& [project, metrics] : projects) {
    auto collected = metrics.impl_->registry.Collect();
    if (project.empty()) {
      for (const auto& source : metrics.impl_->sources) source(samples);
      collected.push_back(metrics.impl_->request_time.collect());
    }
    collected.push_back(metrics.impl_->stage_time.collect());
    for (auto& family : collected) add_family(families, std::move(family), project);
  }
  for (const MetricSample& sample : samples) {
    prometheus::ClientMetric metric;
    for (const auto& [name, value] : sample.labels) metric.label.push_back({name, value});
    metric.counter.value = sample.value;
    metric.gauge.value = sample.value;
    family_of(families, sample).metric.push_back(std::move(metric));
  }
  std::ostringstream out;
  prometheus::TextSerializer().Serialize(out, families);
  return out.str();
}

}  // namespace fovea::server
