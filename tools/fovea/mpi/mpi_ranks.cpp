// The C interface only; the C++ bindings were removed from MPI 3.
#define OMPI_SKIP_MPICXX 1
#define MPICH_SKIP_MPICXX 1
#include <mpi.h>
#include <sched.h>

#include <chrono>
#include <limits>
#include <memory>

#include "engine/core/error.h"
#include "tools/fovea/mpi/plugin.h"

namespace fovea::tools {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kTag = 1;
// mpirun sends SIGTERM and one second later SIGKILL; the time between is for a checkpoint.
// The other ranks wait longer than rank 0, which prints the error.
constexpr std::chrono::milliseconds kPatienceOfFirst{300}, kPatienceOfOthers{600};

std::string error_text(int code) {
  char text[MPI_MAX_ERROR_STRING];
  int length = 0;
  MPI_Error_string(code, text, &length);
  return {text, static_cast<std::size_t>(length)};
}

int checked_count(std::size_t bytes) {
  if (bytes > static_cast<std::size_t>(std::numeric_limits<int>::max())) {
    throw ConfigError("a message between ranks has " + std::to_string(bytes) +
                      " bytes; MPI sends less than 2 GiB");
  }
  return static_cast<int>(bytes);
}

class MpiRanks final : public JoinedRanks {
 public:
  explicit MpiRanks(bool (*stop_requested)()) : stop_requested_(stop_requested) {
    int provided = 0;
    check(MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &provided), "MPI_Init_thread");
    check(MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN), "MPI_Comm_set_errhandler");
    check(MPI_Comm_rank(MPI_COMM_WORLD, &rank_), "MPI_Comm_rank");
    check(MPI_Comm_size(MPI_COMM_WORLD, &size_), "MPI_Comm_size");
    char host[MPI_MAX_PROCESSOR_NAME], library[MPI_MAX_LIBRARY_VERSION_STRING];
    int length = 0;
    check(MPI_Get_processor_name(host, &length), "MPI_Get_processor_name");
    host_.assign(host, static_cast<std::size_t>(length));
    check(MPI_Get_library_version(library, &length), "MPI_Get_library_version");
    library_.assign(library, static_cast<std::size_t>(length));
    library_ = library_.substr(0, library_.find(','));
  }

  int rank() const override { return rank_; }
  int size() const override { return size_; }
  const std::string& host() const override { return host_; }
  const std::string& library() const override { return library_; }

  void start_send(int to, std::span<const std::uint8_t> bytes) override {
    last_receiver_ = to;
    MPI_Request& request = sends_.emplace_back(MPI_REQUEST_NULL);
    check(MPI_Isend(bytes.data(), checked_count(bytes.size()), MPI_BYTE, to, kTag, MPI_COMM_WORLD,
                    &request),
          "sending to rank " + std::to_string(to));
  }

  void receive(int from, std::span<std::uint8_t> bytes) override {
    const std::string what = "receiving from rank " + std::to_string(from);
    MPI_Request request = MPI_REQUEST_NULL;
    check(MPI_Irecv(bytes.data(), checked_count(bytes.size()), MPI_BYTE, from, kTag, MPI_COMM_WORLD,
                    &request),
          what);
    wait(what, [&](int& done) { return MPI_Test(&request, &done, MPI_STATUS_IGNORE); });
  }

  void finish_sends() override {
    if (sends_.empty()) return;
    wait("sending to rank " + std::to_string(last_receiver_), [&](int& done) {
      return MPI_Testall(static_cast<int>(sends_.size()), sends_.data(), &done,
                         MPI_STATUSES_IGNORE);
    });
    sends_.clear();
  }

  void leave() override { check(MPI_Finalize(), "MPI_Finalize"); }

 private:
  static void check(int code, const std::string& what) {
    if (code != MPI_SUCCESS) throw RankLost(what + ": " + error_text(code));
  }

  // Not MPI_Wait, which does not return when the process at the other end is dead.
  template <class Test>
  void wait(const std::string& what, Test test) const {
    Clock::time_point stop_seen{};
    for (int done = 0;;) {
      check(test(done), what);
      if (done != 0) return;
      if (stop_requested_()) {
        const Clock::time_point now = Clock::now();
        if (stop_seen == Clock::time_point{}) stop_seen = now;
        if (now - stop_seen > (rank_ == 0 ? kPatienceOfFirst : kPatienceOfOthers)) {
          throw RankLost(what + ": no answer after the stop signal");
        }
      }
      sched_yield();
    }
  }

  bool (*stop_requested_)();
  int rank_ = 0, size_ = 1;
  std::string host_, library_;
  std::vector<MPI_Request> sends_;
  int last_receiver_ = 0;
};

}  // namespace
}  // namespace fovea::tools

extern "C" const char* fovea_mpi_version() {
  return FOVEA_VERSION;
}

extern "C" fovea::tools::JoinedRanks* fovea_mpi_join(bool (*stop_requested)()) {
  // Never destroyed: after an error, messages may still be in flight.
  static auto* ranks = new fovea::tools::MpiRanks(stop_requested);
  return ranks;
}
