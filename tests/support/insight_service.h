#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "engine/image/bitmap.h"
#include "engine/image/decode.h"
#include "engine/model/feature_statistics.h"
#include "engine/report/evaluation_json.h"
#include "server/api/routes.h"
#include "server/http/target.h"
#include "tests/support/catch.h"
#include "tests/support/evaluations.h"
#include "tests/support/images.h"
#include "tests/support/stored_registry.h"

// A service that evaluations, images and answers can be given to, for tests of its charts.
namespace fovea::tests {

// 60 birds of which 20 are taken for cats, 50 cats, 40 trucks; of `right` birds more.
inline EvaluationReport small_report(const std::string& weights, const std::string& revision,
                                     int right = 0) {
  Answers answers({"bird", "cat", "truck"});
  answers.add(0, 0, 40 + right).add(0, 1, 20, 0.9f).add(1, 1, 50).add(2, 2, 40);
  EvaluationReport report = answers.report();
  report.weights_sha256 = weights;
  report.data_revision = revision;
  return report;
}

// The small model's feature bundle with this evaluation inside.
inline std::vector<std::uint8_t> features_with(const std::vector<std::uint8_t>& model,
                                               const std::string& evaluation) {
  FeatureStatistics bundle = read_feature_statistics(features_of(model));
  bundle.evaluation = evaluation;
  return write_feature_statistics(bundle);
}

struct InsightService {
  using Json = nlohmann::ordered_json;

  InsightService() : app(make_app()) {}

  server::Reply call(const std::string& verb, const std::string& target, std::string body = "") {
    server::Request request;
    const server::Target parsed = server::parse_target(target);
    request.verb = verb;
    request.path = parsed.path;
    request.query = parsed.query;
    request.body = std::move(body);
    return ask(router, app, std::move(request));
  }
  Json json(const std::string& target, const std::string& verb = "GET", int status = 200) {
    const server::Reply reply = call(verb, target);
    INFO(target << ": " << reply.body);
    REQUIRE(reply.status == status);
    return Json::parse(reply.body);
  }
  Json insight(const std::string& name, const std::string& query = "") {
    return json("/api/v1/insights/" + name + query);
  }
  std::string weights() { return app.registry.find(1).weights_sha256; }

  // A finished evaluation of a version, as a job leaves it.
  std::int64_t add_evaluation(const EvaluationReport& report, int version = 1,
                              const std::string& split = "test") {
    server::JobStore& jobs = app.store->jobs();
    server::Evaluation evaluation;
    evaluation.version = version;
    evaluation.job = jobs.create("evaluate", "{}", "").id;
    jobs.change(evaluation.job, server::JobState::succeeded, "", "{}");
    evaluation.split = split;
    evaluation.evaluation = evaluation_json(report).dump();
    return jobs.add_evaluation(evaluation);
  }
  // Puts a model with this evaluation in its features into service.
  int serve_with(const std::string& evaluation, std::uint64_t seed = 21) {
    const auto model = small_model_file(seed);
    const int number =
        app.registry.publish(model, features_with(model, evaluation), nullptr, "test");
    app.registry.activate(number, "test", "");
    return number;
  }
  void predict(int times) {
    const auto image = image_bytes("grey.png");
    for (int i = 0; i < times; ++i) {
      REQUIRE(call("POST", "/api/v1/predict", {image.begin(), image.end()}).status == 200);
    }
  }
  // Adds images of a uniform grey; returns their hashes.
  std::vector<std::string> add_images(const std::string& label, int count, int grey) {
    std::vector<std::vector<std::uint8_t>> files;
    std::vector<server::NewImage> images;
    for (int i = 0; i < count; ++i) {
      Image image{8, 8, std::vector<std::uint8_t>(8 * 8 * 3, std::uint8_t(grey))};
      image.rgb[0] = std::uint8_t(i);
      files.push_back(encode_bitmap(image));
    }
    for (const auto& file : files) images.push_back({"a.bmp", file, label});
    std::vector<std::string> hashes;
    for (const FileResult& one : app.training.add(images, Origin::upload).verdicts) {
      hashes.push_back(to_hex(one.hash));
    }
    return hashes;
  }

  server::Router router = server::make_router();
  server::App app;
};

inline Image decoded(const server::Reply& reply) {
  return decode_image(
      {reinterpret_cast<const std::uint8_t*>(reply.body.data()), reply.body.size()});
}

}  // namespace fovea::tests
