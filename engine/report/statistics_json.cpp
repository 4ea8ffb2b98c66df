#include "engine/report/statistics_json.h"

#include "engine/model/json.h"
#include "engine/report/json_numbers.h"

namespace fovea {
namespace {

constexpr int kMaxSide = 1 << 20;

template <typename Array>
void read_fractions(const JsonReader& json, Array& into) {
  const auto entries = json.list_of(into.size());
  for (std::size_t i = 0; i < into.size(); ++i) into[i] = read_fraction(entries[i]);
}

ClassStatistics read_class_statistics(const JsonReader& json) {
  ClassStatistics statistics;
  statistics.name = json.at("name").text();
  statistics.splits = {read_count(json.at("train")), read_count(json.at("val")),
                       read_count(json.at("test"))};
  statistics.measured = read_count(json.at("measured"));
  const auto mean = json.at("mean_rgb").list_of(3);
  for (std::size_t c = 0; c < 3; ++c) statistics.mean[c] = mean[c].number(0, 255);
  read_fractions(json.at("intensity"), statistics.intensity);
  read_fractions(json.at("red"), statistics.rgb[0]);
  read_fractions(json.at("green"), statistics.rgb[1]);
  read_fractions(json.at("blue"), statistics.rgb[2]);
  for (const JsonReader& sample : json.at("samples").list())
    statistics.samples.push_back(sample.text());
  return statistics;
}

}  // namespace

Json statistics_json(const DataStatistics& statistics) {
  Json classes = Json::array();
  for (const ClassStatistics& of_class : statistics.classes) {
    classes.push_back({{"name", of_class.name},
                       {"train", of_class.splits[0]},
                       {"val", of_class.splits[1]},
                       {"test", of_class.splits[2]},
                       {"measured", of_class.measured},
                       {"mean_rgb", rounded_list(of_class.mean)},
                       {"intensity", rounded_list(of_class.intensity)},
                       {"red", rounded_list(of_class.rgb[0])},
                       {"green", rounded_list(of_class.rgb[1])},
                       {"blue", rounded_list(of_class.rgb[2])},
                       {"samples", of_class.samples}});
  }
  Json sizes = Json::array();
  for (const ImageSize& size : statistics.sizes) {
    sizes.push_back({{"width", size.width}, {"height", size.height}, {"count", size.count}});
  }
  return {{"images", statistics.images},
          {"classes", std::move(classes)},
          {"sizes", std::move(sizes)},
          {"other_sizes", statistics.other_sizes}};
}

DataStatistics read_statistics(const Json& document) {
  const JsonReader json(document, "evaluation", "statistics");
  DataStatistics statistics;
  statistics.images = read_count(json.at("images"));
  for (const JsonReader& entry : json.at("classes").list()) {
    statistics.classes.push_back(read_class_statistics(entry));
  }
  for (const JsonReader& size : json.at("sizes").list()) {
    statistics.sizes.push_back({static_cast<int>(size.at("width").integer(0, kMaxSide)),
                                static_cast<int>(size.at("height").integer(0, kMaxSide)),
                                read_count(size.at("count"))});
  }
  statistics.other_sizes = read_count(json.at("other_sizes"));
  return statistics;
}

}  // namespace fovea
