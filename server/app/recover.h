#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <set>
#include <string>

#include "engine/data/dataset_change.h"

namespace fovea::server {

class Store;
class TrainingData;

// The note of a change of the training data by this actor, from which recover_training_data() can
// write the audit entry.
ChangeNote change_note(const std::string& actor, const std::string& action);

// At the start of a server, after a crash: ends or undoes the interrupted change of the training
// data, adds the audit entries that are missing, and removes uploaded files that nothing names,
// except those in `used`. Reports what it did, and damage, in which case it removes nothing.
void recover_training_data(TrainingData& training, Store& store, const std::set<std::string>& used,
                           const std::function<void(const std::string&)>& report);

// Removes what a crash in write_file_atomically() left in the data directory and the folders of its
// jobs, if it was last written before that time. REQUIRES: none of them is being written.
void remove_temporary_files(const std::filesystem::path& data_dir, std::chrono::seconds older_than);

}  // namespace fovea::server
