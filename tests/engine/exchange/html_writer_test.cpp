#include "engine/exchange/html_writer.h"

#include <algorithm>

#include "engine/core/base64.h"
#include "engine/core/error.h"
#include "engine/model/json.h"
#include "engine/model/model_file.h"
#include "engine/nn/conv2d.h"
#include "tests/engine/exchange/example_model.h"
#include "tests/support/catch.h"

using namespace fovea;

namespace {

const std::string kPage =
    "<title>%FOVEA_TITLE%</title><script id=\"facts\">%FOVEA_FACTS%</script>"
    "<script id=\"model\">%FOVEA_MODEL%</script><p>end";

HtmlFacts facts() {
  return {"Signs", "7", "1.2.3", WeightPrecision::full};
}

// The text between two markers that occur once.
std::string between(const std::string& html, const std::string& before, const std::string& after) {
  const std::size_t start = html.find(before);
  REQUIRE(start != std::string::npos);
  const std::size_t from = start + before.size();
  const std::size_t to = html.find(after, from);
  REQUIRE(to != std::string::npos);
  return html.substr(from, to - from);
}

std::string model_text(const std::string& html) {
  return between(html, "<script id=\"model\">", "</script>");
}

Json facts_of(const std::string& html) {
  return Json::parse(between(html, "<script id=\"facts\">", "</script>"));
}

}  // namespace

TEST_CASE("an HTML file holds the model file in full precision byte for byte",
          "[engine][exchange]") {
  const auto file = write_model(test::exchange_model());
  const std::string html = write_html(kPage, file, facts());
  CHECK(decode_base64(model_text(html)) == file);
  CHECK(html.ends_with("</script><p>end"));
  const Json json = facts_of(html);
  CHECK(json["title"] == "Signs");
  CHECK(json["version"] == "7");
  CHECK(json["fovea_version"] == "1.2.3");
  CHECK(json["weights_sha256"] == weights_sha256(file));
  CHECK(json["precision"] == "full");
  CHECK(write_html(kPage, file, facts()) == html);
}

TEST_CASE("an HTML file holds weights in half precision and names those of the model file",
          "[engine][exchange]") {
  const auto file = write_model(test::exchange_model());
  HtmlFacts half = facts();
  half.precision = WeightPrecision::half;
  const std::string html = write_html(kPage, file, half);
  CHECK(decode_base64(model_text(html)) == write_model(test::exchange_model(), true));
  CHECK(facts_of(html)["precision"] == "half");
  CHECK(facts_of(html)["weights_sha256"] == weights_sha256(file));
}

TEST_CASE("no text of an HTML file can end its element", "[engine][exchange]") {
  const std::string evil = "</script></title><!--<img src=x onerror=\"alert('1')\">&";
  Model model = test::exchange_model();
  model.classes[0] = evil;
  model.provenance["name"] = evil;
  HtmlFacts hostile = facts();
  const bool named = GENERATE(true, false);
  hostile.title = named ? evil : "";  // without a title it is the name of the model
  hostile.version = evil;
  const std::string html = write_html(kPage, write_model(model), hostile);
  CHECK(between(html, "<title>", "</title>") ==
        "&lt;/script&gt;&lt;/title&gt;&lt;!--&lt;img src=x "
        "onerror=&quot;alert(&#39;1&#39;)&quot;&gt;&amp;");
  CHECK(facts_of(html)["title"] == evil);
  CHECK(facts_of(html)["version"] == evil);
  // As many elements as in the template.
  CHECK(std::count(html.begin(), html.end(), '<') == std::count(kPage.begin(), kPage.end(), '<'));
}

TEST_CASE("a model without a name has a title", "[engine][exchange]") {
  Model model = test::exchange_model();
  model.provenance.clear();
  HtmlFacts untitled = facts();
  untitled.title = "";
  CHECK(facts_of(write_html(kPage, write_model(model), untitled))["title"] == "Classifier");
}

TEST_CASE("a file that is not a template is rejected", "[engine][exchange]") {
  const auto file = write_model(test::exchange_model());
  const std::string page = GENERATE("", "<p>another page", "%FOVEA_TITLE% %FOVEA_FACTS%",
                                    "%FOVEA_TITLE% %FOVEA_FACTS% %FOVEA_MODEL% %FOVEA_MODEL%",
                                    "%FOVEA_MODEL% %FOVEA_FACTS% %FOVEA_TITLE%");
  CHECK_THROWS_AS(write_html(page, file, facts()), FormatError);
}

TEST_CASE("a damaged model file is not written into an HTML file", "[engine][exchange]") {
  auto file = write_model(test::exchange_model());
  file.back() ^= 1;
  HtmlFacts any = facts();
  any.precision = GENERATE(WeightPrecision::half, WeightPrecision::full);
  CHECK_THROWS_AS(write_html(kPage, file, any), FormatError);
}

TEST_CASE("half precision is refused when it changes the probabilities", "[engine][exchange]") {
  // Two opposite weights of 60,000 whose difference of 10 is lost in half precision, which has
  // steps of 32 there.
  NetworkSpec spec{{1, 8, 8, 3}, {{GlobalAvgPoolSpec{}}, {DenseSpec{.out = 2, .bias = false}}}};
  Model model{Network(spec), {}, {"a", "b"}, 1.0f, {}};
  model.network.initialise(1);
  model.preprocess.size = 8;
  auto weights = model.network.params().front()->value.values();
  std::fill(weights.begin(), weights.end(), Scalar(0));
  weights[0] = 60'000;
  weights[1] = 60'010;
  const auto file = write_model(model);
  CHECK_THROWS_AS(round_to_half(file), ConfigError);
  CHECK_THROWS_WITH(round_to_half(file), ContainsSubstring("export it in full precision"));
  HtmlFacts full = facts();
  CHECK(decode_base64(model_text(write_html(kPage, file, full))) == file);
}
