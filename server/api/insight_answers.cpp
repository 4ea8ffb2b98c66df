#include "server/api/insight_answers.h"

#include <set>

#include "server/text/words.h"

namespace fovea::server {
namespace {

void spell_as_legacy(std::vector<std::string>& names) {
  for (std::string& name : names) name = capitalized(name);
}

void spell_as_legacy(DataStatistics& data) {
  for (ClassStatistics& mine : data.classes) mine.name = capitalized(mine.name);
}

// Classes that the model in service tells apart and that have no image here.
std::string unseen_classes(const std::vector<std::string>& classes, const DataStatistics& data) {
  std::set<std::string> here;
  for (const ClassStatistics& mine : data.classes) here.insert(mine.name);
  std::vector<std::string> missing;
  for (const std::string& name : classes) {
    if (here.count(name) == 0) missing.push_back(named(name));
  }
  if (missing.empty()) return {};
  return "Of " + some_of(missing, 12) +
         ", which the model in service knows too, there are no images on this machine.";
}

std::string both(const std::string& first, const std::string& second) {
  return first + (first.empty() || second.empty() ? "" : " ") + second;
}

}  // namespace

const std::vector<InsightKind>& insight_kinds() {
  static const std::vector<InsightKind> kinds = {
      {"class_distribution", "Images of each class", class_distribution},
      {"sample_images", "Sample images", sample_images},
      {"pixel_intensity", "Brightness by class", pixel_intensity},
      {"rgb_by_class", "Mean colour by class", rgb_by_class},
      {"training_curves", "Training", training_curves},
      {"confusion_matrix", "Confusion matrix", confusion_matrix},
      {"roc", "ROC curves", roc_curves},
      {"pr", "Precision and recall curves", precision_recall_curves},
      {"per_class_metrics", "Precision, recall and F1 of each class", per_class_metrics},
      {"reliability", "Reliability of the confidence", reliability},
      {"worst_mistakes", "Surest mistakes", worst_mistakes},
      {"confidence_over_time", "Confidence over time", confidence_over_time,
       /*all_versions=*/true},
      {"confidence_histogram", "Confidence of the answers", confidence_histogram},
      {"latency", "Time an answer takes", latency_percentiles},
  };
  return kinds;
}

InsightAnswers::InsightAnswers(App& app, InsightQuestion question)
    : app_(app),
      question_(std::move(question)),
      version_(question_.version ? *question_.version : app.registry.find(app.model()->number)),
      snapshot_(app.training.snapshot()) {}

InsightAnswer InsightAnswers::about(const InsightKind& kind) {
  InsightAnswer answer;
  try {
    answer.insight =
        std::visit([&](auto function) { return apply(function, answer.source); }, kind.make);
    answer.insight.caveat = both(answer.source.caveat, answer.insight.caveat);
    mark_at_hand(answer);
  } catch (const NoSource& missing) {
    answer.insight.sentence = missing.what();
  }
  return answer;
}

Insight InsightAnswers::apply(FromData make, Source& source) {
  const DataSource& found = data_.get([&] {
    DataSource data = question_.version ? find_data(app_, version_) : find_data(app_);
    std::vector<std::string> known = app_.model()->classifier.classes();
    if (question_.legacy_names) {
      spell_as_legacy(data.statistics);
      spell_as_legacy(known);
    }
    if (data.on_this_machine) {
      data.source.caveat = unseen_classes(known, data.statistics);
    }
    return data;
  });
  source = found.source;
  return make(found.statistics);
}

Insight InsightAnswers::apply(FromTraining make, Source& source) {
  const TrainingSource& found = training_.get([&] { return find_training(app_, version_); });
  source = found.source;
  return make(found.epochs);
}

Insight InsightAnswers::apply(FromEvaluation make, Source& source) {
  const EvaluationSource& found = evaluation_.get([&] {
    const std::string& id = question_.evaluation;
    EvaluationSource evaluation =
        id.empty() ? find_evaluation(app_, version_) : find_evaluation(app_, version_, id);
    if (question_.legacy_names) spell_as_legacy(evaluation.evaluation.report.classes);
    return evaluation;
  });
  source = found.source;
  const EvaluationReport& report = found.evaluation.report;
  Insight insight = make(report);
  insight.caveat = both(small_sample_caveat(report), insight.caveat);
  return insight;
}

Insight InsightAnswers::apply(FromHistory make, Source& source) {
  const bool all = !question_.version || make == confidence_over_time;
  const HistorySource& found = (all ? history_ : version_history_).get([&] {
    std::optional<int> version;
    if (!all) version = question_.version->number;
    return find_history(app_, version, question_.since);
  });
  source = found.source;
  return make(found.statistics);
}

void InsightAnswers::mark_at_hand(InsightAnswer& answer) const {
  std::int64_t here = 0, all = 0;
  for (Panel& panel : answer.insight.chart.panels) {
    auto* images = std::get_if<ImageGrid>(&panel);
    for (std::size_t g = 0; images && g < images->groups.size(); ++g) {
      for (ChartImage& image : images->groups[g].images) {
        const auto hash = parse_hash(image.sha256);
        image.available = hash && snapshot_->dataset.index().find(*hash) != nullptr;
        here += image.available ? 1 : 0;
        ++all;
      }
    }
  }
  std::string missing;
  if (here > 0 && here < all) {
    missing =
        "Only " + counted(here) + " of these " + counted(all, "image") + " are on this machine.";
  } else if (here < all && answer.source.images_here) {
    missing = "None of these images is on this machine.";
  }
  answer.insight.caveat = both(answer.insight.caveat, missing);
}

}  // namespace fovea::server
