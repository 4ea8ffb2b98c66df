#include "server/jobs/child_process.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "engine/core/error.h"

namespace fovea::server {
namespace {

constexpr int kPollMs = 100;               // delay until an exit or a stop request is noticed
constexpr std::size_t kMaxLastLine = 400;  // bytes
constexpr std::size_t kReadSize = 64 << 10;
constexpr std::uint64_t kMaxLeftover = 16 << 20;  // bytes read from a pipe after the child exited

std::string system_text(int code) {
  return std::strerror(code);
}

// Everything the child needs between fork() and exec(), prepared before fork(): afterwards only
// async-signal-safe calls are allowed, because another thread may hold the allocator's lock.
struct Launch {
  std::vector<std::string> text;
  std::vector<char*> argv, envp;
  int out = -1, err = -1, failure = -1;
  pid_t parent = 0;
  bool idle = true;
};

// The server's environment without its secrets, plus the child's number of threads.
std::vector<std::string> environment(int threads) {
  std::vector<std::string> variables;
  for (char** entry = environ; *entry; ++entry) {
    const std::string_view variable(*entry);
    const std::string_view name = variable.substr(0, variable.find('='));
    const bool secret = name.find("TOKEN") != name.npos || name.find("PASSWORD") != name.npos;
    if (secret || name == "OMP_NUM_THREADS" || name == "OMP_WAIT_POLICY") continue;
    variables.emplace_back(variable);
  }
  variables.push_back("OMP_NUM_THREADS=" + std::to_string(threads));
  variables.emplace_back("OMP_WAIT_POLICY=passive");  // waiting threads yield the processor
  return variables;
}

void write_text(const char* path, const char* text) {
  const int file = open(path, O_WRONLY | O_CLOEXEC);
  if (file < 0) return;
  const ssize_t ignored = write(file, text, std::strlen(text));
  static_cast<void>(ignored);
  close(file);
}

// Best effort: a container may forbid some of these calls.
void lower_priority(bool idle) {
  setpriority(PRIO_PROCESS, 0, 19);
  sched_param none{};
  sched_setscheduler(0, idle ? SCHED_IDLE : SCHED_BATCH, &none);
  write_text("/proc/self/oom_score_adj", "500");
}

[[noreturn]] void fail(int pipe) {
  const int code = errno;
  const ssize_t ignored = write(pipe, &code, sizeof code);
  static_cast<void>(ignored);
  _exit(127);
}

// Runs in the child after fork(): system calls only, no allocation and no locks.
[[noreturn]] void exec_child(const Launch& launch) {
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != launch.parent) _exit(127);  // the server exited before the prctl call
  lower_priority(launch.idle);
  for (const int signal : {SIGPIPE, SIGTERM, SIGINT, SIGHUP, SIGCHLD}) {
    std::signal(signal, SIG_DFL);
  }
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  const int null = open("/dev/null", O_RDONLY);
  if (null < 0 || dup2(null, 0) < 0 || dup2(launch.out, 1) < 0 || dup2(launch.err, 2) < 0) {
    fail(launch.failure);
  }
  // Close all inherited descriptors: an inherited socket would keep its port and connections open.
  const int keep = dup2(launch.failure, 3) < 0 ? launch.failure : 3;
  fcntl(keep, F_SETFD, FD_CLOEXEC);
  if (keep != 3 || syscall(SYS_close_range, 4U, ~0U, 0U) != 0) {
    const auto last = static_cast<int>(sysconf(_SC_OPEN_MAX));
    for (int file = 3; file < std::min(last, 65536); ++file) {
      if (file != keep) close(file);
    }
  }
  execve(launch.argv[0], launch.argv.data(), launch.envp.data());
  fail(keep);
}

}  // namespace

std::string describe(const ChildEnd& end) {
  std::string text;
  if (end.signal != 0) {
    text = "killed by signal " + std::to_string(end.signal) + " (" + strsignal(end.signal) + ")";
    if (end.killed_here) {
      text += " because it did not stop in time";
    } else if (end.signal == SIGKILL) {
      text += ", possibly out of memory";
    }
  } else {
    text = "exited with code " + std::to_string(end.code);
  }
  if (!end.last_stderr_line.empty()) text += "; last line on stderr: " + end.last_stderr_line;
  return text;
}

void LineSplitter::feed(std::string_view bytes,
                        const std::function<void(std::string_view)>& on_line) {
  while (!bytes.empty()) {
    const std::size_t end = bytes.find('\n');
    const std::string_view piece = bytes.substr(0, end);
    if (!too_long_ && line_.size() + piece.size() > max_line_) {
      too_long_ = true;
      ++dropped_;
      line_ = {};
    }
    if (!too_long_) line_ += piece;
    if (end == bytes.npos) return;
    if (!too_long_) on_line(line_);
    too_long_ = false;
    line_.clear();
    bytes.remove_prefix(end + 1);
  }
}

ChildProcess::Pipe::~Pipe() {
  close_read();
  close_write();
}

void ChildProcess::Pipe::open() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) throw IoError("cannot create a pipe: " + system_text(errno));
  read = ends[0];
  write = ends[1];
  fcntl(read, F_SETFL, O_NONBLOCK);
}

void ChildProcess::Pipe::close_write() {
  if (write >= 0) close(write);
  write = -1;
}

void ChildProcess::Pipe::close_read() {
  if (read >= 0) close(read);
  read = -1;
}

