#include <map>
#include <mutex>

#include <fmt/format.h>

#include "engine/exchange/html_writer.h"
#include "engine/exchange/onnx_writer.h"
#include "engine/model/model_file.h"
#include "server/api/handlers.h"
#include "server/api/version_reply.h"
#include "server/app/app.h"
#include "server/http/problem.h"

namespace fovea::server {
namespace {

enum class Format { html, onnx, safetensors };

Format read_format(const Request& request) {
  const auto format = find_field(request.query, "format");
  if (!format) {
    throw HttpError(400, "\"format\" is missing: html, onnx or safetensors");
  }
  if (*format == "html") return Format::html;
  if (*format == "onnx") return Format::onnx;
  if (*format == "safetensors") return Format::safetensors;
  throw HttpError(400, fmt::format("\"format\" is \"{}\", not html, onnx or safetensors", *format));
}

WeightPrecision read_precision(const Request& request, Format format) {
  const auto precision = find_field(request.query, "precision");
  if (!precision) return format == Format::html ? WeightPrecision::half : WeightPrecision::full;
  if (*precision == "full") return WeightPrecision::full;
  if (*precision != "half") {
    throw HttpError(400, fmt::format("\"precision\" is \"{}\", not half or full", *precision));
  }
  if (format == Format::onnx) {
    throw HttpError(400, "\"precision\" is \"half\", but ONNX files have full precision only");
  }
  return WeightPrecision::half;
}

SharedBytes share(std::vector<std::uint8_t> bytes) {
  const auto owner = std::make_shared<const std::vector<std::uint8_t>>(std::move(bytes));
  return {owner, *owner};
}
SharedBytes share(std::string text) {
  const auto owner = std::make_shared<const std::string>(std::move(text));
  return {owner, {reinterpret_cast<const std::uint8_t*>(owner->data()), owner->size()}};
}

SharedBytes model_file(const StoredVersion& version, const App& app) {
  const auto active = app.model_or_null();
  if (active && active->number == version.number) return {active, active->file};
  return share(app.registry.model_file(version));
}

// The files that are being sent. Only one is made at a time, and downloads of the same file at the
// same time share it, which bounds the memory in use.
class ExportedFiles {
 public:
  SharedBytes get(const std::string& key, const std::function<SharedBytes()>& make) {
    const std::lock_guard lock(mutex_);
    std::erase_if(files_, [](const auto& file) { return file.second.owner.expired(); });
    if (const auto found = files_.find(key); found != files_.end()) {
      if (auto owner = found->second.owner.lock()) return {owner, found->second.bytes};
    }
    SharedBytes made = make();
    files_[key] = {made.owner, made.bytes};
    return made;
  }

 private:
  struct File {
    std::weak_ptr<const void> owner;
    std::span<const std::uint8_t> bytes;  // valid while the owner exists
  };
  std::mutex mutex_;
  std::map<std::string, File> files_;
};

ExportedFiles& exported_files() {
  static ExportedFiles files;
  return files;
}

// The template in the folder of the page.
SharedBytes html_template(const App& app) {
  Request file;
  file.path = fmt::format("/{}", kHtmlTemplate);
  auto found = app.runtime->files.find(file);
  if (!found || !found->shared) {
    throw HttpError(501, fmt::format("this server has no {}: its page was built without the "
                                     "WebAssembly engine, which the HTML file contains",
                                     kHtmlTemplate));
  }
  return *found->shared;
}

std::string title_of(const App& app) {
  return app.is_default() ? std::string() : read_project(app.options.data_dir).title;
}

SharedBytes as_html(const StoredVersion& version, const App& app, WeightPrecision precision) {
  const SharedBytes page = html_template(app);
  const std::string_view text(reinterpret_cast<const char*>(page.bytes.data()), page.bytes.size());
  const HtmlFacts facts{title_of(app), std::to_string(version.number), FOVEA_VERSION, precision};
  const std::string key =
      fmt::format("html {} {} {} {}", version.model_sha256, version.number,
                  precision == WeightPrecision::half ? "half" : "full", facts.title);
  return exported_files().get(
      key, [&] { return share(write_html(text, model_file(version, app).bytes, facts)); });
}

SharedBytes as_onnx(const StoredVersion& version, const App& app) {
  return exported_files().get("onnx " + version.model_sha256, [&] {
    const SharedBytes file = model_file(version, app);
    const auto [model, sha256] = read_model_file(file.bytes);
    return share(write_onnx(model, {FOVEA_VERSION, sha256}));
  });
}

SharedBytes as_half(const StoredVersion& version, const App& app) {
  return exported_files().get("half " + version.model_sha256,
                              [&] { return share(round_to_half(model_file(version, app).bytes)); });
}

Reply export_as(const StoredVersion& version, const App& app, Format format,
                WeightPrecision precision) {
  Reply reply;
  const char* type = "application/octet-stream";
  const char* extension = ".safetensors";
  if (format == Format::html) {
    reply.shared = as_html(version, app, precision);
    type = "text/html; charset=utf-8";
    extension = ".html";
  } else if (format == Format::onnx) {
    reply.shared = as_onnx(version, app);
    extension = ".onnx";
  } else {
    reply.shared = as_half(version, app);
  }
  reply.fields = {{"Content-Type", type},
                  {"Content-Disposition", attachment(file_stem(version) + extension)},
                  {"Cache-Control", "no-store"}};
  return reply;
}

}  // namespace

Reply export_version(const Request& request, App& app) {
  const Format format = read_format(request);
  const WeightPrecision precision = read_precision(request, format);
  const StoredVersion version = find_with_files(request, app.registry);
  if (format == Format::safetensors && precision == WeightPrecision::full) {
    return model_file_reply(request, version.model_sha256, file_stem(version),
                            [&] { return model_file(version, app); });
  }
  try {
    return export_as(version, app, format, precision);
  } catch (const ConfigError& impossible) {  // too large for the format, or for half precision
    throw HttpError(422, impossible.what());
  }
}

}  // namespace fovea::server
