#include "engine/core/file.h"

#include <sys/stat.h>

#include <csignal>
#include <fstream>
#include <thread>

#include "engine/core/error.h"
#include "tests/support/catch.h"
#include "tests/support/temporary_folder.h"

namespace fovea::tests {

TEST_CASE("a file is written into new folders and replaced atomically", "[engine][core]") {
  const TemporaryFolder folder;
  const auto file = folder.path() / "a" / "b" / "c.txt";
  write_file_atomically(file, "first");
  write_file_atomically(file, "second, longer");
  const auto bytes = read_file(file);
  CHECK(std::string(bytes.begin(), bytes.end()) == "second, longer");
  int entries = 0;
  for (const auto& entry : std::filesystem::directory_iterator(file.parent_path())) {
    entries += !entry.path().empty();
  }
  CHECK(entries == 1);
}

TEST_CASE("a pipe is read to its end within the limit", "[engine][core]") {
  const TemporaryFolder folder;
  const auto pipe = folder.path() / "pipe";
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  const std::string text(200'000, 'x');  // more than a pipe holds
  const auto write = [&] { std::ofstream(pipe) << text; };
  std::thread first(write);
  CHECK(read_file(pipe).size() == text.size());
  first.join();
  std::signal(SIGPIPE, SIG_IGN);  // the reader ends before the writer
  std::thread second(write);
  CHECK_THROWS_WITH(read_file(pipe, 150'000), ContainsSubstring("more than 150000 bytes"));
  second.join();
}

TEST_CASE("nested folders are created and a file in the way is named", "[engine][core]") {
  const TemporaryFolder folder;
  create_folders(folder.path() / "x" / "y" / "");
  create_folders(folder.path() / "x" / "y");
  CHECK(std::filesystem::is_directory(folder.path() / "x" / "y"));
  std::ofstream(folder.path() / "plain") << "text";
  CHECK_THROWS_WITH(create_folders(folder.path() / "plain" / "z"), ContainsSubstring("plain"));
  CHECK_THROWS_AS(write_file_atomically(folder.path() / "plain" / "z" / "f", "text"), IoError);
}

}  // namespace fovea::tests
