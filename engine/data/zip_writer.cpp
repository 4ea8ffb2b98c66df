#include "engine/data/zip_writer.h"

#include <archive.h>
#include <archive_entry.h>

#include <utility>

#include "engine/core/error.h"
#include "engine/data/utf8_locale.h"

namespace fovea {
struct ZipWriter::State {
  std::string output;
  std::unique_ptr<archive, int (*)(archive*)> out{archive_write_new(), archive_write_free};

  void check(la_ssize_t result) const {
    if (result >= ARCHIVE_WARN) return;
    const char* reason = archive_error_string(out.get());
    throw IoError(std::string("cannot write the archive: ") + (reason ? reason : "unknown reason"));
  }
  static la_ssize_t collect(archive*, void* to, const void* bytes, std::size_t size) {
    static_cast<State*>(to)->output.append(static_cast<const char*>(bytes), size);
    return size;
  }
};

ZipWriter::ZipWriter() : state_(std::make_unique<State>()) {
  state_->check(archive_write_set_format_zip(state_->out.get()));
  state_->check(archive_write_set_bytes_per_block(state_->out.get(), 0));
  state_->check(
      archive_write_open(state_->out.get(), state_.get(), nullptr, State::collect, nullptr));
}

ZipWriter::~ZipWriter() = default;

void ZipWriter::add(const std::string& path, std::span<const std::uint8_t> bytes, std::int64_t time,
                    bool compress) {
  const Utf8Locale utf8;
  archive* out = state_->out.get();
  state_->check(compress ? archive_write_zip_set_compression_deflate(out)
                         : archive_write_zip_set_compression_store(out));
  const std::unique_ptr<archive_entry, void (*)(archive_entry*)> entry(archive_entry_new(),
                                                                       archive_entry_free);
  archive_entry_set_pathname(entry.get(), path.c_str());
  archive_entry_set_filetype(entry.get(), AE_IFREG);
  archive_entry_set_perm(entry.get(), 0644);
  archive_entry_set_mtime(entry.get(), time, 0);
  archive_entry_set_size(entry.get(), bytes.size());
  state_->check(archive_write_header(out, entry.get()));
  state_->check(archive_write_data(out, bytes.data(), bytes.size()));
  state_->check(archive_write_finish_entry(out));
}

void ZipWriter::finish() {
  const Utf8Locale utf8;
  state_->check(archive_write_close(state_->out.get()));
}

std::string ZipWriter::take() {
  return std::exchange(state_->output, {});
}

}  // namespace fovea
