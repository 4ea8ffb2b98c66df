#include "engine/data/zip_writer.h"

#include <archive.h>
#include <archive_entry.h>

#include <utility>

#include "engine/core/error.h"
#include "engine/data/utf8_locale.h"

namespace fovea {
struct ZipWriter::Inside {
  std::string made;
  std::unique_ptr<archive, int (*)(archive*)> out{archive_write_new(), archive_write_free};

  void check(la_ssize_t result) const {
    if (result >= ARCHIVE_WARN) return;
    const char* reason = archive_error_string(out.get());
    throw IoError(std::string("cannot write the archive: ") + (reason ? reason : "unknown reason"));
  }
  static la_ssize_t collect(archive*, void* to, const void* bytes, std::size_t size) {
    static_cast<Inside*>(to)->made.append(static_cast<const char*>(bytes), size);
    return static_cast<la_ssize_t>(size);
  }
};

ZipWriter::ZipWriter() : inside_(std::make_unique<Inside>()) {
  inside_->check(archive_write_set_format_zip(inside_->out.get()));
  inside_->check(archive_write_set_bytes_per_block(inside_->out.get(), 0));
  inside_->check(
      archive_write_open(inside_->out.get(), inside_.get(), nullptr, Inside::collect, nullptr));
}

ZipWriter::~ZipWriter() = default;

void ZipWriter::add(const std::string& path, std::span<const std::uint8_t> bytes, std::int64_t time,
                    bool compress) {
  const Utf8Locale utf8;
  archive* out = inside_->out.get();
  inside_->check(compress ? archive_write_zip_set_compression_deflate(out)
                          : archive_write_zip_set_compression_store(out));
  const std::unique_ptr<archive_entry, void (*)(archive_entry*)> entry(archive_entry_new(),
                                                                       archive_entry_free);
  archive_entry_set_pathname(entry.get(), path.c_str());
  archive_entry_set_filetype(entry.get(), AE_IFREG);
  archive_entry_set_perm(entry.get(), 0644);
  archive_entry_set_mtime(entry.get(), time, 0);
  archive_entry_set_size(entry.get(), static_cast<la_int64_t>(bytes.size()));
  inside_->check(archive_write_header(out, entry.get()));
  inside_->check(archive_write_data(out, bytes.data(), bytes.size()));
  inside_->check(archive_write_finish_entry(out));
}

void ZipWriter::finish() {
  const Utf8Locale utf8;
  inside_->check(archive_write_close(inside_->out.get()));
}

std::string ZipWriter::take() {
  return std::exchange(inside_->made, {});
}

}  // namespace fovea
