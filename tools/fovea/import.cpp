#include <chrono>
#include <memory>

#include <fmt/format.h>

#include "engine/core/file.h"
#include "engine/core/text.h"
#include "engine/exchange/hdf5_file.h"
#include "engine/exchange/imported.h"
#include "engine/model/model_file.h"
#include "engine/model/presets.h"
#include "server/text/time.h"
#include "tools/fovea/model_argument.h"
#include "tools/fovea/verbs.h"

namespace fovea::tools {
namespace {

struct ImportArguments {
  std::string file, out, like, preset, classes, mean, std, fit = "crop";
  int size = 32;
};

std::vector<std::string> comma_separated(const std::string& text) {
  std::vector<std::string> parts(1);
  for (const char c : text) {
    if (c == ',') {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

std::array<float, 3> three_numbers(const std::string& option, const std::string& text,
                                   const std::array<float, 3>& otherwise) {
  if (text.empty()) return otherwise;
  std::array<float, 3> numbers{};
  const auto texts = comma_separated(text);
  if (texts.size() != 3) throw UsageError(option + " needs three numbers: R,G,B");
  for (std::size_t i = 0; i < 3; ++i) {
    const auto number = parse_number<float>(texts[i]);
    if (!number) throw UsageError(option + ": \"" + texts[i] + "\" is not a number");
    numbers[i] = *number;
  }
  return numbers;
}

// What the file does not contain: from --like, or from the single options.
ImportSettings import_settings(const ImportArguments& arguments) {
  ImportSettings settings;
  if (!arguments.classes.empty()) settings.classes = comma_separated(arguments.classes);
  if (!arguments.like.empty()) {
    Model like = read_model(read_model_argument(arguments.like).bytes);
    settings.network = like.network.spec();
    if (!settings.classes) settings.classes = std::move(like.classes);
    settings.preprocess = like.preprocess;
    settings.temperature = like.temperature;
  } else if (!arguments.preset.empty()) {
    if (!settings.classes) throw UsageError("--preset needs --classes");
    settings.network = preset_network(arguments.preset, arguments.size,
                                      static_cast<int>(settings.classes->size()));
    const Preprocess usual;
    settings.preprocess = {arguments.size, parse_fit(arguments.fit),
                           three_numbers("--mean", arguments.mean, usual.mean),
                           three_numbers("--std", arguments.std, usual.std)};
  }
  return settings;
}

void import_file(const ImportArguments& arguments) {
  const ImportSettings settings = import_settings(arguments);
  const auto bytes = read_file(arguments.file);
  const bool keras = Hdf5Reader::recognises(bytes);
  if (!keras && !settings.network) {
    throw UsageError("a PyTorch state dict needs --like MODEL, or --preset with --classes");
  }
  Model model = keras ? read_keras_h5(bytes, settings) : read_state_dict(bytes, settings);
  model.provenance["name"] = std::filesystem::path(arguments.out).stem().string();
  model.provenance["created"] = server::iso_seconds(std::chrono::system_clock::now());
  model.provenance["fovea_version"] = FOVEA_VERSION;
  model.provenance["note"] =
      std::string("imported from a ") + (keras ? "Keras HDF5 file" : "PyTorch state dict");
  const auto written = write_model(model);
  write_file_atomically(arguments.out, written);
  fmt::print("{}  ({} KiB, {} classes, weights SHA-256 {})\n", arguments.out, written.size() / 1024,
             model.classes.size(), weights_sha256(written));
}

}  // namespace

void add_import(Verb& program) {
  Verb verb = program.verb(
      "import", "Convert a Keras HDF5 file or a PyTorch state dict (safetensors) to a model file");
  const auto arguments = std::make_shared<ImportArguments>();
  verb.option("file", arguments->file, "File to import; its format is detected").required();
  verb.option("--out", arguments->out, "Model file to write").value_name("FILE").required();
  const Option like =
      verb.option("--like", arguments->like,
                  "Model file or name that provides what FILE lacks: network, classes, "
                  "preprocessing, temperature")
          .value_name("MODEL");
  const Option preset =
      verb.option("--preset", arguments->preset, "Network of a state dict, instead of --like")
          .value_name("NAME")
          .one_of(preset_names());
  verb.option("--classes", arguments->classes,
              "Class names in the order of the outputs, if FILE has none")
      .value_name("NAME,NAME,...");
  const std::vector<Option> details{
      verb.option("--size", arguments->size, "Input size for --preset, in pixels")
          .value_name("N")
          .range(8, 1024)
          .show_default(),
      verb.option("--fit", arguments->fit, "How images become square, for --preset")
          .value_name("RULE")
          .one_of({"crop", "stretch", "pad"})
          .show_default(),
      verb.option("--mean", arguments->mean, "Mean of pixels / 255, for --preset (default: 0.5)")
          .value_name("R,G,B"),
      verb.option("--std", arguments->std,
                  "Standard deviation of pixels / 255, for --preset (default: 0.25)")
          .value_name("R,G,B")};
  verb.action([arguments, like, preset, details] {
    if (like.given() && preset.given()) throw UsageError("give --like or --preset, not both");
    for (const Option& option : details) {
      if (option.given() && !preset.given()) throw UsageError(option.name() + " needs --preset");
    }
    import_file(*arguments);
  });
}

}  // namespace fovea::tools
