#include <algorithm>
#include <map>
#include <set>

#include "engine/core/error.h"
#include "engine/core/text.h"
#include "engine/exchange/imported.h"
#include "engine/model/network.h"
#include "engine/model/safetensors.h"
#include "engine/model/weight_layout.h"

namespace fovea {
namespace {

using TensorMap = std::map<std::string, const StoredTensor*>;
using Layouts = std::vector<WeightLayout>;

[[noreturn]] void fail_state_dict(const std::string& problem) {
  throw FormatError("state dict: " + problem);
}

std::string module_of(const std::string& tensor) {
  const std::size_t dot = tensor.rfind('.');
  return dot == std::string::npos ? "" : tensor.substr(0, dot);
}
std::string part_of(const std::string& tensor) {
  return tensor.substr(tensor.rfind('.') + 1);
}

TensorMap float_tensors(const Safetensors& file) {
  TensorMap tensors;
  for (const StoredTensor& tensor : file.tensors) {
    if (part_of(tensor.name) == "num_batches_tracked") continue;
    if (tensor.dtype == DType::i64) {
      fail_state_dict("tensor " + tensor.name + " has dtype I64, only F32 and F16 are supported");
    }
    tensors[tensor.name] = &tensor;
  }
  return tensors;
}

// A module of the file or of the network: the name before the last dot of its tensors.
enum class ModuleKind { conv, norm, linear };
using ModuleNames = std::map<ModuleKind, std::vector<std::string>>;

const char* plural(ModuleKind kind) {
  switch (kind) {
    case ModuleKind::conv:
      return "convolutions";
    case ModuleKind::norm:
      return "batch norms";
    case ModuleKind::linear:
      return "linear layers";
  }
  return "";
}

void add_module(ModuleNames& modules, std::set<std::string>& known, const std::string& tensor,
                ModuleKind kind) {
  if (known.insert(module_of(tensor)).second) modules[kind].push_back(module_of(tensor));
}

ModuleNames modules_of_network(const Layouts& layouts) {
  ModuleNames modules;
  std::set<std::string> known;
  for (const WeightLayout& layout : layouts) {
    add_module(modules, known, layout.name,
               layout.layout == Layout::dense    ? ModuleKind::linear
               : layout.layout == Layout::vector ? ModuleKind::norm
                                                 : ModuleKind::conv);
  }
  return modules;
}

ModuleNames modules_of_file(const TensorMap& tensors) {
  ModuleNames modules;
  std::set<std::string> known;
  for (const auto& [name, tensor] : tensors) {
    const std::string part = part_of(name);
    if (part == "running_mean") add_module(modules, known, name, ModuleKind::norm);
    if (part != "weight") continue;
    if (tensor->shape.size() == 4) add_module(modules, known, name, ModuleKind::conv);
    if (tensor->shape.size() == 2) add_module(modules, known, name, ModuleKind::linear);
  }
  return modules;
}

// "features.3" -> "features.#" and {3}.
std::pair<std::string, std::vector<std::uint64_t>> numbers_in(const std::string& name) {
  std::string stem;
  std::vector<std::uint64_t> numbers;
  for (std::size_t i = 0; i < name.size();) {
    const std::size_t end = std::min(name.find_first_not_of("0123456789", i), name.size());
    if (end == i) {
      stem += name[i++];
      continue;
    }
    const auto number = parse_number<std::uint64_t>(std::string_view(name).substr(i, end - i));
    if (!number) fail_state_dict("the number in the name " + name + " is too large");
    numbers.push_back(*number);
    stem += '#';
    i = end;
  }
  return {stem, numbers};
}

// Sorts by the numbers in the names. Names that differ in more than numbers have no known order.
void sort_modules(ModuleKind kind, std::vector<std::string>& names) {
  for (const std::string& name : names) {
    if (numbers_in(name).first != numbers_in(names.front()).first) {
      fail_state_dict("the order of the " + std::string(plural(kind)) + " " + names.front() +
                      " and " + name +
                      " is not known: use names that differ only in numbers (conv1, conv2) or "
                      "those of an nn.Sequential (0.weight)");
    }
  }
  std::sort(names.begin(), names.end(), [](const std::string& a, const std::string& b) {
    return numbers_in(a).second < numbers_in(b).second;
  });
}

// Name in the network -> name in the file, for names such as conv1, bn1, fc1.
std::map<std::string, std::string> match_by_kind(const Layouts& layouts, const TensorMap& tensors) {
  ModuleNames wanted = modules_of_network(layouts), found = modules_of_file(tensors);
  std::map<std::string, std::string> modules;
  for (const ModuleKind kind : {ModuleKind::conv, ModuleKind::norm, ModuleKind::linear}) {
    auto& names = found[kind];
    if (names.size() != wanted[kind].size()) {
      fail_state_dict("it has " + std::to_string(names.size()) + " " + plural(kind) + " (" +
                      join(names) + "), the network has " + std::to_string(wanted[kind].size()));
    }
    sort_modules(kind, names);
    for (std::size_t i = 0; i < names.size(); ++i) modules[wanted[kind][i]] = names[i];
  }
  std::map<std::string, std::string> match;
  for (const WeightLayout& layout : layouts) {
    const std::string& module = modules.at(module_of(layout.name));
    match[layout.name] = (module.empty() ? "" : module + ".") + part_of(layout.name);
  }
  return match;
}

// The same for the names of an nn.Sequential, with any prefix; empty when the names are others.
std::map<std::string, std::string> match_by_name(const Layouts& layouts, const TensorMap& tensors) {
  const std::string& first = layouts.front().name;
  for (const auto& [name, tensor] : tensors) {
    if (name != first && !name.ends_with("." + first)) continue;
    const std::string prefix = name.substr(0, name.size() - first.size());
    std::map<std::string, std::string> match;
    for (const WeightLayout& layout : layouts) {
      if (tensors.count(prefix + layout.name) != 0) match[layout.name] = prefix + layout.name;
    }
    if (match.size() == layouts.size()) return match;
  }
  return {};
}

void check_match(const Layouts& layouts, const TensorMap& tensors,
                 const std::map<std::string, std::string>& match) {
  std::set<std::string> used;
  for (const WeightLayout& layout : layouts) {
    const std::string& name = match.at(layout.name);
    const auto found = tensors.find(name);
    if (found == tensors.end()) {
      fail_state_dict("tensor " + name + " is missing (" + layout.name + " of the network)");
    }
    if (found->second->shape != layout.shape) {
      fail_state_dict("tensor " + name + " has shape " + shape_text(found->second->shape) +
                      "; the network needs " + shape_text(layout.shape) + " for " + layout.name);
    }
    used.insert(name);
  }
  for (const auto& [name, tensor] : tensors) {
    if (used.count(name) == 0) fail_state_dict("tensor " + name + " is not part of the network");
  }
}

void copy_values(const WeightLayout& layout, const StoredTensor& stored, Tensor& tensor) {
  std::size_t position = 0;
  for (const std::uint32_t at : layout.memory_order()) {
    tensor.data()[at] = stored_value(stored, position++);
  }
}

}  // namespace

Model read_state_dict(std::span<const std::uint8_t> bytes, const ImportSettings& settings) {
  if (!settings.network)
    throw ConfigError("a state dict does not contain the network; it is needed");
  if (!settings.classes)
    throw ConfigError("a state dict does not contain class names; they are needed");
  const Safetensors file = read_foreign_safetensors(bytes);
  const TensorMap tensors = float_tensors(file);
  const Layouts layouts = weight_layouts(*settings.network);
  if (layouts.empty()) throw ConfigError("the network has no weights to import");
  auto match = match_by_name(layouts, tensors);
  if (match.empty()) match = match_by_kind(layouts, tensors);
  check_match(layouts, tensors, match);

  Model model{Network(*settings.network),
              settings.preprocess.value_or(Preprocess{}),
              *settings.classes,
              settings.temperature,
              {}};
  const auto values = tensors_by_name(model.network);
  for (const WeightLayout& layout : layouts) {
    copy_values(layout, *tensors.at(match.at(layout.name)), *values.at(layout.name));
  }
  return model;
}

}  // namespace fovea
