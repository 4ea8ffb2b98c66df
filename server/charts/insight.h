#pragma once

#include <string>
#include <vector>

#include "engine/eval/evaluation_report.h"
#include "engine/report/evaluation_json.h"
#include "server/charts/chart.h"
#include "server/store/prediction_store.h"

namespace fovea::server {

// A chart with what it shows in plain words, computed from the same numbers.
struct Insight {
  Chart chart;           // without panels: there is nothing to show, and the sentence says why
  std::string sentence;  // the largest, the smallest, the surprising
  std::string caveat;    // why not to rely on it; empty: nothing speaks against it
};

// data_charts.cpp, colour_charts.cpp: of a dataset
Insight class_distribution(const DataStatistics& data);
Insight sample_images(const DataStatistics& data);
Insight pixel_intensity(const DataStatistics& data);
Insight rgb_by_class(const DataStatistics& data);

// training_chart.cpp: of the run that made a version
Insight training_curves(const std::vector<TrainedEpoch>& epochs);

// mistake_charts.cpp, curve_charts.cpp, quality_charts.cpp: of a model on held-out images
Insight confusion_matrix(const EvaluationReport& report);
Insight worst_mistakes(const EvaluationReport& report);
Insight roc(const EvaluationReport& report);
Insight pr(const EvaluationReport& report);
Insight per_class_metrics(const EvaluationReport& report);
Insight reliability(const EvaluationReport& report);
// Why these images are too few; empty when they are not.
std::string thin_evaluation(const EvaluationReport& report);

// history_charts.cpp: of what was answered
Insight confidence_over_time(const Statistics& statistics);
Insight confidence_histogram(const Statistics& statistics);
Insight latency(const Statistics& statistics);

}  // namespace fovea::server
