#pragma once

#include <sys/types.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace fovea::server {

struct ChildOptions {
  std::vector<std::string> command;  // the program's path, then its arguments
  std::filesystem::path log;         // what it writes to stderr is appended here
  int threads = 1;                   // OMP_NUM_THREADS of the child
  bool idle = true;                  // runs only when nothing else wants the processor (SCHED_IDLE)
  std::size_t max_line = 1 << 20;    // bytes; longer lines of its stdout are dropped
  std::uint64_t max_log = 1 << 20;   // bytes of this run that are kept in the log
  std::chrono::milliseconds grace{10'000};  // from SIGTERM to SIGKILL
};

// How a child ended.
struct ChildEnd {
  int code = -1;                 // exit status, when signal is 0
  int signal = 0;                // that killed it
  bool killed_here = false;      // by this program, because it did not stop in time
  std::string last_stderr_line;  // the last line it wrote to stderr
  std::uint64_t dropped = 0;     // lines longer than max_line
  std::uint64_t peak_bytes = 0;  // the most memory it had
};

// "killed by signal 9 (Killed), perhaps for lack of memory", "ended with code 1: ..."; one sentence
// for people.
std::string describe(const ChildEnd& end);

// Splits what comes in pieces into lines without their ends; longer ones are dropped and counted.
class LineSplitter {
 public:
  explicit LineSplitter(std::size_t max_line) : max_line_(max_line) {}
  void feed(std::string_view bytes, const std::function<void(std::string_view)>& on_line);
  std::uint64_t dropped() const { return dropped_; }

 private:
  std::size_t max_line_;
  std::string line_;
  bool too_long_ = false;
  std::uint64_t dropped_ = 0;
};

// A program that works beside the server and must not hurt it: a process group of its own, the
// lowest priority, the first to go when memory is short, few threads, none of the server's files
// and sockets. It is killed when the thread that started it ends, so also when the server is
// killed. Construct, run and destroy on one thread; stop() from any.
class ChildProcess {
 public:
  // Throws IoError naming the program, also when it cannot be executed.
  explicit ChildProcess(const ChildOptions& options);
  ~ChildProcess();  // kills what still runs
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  // Reads its stdout line by line until it has ended, then kills what it left behind in its group.
  ChildEnd run(const std::function<void(std::string_view)>& on_line);
  // Asks it to end (SIGTERM); what is still there after the grace is killed.
  void stop() { stop_ = true; }
  pid_t pid() const { return pid_; }

 private:
  struct Pipe {
    int read = -1, write = -1;
    Pipe() = default;
    ~Pipe();
    Pipe(const Pipe&) = delete;
    Pipe& operator=(const Pipe&) = delete;
    void open();
    void close_write();
    void close_read();
  };

  bool drain(Pipe& pipe, const std::function<void(std::string_view)>& take);
  void keep_stderr(std::string_view bytes);
  void signal_if_asked();
  bool reap();

  ChildOptions options_;
  Pipe out_, err_;
  int log_ = -1;
  std::uint64_t logged_ = 0;
  std::string last_stderr_line_;
  pid_t pid_ = -1;  // -1 once reaped
  std::atomic<bool> stop_{false};
  bool asked_ = false;
  std::chrono::steady_clock::time_point kill_at_;
  ChildEnd end_;
};

}  // namespace fovea::server
