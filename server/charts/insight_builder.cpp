#include "server/charts/insight_builder.h"

#include <set>

#include <fmt/core.h>

#include "engine/image/decode.h"
#include "server/registry/registry.h"
#include "server/text/words.h"

namespace fovea::server {
namespace {

void use_legacy_names(std::vector<std::string>& names) {
  for (std::string& name : names) name = capitalized(name);
}

void use_legacy_names(DataStatistics& data) {
  for (ClassStatistics& statistics : data.classes) statistics.name = capitalized(statistics.name);
}

// A caveat that names the classes of the active model without images in the dataset.
std::string missing_classes(const std::vector<std::string>& classes, const DataStatistics& data) {
  std::set<std::string> present;
  for (const ClassStatistics& statistics : data.classes) present.insert(statistics.name);
  std::vector<std::string> missing;
  for (const std::string& name : classes) {
    if (present.count(name) == 0) missing.push_back(named(name));
  }
  if (missing.empty()) return {};
  return "The active model also has the classes " + some_of(missing, 12) +
         ", which have no images on this machine.";
}

std::string joined_sentences(const std::string& first, const std::string& second) {
  return first + (first.empty() || second.empty() ? "" : " ") + second;
}

}  // namespace

const std::vector<InsightKind>& insight_kinds() {
  static const std::vector<InsightKind> kinds = {
      {"class_distribution", "Images per class", class_distribution},
      {"sample_images", "Sample images", sample_images},
      {"pixel_intensity", "Brightness by class", pixel_intensity},
      {"rgb_by_class", "Mean colour by class", rgb_by_class},
      {"training_curves", "Training curves", training_curves},
      {"confusion_matrix", "Confusion matrix", confusion_matrix},
      {"roc", "ROC curves", roc_curves},
      {"pr", "Precision-recall curves", precision_recall_curves},
      {"per_class_metrics", "Precision, recall and F1 per class", per_class_metrics},
      {"reliability", "Reliability diagram", reliability},
      {"worst_mistakes", "Most confident mistakes", worst_mistakes},
      {"confidence_over_time", "Confidence over time", confidence_over_time,
       /*all_versions=*/true},
      {"confidence_histogram", "Confidence of predictions", confidence_histogram},
      {"latency", "Prediction latency", latency_percentiles},
  };
  return kinds;
}

InsightBuilder::InsightBuilder(const ChartContext& context, InsightQuery query)
    : context_(context),
      query_(std::move(query)),
      active_(context.registry.champion()),
      version_(query_.version),
      snapshot_(context.training.snapshot()) {
  if (!version_ && active_) version_ = context.registry.find(active_->number);
}

const StoredVersion& InsightBuilder::version() const {
  if (!version_) no_version();
  return *version_;
}

SourcedInsight InsightBuilder::build(const InsightKind& kind) {
  SourcedInsight result;
  try {
    result.insight =
        std::visit([&](auto function) { return apply(function, result.source); }, kind.make);
    result.insight.caveat = joined_sentences(result.source.caveat, result.insight.caveat);
    set_urls(result);
  } catch (const NoSource& missing) {
    result.insight.sentence = missing.what();
  }
  return result;
}

Insight InsightBuilder::apply(FromData make, Source& source) {
  const DataSource& found = data_.get([&] {
    DataSource data = query_.version ? find_data(context_, version()) : find_data(context_);
    std::vector<std::string> classes;
    if (active_) classes = active_->classifier.classes();
    if (query_.legacy_names) {
      use_legacy_names(data.statistics);
      use_legacy_names(classes);
    }
    if (data.on_this_machine) data.source.caveat = missing_classes(classes, data.statistics);
    return data;
  });
  source = found.source;
  return make(found.statistics);
}

Insight InsightBuilder::apply(FromTraining make, Source& source) {
  const TrainingSource& found = training_.get([&] { return find_training(context_, version()); });
  source = found.source;
  return make(found.epochs);
}

Insight InsightBuilder::apply(FromEvaluation make, Source& source) {
  const EvaluationSource& found = evaluation_.get([&] {
    EvaluationSource evaluation = query_.evaluation.empty()
                                      ? find_evaluation(context_, version())
                                      : find_evaluation(context_, version(), query_.evaluation);
    if (query_.legacy_names) use_legacy_names(evaluation.evaluation.report.classes);
    return evaluation;
  });
  source = found.source;
  const EvaluationReport& report = found.evaluation.report;
  Insight insight = make(report);
  insight.caveat = joined_sentences(small_sample_caveat(report), insight.caveat);
  return insight;
}

Insight InsightBuilder::apply(FromHistory make, Source& source) {
  const bool all = !query_.version || make == confidence_over_time;
  const HistorySource& found = (all ? history_ : version_history_).get([&] {
    std::optional<int> version;
    if (!all) version = query_.version->number;
    return find_history(context_, version, query_.since);
  });
  source = found.source;
  return make(found.statistics);
}

std::optional<Image> InsightBuilder::load_image(const Source& source,
                                                const std::string& sha256) const {
  const auto hash = parse_hash(sha256);
  const ImageRecord* record = hash ? snapshot_->dataset.index().find(*hash) : nullptr;
  if (record) return snapshot_->dataset.load(*record);
  if (!source.model) return std::nullopt;
  const auto found = source.model->images.find(sha256);
  if (found == source.model->images.end()) return std::nullopt;
  return decode_image(found->second);
}

std::string InsightBuilder::image_url(const Source& source, const std::string& sha256) const {
  const auto hash = parse_hash(sha256);
  if (hash && snapshot_->dataset.index().find(*hash)) {
    return fmt::format("{}/dataset/images/{}/content", context_.api, sha256);
  }
  if (source.model && source.model->images.contains(sha256)) {
    return fmt::format("{}/models/{}/images/{}", context_.api, source.version, sha256);
  }
  return {};
}

// Sets the URLs of the images that this server has, and adds a caveat for the others.
void InsightBuilder::set_urls(SourcedInsight& result) const {
  std::int64_t available = 0, all = 0;
  for (Panel& panel : result.insight.chart.panels) {
    auto* images = std::get_if<ImageGrid>(&panel);
    for (std::size_t g = 0; images && g < images->groups.size(); ++g) {
      for (ChartImage& image : images->groups[g].images) {
        image.url = image_url(result.source, image.sha256);
        available += image.url.empty() ? 0 : 1;
        ++all;
      }
    }
  }
  std::string missing;
  if (available > 0 && available < all) {
    missing = "Only " + counted(available) + " of these " + counted(all, "image") +
              (available == 1 ? " is" : " are") + " on this machine.";
  } else if (available < all && result.source.images_here) {
    missing = "None of these images is on this machine.";
  }
  result.insight.caveat = joined_sentences(result.insight.caveat, missing);
}

}  // namespace fovea::server
