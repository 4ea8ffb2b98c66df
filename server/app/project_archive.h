#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>

#include "server/app/app.h"

// A project as one zip archive, for another server: project.json (title, preset or backbone, and
// its versions), models/N.safetensors and models/N.features.safetensors, and the contents of an
// exported dataset (server/dataset/export.h). Without history, jobs and evaluations.
namespace fovea::server {

// The next piece of the archive at each call, nullopt at the end. `app` must outlive the result.
// Throws IoError.
std::function<std::optional<std::string>()> export_project(App& app);

// Throw FormatError naming the file that is missing or not valid.
ProjectSettings read_archived_settings(std::span<const std::uint8_t> archive);
// Adds images and versions to an empty project. Labels and splits stay; the versions get the
// numbers 1, 2 ... in their order. What the active version was trained on stays known. On an error
// the project is incomplete and must be deleted.
void import_project(App& app, std::span<const std::uint8_t> archive, const std::string& actor);

}  // namespace fovea::server
