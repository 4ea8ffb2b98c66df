#include <algorithm>
#include <charconv>

#include <nlohmann/json.hpp>

#include "server/api/dataset_reply.h"
#include "server/api/handlers.h"
#include "server/api/input.h"
#include "server/dataset/export.h"
#include "server/http/message.h"
#include "server/text/time.h"

namespace fovea::server {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kSplits[] = {"train", "val", "test"};

ContentHash hash_of(std::string_view text) {
  const auto hash = parse_hash(text);
  if (!hash) throw HttpError(400, "\"" + std::string(text) + "\" is no sha256: 64 hex digits");
  return *hash;
}

const ImageRecord& image_of(const Request& request, const TrainingSnapshot& snapshot) {
  const std::string& text = request.params.at(0).second;
  const ImageRecord* image = snapshot.dataset.index().find(hash_of(text));
  if (!image) throw HttpError(404, "there is no image " + text + " in the training data");
  return *image;
}

Json image_json(const TrainingSnapshot& snapshot, const ImageRecord& image) {
  const std::string sha256 = to_hex(image.hash);
  const auto added = std::chrono::system_clock::time_point(std::chrono::seconds(image.added_at));
  return {{"sha256", sha256},
          {"label", snapshot.label(image)},
          {"split", to_string(image.split)},
          {"source", to_string(image.origin)},
          {"file", image.name},
          {"added_at", iso_time(added)},
          {"width", image.width},
          {"height", image.height},
          {"url", "/api/v1/dataset/images/" + sha256 + "/content"}};
}

std::string lower(std::string text) {
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return text;
}

// Which images a list shows.
class Filter {
 public:
  explicit Filter(const Request& request) {
    label_ = find_field(request.query, "label");
    split_ = one_of(request, "split", {"train", "val", "test"});
    source_ = one_of(request, "source", {"import", "upload", "correction"});
    search_ = lower(std::string(find_field(request.query, "search").value_or("")));
  }
  bool fits(const TrainingSnapshot& snapshot, const ImageRecord& image) const {
    if (label_ && snapshot.label(image) != *label_) return false;
    if (split_ && to_string(image.split) != *split_) return false;
    if (source_ && to_string(image.origin) != *source_) return false;
    return search_.empty() || lower(image.name).find(search_) != std::string::npos ||
           to_hex(image.hash).rfind(search_, 0) == 0;
  }

 private:
  static std::optional<std::string_view> one_of(const Request& request, const char* name,
                                                const std::vector<std::string_view>& known) {
    const auto given = find_field(request.query, name);
    if (given && std::find(known.begin(), known.end(), *given) == known.end()) {
      throw HttpError(400, std::string(name) + "=" + std::string(*given) + " is not known");
    }
    return given;
  }
  std::optional<std::string_view> label_, split_, source_;
  std::string search_;
};

// Where a page begins: after the image with this time and hash.
struct Cursor {
  std::int64_t added_at = 0;
  ContentHash hash{};
};

std::string cursor_text(const ImageRecord& image) {
  return std::to_string(image.added_at) + "-" + to_hex(image.hash);
}

std::optional<Cursor> read_cursor(const Request& request) {
  const auto given = find_field(request.query, "cursor");
  if (!given) return std::nullopt;
  Cursor cursor;
  const std::size_t dash = std::min(given->rfind('-'), given->size());
  const auto [end, error] = std::from_chars(given->data(), given->data() + dash, cursor.added_at);
  const auto hash = parse_hash(given->substr(std::min(dash + 1, given->size())));
  if (error != std::errc() || end != given->data() + dash || !hash) {
    throw HttpError(400, "cursor=" + std::string(*given) + " is not one that a list has given");
  }
  cursor.hash = *hash;
  return cursor;
}

bool is_behind(const ImageRecord& image, const Cursor& cursor) {
  if (image.added_at != cursor.added_at) return image.added_at < cursor.added_at;
  return image.hash > cursor.hash;
}

std::vector<ContentHash> read_hashes(const Json& body) {
  if (!body.contains("sha256") || !body["sha256"].is_array()) {
    throw HttpError(400, "\"sha256\" must be a list of the images' hashes");
  }
  std::vector<ContentHash> hashes;
  for (const Json& text : body["sha256"]) {
    if (!text.is_string()) throw HttpError(400, "\"sha256\" must be a list of texts");
    hashes.push_back(hash_of(text.get<std::string>()));
  }
  return hashes;
}

std::string label_in(const Json& body, const char* name) {
  if (!body.contains(name)) throw HttpError(400, std::string("\"") + name + "\" is missing");
  return reject_malformed(422, [&] { return parse_class_name(read_text(body, name)); });
}

Reply edit_reply(App& app, const EditReport& report) {
  Json missing = Json::array();
  for (const ContentHash& hash : report.missing) missing.push_back(to_hex(hash));
  return json_reply({{"changed", report.changed},
                     {"missing", std::move(missing)},
                     {"revision", app.training.revision()}});
}

Reply relabel(const Request& request, App& app, const std::vector<ContentHash>& hashes,
              const std::string& label) {
  const EditReport report =
      reject_malformed(422, [&] { return app.training.relabel(hashes, label); });
  if (report.changed > 0) {
    audit_dataset(app, request, "relabel images", std::to_string(report.changed) + " images",
                  {{"changed", report.changed}, {"label", label}});
  }
  return edit_reply(app, report);
}

Reply remove(const Request& request, App& app, const std::vector<ContentHash>& hashes) {
  const EditReport report = app.training.remove(hashes);
  if (report.changed > 0) {
    audit_dataset(app, request, "delete images", std::to_string(report.changed) + " images",
                  {{"changed", report.changed}});
  }
  return edit_reply(app, report);
}

}  // namespace

