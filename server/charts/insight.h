#pragma once

#include <string>
#include <vector>

#include "engine/eval/evaluation_report.h"
#include "engine/report/evaluation_json.h"
#include "server/charts/chart.h"
#include "server/store/prediction_store.h"

namespace fovea::server {

// A chart with a caption computed from the same data.
struct Insight {
  Chart chart;           // without panels if there is no data; then the sentence says why
  std::string sentence;  // the caption: extremes, trends, anomalies
  std::string caveat;    // why the chart may be unreliable; empty: no reason
};

// Of a dataset (data_charts.cpp, colour_charts.cpp).
Insight class_distribution(const DataStatistics& data);
Insight sample_images(const DataStatistics& data);
Insight pixel_intensity(const DataStatistics& data);
Insight rgb_by_class(const DataStatistics& data);

// Of the training of a version (training_chart.cpp).
Insight training_curves(const std::vector<TrainedEpoch>& epochs);

// Of a model on held-out images (mistake_charts.cpp, curve_charts.cpp, quality_charts.cpp).
Insight confusion_matrix(const EvaluationReport& report);
Insight worst_mistakes(const EvaluationReport& report);
Insight roc_curves(const EvaluationReport& report);
Insight precision_recall_curves(const EvaluationReport& report);
Insight per_class_metrics(const EvaluationReport& report);
Insight reliability(const EvaluationReport& report);
// A caveat if classes have too few images for reliable metrics; otherwise empty.
std::string small_sample_caveat(const EvaluationReport& report);

// Of the prediction history (history_charts.cpp).
Insight confidence_over_time(const Statistics& statistics);
Insight confidence_histogram(const Statistics& statistics);
Insight latency_percentiles(const Statistics& statistics);

}  // namespace fovea::server
