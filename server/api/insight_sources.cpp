#include "server/api/insight_sources.h"

#include <algorithm>

#include "engine/core/error.h"
#include "server/api/evaluations.h"
#include "server/registry/manifest.h"
#include "server/text/time.h"
#include "server/text/words.h"

namespace fovea::server {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kLookBack =
    100;  // evaluations among which the newest on the test split is looked for

std::string day(std::chrono::system_clock::time_point time) {
  return iso_time(time).substr(0, 10);
}

std::shared_ptr<const Json> shared(Json json) {
  return std::make_shared<const Json>(std::move(json));
}

// When the model was made, as far as its manifest says so.
std::chrono::system_clock::time_point made(const StoredVersion& version) {
  const Json manifest = parse_manifest(version.manifest);
  const auto created = manifest.find("created");
  if (created == manifest.end() || !created->is_string()) return version.created;
  return parse_iso_time(created->get<std::string>()).value_or(version.created);
}

bool knows_a_image(const TrainingSnapshot& snapshot, const EvaluationReport& report) {
  const auto here = [&](const std::string& sha256) {
    const auto hash = parse_hash(sha256);
    return hash && snapshot.dataset.index().find(*hash);
  };
  for (const ImageMistake& mistake : report.mistakes) {
    if (here(mistake.image)) return true;
  }
  if (!report.statistics) return false;
  for (const ClassStatistics& mine : report.statistics->classes) {
    if (std::any_of(mine.samples.begin(), mine.samples.end(), here)) return true;
  }
  return false;
}

void add_caveat(EvaluationSource& found, const TrainingSnapshot& snapshot) {
  const EvaluationReport& report = found.evaluation.report;
  if (found.stored) {
    found.source.images_here = found.current || knows_a_image(snapshot, report);
    found.source.caveat =
        "From the stored evaluation that came with the model" +
        std::string(found.source.images_here ? "." : "; its images are not on this machine.");
  } else if (!found.current) {
    found.source.caveat = "The training data has changed since this evaluation.";
  }
}

EvaluationSource make_source(App& app, const StoredVersion& version, const Json& document,
                             const Json& id, std::chrono::system_clock::time_point date) {
  EvaluationSource found;
  try {
    found.evaluation = read_evaluation(document);
  } catch (const FormatError& error) {
    throw NoSource("The evaluation of " + version_title(version.number) +
                   " cannot be read: " + error.what() + ".");
  }
  const EvaluationReport& report = found.evaluation.report;
  const auto snapshot = app.training.snapshot();
  found.date = date;
  found.stored = id.is_string();
  found.own = report.weights_sha256 == version.weights_sha256;
  found.current = report.data_revision == snapshot->revision;
  const std::string name = found.stored ? id.get<std::string>() : id.dump();
  found.source.json = shared({{"kind", "evaluation"},
                              {"version", version.number},
                              {"id", id},
                              {"url", evaluations_url(version.number) + "/" + name},
                              {"data", report.data},
                              {"data_revision", report.data_revision},
                              {"split", report.split},
                              {"count", report.metrics.count},
                              {"date", iso_time(date)},
                              {"current", found.current}});
  found.source.text = (found.stored ? "stored evaluation" : "evaluation " + name) + " of " +
                      version_title(version.number) + ", " + report.split + " split of " +
                      report.data + ", " + counted(report.metrics.count, "image") + ", " +
                      day(date);
  add_caveat(found, *snapshot);
  return found;
}

std::string how_to_evaluate(const StoredVersion& version) {
  return " Start an evaluation with POST " + evaluations_url(version.number) + ".";
}

EvaluationSource from_job(App& app, const StoredVersion& version, const Evaluation& whole) {
  return make_source(app, version, parse_evaluation(whole.evaluation), whole.id, whole.created);
}

std::optional<Evaluation> newest_test(App& app, const StoredVersion& version) {
  JobStore& jobs = app.store->jobs();
  for (const Evaluation& one : jobs.evaluations(version.number, kLookBack)) {
    if (one.split == "test") return jobs.get_evaluation(one.id);
  }
  return std::nullopt;
}

// It is of the model that this version is.
EvaluationSource own_evaluation(EvaluationSource stored, const StoredVersion& version) {
  if (stored.own) return stored;
  throw NoSource("The evaluation that came with " + version_title(version.number) +
                 " is of other weights, those of a model before it." + how_to_evaluate(version));
}

Source run_source(const StoredVersion& version, const Json& job) {
  Source source;
  source.json = shared({{"kind", "job"},
                        {"version", version.number},
                        {"job", job},
                        {"url", "/api/v1/jobs/" + job.dump()},
                        {"date", iso_time(version.created)}});
  source.text = "job " + job.dump() + ", which made " + version_title(version.number) + ", " +
                day(version.created);
  return source;
}

// To the minute while there is no more than the store remembers so exactly.
Statistics statistics_of(App& app, std::optional<Time> since) {
  constexpr std::chrono::hours kExactly(47);
  PredictionStore& store = app.store->predictions();
  Statistics statistics = store.statistics(since);
  const Time limit = std::chrono::system_clock::now() - kExactly;
  const bool young = !statistics.series.empty() && statistics.series.front().first > limit;
  return young && !since ? store.statistics(limit) : statistics;
}

}  // namespace

