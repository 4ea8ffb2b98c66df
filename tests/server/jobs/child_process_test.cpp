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
    options.idle = false;  // an idle child may wait for ever on a busy machine
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

TEST_CASE("a child's lines, code, last words and log are kept") {
  Shell shell("echo one; echo two; echo first >&2; echo 'no room' >&2; exit 4");
  const ChildEnd end = shell.run();
  CHECK(shell.lines == std::vector<std::string>{"one", "two"});
  CHECK(end.code == 4);
  CHECK(end.signal == 0);
  CHECK(end.last_stderr_line == "no room");
  CHECK(describe(end) == "ended with code 4; its last words: no room");
  CHECK(text_of(shell.options.log) == "first\nno room\n");
  CHECK(end.peak_bytes > 100'000);
}

TEST_CASE("a child killed by a signal is told as that") {
  const ChildEnd end = Shell("kill -9 $$").run();
  CHECK(end.signal == SIGKILL);
  CHECK_FALSE(end.killed_here);
  CHECK(describe(end).find("perhaps for lack of memory") != std::string::npos);
  CHECK(describe(Shell("kill -SEGV $$").run()).find("signal 11") != std::string::npos);
}

TEST_CASE("a flood of lines and of log is bounded") {
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

TEST_CASE("a child that is asked to stop may end by itself, one that does not is killed") {
  Shell polite("trap 'echo bye; exit 3' TERM; echo ready; while :; do sleep 0.05; done");
  {
    ChildProcess child(polite.options);
    const ChildEnd end = child.run([&](std::string_view line) {
      polite.lines.emplace_back(line);
      if (line == "ready") child.stop();
    });
    CHECK(end.code == 3);
    CHECK(polite.lines.back() == "bye");
  }
  Shell deaf("trap '' TERM; echo ready; while :; do sleep 0.05; done");
  deaf.options.grace = 200ms;
  ChildProcess child(deaf.options);
  const ChildEnd end = child.run([&](std::string_view) { child.stop(); });
  CHECK(end.signal == SIGKILL);
  CHECK(end.killed_here);
  CHECK(describe(end).find("did not stop in time") != std::string::npos);
}

TEST_CASE("what a child leaves behind is killed, and does not hold its end up") {
  Shell shell("sleep 100 & echo $!; exit 0");
  CHECK(shell.run().code == 0);
  REQUIRE(shell.lines.size() == 1);
  const pid_t left = std::stoi(shell.lines[0]);
  for (int i = 0; i < 100 && exists(left); ++i) std::this_thread::sleep_for(20ms);
  // It may linger as a zombie where nobody reaps orphans.
  std::string state;
  if (exists(left)) state = text_of("/proc/" + std::to_string(left) + "/stat");
  CHECK((state.empty() || state.find(") Z ") != state.npos));
}

TEST_CASE("a child has low priority, few threads and none of the server's files or secrets") {
  const int file = open("/dev/null", O_RDONLY);  // inheritable, as a library might leave one
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

TEST_CASE("a program that is not there is named") {
  const TemporaryFolder folder;
  ChildOptions options;
  options.command = {"/no/such/program", "job"};
  options.log = folder.path() / "log";
  CHECK_THROWS_WITH(ChildProcess(options),
                    "cannot run /no/such/program: No such file or directory");
}

TEST_CASE("a child ends when the server is killed") {
  const TemporaryFolder folder;
  const auto note = folder.path() / "pid";
  const pid_t server = fork();
  if (server == 0) {
    ChildOptions options;
    options.command = {"/bin/sh", "-c",
                       "echo $$ > " + note.string() + ".new; mv " + note.string() + ".new " +
                           note.string() + "; trap '' TERM; while :; do sleep 0.05; done"};
    options.log = folder.path() / "log";
    options.idle = false;
    ChildProcess child(options);
    child.run([](std::string_view) {});
    _exit(0);
  }
  for (int i = 0; i < 500 && !std::filesystem::exists(note); ++i) std::this_thread::sleep_for(20ms);
  REQUIRE(std::filesystem::exists(note));
  const pid_t child = std::stoi(text_of(note));
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
