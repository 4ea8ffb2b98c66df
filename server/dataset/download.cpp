#include "server/dataset/download.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include <cstdio>
#include <exception>
#include <fstream>
#include <memory>
#include <vector>

#include "engine/core/error.h"
#include "engine/core/sha256.h"

namespace fovea::server {
namespace {

namespace fs = std::filesystem;

std::string file_sha256(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw IoError("cannot open " + path.string());
  Sha256 sha;
  std::vector<std::uint8_t> block(1 << 20);
  while (in) {
    in.read(reinterpret_cast<char*>(block.data()), static_cast<std::streamsize>(block.size()));
    sha.update({block.data(), static_cast<std::size_t>(in.gcount())});
  }
  if (in.bad()) throw IoError("cannot read " + path.string());
  return sha.hex();
}

struct Transfer {
  CURL* curl = nullptr;
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> file{nullptr, std::fclose};
  std::string path;
  long long start = 0;  // bytes of the .part before this transfer
  bool started = false;
  const std::function<void(long long, long long)>* progress = nullptr;
  std::exception_ptr thrown;  // by progress(); must not propagate through libcurl, which is C
};

std::size_t on_data(char* data, std::size_t, std::size_t size, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  if (!transfer.started) {
    transfer.started = true;
    long status = 0;
    curl_easy_getinfo(transfer.curl, CURLINFO_RESPONSE_CODE, &status);
    if (status == 200 && transfer.start > 0) {  // no range support: the server sends the whole file
      transfer.file.reset(std::fopen(transfer.path.c_str(), "wb"));
      if (!transfer.file) return 0;
      transfer.start = 0;
    }
  }
  return std::fwrite(data, 1, size, transfer.file.get());
}

int on_progress(void* user, curl_off_t total, curl_off_t now, curl_off_t, curl_off_t) {
  auto& transfer = *static_cast<Transfer*>(user);
  if (!*transfer.progress || total <= 0) return 0;
  try {
    (*transfer.progress)(transfer.start + now, transfer.start + total);
    return 0;
  } catch (...) {
    transfer.thrown = std::current_exception();
    return 1;
  }
}

// Appends the rest of the file to `part`.
void transfer_rest(const Download& source, const fs::path& part,
                   const std::function<void(long long, long long)>& progress) {
  const std::unique_ptr<CURL, void (*)(CURL*)> curl(curl_easy_init(), curl_easy_cleanup);
  if (!curl) throw IoError("cannot start libcurl");
  Transfer transfer;
  transfer.curl = curl.get();
  transfer.file.reset(std::fopen(part.c_str(), "ab"));
  if (!transfer.file) throw IoError("cannot write " + part.string());
  transfer.path = part.string();
  transfer.start = static_cast<long long>(fs::file_size(part));
  transfer.progress = &progress;
  char reason[CURL_ERROR_SIZE] = "";
  curl_easy_setopt(curl.get(), CURLOPT_URL, source.url.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_PROTOCOLS_STR, "http,https,file");
  curl_easy_setopt(curl.get(), CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl.get(), CURLOPT_FOLLOWLOCATION, 1L);
  curl_easy_setopt(curl.get(), CURLOPT_FAILONERROR, 1L);
  curl_easy_setopt(curl.get(), CURLOPT_CONNECTTIMEOUT, 30L);
  curl_easy_setopt(curl.get(), CURLOPT_LOW_SPEED_LIMIT, 1L);  // abort after a minute without data
  curl_easy_setopt(curl.get(), CURLOPT_LOW_SPEED_TIME, 60L);
  curl_easy_setopt(curl.get(), CURLOPT_ERRORBUFFER, reason);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEFUNCTION, on_data);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEDATA, &transfer);
  curl_easy_setopt(curl.get(), CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(curl.get(), CURLOPT_XFERINFOFUNCTION, on_progress);
  curl_easy_setopt(curl.get(), CURLOPT_XFERINFODATA, &transfer);
  const std::string range = std::to_string(transfer.start) + "-";
  if (transfer.start > 0) curl_easy_setopt(curl.get(), CURLOPT_RANGE, range.c_str());
  const CURLcode code = curl_easy_perform(curl.get());
  if (transfer.thrown) std::rethrow_exception(transfer.thrown);
  long status = 0;
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &status);
  if (status == 416) return;  // range not satisfiable: the .part is complete
  if (code != CURLE_OK) {
    throw IoError(fmt::format(
        "cannot download {}: {}; the partial file {} was kept, run the command again to continue",
        source.url, reason[0] ? reason : curl_easy_strerror(code), part.string()));
  }
  if (std::fflush(transfer.file.get()) != 0) throw IoError("cannot write " + part.string());
}

}  // namespace

void download(const Download& file,
              const std::function<void(long long bytes, long long total)>& progress) {
  if (fs::exists(file.path) && file_sha256(file.path) == file.sha256) return;
  fs::path part = file.path;
  part += ".part";
  fs::create_directories(file.path.parent_path());
  transfer_rest(file, part, progress);
  const std::string found = file_sha256(part);
  if (found != file.sha256) {
    fs::remove(part);
    throw FormatError(
        fmt::format("the file downloaded from {} has the SHA-256 {}, expected {}; it was removed",
                    file.url, found, file.sha256));
  }
  fs::rename(part, file.path);
}

}  // namespace fovea::server
