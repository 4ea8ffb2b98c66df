#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fovea {

enum class WeightPrecision {
  half,  // 16 bits a weight; tensors with a value beyond the range stay 32 bits
  full,  // as in the model file
};

// Rounding to half precision may change a probability of the probe images by at most this much.
inline constexpr double kMaxHalfDifference = 0.01;

// A model file -> the same model with weights in half precision. Both classify four generated
// images; throws ConfigError if a probability differs by more than kMaxHalfDifference. FormatError
// as read_model() throws.
std::vector<std::uint8_t> round_to_half(std::span<const std::uint8_t> model_file);

// What the page shows besides the contents of the model file.
struct HtmlFacts {
  std::string title;          // empty: the name in the model's provenance
  std::string version;        // of the model on its server; may be empty
  std::string fovea_version;  // of the program that writes the file
  WeightPrecision precision = WeightPrecision::half;
};

// The file of www/src/standalone/ in the folder of the page.
inline constexpr const char* kHtmlTemplate = "standalone.html";

// One HTML file that holds the engine, a page and the model, and works without a server: `page`,
// the contents of kHtmlTemplate, with the model in it, rounded by round_to_half() for half
// precision. All texts are escaped. Equal arguments give equal bytes. Throws FormatError when
// `page` is not such a template, and what round_to_half() and read_model() throw.
std::string write_html(std::string_view page, std::span<const std::uint8_t> model_file,
                       const HtmlFacts& facts);

}  // namespace fovea
