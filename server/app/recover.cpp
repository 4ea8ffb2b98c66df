#include "server/app/recover.h"

#include <algorithm>
#include <random>
#include <vector>

#include <fmt/format.h>

#include "engine/core/error.h"
#include "server/dataset/training_data.h"
#include "server/store/audit_log.h"
#include "server/store/store.h"
#include "server/text/json.h"

namespace fovea::server {
namespace {

namespace fs = std::filesystem;

constexpr int kRecentEntries = 1000;  // a missing entry would be among them

std::string random_id() {
  std::random_device random;
  return fmt::format("{:08x}{:08x}", random(), random());
}

std::string member_text(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
}

bool has_entry(Store& store, const std::string& id) {
  const auto entries = store.audit().newest(kRecentEntries);
  return std::any_of(entries.begin(), entries.end(), [&](const AuditEntry& entry) {
    return entry.detail.find("\"" + id + "\"") != std::string::npos;
  });
}

void add_entry(Store& store, const ChangeNote& note) {
  const Json json = Json::parse(note.text, nullptr, false);
  const Json known = json.is_object() ? json : Json::object();
  const Json detail = {{"change", note.id}, {"recovered", true}};
  store.audit().append({0,
                        {},
                        member_text(known, "actor"),
                        member_text(known, "action"),
                        "training data",
                        detail.dump()});
}

// ".NAME.XXXXXX", the temporary name of a file.
bool has_temporary_name(const fs::path& file) {
  const std::string name = file.filename().string();
  return name.size() > 8 && name.front() == '.' && name[name.size() - 7] == '.';
}

void remove_temporary(const fs::directory_entry& entry, fs::file_time_type newest) {
  std::error_code error;
  if (!entry.is_regular_file(error) || !has_temporary_name(entry.path())) return;
  const auto written = entry.last_write_time(error);
  if (!error && written <= newest) fs::remove(entry.path(), error);
}

}  // namespace

ChangeNote change_note(const std::string& actor, const std::string& action) {
  return {random_id(), Json{{"actor", actor}, {"action", action}}.dump()};
}

void recover_training_data(TrainingData& training, Store& store, const std::set<std::string>& used,
                           const std::function<void(const std::string&)>& report) {
  const auto say = [&](const std::string& text) {
    if (report) report(text);
  };
  try {
    const std::int64_t removed = training.recover(used);
    if (removed > 0) say(fmt::format("removed {} files of interrupted uploads", removed));
    for (const ChangeNote& note : training.finished_changes()) {
      if (!has_entry(store, note.id)) {
        add_entry(store, note);
        say("added the audit entry of an interrupted change of the training data");
      }
      training.forget_change(note.id);
    }
  } catch (const DatasetDamaged& damaged) {
    say(damaged.what());
  } catch (const IoError& error) {
    say(std::string("cannot check the training data: ") + error.what());
  }
}

void remove_temporary_files(const fs::path& data_dir, std::chrono::seconds older_than) {
  const auto newest = fs::file_time_type::clock::now() - older_than;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(data_dir, error)) {
    remove_temporary(entry, newest);
  }
  for (const auto& entry : fs::recursive_directory_iterator(data_dir / "jobs", error)) {
    remove_temporary(entry, newest);
  }
}

}  // namespace fovea::server
