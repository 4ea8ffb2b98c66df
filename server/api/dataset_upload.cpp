#include <algorithm>

#include <fmt/core.h>

#include "engine/core/error.h"
#include "engine/core/text.h"
#include "engine/image/file_kind.h"
#include "server/api/audit.h"
#include "server/api/handlers.h"
#include "server/api/input.h"
#include "server/app/app.h"
#include "server/text/json.h"
#include "server/text/words.h"

namespace fovea::server {
namespace {

// The files and labels of a request, from a form or from its body and query.
struct Upload {
  std::vector<NewImage> files;  // without labels
  std::vector<std::string> labels;
  std::vector<std::string> splits;
  UploadOptions options;
};

Upload read_form(const Request& request, std::string_view part_name) {
  MultipartLimits limits;
  limits.max_parts = 20'000;
  Upload upload;
  for (const Part& part : read_parts(request, limits)) {
    if (part.name == "file" || part.name == "files") {
      const std::string file = file_name_of(part);
      upload.files.push_back({file.empty() ? part.name : file, bytes_of(part.data), {}});
    } else if (part.name == "label" || part.name == "labels") {
      upload.labels.emplace_back(part.data);
    } else if (part.name == "split") {
      upload.splits.emplace_back(part.data);
    }
  }
  if (upload.files.empty()) {
    throw HttpError(400, fmt::format("the form has no part named \"{}\"", part_name));
  }
  return upload;
}

UploadOptions read_options(const Request& request) {
  UploadOptions options;
  if (const auto partial = find_field(request.query, "partial")) {
    if (*partial != "true" && *partial != "false") {
      throw HttpError(400, fmt::format("partial={} is neither true nor false", *partial));
    }
    options.partial = *partial == "true";
  }
  if (const auto fraction = find_field(request.query, "val_fraction")) {
    const auto value = parse_number<double>(*fraction);
    if (!value || !(*value >= 0 && *value <= 0.9)) {
      throw HttpError(400, fmt::format("val_fraction={} is not a number from 0 to 0.9", *fraction));
    }
    options.val_fraction = *value;
  }
  options.names_charset = find_field(request.query, "names_charset").value_or("");
  return options;
}

// `part_name`: the name of file parts in an error text; "file" and "files" are both accepted.
Upload read_upload(const Request& request, std::string_view part_name) {
  if (request.body.empty()) {
    throw HttpError(400, "the request has no body; send images, or a zip or tar archive of them");
  }
  const std::string_view type = request.field("Content-Type").value_or("");
  Upload upload;
  if (iequals(type.substr(0, 19), "multipart/form-data")) {
    upload = read_form(request, part_name);
  } else {
    upload.files.push_back({"body", bytes_of(request.body), {}});
  }
  if (const auto label = find_field(request.query, "label")) {
    if (!upload.labels.empty()) {
      throw HttpError(400, "give the label in the form or in the query, not in both");
    }
    upload.labels.emplace_back(*label);
  }
  upload.options = read_options(request);
  return upload;
}

// Sets the label of each file: the only one, or the one at the same position.
void set_labels(Upload& upload) {
  const std::size_t files = upload.files.size(), labels = upload.labels.size();
  if (labels == 0) {
    // Without a label, an archive is expected.
    for (const NewImage& file : upload.files) {
      if (file_kind(file.bytes) != FileKind::other) continue;
      throw HttpError(422, fmt::format("{}: {}; archives are .zip, .tar, .tar.gz or .tar.xz files",
                                       file.file, describe_unsupported(file.bytes)));
    }
    throw HttpError(400, "the label is missing; send it as a part \"label\" or as ?label=");
  }
  if (labels != 1 && labels != files) {
    throw HttpError(400, fmt::format("{} files and {} labels: give one label for all files, or "
                                     "one for each",
                                     files, labels));
  }
  for (std::size_t i = 0; i < files; ++i) {
    upload.files[i].label = upload.labels[labels == 1 ? 0 : i];
  }
  // An invalid label for all files rejects the request; one of several rejects only its file.
  if (labels == 1) parse_class_name(upload.labels[0]);
}

// Sets the split of each file, like set_labels(); an empty one is assigned by the server.
void set_splits(Upload& upload) {
  const std::size_t files = upload.files.size(), splits = upload.splits.size();
  if (splits == 0) return;
  if (splits != 1 && splits != files) {
    throw HttpError(400, fmt::format("{} files and {} splits: give one split for all files, or "
                                     "one for each",
                                     files, splits));
  }
  for (std::size_t i = 0; i < files; ++i) {
    const std::string& split = upload.splits[splits == 1 ? 0 : i];
    if (!split.empty()) upload.files[i].split = parse_split(split);
  }
}

AddReport add(App& app, Upload& upload, const ChangeNote& note) {
  const auto archive = std::find_if(upload.files.begin(), upload.files.end(),
                                    [](const NewImage& file) { return is_archive(file.bytes); });
  if (archive == upload.files.end()) {
    set_labels(upload);
    set_splits(upload);
    return app.training.add(upload.files, Origin::upload, upload.options, note);
  }
  if (upload.files.size() > 1) {
    throw HttpError(400, archive->file + " is an archive; send an archive without other files");
  }
  if (upload.labels.size() > 1) throw HttpError(400, "an archive takes at most one label");
  if (!upload.splits.empty()) throw HttpError(400, "an archive takes no split");
  std::optional<std::string> label;
  if (!upload.labels.empty()) label = upload.labels[0];
  try {
    return app.training.add_archive(archive->bytes, archive->file, label, Origin::upload,
                                    upload.options, note);
  } catch (const ConfigError& error) {
    throw HttpError(400, error.what());
  }
}

Json result_json(const FileResult& result) {
  Json json = {{"file", result.file}, {"verdict", kind_name(result.kind)}};
  if (result.kind != FileResult::Kind::rejected) {
    json["sha256"] = to_hex(result.hash);
    json["label"] = result.label;
  }
  if (!result.reason.empty()) json["reason"] = result.reason;
  return json;
}

void audit_upload(const AuditedChange& change, const AddReport& report) {
  if (report.counts.added == 0 || report.counts.refused) return;
  Json labels = Json::object();
  for (const FileResult& result : report.verdicts) {
    if (result.kind != FileResult::Kind::added) continue;
    labels[result.label] = labels.value(result.label, 0) + 1;
  }
  change.record(fmt::format("{} images", report.counts.added),
                {{"added", report.counts.added}, {"labels", std::move(labels)}});
}

// Legacy clients send "Airplane" for the class "airplane". Replaces labels by the names of existing
// classes, of the active model or the dataset.
void match_case(App& app, Upload& upload) {
  std::vector<std::string> known = app.model()->classifier.classes();
  for (const ClassCount& count : app.training.snapshot()->classes) known.push_back(count.name);
  for (NewImage& file : upload.files) {
    const std::string label = file.label;
    for (const std::string& name : known) {
      if (iequals(name, label)) file.label = name;
    }
  }
}

Json report_json(App& app, const AddReport& report) {
  const ImportReport& counts = report.counts;
  Json results = Json::array();
  for (const FileResult& result : report.verdicts) results.push_back(result_json(result));
  Json look_alikes = Json::array();
  for (const auto& [a, b] : counts.look_alikes) look_alikes.push_back({a, b});
  Json json = {{"added", counts.refused ? 0 : counts.added},
               {"duplicates", counts.duplicates},
               {"rejected", counts.rejected},
               {"revision", app.training.revision()},
               {"look_alikes", std::move(look_alikes)},
               {"results", std::move(results)}};
  if (counts.refused) json["usable"] = counts.added;
  return json;
}

// Why nothing was added although some files may be usable.
std::string refusal_text(const AddReport& report) {
  const ImportReport& counts = report.counts;
  if (counts.rejected < counts.files) {
    return fmt::format(
        "{} of {} files were rejected, which is more than half, so nothing was added; add the "
        "other {} with ?partial=true",
        counts.rejected, counts.files, counts.files - counts.rejected);
  }
  const FileResult& first = report.verdicts.front();
  if (report.verdicts.size() == 1) return first.file + ": " + first.reason;
  return fmt::format("none of the {} files could be used; the first: {}", report.verdicts.size(),
                     first.reason);
}

}  // namespace

Reply upload_images(const Request& request, App& app) {
  Upload upload = read_upload(request, "file");
  const AuditedChange change(app, request, "upload images");
  const AddReport report = reject_malformed(422, [&] { return add(app, upload, change.note()); });
  audit_upload(change, report);
  if (report.verdicts.empty()) throw HttpError(422, "the archive contains no files");
  const Json body = report_json(app, report);
  const bool unusable = report.counts.added + report.counts.duplicates == 0;
  if (!report.counts.refused && !unusable) return json_reply(body);
  return problem(request, 422, refusal_text(report), body);
}

Reply upload_legacy_images(const Request& request, App& app) {
  if (request.body.empty()) throw HttpError(400, "No file provided");
  Upload upload = read_upload(request, "files");
  if (upload.labels.size() != upload.files.size()) {
    throw HttpError(400, "Number of files and labels must match");
  }
  const AuditedChange change(app, request, "upload images");
  const AddReport report = reject_malformed(422, [&] {
    set_labels(upload);
    match_case(app, upload);
    upload.options.partial = true;  // these clients do not know the parameter
    return app.training.add(upload.files, Origin::upload, upload.options, change.note());
  });
  audit_upload(change, report);
  Json files = Json::array();
  for (const FileResult& result : report.verdicts) {
    if (result.kind == FileResult::Kind::added) {
      files.push_back({{"filename", result.file}, {"label", capitalized(result.label)}});
    }
  }
  const std::int64_t duplicates = report.counts.duplicates;
  if (files.empty() && duplicates == 0) {
    throw HttpError(400, report.verdicts[0].file + ": " + report.verdicts[0].reason);
  }
  std::string message = fmt::format("{} files uploaded successfully", files.size());
  if (duplicates > 0) message += fmt::format(", {} were already in the dataset", duplicates);
  return json_reply({{"message", message}, {"files_saved", files.size()}, {"files", files}});
}

}  // namespace fovea::server
