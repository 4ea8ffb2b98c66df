#include "server/jobs/child_process.h"
#include "engine/core/error.h"
#include "engine/core/file.h"
#include "tests/support/catch.h"
#include "tests/support/temporary_folder.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <thread>

namespace fovea::tests {
namespace {

using namespace fovea::server;
using namespace std::chrono_literals;

std::string text_of(const std::filesystem::path& file) {
  const auto bytes = read_file(file);
  return {bytes.begin(), bytes.end()};
}

struct Shell {
  explicit Shell(const std::string& script) {
    options.command = {"/bin/sh", "-c", script};
    options.log = folder.path() / "stderr.log";
    options.idle = false;  // an idle child may never run on a busy machine
  }
  ChildEnd run() {
    ChildProcess child(options);
    return child.run([this](std::string_view line) { lines.emplace_back(line); });
  }

  const TemporaryFolder folder;
  ChildOptions options;
  std::vector<std::string> lines;
};

bool exists(pid_t pid) {
  return kill(pid, 0) == 0;
}

TEST_CASE("stdout lines and exit code and stderr of a child process are reported",
          "[server][jobs]") {
  Shell shell("echo one; echo two; echo first >&2; echo 'no room' >&2; exit 4");
  const ChildEnd end = shell.run();
  CHECK(shell.lines == std::vector<std::string>{"one", "two"});
  CHECK(end.code == 4);
  CHECK(end.signal == 0);
  CHECK(end.last_stderr_line == "no room");
  CHECK(describe(end) == "exited with code 4; last line on stderr: no room");
  CHECK(text_of(shell.options.log) == "first\nno room\n");
  CHECK(end.peak_bytes > 100'000);
}

TEST_CASE("death by a signal is reported", "[server][jobs]") {
  const ChildEnd end = Shell("kill -9 $$").run();
  CHECK(end.signal == SIGKILL);
  CHECK_FALSE(end.killed_here);
  CHECK(describe(end).find("possibly out of memory") != std::string::npos);
  CHECK(describe(Shell("kill -SEGV $$").run()).find("signal 11") != std::string::npos);
}

TEST_CASE("long lines and the size of the log are bounded", "[server][jobs]") {
  Shell shell(
      "head -c 300000 /dev/zero | tr '\\0' x; echo; echo kept; "
      "head -c 300000 /dev/zero | tr '\\0' y >&2; exit 0");
  shell.options.max_line = 1000;
  shell.options.max_log = 5000;
  const ChildEnd end = shell.run();
  CHECK(end.code == 0);
  CHECK(shell.lines == std::vector<std::string>{"kept"});
  CHECK(end.dropped == 1);
  CHECK(std::filesystem::file_size(shell.options.log) == 5000);
}

TEST_CASE("a child that ignores SIGTERM is killed after the grace period", "[server][jobs]") {
  Shell compliant("trap 'echo bye; exit 3' TERM; echo ready; while :; do sleep 0.05; done");
  {
    ChildProcess child(compliant.options);
    const ChildEnd end = child.run([&](std::string_view line) {
      compliant.lines.emplace_back(line);
      if (line == "ready") child.stop();
    });
    CHECK(end.code == 3);
    CHECK(compliant.lines.back() == "bye");
  }
  Shell stubborn("trap '' TERM; echo ready; while :; do sleep 0.05; done");
  stubborn.options.grace = 200ms;
  ChildProcess child(stubborn.options);
  const ChildEnd end = child.run([&](std::string_view) { child.stop(); });
  CHECK(end.signal == SIGKILL);
  CHECK(end.killed_here);
  CHECK(describe(end).find("did not stop in time") != std::string::npos);
}

TEST_CASE("processes left behind by a child are killed", "[server][jobs]") {
  Shell shell("sleep 100 & echo $!; exit 0");
  CHECK(shell.run().code == 0);
  REQUIRE(shell.lines.size() == 1);
  const pid_t orphan = std::stoi(shell.lines[0]);
  for (int i = 0; i < 100 && exists(orphan); ++i) std::this_thread::sleep_for(20ms);
  // It may stay a zombie in a container whose init does not reap orphans.
  std::string state;
  if (exists(orphan)) state = text_of("/proc/" + std::to_string(orphan) + "/stat");
  CHECK((state.empty() || state.find(") Z ") != state.npos));
}

TEST_CASE("a child has a low priority and inherits no files or secrets", "[server][jobs]") {
  const int file = open("/dev/null", O_RDONLY);  // inheritable, as a library might open one
  REQUIRE(fcntl(file, F_GETFD) == 0);
  setenv("FOVEA_TEST_TOKEN", "secret", 1);
  Shell shell(
      "ls /proc/self/fd | wc -l; nice; cat /proc/self/oom_score_adj; "
      "echo $OMP_NUM_THREADS; echo \"<$FOVEA_TEST_TOKEN>\"");
  shell.options.threads = 3;
  shell.run();
  unsetenv("FOVEA_TEST_TOKEN");
  close(file);
  REQUIRE(shell.lines.size() == 5);
  CHECK(shell.lines[0] == "4");  // 0, 1, 2 and the listed folder
  CHECK(shell.lines[1] == "19");
  CHECK(std::stoi(shell.lines[2]) >= 500);
  CHECK(shell.lines[3] == "3");
  CHECK(shell.lines[4] == "<>");
}

TEST_CASE("the error for a missing program names it", "[server][jobs]") {
  const TemporaryFolder folder;
  ChildOptions options;
  options.command = {"/no/such/program", "job"};
  options.log = folder.path() / "log";
  CHECK_THROWS_WITH(ChildProcess(options),
                    "cannot run /no/such/program: No such file or directory");
}

TEST_CASE("a child is killed when the server is killed", "[server][jobs]") {
  const TemporaryFolder folder;
  const auto pid_file = folder.path() / "pid";
  const pid_t server = fork();
  if (server == 0) {
    ChildOptions options;
    options.command = {"/bin/sh", "-c",
                       "echo $$ > " + pid_file.string() + ".new; mv " + pid_file.string() +
                           ".new " + pid_file.string() +
                           "; trap '' TERM; while :; do sleep 0.05; done"};
    options.log = folder.path() / "log";
    options.idle = false;
    ChildProcess child(options);
    child.run([](std::string_view) {});
    _exit(0);
  }
  for (int i = 0; i < 500 && !std::filesystem::exists(pid_file); ++i)
    std::this_thread::sleep_for(20ms);
  REQUIRE(std::filesystem::exists(pid_file));
  const pid_t child = std::stoi(text_of(pid_file));
  CHECK(exists(child));
  kill(server, SIGKILL);
  int ignored;
  waitpid(server, &ignored, 0);
  bool gone = false;
  for (int i = 0; i < 250 && !gone; ++i) {
    std::this_thread::sleep_for(20ms);
    gone = !exists(child) ||
           text_of("/proc/" + std::to_string(child) + "/stat").find(") Z ") != std::string::npos;
  }
  CHECK(gone);
}

}  // namespace
}  // namespace fovea::tests
