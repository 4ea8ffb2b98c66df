#include <algorithm>

#include <fmt/core.h>

#include "engine/core/error.h"
#include "engine/core/text.h"
#include "server/api/audit.h"
#include "server/api/handlers.h"
#include "server/api/input.h"
#include "server/app/app.h"
#include "server/dataset/export.h"
#include "server/text/json.h"
#include "server/text/strings.h"
#include "server/text/time.h"

namespace fovea::server {
namespace {

constexpr const char* kSplits[] = {"train", "val", "test"};

ContentHash parse_image_hash(std::string_view text) {
  const auto hash = parse_hash(text);
  if (!hash) {
    throw HttpError(400, fmt::format("\"{}\" is not a sha256 of 64 hex digits", text));
  }
  return *hash;
}

const ImageRecord& find_image(const Request& request, const TrainingSnapshot& snapshot) {
  const std::string& text = request.params.at(0).second;
  const ImageRecord* image = snapshot.dataset.index().find(parse_image_hash(text));
  if (!image) throw HttpError(404, fmt::format("the dataset has no image {}", text));
  return *image;
}

Json image_json(const App& app, const TrainingSnapshot& snapshot, const ImageRecord& image) {
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
          {"url", app.api + "/dataset/images/" + sha256 + "/content"}};
}

// The filters of a list of images.
class Filter {
 public:
  explicit Filter(const Request& request)
      : label_(read_label(request)),
        split_(read_choice(request, "split", {"train", "val", "test"})),
        source_(read_choice(request, "source", {"import", "upload", "correction"})),
        search_(lower(find_field(request.query, "search").value_or(""))) {}

  bool matches(const TrainingSnapshot& snapshot, const ImageRecord& image) const {
    if (label_ && snapshot.label(image) != *label_) return false;
    if (split_ && to_string(image.split) != *split_) return false;
    if (source_ && to_string(image.origin) != *source_) return false;
    return search_.empty() || lower(image.name).find(search_) != std::string::npos ||
           to_hex(image.hash).starts_with(search_);
  }

 private:
  static std::optional<std::string_view> read_choice(const Request& request, const char* name,
                                                     const std::vector<std::string>& choices) {
    const auto value = find_field(request.query, name);
    if (value && std::find(choices.begin(), choices.end(), *value) == choices.end()) {
      throw HttpError(400, fmt::format("{}={} is not one of {}", name, *value, join(choices)));
    }
    return value;
  }

  // In the form in which labels are stored.
  static std::optional<std::string> read_label(const Request& request) {
    const auto label = find_field(request.query, "label");
    if (!label) return std::nullopt;
    try {
      return parse_class_name(*label);
    } catch (const FormatError&) {
      return std::string(*label);  // no image has it, except in a dataset of an older version
    }
  }

  std::optional<std::string> label_;
  std::optional<std::string_view> split_, source_;
  std::string search_;
};

// The last image of the previous page. Its text form is "added_at-hash".
struct Cursor {
  std::int64_t added_at = 0;
  ContentHash hash{};
};

std::string cursor_text(const ImageRecord& image) {
  return fmt::format("{}-{}", image.added_at, to_hex(image.hash));
}

std::optional<Cursor> read_cursor(const Request& request) {
  const auto text = find_field(request.query, "cursor");
  if (!text) return std::nullopt;
  const std::size_t dash = std::min(text->rfind('-'), text->size());
  const auto added_at = parse_number<std::int64_t>(text->substr(0, dash));
  const auto hash = parse_hash(text->substr(std::min(dash + 1, text->size())));
  if (!added_at || !hash) {
    throw HttpError(400, fmt::format("cursor={} is not a next_cursor of this list", *text));
  }
  return Cursor{*added_at, *hash};
}

// Whether the list has the image after the cursor: newest first, then by hash.
bool follows(const ImageRecord& image, const Cursor& cursor) {
  if (image.added_at != cursor.added_at) return image.added_at < cursor.added_at;
  return image.hash > cursor.hash;
}

std::vector<ContentHash> read_hashes(const Json& body) {
  if (!body.contains("sha256") || !body["sha256"].is_array()) {
    throw HttpError(400, "\"sha256\" must be a list of image hashes");
  }
  std::vector<ContentHash> hashes;
  for (const Json& text : body["sha256"]) {
    if (!text.is_string()) throw HttpError(400, "\"sha256\" must be a list of strings");
    hashes.push_back(parse_image_hash(text.get<std::string>()));
  }
  return hashes;
}

std::string read_class_name(const Json& body, const char* name) {
  if (!body.contains(name)) throw HttpError(400, fmt::format("\"{}\" is missing", name));
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
  const AuditedChange change(app, request, "relabel images");
  const EditReport report =
      reject_malformed(422, [&] { return app.training.relabel(hashes, label, change.note()); });
  if (report.changed > 0) {
    change.record(fmt::format("{} images", report.changed),
                  {{"changed", report.changed}, {"label", label}});
  }
  return edit_reply(app, report);
}

Reply remove(const Request& request, App& app, const std::vector<ContentHash>& hashes) {
  const AuditedChange change(app, request, "delete images");
  const EditReport report =
      app.runtime->reserve.use([&] { return app.training.remove(hashes, change.note()); });
  if (report.changed > 0) {
    app.runtime->reserve.use([&] {
      change.record(fmt::format("{} images", report.changed), {{"changed", report.changed}});
    });
  }
  return edit_reply(app, report);
}

}  // namespace

