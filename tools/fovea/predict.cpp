#include <algorithm>
#include <cmath>
#include <cstdio>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "engine/core/file.h"
#include "engine/core/parallel.h"
#include "engine/image/decode.h"
#include "engine/model/classifier.h"
#include "server/text/json.h"
#include "tools/fovea/common_options.h"
#include "tools/fovea/model_argument.h"
#include "tools/fovea/verbs.h"

namespace fovea::tools {
namespace {

using server::Json;

constexpr std::uint64_t kMaxImageBytes = std::uint64_t{64} << 20;

struct PredictOptions {
  std::string model;
  std::vector<std::string> files;
  int top_k = 0;  // 0: only the most probable class
  int threads = 0;
  int max_megapixels = kDefaultMegapixels;
  bool json = false;
};

struct Prediction {
  std::vector<Scalar> probabilities;
  std::string error;                // empty: none
  std::optional<float> distance{};  // to the nearest training image, if the model has any
};

Prediction classify(const Classifier& classifier, const std::string& file, Scratch& scratch) {
  try {
    const Tensor x = classifier.prepare(read_file(file, kMaxImageBytes));
    Tensor probabilities, distances;
    classifier.predict(x, probabilities, scratch, &distances);
    Prediction prediction{{probabilities.values().begin(), probabilities.values().end()}, ""};
    if (!distances.empty()) prediction.distance = distances.data()[0];
    return prediction;
  } catch (const std::runtime_error& error) {
    return {{}, error.what()};
  }
}

std::string json_line(const PredictOptions& options, const Classifier& classifier,
                      const std::string& file, const Prediction& prediction) {
  const std::vector<std::string>& classes = classifier.classes();
  Json line{{"file", file}};
  if (!prediction.error.empty()) {
    line["error"] = prediction.error;
  } else {
    const auto entry = [&](Json& into, int index) {
      into["label"] = classes[static_cast<std::size_t>(index)];
      into["index"] = index;
      into["probability"] = double{prediction.probabilities[static_cast<std::size_t>(index)]};
    };
    entry(line, top_k(prediction.probabilities, 1)[0]);
    if (prediction.distance) {
      line["unknown"] = classifier.is_unknown(*prediction.distance);
      line["distance"] = double{*prediction.distance};
    }
    server::JsonMembers probabilities;
    for (std::size_t i = 0; i < classes.size(); ++i) {
      probabilities.emplace_back(classes[i], double{prediction.probabilities[i]});
    }
    line["probabilities"] = server::object_of(std::move(probabilities));
    if (options.top_k > 0) {
      line["top"] = Json::array();
      for (const int index : top_k(prediction.probabilities, options.top_k)) {
        entry(line["top"].emplace_back(Json::object()), index);
      }
    }
  }
  // File names may contain bytes that are not valid UTF-8.
  return line.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// The number of UTF-8 characters, for alignment.
std::size_t columns(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  }));
}

std::string padded(const std::string& text, std::size_t width) {
  return text + std::string(width - std::min(width, columns(text)), ' ');
}

std::string text_line(const PredictOptions& options, const Classifier& classifier,
                      const std::string& file, const Prediction& prediction, std::size_t file_width,
                      std::size_t label_width) {
  const std::vector<std::string>& classes = classifier.classes();
  std::string line = padded(file, file_width);
  if (!prediction.error.empty()) return line + "  error: " + prediction.error;
  constexpr int kBar = 20;
  const auto best = top_k(prediction.probabilities, std::max(options.top_k, 1));
  for (std::size_t rank = 0; rank < best.size(); ++rank) {
    const auto index = static_cast<std::size_t>(best[rank]);
    const double p = prediction.probabilities[index];
    const std::string text = fmt::format("{:5.1f} %", 100 * p);
    if (rank == 0) {
      const auto filled = static_cast<std::size_t>(std::lround(p * kBar));
      line += "  " + padded(classes[index], label_width) + "  " + text + "  " +
              std::string(filled, '#') + std::string(kBar - filled, '.');
    } else {
      line += "  " + classes[index] + text;
    }
  }
  if (prediction.distance && classifier.is_unknown(*prediction.distance)) {
    line += "  unknown: resembles nothing the model was trained on";
  }
  return line;
}

std::size_t widest(const std::vector<std::string>& texts, std::size_t limit) {
  std::size_t width = 0;
  for (const std::string& text : texts) width = std::max(width, std::min(columns(text), limit));
  return width;
}

void predict(const PredictOptions& options) {
  use_max_megapixels(options.max_megapixels);
  const Classifier classifier(read_model_argument(options.model).bytes);
  const int threads = threads_or_all(options.threads);
  const std::size_t file_width = widest(options.files, 60);
  const std::size_t label_width = widest(classifier.classes(), 30);
  std::vector<Scratch> scratch(static_cast<std::size_t>(threads));
  const int count = static_cast<int>(options.files.size());
  const int block = 64 * threads;  // files classified before their results are printed in order
  int failed = 0;
  for (int first = 0; first < count; first += block) {
    std::vector<Prediction> predictions(static_cast<std::size_t>(std::min(block, count - first)));
    parallel_for(static_cast<int>(predictions.size()), threads, [&](int i, int thread) {
      const auto file = static_cast<std::size_t>(first) + static_cast<std::size_t>(i);
      predictions[static_cast<std::size_t>(i)] =
          classify(classifier, options.files[file], scratch[static_cast<std::size_t>(thread)]);
    });
    for (std::size_t i = 0; i < predictions.size(); ++i) {
      const std::string& file = options.files[static_cast<std::size_t>(first) + i];
      const std::string line = options.json ? json_line(options, classifier, file, predictions[i])
                                            : text_line(options, classifier, file, predictions[i],
                                                        file_width, label_width);
      fmt::print("{}\n", line);
      if (!predictions[i].error.empty()) ++failed;
    }
    std::fflush(stdout);
  }
  if (failed > 0) {
    throw std::runtime_error(fmt::format("{} of {} files could not be classified", failed, count));
  }
}

}  // namespace

void add_predict(Verb& program) {
  Verb verb = program.verb("predict", "Classify images");
  const auto options = std::make_shared<PredictOptions>();
  verb.option("model", options->model, kModelHelp).required();
  verb.option("file", options->files, std::string("Image files: ") + image_formats()).required();
  verb.option("--top-k", options->top_k, "Show the K most probable classes")
      .value_name("K")
      .range(1, 65536);
  add_threads(verb, options->threads);
  add_max_megapixels(verb, options->max_megapixels);
  verb.flag("--json", options->json, "Print one JSON object per line");
  verb.action([options] { predict(*options); });
}

}  // namespace fovea::tools
