#include "engine/exchange/backbone_import.h"

#include <map>
#include <set>

#include "engine/core/error.h"
#include "engine/model/backbones.h"
#include "engine/model/safetensors.h"
#include "engine/model/weight_layout.h"

namespace fovea {
namespace {

using NamedTensors = std::map<std::string, const TorchTensor*>;

// One tensor of the network with its name in the published state dict.
struct Wanted {
  WeightLayout layout;
  std::string published;
};

std::vector<Wanted> wanted_tensors(const Backbone& backbone) {
  std::vector<Wanted> wanted;
  std::size_t modules = 0;
  std::string module;  // of the network: "5.block.1"
  for (WeightLayout& layout : weight_layouts(backbone.network)) {
    const std::size_t dot = layout.name.rfind('.');
    if (layout.name.substr(0, dot) != module) {
      module = layout.name.substr(0, dot);
      ++modules;
    }
    std::string published = backbone.modules.at(modules - 1) + layout.name.substr(dot);
    wanted.push_back({std::move(layout), std::move(published)});
  }
  return wanted;
}

bool is_counter(const std::string& name) {
  return name.ends_with(".num_batches_tracked");
}

// How the file differs from a backbone: the number of tensors that fit, and the first that does
// not. An empty text means that all fit.
struct Comparison {
  std::size_t fitting = 0;
  std::string difference;
};

Comparison compare(const std::vector<Wanted>& wanted, const NamedTensors& tensors) {
  Comparison result;
  const auto differs = [&](const std::string& text) {
    if (result.difference.empty()) result.difference = text;
  };
  std::set<std::string> known;
  for (const Wanted& entry : wanted) {
    known.insert(entry.published);
    const auto found = tensors.find(entry.published);
    if (found == tensors.end()) {
      differs("tensor " + entry.published + " is missing");
    } else if (found->second->shape != entry.layout.shape) {
      differs("tensor " + entry.published + " has shape " + shape_text(found->second->shape) +
              ", not " + shape_text(entry.layout.shape));
    } else if (!found->second->floating) {
      differs("tensor " + entry.published + " does not hold 32-bit floats");
    } else {
      ++result.fitting;
    }
  }
  for (const auto& [name, tensor] : tensors) {
    if (known.count(name) == 0) differs("tensor " + name + " is not part of it");
  }
  return result;
}

std::vector<std::string> numbered_classes(int count) {
  std::vector<std::string> names;
  for (int i = 0; i < count; ++i) names.push_back("ImageNet " + std::to_string(i));
  return names;
}

Model build_model(const Backbone& backbone, const std::vector<Wanted>& wanted,
                  const NamedTensors& tensors) {
  Network network(backbone.network);
  const auto targets = tensors_by_name(network);
  for (const Wanted& entry : wanted) {
    const std::vector<float> values = row_major(*tensors.at(entry.published));
    Tensor& target = *targets.at(entry.layout.name);
    std::size_t position = 0;
    for (const std::uint32_t at : entry.layout.memory_order()) {
      target.data()[at] = values[position++];
    }
  }
  const int classes = network.outputs();
  return {std::move(network),
          backbone.preprocess,
          numbered_classes(classes),
          1.0f,
          {{"name", backbone.name}, {"preset", backbone.name}}};
}

}  // namespace

Model import_backbone(const std::vector<TorchTensor>& all) {
  NamedTensors tensors;
  for (const TorchTensor& tensor : all) {
    if (!is_counter(tensor.name)) tensors[tensor.name] = &tensor;
  }
  Comparison closest;
  std::string closest_name;
  for (const std::string& name : backbone_names()) {
    const Backbone candidate = backbone(name);
    const std::vector<Wanted> wanted = wanted_tensors(candidate);
    Comparison comparison = compare(wanted, tensors);
    if (comparison.difference.empty()) return build_model(candidate, wanted, tensors);
    if (closest_name.empty() || comparison.fitting > closest.fitting) {
      closest = std::move(comparison);
      closest_name = name;
    }
  }
  throw FormatError("the weights are not those of a known backbone; compared with " + closest_name +
                    ", " + closest.difference);
}

}  // namespace fovea