ChildProcess::ChildProcess(const ChildOptions& options) : options_(options) {
  const std::string program = options_.command.at(0);
  Launch launch;
  launch.text = options_.command;
  const std::size_t arguments = launch.text.size();
  for (std::string& variable : environment(options_.threads)) {
    launch.text.push_back(std::move(variable));
  }
  for (std::size_t i = 0; i < launch.text.size(); ++i) {
    (i < arguments ? launch.argv : launch.envp).push_back(launch.text[i].data());
  }
  launch.argv.push_back(nullptr);
  launch.envp.push_back(nullptr);
  Pipe failure;
  failure.open();
  out_.open();
  err_.open();
  launch.out = out_.write;
  launch.err = err_.write;
  launch.failure = failure.write;
  launch.parent = getpid();
  launch.idle = options_.idle;
  log_ = open(options_.log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (log_ < 0) throw IoError("cannot write " + options_.log.string() + ": " + system_text(errno));

  pid_ = fork();
  if (pid_ == 0) exec_child(launch);
  const int fork_error = errno;
  failure.close_write();
  out_.close_write();
  err_.close_write();
  int code = 0;
  if (pid_ > 0) {
    // Blocking read: exec() closes the pipe, a failure before it sends errno.
    fcntl(failure.read, F_SETFL, 0);
    ssize_t size;
    do {
      size = read(failure.read, &code, sizeof code);
    } while (size < 0 && errno == EINTR);
    if (size == 0) return;
    int ignored;
    waitpid(pid_, &ignored, 0);
  }
  close(log_);
  throw IoError("cannot run " + program + ": " + system_text(pid_ > 0 ? code : fork_error));
}

ChildProcess::~ChildProcess() {
  if (pid_ > 0) {
    kill(-pid_, SIGKILL);
    int ignored;
    waitpid(pid_, &ignored, 0);
  }
  close(log_);
}

ChildEnd ChildProcess::run(const std::function<void(std::string_view)>& on_line) {
  LineSplitter lines(options_.max_line);
  const auto on_stdout = [&](std::string_view bytes) { lines.feed(bytes, on_line); };
  const auto on_stderr = [&](std::string_view bytes) { log_stderr(bytes); };
  while (true) {
    pollfd files[2] = {{out_.read, POLLIN, 0}, {err_.read, POLLIN, 0}};
    poll(files, 2, kPollMs);  // a closed file is -1 and ignored
    read_available(out_, on_stdout);
    read_available(err_, on_stderr);
    send_stop_signals();
    if (reap()) break;
  }
  // The process group is dead: read what is left in the pipes.
  constexpr std::uint64_t kMaxReads = kMaxLeftover / kReadSize;
  for (std::uint64_t n = 0; n < kMaxReads && read_available(out_, on_stdout); ++n) {
  }
  for (std::uint64_t n = 0; n < kMaxReads && read_available(err_, on_stderr); ++n) {
  }
  end_.dropped = lines.dropped();
  while (last_stderr_line_.ends_with('\n')) last_stderr_line_.pop_back();
  end_.last_stderr_line = last_stderr_line_.substr(last_stderr_line_.rfind('\n') + 1);
  return end_;
}

// Reads once; false if no data is available or the pipe is closed.
bool ChildProcess::read_available(Pipe& pipe,
                                  const std::function<void(std::string_view)>& consume) {
  if (pipe.read < 0) return false;
  char buffer[kReadSize];
  const ssize_t size = read(pipe.read, buffer, sizeof buffer);
  if (size > 0) {
    consume({buffer, static_cast<std::size_t>(size)});
    return true;
  }
  if (size == 0 || (errno != EAGAIN && errno != EINTR)) pipe.close_read();
  return false;
}

void ChildProcess::log_stderr(std::string_view bytes) {
  last_stderr_line_ += bytes;
  if (last_stderr_line_.size() > kMaxLastLine) {
    last_stderr_line_.erase(0, last_stderr_line_.size() - kMaxLastLine);
  }
  const auto room = static_cast<std::size_t>(options_.max_log - logged_);
  bytes = bytes.substr(0, room);
  logged_ += bytes.size();
  // A full disk loses log lines but does not fail the job.
  const ssize_t ignored = write(log_, bytes.data(), bytes.size());
  static_cast<void>(ignored);
}

void ChildProcess::send_stop_signals() {
  if (!stop_requested_) return;
  const auto now = std::chrono::steady_clock::now();
  if (!terminate_sent_) {
    terminate_sent_ = true;
    kill_at_ = now + options_.grace;
    kill(pid_, SIGTERM);
  } else if (now >= kill_at_) {
    end_.killed_here = true;
    kill(-pid_, SIGKILL);
  }
}

bool ChildProcess::reap() {
  siginfo_t info{};
  // WNOWAIT leaves the zombie, so that its process and group IDs cannot be reused before kill().
  if (waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) != 0) return false;
  if (info.si_pid == 0) return false;
  kill(-pid_, SIGKILL);
  int status = 0;
  rusage usage{};
  while (wait4(pid_, &status, 0, &usage) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  if (WIFSIGNALED(status)) {
    end_.signal = WTERMSIG(status);
  } else {
    end_.code = WEXITSTATUS(status);
  }
  end_.killed_here = end_.killed_here && end_.signal == SIGKILL;
  end_.peak_bytes = static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;
  return true;
}

}  // namespace fovea::server