Reply show_dataset(const Request&, App& app) {
  const auto snapshot = app.training.snapshot();
  Json classes = Json::array();
  std::array<std::int64_t, 3> all{};
  for (const ClassCount& count : snapshot->classes) {
    Json line = {{"name", count.name}, {"total", count.total()}};
    for (std::size_t i = 0; i < 3; ++i) {
      line[kSplits[i]] = count.splits[i];
      all[i] += count.splits[i];
    }
    classes.push_back(std::move(line));
  }
  std::uint64_t bytes = 0;
  for (const Segment& segment : snapshot->dataset.index().segments) bytes += segment.bytes;
  return json_reply({{"name", app.options.dataset},
                     {"revision", snapshot->revision},
                     {"total", all[0] + all[1] + all[2]},
                     {"train", all[0]},
                     {"val", all[1]},
                     {"test", all[2]},
                     {"pixel_bytes", bytes},
                     {"classes", std::move(classes)}});
}

Reply list_images(const Request& request, App& app) {
  const auto limit = static_cast<std::size_t>(read_number(request, "limit", 1, 1000, 100));
  const Filter filter(request);
  const auto cursor = read_cursor(request);
  const std::int64_t offset = read_number(request, "offset", 0, 1'000'000'000, 0);
  if (cursor && offset > 0) throw HttpError(400, "give a cursor or an offset, not both");
  const auto snapshot = app.training.snapshot();
  Json images = Json::array();
  std::int64_t total = 0;
  const ImageRecord* last = nullptr;
  bool more = false;
  for (const std::uint32_t i : snapshot->newest) {
    const ImageRecord& image = snapshot->dataset.images()[i];
    if (!filter.fits(*snapshot, image)) continue;
    if (++total <= offset) continue;
    if (cursor && !is_behind(image, *cursor)) continue;
    more = images.size() == limit;
    if (more) continue;
    images.push_back(image_json(*snapshot, image));
    last = &image;
  }
  Json body = {{"revision", snapshot->revision}, {"total", total}, {"images", std::move(images)}};
  if (more) body["next_cursor"] = cursor_text(*last);
  return json_reply(body);
}

Reply show_image_entry(const Request& request, App& app) {
  const auto snapshot = app.training.snapshot();
  const ImageRecord& image = image_of(request, *snapshot);
  Json body = image_json(*snapshot, image);
  body["original"] = app.training.has_original(image.hash);
  return json_reply(body);
}

Reply show_image_file(const Request& request, App& app) {
  const auto snapshot = app.training.snapshot();
  const ImageRecord& image = image_of(request, *snapshot);
  const bool whole = app.training.has_original(image.hash);
  const std::string etag = "\"" + to_hex(image.hash) + (whole ? "\"" : "-pixels\"");
  Reply reply;
  reply.fields = {{"ETag", etag}, {"Cache-Control", "private, no-cache"}};
  if (etag_matches(request, etag)) {
    reply.status = 304;
    return reply;
  }
  const auto file =
      std::make_shared<std::vector<std::uint8_t>>(image_file(*snapshot, app.training, image));
  reply.fields.emplace_back("Content-Type", image_type(*file));
  reply.shared = SharedBytes{file, *file};
  return reply;
}

Reply relabel_image(const Request& request, App& app) {
  const Json body = read_object(request);
  const ImageRecord image = image_of(request, *app.training.snapshot());
  return relabel(request, app, {image.hash}, label_in(body, "label"));
}

Reply remove_image(const Request& request, App& app) {
  const ImageRecord image = image_of(request, *app.training.snapshot());
  return remove(request, app, {image.hash});
}

Reply relabel_many(const Request& request, App& app) {
  const Json body = read_object(request);
  return relabel(request, app, read_hashes(body), label_in(body, "label"));
}

Reply remove_many(const Request& request, App& app) {
  return remove(request, app, read_hashes(read_object(request)));
}

Reply rename_dataset_class(const Request& request, App& app) {
  const std::string& from = request.params.at(0).second;
  const std::string to = label_in(read_object(request), "name");
  const auto snapshot = app.training.snapshot();
  const auto& classes = snapshot->dataset.classes();
  if (std::find(classes.begin(), classes.end(), from) == classes.end()) {
    throw HttpError(404, "there is no class " + from + " in the training data");
  }
  const EditReport report = reject_malformed(422, [&] { return app.training.rename(from, to); });
  if (report.changed > 0) {
    audit_dataset(app, request, "rename class", from, {{"name", to}, {"changed", report.changed}});
  }
  return edit_reply(app, report);
}

Reply export_dataset(const Request&, App& app) {
  Reply reply;
  reply.fields = {
      {"Content-Type", "application/zip"},
      {"Content-Disposition", "attachment; filename=\"" + app.options.dataset + ".zip\""},
      {"Cache-Control", "no-store"}};
  reply.stream = make_pull_stream(export_zip(app.training.snapshot(), app.training));
  return reply;
}

}  // namespace fovea::server
