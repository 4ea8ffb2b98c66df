#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace fovea {

// Where Fovea stores datasets, runs and models; the CLI and the server share it: $FOVEA_DATA_DIR,
// else $XDG_DATA_HOME/fovea, else $HOME/.local/share/fovea. The folder need not exist. Throws
// IoError when none of the variables is set.
std::filesystem::path default_data_dir();

// <data_dir>/datasets/<name>. The name becomes a folder name and part of URLs: throws FormatError
// unless it has 1 to 64 characters of a-z A-Z 0-9 . _ - and begins with a letter or digit.
std::filesystem::path dataset_folder(const std::filesystem::path& data_dir,
                                     const std::string& name);

// The sorted names of the datasets in <data_dir>/datasets; empty when the folder does not exist.
std::vector<std::string> dataset_names(const std::filesystem::path& data_dir);

// <data_dir>/backbones/<name>.safetensors: where `fovea backbone import` writes a pretrained
// network.
std::filesystem::path backbone_file(const std::filesystem::path& data_dir, const std::string& name);
// The file of an installed backbone. A project, projects/NAME of a data directory, uses those of
// that directory. Throws IoError that says how to install it.
std::filesystem::path installed_backbone(const std::filesystem::path& data_dir,
                                         const std::string& name);

// The dataset that uploads are added to and that retraining reads, unless configured otherwise.
inline constexpr const char* kDefaultDataset = "images";
// Versions before 0.2 called it "pictures". Renames that folder unless kDefaultDataset exists.
// Throws IoError.
void rename_legacy_dataset(const std::filesystem::path& data_dir);

}  // namespace fovea
