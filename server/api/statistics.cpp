
#include "engine/report/interval_json.h"
#include "server/api/handlers.h"
#include "server/api/input.h"
#include "server/app/app.h"
#include "server/http/problem.h"
#include "server/text/json.h"
#include "server/text/time.h"
#include "server/text/words.h"

namespace fovea::server {
namespace {

Json ratio(double sum, std::int64_t count) {
  return count == 0 ? Json() : Json(sum / static_cast<double>(count));
}

Json labelled_json(const LabelledCount& labelled) {
  return {{"count", labelled.count},
          {"right", labelled.correct},
          {"accuracy", ratio(static_cast<double>(labelled.correct), labelled.count)},
          {"accuracy_interval",
           labelled.count == 0 ? Json() : Json(wilson_interval(labelled.correct, labelled.count))}};
}

Json percentiles_json(const LatencyHistogram& histogram) {
  if (histogram.count() == 0) return {{"p50", nullptr}, {"p90", nullptr}, {"p99", nullptr}};
  return {{"p50", histogram.percentile(0.5)},
          {"p90", histogram.percentile(0.9)},
          {"p99", histogram.percentile(0.99)}};
}

Json confidence_json(const Tally& tally) {
  Json histogram = Json::array();
  for (int i = 0; i < Tally::kConfidenceBins; ++i) {
    histogram.push_back({{"from", i / double{Tally::kConfidenceBins}},
                         {"to", (i + 1) / double{Tally::kConfidenceBins}},
                         {"count", tally.confidence[static_cast<std::size_t>(i)]}});
  }
  return {{"mean", ratio(tally.probability_sum, tally.count)},
          {"min", tally.count == 0 ? Json() : Json(tally.probability_min)},
          {"max", tally.count == 0 ? Json() : Json(tally.probability_max)},
          {"histogram", std::move(histogram)}};
}

Json tally_json(const Tally& tally) {
  Json classes = Json::array();
  for (const auto& [label, predicted] : tally.classes) {
    classes.push_back({{"label", label},
                       {"count", predicted.count},
                       {"mean_probability", ratio(predicted.probability_sum, predicted.count)}});
  }
  return {{"predictions", tally.count},
          {"uncertain", tally.uncertain},
          {"classes", std::move(classes)},
          {"confidence", confidence_json(tally)},
          {"latency_ms",
           {{"mean", ratio(tally.ms_sum, tally.count)},
            {"total", percentiles_json(tally.total)},
            {"decode", percentiles_json(tally.decode)},
            {"queue", percentiles_json(tally.queue)},
            {"compute", percentiles_json(tally.compute)}}}};
}

Json statistics_json(const Statistics& statistics) {
  Json body = tally_json(statistics.all);
  body["labelled"] = labelled_json(statistics.labelled);
  Json versions = Json::array();
  for (const VersionStatistics& version : statistics.versions) {
    Json entry = {{"model", version.model->name},
                  {"version", version.model->version},
                  {"weights_sha256", version.model->weights_sha256}};
    entry.update(tally_json(version.tally));
    entry["labelled"] = labelled_json(version.labelled);
    versions.push_back(std::move(entry));
  }
  body["versions"] = std::move(versions);
  Json points = Json::array();
  for (const auto& [start, tally] : statistics.series) {
    points.push_back({{"time", iso_time(start)},
                      {"predictions", tally.count},
                      {"uncertain", tally.uncertain},
                      {"mean_probability", ratio(tally.probability_sum, tally.count)},
                      {"mean_ms", ratio(tally.ms_sum, tally.count)}});
  }
  body["series"] = {{"step_seconds", statistics.step_seconds}, {"points", std::move(points)}};
  return body;
}

}  // namespace

Reply show_statistics(const Request& request, App& app) {
  const auto since = read_since(request);
  Json body = {{"from", since ? Json(iso_time(*since)) : Json()},
               {"to", iso_time(std::chrono::system_clock::now())}};
  body.update(statistics_json(app.store->predictions().statistics(since)));
  body["unrecorded"] = app.recorder.unrecorded();
  return json_reply(body);
}

Reply show_legacy_statistics(const Request&, App& app) {
  const Tally all = app.store->predictions().statistics({}).all;
  if (all.count == 0) return json_reply({{"message", "No predictions yet"}});
  Json classes = Json::object();
  for (const auto& [label, predicted] : all.classes) {
    classes[capitalized(label)] = predicted.count;
  }
  return json_reply({{"total_predictions", all.count},
                     {"average_confidence", ratio(all.probability_sum, all.count)},
                     {"min_confidence", all.probability_min},
                     {"max_confidence", all.probability_max},
                     {"average_prediction_time_ms", ratio(all.ms_sum, all.count)},
                     {"predictions_per_class", std::move(classes)}});
}

}  // namespace fovea::server
