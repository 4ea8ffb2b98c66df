#include "server/api/backbones.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>

#include <fmt/core.h>

#include "engine/core/file.h"
#include "engine/core/sha256.h"
#include "engine/data/data_dir.h"
#include "engine/model/backbones.h"
#include "server/api/handlers.h"
#include "server/api/version_reply.h"
#include "server/http/problem.h"
#include "server/text/json.h"

namespace fovea::server {
namespace {

namespace fs = std::filesystem;
using Bytes = std::vector<std::uint8_t>;

bool is_installed(const App& app, const std::string& name) {
  std::error_code error;
  return fs::is_regular_file(backbone_file(app.options.data_dir, name), error);
}

struct FileFacts {
  std::uintmax_t size = 0;
  fs::file_time_type changed;
  std::string sha256;
  std::weak_ptr<const Bytes> bytes;  // while they are being sent
};

// The files are read once for their hash, and while they are sent they are in memory once.
class Files {
 public:
  // Throws IoError.
  FileFacts facts(const fs::path& path) {
    const std::lock_guard lock(mutex_);
    return current(path);
  }

  std::shared_ptr<const Bytes> bytes(const fs::path& path) {
    const std::lock_guard lock(mutex_);
    const FileFacts& facts = current(path);
    if (auto shared = facts.bytes.lock()) return shared;
    return read(path);
  }

 private:
  const FileFacts& current(const fs::path& path) {
    FileFacts& known = files_[path];
    const std::uintmax_t size = fs::file_size(path);
    const fs::file_time_type changed = fs::last_write_time(path);
    if (known.sha256.empty() || known.size != size || known.changed != changed) read(path);
    return known;
  }

  std::shared_ptr<const Bytes> read(const fs::path& path) {
    const fs::file_time_type changed = fs::last_write_time(path);
    auto bytes = std::make_shared<const Bytes>(read_file(path));
    files_[path] = {bytes->size(), changed, sha256_hex(*bytes), bytes};
    return bytes;
  }

  std::mutex mutex_;
  std::map<fs::path, FileFacts> files_;  // at most one for each known backbone
};

Files& files() {
  static Files all;
  return all;
}

// Throws HttpError 404.
fs::path file_of(const Request& request, const App& app) {
  const std::string name = request.params.at(0).second;
  const auto known = backbone_names();
  if (std::find(known.begin(), known.end(), name) == known.end()) {
    throw HttpError(404, fmt::format("there is no backbone \"{}\"", name.substr(0, 100)));
  }
  if (!is_installed(app, name)) {
    throw HttpError(404, fmt::format("the backbone {} is not installed on this server; the "
                                     "administrator can add it with ./tools/setup backbone {}",
                                     name, name));
  }
  return backbone_file(app.options.data_dir, name);
}

}  // namespace

std::vector<std::string> installed_backbones(const App& app) {
  std::vector<std::string> installed;
  for (const std::string& name : backbone_names()) {
    if (is_installed(app, name)) installed.push_back(name);
  }
  return installed;
}

Reply list_backbones(const Request&, App& app) {
  Json list = Json::array();
  for (const std::string& name : installed_backbones(app)) {
    const FileFacts facts = files().facts(backbone_file(app.options.data_dir, name));
    list.push_back({{"name", name},
                    {"input_size", backbone(name).preprocess.size},
                    {"file_size", facts.size},
                    {"file_sha256", facts.sha256}});
  }
  return json_reply({{"backbones", std::move(list)}});
}

Reply show_backbone_weights(const Request& request, App& app) {
  const fs::path path = file_of(request, app);
  return model_file_reply(request, files().facts(path).sha256, path.stem().string(), [&] {
    const auto bytes = files().bytes(path);
    return SharedBytes{bytes, *bytes};
  });
}

}  // namespace fovea::server
