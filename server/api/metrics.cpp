#include "server/metrics/metrics.h"

#include "server/api/handlers.h"
#include "server/app.h"

namespace fovea::server {

Reply show_metrics(const Request&, App& app) {
  using Kind = MetricSample::Kind;
  std::vector<MetricSample> samples;
  samples.push_back(
      {"fovea_build_info", "The program.", Kind::gauge, {{"version", FOVEA_VERSION}}, 1});
  const auto served = app.model();
  samples.push_back({"fovea_model_info",
                     "The model in service.",
                     Kind::gauge,
                     {{"model", served->name},
                      {"version", served->version},
                      {"alias", "champion"},
                      {"sha256", served->classifier.weights_sha256()}},
                     1});
  samples.push_back({"fovea_inference_queue_depth",
                     "Pictures waiting for the network.",
                     Kind::gauge,
                     {},
                     static_cast<double>(app.batcher.waiting())});
  samples.push_back({"fovea_inference_batches_total",
                     "Runs of the network.",
                     Kind::counter,
                     {},
                     static_cast<double>(app.batcher.batches())});
  samples.push_back({"fovea_history_queue_depth",
                     "Answers waiting for the disk.",
                     Kind::gauge,
                     {},
                     static_cast<double>(app.recorder.waiting())});
  samples.push_back({"fovea_history_commits_total",
                     "Transactions of the history.",
                     Kind::counter,
                     {},
                     static_cast<double>(app.recorder.commits())});
  samples.push_back({"fovea_history_unrecorded_total",
                     "Answers that the disk refused.",
                     Kind::counter,
                     {},
                     static_cast<double>(app.recorder.unrecorded())});
  add_process_samples(samples);
  Reply reply;
  reply.fields = {{"Content-Type", "text/plain; version=0.0.4; charset=utf-8"},
                  {"Cache-Control", "no-store"}};
  reply.body = app.metrics.text(std::move(samples));
  return reply;
}

}  // namespace fovea::server