Reply show_dataset(const Request&, App& app) {
  const auto snapshot = app.training.snapshot();
  Json classes = Json::array();
  std::array<std::int64_t, 3> totals{};
  for (const ClassCount& count : snapshot->classes) {
    Json json = {{"name", count.name}, {"total", count.total()}};
    for (std::size_t i = 0; i < 3; ++i) {
      json[kSplits[i]] = count.splits[i];
      totals[i] += count.splits[i];
    }
    classes.push_back(std::move(json));
  }
  std::uint64_t bytes = 0;
  for (const Segment& segment : snapshot->dataset.index().segments) bytes += segment.bytes;
  return json_reply({{"name", app.options.dataset},
                     {"revision", snapshot->revision},
                     {"total", totals[0] + totals[1] + totals[2]},
                     {"train", totals[0]},
                     {"val", totals[1]},
                     {"test", totals[2]},
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
    if (!filter.matches(*snapshot, image)) continue;
    if (++total <= offset) continue;
    if (cursor && !follows(image, *cursor)) continue;
    more = images.size() == limit;
    if (more) continue;  // only counts towards the total
    images.push_back(image_json(app, *snapshot, image));
    last = &image;
  }
  Json body = {{"revision", snapshot->revision}, {"total", total}, {"images", std::move(images)}};
  if (more) body["next_cursor"] = cursor_text(*last);
  return json_reply(body);
}

Reply show_image_entry(const Request& request, App& app) {
  const auto snapshot = app.training.snapshot();
  const ImageRecord& image = find_image(request, *snapshot);
  Json body = image_json(app, *snapshot, image);
  body["original"] = app.training.has_original(image.hash);
  return json_reply(body);
}

Reply show_image_file(const Request& request, App& app) {
  const auto snapshot = app.training.snapshot();
  const ImageRecord& image = find_image(request, *snapshot);
  const bool original = app.training.has_original(image.hash);
  const std::string etag = "\"" + to_hex(image.hash) + (original ? "\"" : "-pixels\"");
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
  const ImageRecord image = find_image(request, *app.training.snapshot());
  return relabel(request, app, {image.hash}, read_class_name(body, "label"));
}

Reply remove_image(const Request& request, App& app) {
  const ImageRecord image = find_image(request, *app.training.snapshot());
  return remove(request, app, {image.hash});
}

Reply relabel_many(const Request& request, App& app) {
  const Json body = read_object(request);
  return relabel(request, app, read_hashes(body), read_class_name(body, "label"));
}

Reply remove_many(const Request& request, App& app) {
  return remove(request, app, read_hashes(read_object(request)));
}

Reply rename_dataset_class(const Request& request, App& app) {
  const std::string& from = request.params.at(0).second;
  const std::string to = read_class_name(read_object(request), "name");
  const auto snapshot = app.training.snapshot();
  const auto& classes = snapshot->dataset.classes();
  if (find_class(classes, from) == classes.size()) {
    throw HttpError(404, fmt::format("the dataset has no class {}", from));
  }
  const AuditedChange change(app, request, "rename class");
  const EditReport report =
      reject_malformed(422, [&] { return app.training.rename(from, to, change.note()); });
  if (report.changed > 0) change.record(from, {{"name", to}, {"changed", report.changed}});
  return edit_reply(app, report);
}

Reply export_dataset(const Request&, App& app) {
  return download_reply("application/zip", app.options.dataset + ".zip",
                        export_zip(app.training.snapshot(), app.training));
}

}  // namespace fovea::server
