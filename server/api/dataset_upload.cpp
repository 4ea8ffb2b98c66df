#include <algorithm>

#include <fmt/core.h>

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
};

Upload read_form(const Request& request, std::string_view part_name) {
  MultipartLimits limits;
  limits.max_parts = 20'000;
  Upload upload;
  for (const Part& part : read_parts(request, limits)) {
    if (part.name == "file" || part.name == "files") {
      const std::string file = part.file_name.value_or("");
      upload.files.push_back({file.empty() ? part.name : file, bytes_of(part.data), {}});
    } else if (part.name == "label" || part.name == "labels") {
      upload.labels.emplace_back(part.data);
    }
  }
  if (upload.files.empty()) {
    throw HttpError(400, fmt::format("the form has no part named \"{}\"", part_name));
  }
  return upload;
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
  return upload;
}

// Sets the label of each file: the only one, or the one at the same position.
void set_labels(Upload& upload) {
  const std::size_t files = upload.files.size(), labels = upload.labels.size();
  if (labels == 0) {
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

AddReport add(App& app, Upload& upload) {
  const auto archive = std::find_if(upload.files.begin(), upload.files.end(),
                                    [](const NewImage& file) { return is_archive(file.bytes); });
  if (archive == upload.files.end()) {
    set_labels(upload);
    return app.training.add(upload.files, Origin::upload);
  }
  if (upload.files.size() > 1) {
    throw HttpError(400, archive->file + " is an archive; send an archive without other files");
  }
  if (upload.labels.size() > 1) throw HttpError(400, "an archive takes at most one label");
  std::optional<std::string> label;
  if (!upload.labels.empty()) label = upload.labels[0];
  return app.training.add_archive(archive->bytes, archive->file, label, Origin::upload);
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

void audit_upload(App& app, const Request& request, const AddReport& report) {
  if (report.counts.added == 0) return;
  Json labels = Json::object();
  for (const FileResult& result : report.verdicts) {
    if (result.kind != FileResult::Kind::added) continue;
    labels[result.label] = labels.value(result.label, 0) + 1;
  }
  audit(*app.store, request, "upload images", fmt::format("{} images", report.counts.added),
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

}  // namespace

Reply upload_images(const Request& request, App& app) {
  Upload upload = read_upload(request, "file");
  const AddReport report = reject_malformed(422, [&] { return add(app, upload); });
  audit_upload(app, request, report);
  Json results = Json::array();
  for (const FileResult& result : report.verdicts) results.push_back(result_json(result));
  const Json body = {{"added", report.counts.added},
                     {"duplicates", report.counts.duplicates},
                     {"rejected", report.counts.rejected},
                     {"revision", app.training.revision()},
                     {"results", std::move(results)}};
  if (report.counts.added + report.counts.duplicates > 0) return json_reply(body);
  if (report.verdicts.empty()) throw HttpError(422, "the archive contains no files");
  const FileResult& first = report.verdicts.front();
  return problem(request, 422,
                 report.verdicts.size() == 1
                     ? first.file + ": " + first.reason
                     : fmt::format("none of the {} files could be used; the first: {}",
                                   report.verdicts.size(), first.reason),
                 body);
}

Reply upload_legacy_images(const Request& request, App& app) {
  if (request.body.empty()) throw HttpError(400, "No file provided");
  Upload upload = read_upload(request, "files");
  if (upload.labels.size() != upload.files.size()) {
    throw HttpError(400, "Number of files and labels must match");
  }
  const AddReport report = reject_malformed(422, [&] {
    set_labels(upload);
    match_case(app, upload);
    return app.training.add(upload.files, Origin::upload);
  });
  audit_upload(app, request, report);
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
