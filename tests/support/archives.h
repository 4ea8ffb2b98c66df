#pragma once

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "engine/data/utf8_locale.h"

namespace fovea::tests {

struct ArchiveEntry {
  std::string path;
  std::vector<std::uint8_t> bytes;
  std::string symlink;    // not empty: a link to this
  std::size_t zeros = 0;  // written behind bytes
  bool sparse = false;    // the zeros are a hole: .tar only
};

// Writes a .zip, .tar, .tar.gz or .tar.xz, by the suffix of the name.
inline void write_archive(const std::filesystem::path& path,
                          const std::vector<ArchiveEntry>& entries) {
  const Utf8Locale utf8;
  const std::unique_ptr<archive, int (*)(archive*)> out(archive_write_new(), archive_write_free);
  const auto check = [&](la_ssize_t result) {
    if (result < 0) throw std::runtime_error(archive_error_string(out.get()));
  };
  const std::string end = path.extension();
  if (end == ".gz") check(archive_write_add_filter_gzip(out.get()));
  if (end == ".xz") check(archive_write_add_filter_xz(out.get()));
  if (end == ".zip") {
    check(archive_write_set_format_zip(out.get()));
  } else {
    check(archive_write_set_format_pax_restricted(out.get()));
  }
  check(archive_write_open_filename(out.get(), path.c_str()));
  for (const ArchiveEntry& from : entries) {
    const std::unique_ptr<archive_entry, void (*)(archive_entry*)> entry(archive_entry_new(),
                                                                         archive_entry_free);
    archive_entry_set_pathname(entry.get(), from.path.c_str());
    archive_entry_set_perm(entry.get(), 0644);
    archive_entry_set_filetype(entry.get(), from.symlink.empty() ? AE_IFREG : AE_IFLNK);
    if (!from.symlink.empty()) archive_entry_set_symlink(entry.get(), from.symlink.c_str());
    archive_entry_set_size(entry.get(), la_int64_t(from.bytes.size() + from.zeros));
    if (from.sparse) archive_entry_sparse_add_entry(entry.get(), 0, la_int64_t(from.bytes.size()));
    check(archive_write_header(out.get(), entry.get()));
    check(archive_write_data(out.get(), from.bytes.data(), from.bytes.size()));
    const std::vector<std::uint8_t> block(1 << 20);
    for (std::size_t left = from.zeros; left > 0; left -= std::min(left, block.size())) {
      check(archive_write_data(out.get(), block.data(), std::min(left, block.size())));
    }
  }
  check(archive_write_close(out.get()));
}

}  // namespace fovea::tests
