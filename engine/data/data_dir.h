#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace fovea {

// Where Fovea keeps what it was given and what it made; the command and the server share it.
// $FOVEA_DATA_DIR, else $XDG_DATA_HOME/fovea, else ~/.local/share/fovea. The folder need not exist.
// Throws IoError when none of the variables (nor HOME) is set.
std::filesystem::path default_data_dir();

// <data_dir>/datasets/<name>. Throws FormatError when the name is not 1 to 64 of a-z A-Z 0-9 . _ -
// beginning with a letter or digit: it becomes a folder name and part of a URL.
std::filesystem::path dataset_folder(const std::filesystem::path& data_dir,
                                     const std::string& name);

// Names of the datasets in <data_dir>/datasets, sorted; empty when there is no such folder.
std::vector<std::string> dataset_names(const std::filesystem::path& data_dir);

// The dataset that uploads go to and retraining reads, unless another one is named.
inline constexpr const char* kDefaultDataset = "images";
// Versions before 0.2 called it "pictures": renames its folder if there is no kDefaultDataset yet.
// Throws IoError.
void rename_legacy_dataset(const std::filesystem::path& data_dir);

}  // namespace fovea
