#include "server/metrics/metrics.h"

#include <mutex>
#include <sstream>
#include <unordered_map>

#include <prometheus/counter.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

namespace fovea::server {
namespace {

using prometheus::Counter;
using prometheus::Family;
using prometheus::Histogram;

const Histogram::BucketBoundaries& seconds_buckets() {
  static const Histogram::BucketBoundaries buckets{0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005,
                                                   0.01,   0.025,   0.05,   0.1,   0.25,   0.5,
                                                   1,      2.5,     5,      10,    30};
  return buckets;
}

const Histogram::BucketBoundaries& probability_buckets() {
  static const Histogram::BucketBoundaries buckets{0.1, 0.2, 0.3, 0.4,  0.5,  0.6,
                                                   0.7, 0.8, 0.9, 0.95, 0.99, 1};
  return buckets;
}

// The counters of a family by their label values, joined by a character that no value has.
class Counters {
 public:
  Counters(Family<Counter>& family, std::vector<std::string> names)
      : family_(family), names_(std::move(names)) {}

  void count(std::initializer_list<std::string_view> values) {
    std::string key;
    for (const std::string_view value : values) {
      key += value;
      key += '\n';
    }
    const std::lock_guard lock(mutex_);
    Counter*& counter = known_[key];
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
  std::unordered_map<std::string, Counter*> known_;
};

// Verbs that a client made up must not become labels.
std::string_view known_verb(std::string_view verb) {
  for (const std::string_view known :
       {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}) {
    if (verb == known) return known;
  }
  return "other";
}

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

}  // namespace

struct Metrics::Impl {
  Family<Counter>& counters(const char* name, const char* help) {
    return prometheus::BuildCounter().Name(name).Help(help).Register(registry);
  }
  Family<Histogram>& histograms(const char* name, const char* help) {
    return prometheus::BuildHistogram().Name(name).Help(help).Register(registry);
  }

  prometheus::Registry registry;
  Counters requests{counters("fovea_http_requests_total", "Answered HTTP requests."),
                    {"method", "route", "code"}};
  Histogram& duration = histograms("fovea_http_request_duration_seconds",
                                   "From a request's first byte to its answer's last.")
                            .Add({}, seconds_buckets());
  Counters inferences{
      counters("fovea_inference_requests_total", "Requests for classification, by how they ended."),
      {"model", "version", "outcome"}};
  Counters refusals{counters("fovea_inference_rejected_total", "Requests that were not taken."),
                    {"reason"}};
  Counter& images =
      counters("fovea_inference_images_total", "Images that were classified.").Add({});
  Family<Histogram>& stages =
      histograms("fovea_inference_stage_seconds", "Time of one image in each stage.");
  Histogram& queue = stages.Add({{"stage", "queue"}}, seconds_buckets());
  Histogram& decode = stages.Add({{"stage", "decode"}}, seconds_buckets());
  Histogram& compute = stages.Add({{"stage", "compute"}}, seconds_buckets());
  Counters predictions{counters("fovea_predictions_total", "Answers, by predicted class."),
                       {"model", "version", "class"}};
  Histogram& confidence =
      histograms("fovea_prediction_confidence", "Probability of the predicted class.")
          .Add({}, probability_buckets());
  Counter& uncertain = counters("fovea_predictions_uncertain_total",
                                "Answers whose probability was below the threshold.")
                           .Add({});
  Counters trainings{
      counters("fovea_training_jobs_total", "Runs of a retraining, by how they ended."), {"state"}};
  Counter& promotions = counters("fovea_model_promotions_total",
                                 "Versions that came into service, other than by going back.")
                            .Add({});
  Counter& rollbacks =
      counters("fovea_model_rollbacks_total", "Times that the version before came back.").Add({});
  std::vector<std::function<void(std::vector<MetricSample>&)>> sources;
};

Metrics::Metrics() : impl_(std::make_unique<Impl>()) {}
Metrics::~Metrics() = default;

void Metrics::answered(std::string_view verb, std::string_view route, int status, double seconds) {
  impl_->requests.count({known_verb(verb), route, std::to_string(status)});
  impl_->duration.Observe(seconds);
}

void Metrics::settled(const std::string& model, const std::string& version,
                      const std::string& outcome) {
  impl_->inferences.count({model, version, outcome});
}

void Metrics::rejected(const std::string& reason) {
  impl_->refusals.count({reason});
}

void Metrics::trained(std::string_view state) {
  impl_->trainings.count({state});
}

void Metrics::swapped(bool rollback) {
  (rollback ? impl_->rollbacks : impl_->promotions).Increment();
}

void Metrics::predicted(const Answer& answer) {
  impl_->images.Increment();
  impl_->predictions.count({answer.model, answer.version, answer.label});
  impl_->confidence.Observe(answer.probability);
  if (answer.uncertain) impl_->uncertain.Increment();
  impl_->queue.Observe(answer.queue_ms / 1000);
  impl_->decode.Observe(answer.decode_ms / 1000);
  impl_->compute.Observe(answer.compute_ms / 1000);
}

void Metrics::add_source(std::function<void(std::vector<MetricSample>&)> source) {
  impl_->sources.push_back(std::move(source));
}

std::string Metrics::text(std::vector<MetricSample> samples) const {
  for (const auto& source : impl_->sources) source(samples);
  std::vector<prometheus::MetricFamily> families = impl_->registry.Collect();
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
