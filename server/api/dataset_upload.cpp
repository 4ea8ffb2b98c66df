#include <algorithm>

#include <nlohmann/json.hpp>

#include "server/api/dataset_reply.h"
#include "server/api/handlers.h"
#include "server/api/input.h"
#include "server/http/multipart.h"
#include "server/text/words.h"

namespace fovea::server {
namespace {

using Json = nlohmann::ordered_json;

// What a request brings, as parts of a form or as its body.
struct Delivery {
  std::vector<NewImage> files;  // labels not set yet
  std::vector<std::string> labels;
};

std::span<const std::uint8_t> bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

Delivery read_form(const Request& request, std::string_view type, std::string_view part_name) {
  constexpr std::size_t kMaxParts = 20'000;
  Delivery delivery;
  MultipartLimits limits;
  limits.max_parts = kMaxParts;
  const auto parts = reject_malformed(
      400, [&] { return parse_multipart(request.body, multipart_boundary(type), limits); });
  for (const Part& part : parts) {
    if (part.name == "file" || part.name == "files") {
      const std::string file = part.file_name.value_or("");
      delivery.files.push_back({file.empty() ? part.name : file, bytes_of(part.data), {}});
    } else if (part.name == "label" || part.name == "labels") {
      delivery.labels.emplace_back(part.data);
    }
  }
  if (delivery.files.empty()) {
    throw HttpError(400, "the form has no part named \"" + std::string(part_name) + "\"");
  }
  return delivery;
}

// `part_name`: what to call a file's part in an error; both "file" and "files" are read.
Delivery read_delivery(const Request& request, std::string_view part_name) {
  if (request.body.empty()) {
    throw HttpError(400, "the request has no body; send images, or a zip or tar archive of them");
  }
  const std::string_view type = request.field("Content-Type").value_or("");
  const bool form = iequals(type.substr(0, 19), "multipart/form-data");
  Delivery delivery;
  if (form) {
    delivery = read_form(request, type, part_name);
  } else {
    delivery.files.push_back({"body", bytes_of(request.body), {}});
  }
  if (const auto label = find_field(request.query, "label")) {
    if (!delivery.labels.empty()) {
      throw HttpError(400, "give the label in the form or in the address, not in both");
    }
    delivery.labels.emplace_back(*label);
  }
  return delivery;
}

// One label for all, or one each.
void set_labels(Delivery& delivery) {
  const std::size_t files = delivery.files.size(), labels = delivery.labels.size();
  if (labels == 0) throw HttpError(400, "say what the images show: a part \"label\", or ?label=");
  if (labels != 1 && labels != files) {
    throw HttpError(400, std::to_string(files) + " files and " + std::to_string(labels) +
                             " labels: give one label for all files, or one for each");
  }
  for (std::size_t i = 0; i < files; ++i) {
    delivery.files[i].label = delivery.labels[labels == 1 ? 0 : i];
  }
  if (labels == 1) parse_class_name(delivery.labels[0]);  // throws: one bad label for all files
}

AddReport add(App& app, Delivery& delivery) {
  const auto archive = std::find_if(delivery.files.begin(), delivery.files.end(),
                                    [](const NewImage& file) { return is_archive(file.bytes); });
  if (archive == delivery.files.end()) {
    set_labels(delivery);
    return app.training.add(delivery.files, Origin::upload);
  }
  if (delivery.files.size() > 1) {
    throw HttpError(400, archive->file + " is an archive; send one archive, and nothing beside it");
  }
  if (delivery.labels.size() > 1) throw HttpError(400, "an archive takes one label, or none");
  std::optional<std::string> label;
  if (!delivery.labels.empty()) label = delivery.labels[0];
  return app.training.add_archive(archive->bytes, archive->file, label, Origin::upload);
}

const char* name_of(FileResult::Kind kind) {
  switch (kind) {
    case FileResult::Kind::added:
      return "added";
    case FileResult::Kind::duplicate:
      return "duplicate";
    case FileResult::Kind::relabelled:
      return "relabelled";
    case FileResult::Kind::rejected:
      return "rejected";
  }
  return "";
}

Json verdict_json(const FileResult& verdict) {
  Json json = {{"file", verdict.file}, {"verdict", name_of(verdict.kind)}};
  if (verdict.kind != FileResult::Kind::rejected) {
    json["sha256"] = to_hex(verdict.hash);
    json["label"] = verdict.label;
  }
  if (!verdict.reason.empty()) json["reason"] = verdict.reason;
  return json;
}

void audit_upload(App& app, const Request& request, const AddReport& report) {
  if (report.counts.added == 0) return;
  Json labels = Json::object();
  for (const FileResult& verdict : report.verdicts) {
    if (verdict.kind != FileResult::Kind::added) continue;
    labels[verdict.label] = labels.value(verdict.label, 0) + 1;
  }
  audit_dataset(app, request, "upload images", std::to_string(report.counts.added) + " images",
                {{"added", report.counts.added}, {"labels", std::move(labels)}});
}

// Older clients write "Airplane" where a class is called "airplane": among the images, else by
// the model in service.
void match_case(App& app, Delivery& delivery) {
  std::vector<std::string> known = app.model()->classifier.classes();
  for (const ClassCount& one : app.training.snapshot()->classes) known.push_back(one.name);
  for (NewImage& file : delivery.files) {
    const std::string given = file.label;
    for (const std::string& name : known) {
      if (iequals(name, given)) file.label = name;
    }
  }
}

}  // namespace

void audit_dataset(App& app, const Request& request, const std::string& action,
                   const std::string& subject, const Json& detail) {
  app.store->audit().append({0,
                             {},
                             request.actor,
                             action,
                             subject,
                             detail.dump(-1, ' ', false, Json::error_handler_t::replace)});
}

Reply upload_images(const Request& request, App& app) {
  Delivery delivery = read_delivery(request, "file");
  const AddReport report = reject_malformed(422, [&] { return add(app, delivery); });
  audit_upload(app, request, report);
  Json results = Json::array();
  for (const FileResult& verdict : report.verdicts) results.push_back(verdict_json(verdict));
  const Json body = {{"added", report.counts.added},
                     {"duplicates", report.counts.duplicates},
                     {"rejected", report.counts.rejected},
                     {"revision", app.training.revision()},
                     {"results", std::move(results)}};
  if (report.counts.added + report.counts.duplicates > 0) return json_reply(body);
  if (report.verdicts.empty()) throw HttpError(422, "the archive holds no files");
  const FileResult& first = report.verdicts.front();
  return problem(request, 422,
                 report.verdicts.size() == 1
                     ? first.file + ": " + first.reason
                     : "none of the " + std::to_string(report.verdicts.size()) +
                           " files could be used; the first: " + first.reason,
                 body);
}

Reply upload_legacy_images(const Request& request, App& app) {
  if (request.body.empty()) throw HttpError(400, "No file provided");
  Delivery delivery = read_delivery(request, "files");
  if (delivery.labels.size() != delivery.files.size()) {
    throw HttpError(400, "Number of files and labels must match");
  }
  const AddReport report = reject_malformed(422, [&] {
    set_labels(delivery);
    match_case(app, delivery);
    return app.training.add(delivery.files, Origin::upload);
  });
  audit_upload(app, request, report);
  Json files = Json::array();
  for (const FileResult& verdict : report.verdicts) {
    if (verdict.kind == FileResult::Kind::added) {
      files.push_back({{"filename", verdict.file}, {"label", capitalized(verdict.label)}});
    }
  }
  const std::int64_t there = report.counts.duplicates;
  if (files.empty() && there == 0) {
    throw HttpError(400, report.verdicts[0].file + ": " + report.verdicts[0].reason);
  }
  std::string message = std::to_string(files.size()) + " files uploaded successfully";
  if (there > 0) message += ", " + std::to_string(there) + " were there already";
  return json_reply({{"message", message}, {"files_saved", files.size()}, {"files", files}});
}

}  // namespace fovea::server
