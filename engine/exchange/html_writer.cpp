#include "engine/exchange/html_writer.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "engine/core/base64.h"
#include "engine/core/error.h"
#include "engine/core/rng.h"
#include "engine/image/preprocess.h"
#include "engine/model/classifier.h"
#include "engine/model/json.h"
#include "engine/model/model_file.h"

namespace fovea {
namespace {

constexpr int kProbes = 4;

// Gradients, a chequered pattern and noise, of which each image has another mixture.
Image probe_image(int size, int number) {
  Image image{size, size, std::vector<std::uint8_t>(std::size_t(size) * size * 3)};
  Rng rng(static_cast<std::uint64_t>(number) + 1);
  std::size_t at = 0;
  for (int y = 0; y < size; ++y) {
    for (int x = 0; x < size; ++x) {
      const bool light = (x * 8 / size + y * 8 / size) % 2 == 0;
      const std::array<int, 3> value{x * 255 / size, y * 255 / size, light ? 230 : 25};
      for (int c = 0; c < 3; ++c) {
        const float noise = rng.uniform(-40.0f, 40.0f) * static_cast<float>(number);
        const float v = static_cast<float>(value[(c + number) % 3]) + noise;
        image.rgb[at++] = static_cast<std::uint8_t>(std::clamp(v, 0.0f, 255.0f));
      }
    }
  }
  return image;
}

// The probabilities of all probe images, one after another.
std::vector<Scalar> probe(const Classifier& classifier) {
  const Preprocess& preprocess = classifier.model().preprocess;
  std::vector<Scalar> all;
  Scratch scratch;
  Tensor probabilities;
  for (int i = 0; i < kProbes; ++i) {
    const Tensor x = preprocess_image(probe_image(preprocess.size, i), preprocess);
    classifier.predict(x, probabilities, scratch);
    const auto values = probabilities.values();
    all.insert(all.end(), values.begin(), values.end());
  }
  return all;
}

// Text for an HTML element or an attribute in quotes.
std::string escape_html(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      case '\'':
        escaped += "&#39;";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

// JSON for a <script> element: ASCII, and without the characters that could end the element.
std::string script_json(const Json& value) {
  std::string text;
  for (const char c : value.dump(-1, ' ', true, Json::error_handler_t::replace)) {
    switch (c) {
      case '<':
        text += "\\u003c";
        break;
      case '>':
        text += "\\u003e";
        break;
      case '&':
        text += "\\u0026";
        break;
      default:
        text += c;
    }
  }
  return text;
}

// The position of a placeholder that occurs once.
std::size_t find_once(std::string_view page, std::string_view placeholder) {
  const std::size_t at = page.find(placeholder);
  if (at == std::string_view::npos || page.find(placeholder, at + 1) != std::string_view::npos) {
    throw FormatError(std::string(kHtmlTemplate) + ": does not contain " +
                      std::string(placeholder) + " exactly once; build the page again");
  }
  return at;
}

std::string name_of(const Model& model) {
  const auto found = model.provenance.find("name");
  return found == model.provenance.end() || found->second.empty() ? "Classifier" : found->second;
}

}  // namespace

std::vector<std::uint8_t> round_to_half(std::span<const std::uint8_t> model_file) {
  std::vector<std::uint8_t> half;
  std::vector<Scalar> expected;
  {  // one of the two networks in memory at a time
    const Classifier full(model_file);
    half = write_model(full.model(), true);
    expected = probe(full);
  }
  const std::vector<Scalar> found = probe(Classifier(half));
  double difference = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    difference = std::max<double>(difference, std::abs(expected[i] - found[i]));
  }
  if (difference > kMaxHalfDifference) {
    throw ConfigError("weights in half precision change a probability of this model by " +
                      std::to_string(difference) + ", the limit is " +
                      std::to_string(kMaxHalfDifference) + "; export it in full precision");
  }
  return half;
}

std::string write_html(std::string_view page, std::span<const std::uint8_t> model_file,
                       const HtmlFacts& facts) {
  constexpr std::string_view kTitle = "%FOVEA_TITLE%", kFacts = "%FOVEA_FACTS%",
                             kModel = "%FOVEA_MODEL%";
  const std::size_t title_at = find_once(page, kTitle), facts_at = find_once(page, kFacts),
                    model_at = find_once(page, kModel);
  if (!(title_at < facts_at && facts_at < model_at)) {
    throw FormatError(std::string(kHtmlTemplate) + ": its placeholders are in the wrong order");
  }
  std::string title = facts.title, sha256;
  {
    const ModelFile read = read_model_file(model_file);
    if (title.empty()) title = name_of(read.model);
    sha256 = read.weights_sha256;
  }
  const std::string shown_title = escape_html(title);
  const std::string shown_facts =
      script_json({{"title", title},
                   {"version", facts.version},
                   {"fovea_version", facts.fovea_version},
                   {"weights_sha256", sha256},
                   {"precision", facts.precision == WeightPrecision::half ? "half" : "full"}});
  const std::string model = facts.precision == WeightPrecision::half
                                ? encode_base64(round_to_half(model_file))
                                : encode_base64(model_file);

  const auto between = [&](std::size_t from, std::string_view placeholder, std::size_t to) {
    return page.substr(from + placeholder.size(), to - from - placeholder.size());
  };
  std::string html;
  html.reserve(page.size() + shown_title.size() + shown_facts.size() + model.size());
  html.append(page.substr(0, title_at)).append(shown_title);
  html.append(between(title_at, kTitle, facts_at)).append(shown_facts);
  html.append(between(facts_at, kFacts, model_at)).append(model);
  html.append(page.substr(model_at + kModel.size()));
  return html;
}

}  // namespace fovea
