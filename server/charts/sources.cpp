#include "server/charts/sources.h"

#include <algorithm>
#include <charconv>

#include <fmt/core.h>

#include "engine/core/error.h"
#include "server/dataset/data_statistics_cache.h"
#include "server/dataset/training_data.h"
#include "server/http/problem.h"
#include "server/jobs/jobs.h"
#include "server/registry/manifest.h"
#include "server/registry/registry.h"
#include "server/store/store.h"
#include "server/text/json.h"
#include "server/text/time.h"
#include "server/text/words.h"

namespace fovea::server {
namespace {

constexpr int kMaxSearched =
    100;  // newest evaluations among which one on the test split is searched

std::string day(std::chrono::system_clock::time_point time) {
  return iso_time(time).substr(0, 10);
}

std::shared_ptr<const Json> shared(Json json) {
  return std::make_shared<const Json>(std::move(json));
}

// When the model was created according to its manifest, otherwise when it was published here.
std::chrono::system_clock::time_point creation_time(const StoredVersion& version) {
  const Json manifest = parse_manifest(version.manifest);
  const auto created = manifest.find("created");
  if (created == manifest.end() || !created->is_string()) return version.created;
  return parse_iso_time(created->get<std::string>()).value_or(version.created);
}

// Whether any image that the report shows is in the dataset.
bool has_image_of(const TrainingSnapshot& snapshot, const EvaluationReport& report) {
  const auto is_here = [&](const std::string& sha256) {
    const auto hash = parse_hash(sha256);
    return hash && snapshot.dataset.index().find(*hash);
  };
  for (const ImageMistake& mistake : report.mistakes) {
    if (is_here(mistake.image)) return true;
  }
  if (!report.statistics) return false;
  for (const ClassStatistics& statistics : report.statistics->classes) {
    if (std::any_of(statistics.samples.begin(), statistics.samples.end(), is_here)) return true;
  }
  return false;
}

void add_caveat(EvaluationSource& found, const TrainingSnapshot& snapshot) {
  if (found.stored) {
    found.source.images_here = found.current || !found.source.model->images.empty() ||
                               has_image_of(snapshot, found.evaluation.report);
    found.source.caveat =
        found.source.images_here
            ? "From the evaluation stored with the model."
            : "From the evaluation stored with the model; its images are not on this machine.";
  } else if (!found.current) {
    found.source.caveat = "The dataset has changed since this evaluation.";
  }
}

EvaluationSource make_source(const ChartContext& context, const StoredVersion& version,
                             const Json& document, const Json& id,
                             std::chrono::system_clock::time_point date,
                             std::shared_ptr<const ModelEvaluation> model = nullptr) {
  EvaluationSource found;
  found.source.version = version.number;
  found.source.model = std::move(model);
  try {
    found.evaluation = read_evaluation(document);
    if (found.source.model && !found.source.model->images_error.empty()) {
      throw FormatError(found.source.model->images_error);
    }
  } catch (const FormatError& error) {
    throw NoSource(fmt::format("The evaluation of {} cannot be read: {}.",
                               version_title(version.number), error.what()));
  }
  const EvaluationReport& report = found.evaluation.report;
  const auto snapshot = context.training.snapshot();
  found.date = date;
  found.stored = id.is_string();
  found.own = report.weights_sha256 == version.weights_sha256;
  found.current = report.data_revision == snapshot->revision;
  const std::string name = found.stored ? id.get<std::string>() : id.dump();
  found.source.json = shared({{"kind", "evaluation"},
                              {"version", version.number},
                              {"id", id},
                              {"url", evaluations_url(context.api, version.number) + "/" + name},
                              {"data", report.data},
                              {"data_revision", report.data_revision},
                              {"split", report.split},
                              {"count", report.metrics.count},
                              {"date", iso_time(date)},
                              {"current", found.current}});
  found.source.text = fmt::format("{} of {}, {} split of {}, {}, {}",
                                  found.stored ? "stored evaluation" : "evaluation " + name,
                                  version_title(version.number), report.split, report.data,
                                  counted(report.metrics.count, "image"), day(date));
  add_caveat(found, *snapshot);
  return found;
}

std::string how_to_evaluate(const ChartContext& context, const StoredVersion& version) {
  return " Start an evaluation with POST " + evaluations_url(context.api, version.number) + ".";
}

EvaluationSource from_job(const ChartContext& context, const StoredVersion& version,
                          const Evaluation& evaluation) {
  return make_source(context, version, parse_evaluation(evaluation.evaluation), evaluation.id,
                     evaluation.created);
}

std::optional<Evaluation> newest_on_test_split(const ChartContext& context,
                                               const StoredVersion& version) {
  JobStore& jobs = context.store.jobs();
  for (const Evaluation& evaluation : jobs.evaluations(version.number, kMaxSearched)) {
    if (evaluation.split == "test") return jobs.get_evaluation(evaluation.id);
  }
  return std::nullopt;
}

// Rejects an evaluation that was made with the weights of another model.
EvaluationSource require_own(const ChartContext& context, EvaluationSource found,
                             const StoredVersion& version) {
  if (found.own) return found;
  throw NoSource(fmt::format("The evaluation stored with {} belongs to other weights.{}",
                             version_title(version.number), how_to_evaluate(context, version)));
}

Source training_job_source(const ChartContext& context, const StoredVersion& version,
                           const Json& job) {
  Source source;
  source.json = shared({{"kind", "job"},
                        {"version", version.number},
                        {"job", job},
                        {"url", context.api + "/jobs/" + job.dump()},
                        {"date", iso_time(version.created)}});
  source.text = fmt::format("job {}, which trained {}, {}", job.dump(),
                            version_title(version.number), day(version.created));
  return source;
}

// The statistics in steps of minutes if the whole history is younger than 47 hours: the store keeps
// sums per minute for 48 hours.
Statistics read_statistics(PredictionStore& store, std::optional<Time> since) {
  constexpr std::chrono::hours kMinuteSums(47);
  Statistics statistics = store.statistics(since);
  const Time limit = std::chrono::system_clock::now() - kMinuteSums;
  const bool young = !statistics.series.empty() && statistics.series.front().first > limit;
  return young && !since ? store.statistics(limit) : statistics;
}

// The statistics of one version.
Statistics only_version(Statistics& statistics, int version) {
  Statistics result;
  for (VersionStatistics& each : statistics.versions) {
    if (each.model->version != version) continue;
    result.all.merge(each.tally);
    result.labelled.count += each.labelled.count;
    result.labelled.correct += each.labelled.correct;
  }
  return result;
}

}  // namespace

std::string evaluations_url(const std::string& api, int version) {
  return fmt::format("{}/models/{}/evaluations", api, version);
}

void no_version() {
  throw NoSource("The project has no model yet: upload images and train.");
}

std::shared_ptr<const ModelEvaluation> stored_evaluation(const ChartContext& context,
                                                         const StoredVersion& version) {
  return context.model_evaluations.get(context.registry, version);
}

Evaluation numbered_evaluation(const ChartContext& context, const StoredVersion& version,
                               const std::string& id) {
  std::int64_t number = 0;
  std::from_chars(id.data(), id.data() + id.size(), number);
  auto found = context.store.jobs().get_evaluation(number);
  if (!found || found->version != version.number || std::to_string(number) != id) {
    no_evaluation(version, id);
  }
  return std::move(*found);
}

void no_evaluation(const StoredVersion& version, const std::string& id) {
  throw HttpError(404, fmt::format("{} has no evaluation {}", version_title(version.number), id));
}

EvaluationSource find_stored_evaluation(const ChartContext& context, const StoredVersion& version) {
  const auto stored = stored_evaluation(context, version);
  const std::string title = version_title(version.number);
  if (version.removed) {
    throw NoSource(
        fmt::format("The files of {} were removed on {}{} It can no longer be evaluated.", title,
                    day(*version.removed),
                    version.features_sha256 ? ", including the evaluation stored with them."
                                            : ". It had no stored evaluation."));
  }
  if (!stored) {
    throw NoSource(fmt::format("{} has no stored evaluation.{}", capitalized(title),
                               how_to_evaluate(context, version)));
  }
  return make_source(context, version, stored->document, kModelEvaluation, creation_time(version),
                     stored);
}

std::optional<EvaluationSource> find_current_evaluation(const ChartContext& context,
                                                        const StoredVersion& version) {
  const auto newest = newest_on_test_split(context, version);
  if (!newest) return std::nullopt;
  EvaluationSource found = from_job(context, version, *newest);
  if (!found.current) return std::nullopt;
  return found;
}

EvaluationSource find_evaluation(const ChartContext& context, const StoredVersion& version) {
  if (const auto newest = newest_on_test_split(context, version)) {
    return from_job(context, version, *newest);
  }
  return require_own(context, find_stored_evaluation(context, version), version);
}

EvaluationSource find_evaluation(const ChartContext& context, const StoredVersion& version,
                                 const std::string& id) {
  if (id != kModelEvaluation) {
    return from_job(context, version, numbered_evaluation(context, version, id));
  }
  if (!stored_evaluation(context, version)) no_evaluation(version, id);
  return require_own(context, find_stored_evaluation(context, version), version);
}

DataSource find_data(const ChartContext& context, const StoredVersion& version) {
  const auto newest = newest_on_test_split(context, version);
  EvaluationSource found =
      newest ? from_job(context, version, *newest) : find_stored_evaluation(context, version);
  auto& statistics = found.evaluation.report.statistics;
  if (!statistics) {
    throw NoSource(fmt::format("The evaluation of {} has no statistics of its images.{}",
                               version_title(version.number), how_to_evaluate(context, version)));
  }
  found.source.text += " (all " + counted(statistics->images, "image") + " of the data)";
  Json json = *found.source.json;
  json["images"] = statistics->images;
  found.source.json = shared(std::move(json));
  return {std::move(*statistics), std::move(found.source), false};
}

DataSource find_data(const ChartContext& context) {
  const auto snapshot = context.training.snapshot();
  if (snapshot->dataset.images().empty()) {
    const auto active = context.registry.champion();
    if (!active) no_version();
    return find_data(context, context.registry.find(active->number));
  }
  DataSource data{*context.data_statistics.get(*snapshot), {}, true};
  data.source.json = shared({{"kind", "dataset"},
                             {"data", context.dataset},
                             {"data_revision", snapshot->revision},
                             {"images", data.statistics.images}});
  data.source.text =
      fmt::format("the dataset on this machine, {}, revision {}",
                  counted(data.statistics.images, "image"), snapshot->revision.substr(0, 8));
  return data;
}

TrainingSource find_training(const ChartContext& context, const StoredVersion& version) {
  const Json manifest = parse_manifest(version.manifest);
  const auto job = manifest.find("job");
  if (job != manifest.end() && job->is_number_integer()) {
    if (const auto training = context.store.jobs().get(job->get<std::int64_t>())) {
      TrainingSource found{read_epochs(context.jobs.show(*training)["history"]),
                           training_job_source(context, version, *job)};
      if (!found.epochs.empty()) return found;
    }
  }
  using Find = EvaluationSource (*)(const ChartContext&, const StoredVersion&);
  for (const Find find : {Find(find_evaluation), Find(find_stored_evaluation)}) {
    try {
      EvaluationSource found = find(context, version);
      if (!found.own || found.evaluation.training.empty()) continue;
      return {std::move(found.evaluation.training), std::move(found.source)};
    } catch (const NoSource&) {  // try the next one
    }
  }
  throw NoSource(fmt::format(
      "The training of {} is not known: it was not trained by a job, and no evaluation has its "
      "epochs.",
      version_title(version.number)));
}

HistorySource find_history(const ChartContext& context, std::optional<int> version,
                           std::optional<Time> since) {
  HistorySource history;
  history.statistics = read_statistics(context.store.predictions(), since);
  if (version) history.statistics = only_version(history.statistics, *version);
  const std::int64_t count = history.statistics.all.count;
  history.source.json = shared({{"kind", "history"},
                                {"version", version ? Json(*version) : Json()},
                                {"from", since ? Json(iso_time(*since)) : Json()},
                                {"to", iso_time(std::chrono::system_clock::now())},
                                {"count", count}});
  history.source.text =
      fmt::format("prediction history{}, {}{}", version ? " of " + version_title(*version) : "",
                  counted(count, "prediction"), since ? " since " + day(*since) : "");
  return history;
}

}  // namespace fovea::server
