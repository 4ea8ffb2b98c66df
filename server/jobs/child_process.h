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
  std::filesystem::path log;         // its stderr is appended to this file
  int threads = 1;                   // OMP_NUM_THREADS of the child
  bool idle = true;                  // SCHED_IDLE: runs only when the processor is otherwise idle
  std::size_t max_line = 1 << 20;    // bytes; longer lines of its stdout are dropped
  std::uint64_t max_log = 1 << 20;   // bytes of stderr appended to the log per run
  std::chrono::milliseconds grace{10'000};  // from SIGTERM to SIGKILL
};

// How a child ended.
struct ChildEnd {
  int code = -1;                 // exit status if signal is 0
  int signal = 0;                // the signal that killed it; 0: it exited
  bool killed_here = false;      // killed by run(), because it did not stop within the grace period
  std::string last_stderr_line;  // the last line it wrote to stderr, at most 400 bytes
  std::uint64_t dropped = 0;     // lines longer than max_line
  std::uint64_t peak_bytes = 0;  // peak resident memory
};

// A human-readable phrase: "killed by signal 9 (Killed), possibly out of memory", "exited with code
// 1; last line on stderr: ...".
std::string describe(const ChildEnd& end);

// Assembles a byte stream into lines (without '\n'). Lines longer than max_line bytes are dropped
// and counted.
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

// A child process that must not disturb the server: it runs in a separate process group at the
// lowest priority, is the OOM killer's preferred victim, uses a limited number of threads and
// inherits none of the server's files and sockets. The kernel kills it when the thread that started
// it ends, so it does not outlive the server. Construct, run and destroy it on one thread; stop()
// may be called from any thread.
class ChildProcess {
 public:
  // Starts the program. Throws IoError naming it if it cannot be executed.
  explicit ChildProcess(const ChildOptions& options);
  ~ChildProcess();  // kills the process group if it is still running
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  // Calls on_line for each line of its stdout until it has exited, then kills the processes left in
  // its group.
  ChildEnd run(const std::function<void(std::string_view)>& on_line);
  // Requests termination: run() sends SIGTERM, then SIGKILL after the grace period.
  void stop() { stop_requested_ = true; }
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

  bool read_available(Pipe& pipe, const std::function<void(std::string_view)>& consume);
  void log_stderr(std::string_view bytes);
  void send_stop_signals();
  bool reap();

  ChildOptions options_;
  Pipe out_, err_;
  int log_ = -1;
  std::uint64_t logged_ = 0;
  std::string last_stderr_line_;
  pid_t pid_ = -1;  // -1 once reaped
  std::atomic<bool> stop_requested_{false};
  bool terminate_sent_ = false;  // SIGTERM
  std::chrono::steady_clock::time_point kill_at_;
  ChildEnd end_;
};

}  // namespace fovea::server