EvaluationSource find_stored_evaluation(App& app, const StoredVersion& version) {
  const Json document = stored_with_model(app, version);
  if (version.removed) {
    throw NoSource("The files of " + version_title(version.number) + " were removed on " +
                   day(*version.removed) +
                   (version.features_sha256 ? ", and with them the evaluation that came with it."
                                            : "; it came without an evaluation.") +
                   " It cannot be evaluated any more.");
  }
  if (!document.is_object()) {
    throw NoSource(version_title(version.number) + " came without an evaluation." +
                   how_to_evaluate(version));
  }
  return make_source(app, version, document, kOfModel, made(version));
}

std::optional<EvaluationSource> find_current_evaluation(App& app, const StoredVersion& version) {
  const auto newest = newest_test(app, version);
  if (!newest) return std::nullopt;
  EvaluationSource found = from_job(app, version, *newest);
  if (!found.current) return std::nullopt;
  return found;
}

EvaluationSource find_evaluation(App& app, const StoredVersion& version) {
  if (const auto newest = newest_test(app, version)) return from_job(app, version, *newest);
  return own_evaluation(find_stored_evaluation(app, version), version);
}

EvaluationSource find_evaluation(App& app, const StoredVersion& version, const std::string& id) {
  if (id != kOfModel) return from_job(app, version, numbered_evaluation(app, version, id));
  if (!stored_with_model(app, version).is_object()) throw no_evaluation(version, id);
  return own_evaluation(find_stored_evaluation(app, version), version);
}

DataSource find_data(App& app, const StoredVersion& version) {
  const auto newest = newest_test(app, version);
  EvaluationSource found =
      newest ? from_job(app, version, *newest) : find_stored_evaluation(app, version);
  auto& statistics = found.evaluation.report.statistics;
  if (!statistics) {
    throw NoSource("The evaluation of " + version_title(version.number) +
                   " says nothing about its images." + how_to_evaluate(version));
  }
  found.source.text += " (all " + counted(statistics->images, "image") + " of the data)";
  Json json = *found.source.json;
  json["images"] = statistics->images;
  found.source.json = shared(std::move(json));
  return {std::move(*statistics), std::move(found.source), false};
}

DataSource find_data(App& app) {
  const auto snapshot = app.training.snapshot();
  if (snapshot->dataset.images().empty()) {
    return find_data(app, app.registry.find(app.model()->number));
  }
  DataSource data{*app.data_statistics.get(*snapshot), {}, true};
  data.source.json = shared({{"kind", "dataset"},
                             {"data", app.options.dataset},
                             {"data_revision", snapshot->revision},
                             {"images", data.statistics.images}});
  data.source.text = "the training data on this machine, " +
                     counted(data.statistics.images, "image") + ", revision " +
                     snapshot->revision.substr(0, 8);
  return data;
}

TrainingSource find_training(App& app, const StoredVersion& version) {
  const Json manifest = parse_manifest(version.manifest);
  const auto job = manifest.find("job");
  if (job != manifest.end() && job->is_number_integer()) {
    if (const auto made_by = app.store->jobs().get(job->get<std::int64_t>())) {
      TrainingSource found{read_epochs(app.jobs.show(*made_by)["history"]),
                           run_source(version, *job)};
      if (!found.epochs.empty()) return found;
    }
  }
  using Find = EvaluationSource (*)(App&, const StoredVersion&);
  for (const Find find : {Find(find_evaluation), Find(find_stored_evaluation)}) {
    try {
      EvaluationSource found = find(app, version);
      if (!found.own || found.evaluation.training.empty()) continue;
      return {std::move(found.evaluation.training), std::move(found.source)};
    } catch (const NoSource&) {  // said below
    }
  }
  throw NoSource("How " + version_title(version.number) +
                 " was trained is not known here: it did not come from a job, and no evaluation "
                 "tells of its epochs.");
}

HistorySource find_history(App& app, std::optional<int> version, std::optional<Time> since) {
  HistorySource history;
  history.statistics = statistics_of(app, since);
  if (version) {
    Statistics only;
    for (VersionStatistics& one : history.statistics.versions) {
      if (one.model->version != *version) continue;
      only.all.merge(one.tally);
      only.labelled.count += one.labelled.count;
      only.labelled.correct += one.labelled.correct;
    }
    history.statistics = std::move(only);
  }
  const std::int64_t count = history.statistics.all.count;
  history.source.json = shared({{"kind", "history"},
                                {"version", version ? Json(*version) : Json()},
                                {"from", since ? Json(iso_time(*since)) : Json()},
                                {"to", iso_time(std::chrono::system_clock::now())},
                                {"count", count}});
  history.source.text = "live history" +
                        std::string(version ? " of " + version_title(*version) : "") + ", " +
                        counted(count, "answer") + (since ? " since " + day(*since) : "");
  return history;
}

}  // namespace fovea::server
