#include "tools/fovea/train_ranks.h"

#include <dlfcn.h>
#include <fmt/format.h>
#include <unistd.h>
#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <optional>

#include "engine/core/cpu.h"
#include "engine/core/error.h"
#include "engine/core/parallel.h"
#include "engine/core/text.h"
#include "server/jobs/worker/stop_signals.h"
#include "server/text/words.h"
#include "tools/fovea/options.h"

namespace fovea::tools {
namespace {

// What the launcher says about this process.
struct Launch {
  int size = 0;
  int on_this_host = 1;
};

std::optional<int> number_from(const char* variable) {
  const char* text = std::getenv(variable);
  return text == nullptr ? std::nullopt : parse_number<int>(text);
}

// The variables of Open MPI; of MPICH, Intel MPI and PMI-2; and of Slurm with PMIx.
std::optional<Launch> find_launch() {
  if (const auto size = number_from("OMPI_COMM_WORLD_SIZE")) {
    return Launch{*size, number_from("OMPI_COMM_WORLD_LOCAL_SIZE").value_or(1)};
  }
  if (const auto size = number_from("PMI_SIZE")) return Launch{*size};
  if (std::getenv("PMIX_RANK") == nullptr) return std::nullopt;
  return Launch{number_from("SLURM_NTASKS").value_or(0), 1};
}

template <class Function>
Function* find_symbol(void* library, const char* name, const std::string& path) {
  void* symbol = dlsym(library, name);
  if (symbol == nullptr) throw ConfigError(path + " has no symbol " + name);
  return reinterpret_cast<Function*>(symbol);
}

volatile std::sig_atomic_t g_rank_stop = 0;

extern "C" void on_rank_stop(int) {
  g_rank_stop = 1;
}

bool stop_requested() {
  return g_rank_stop != 0 || server::StopSignals::received() != 0;
}

JoinedRanks* open_library(int processes) {
  const std::string path =
      (std::filesystem::read_symlink("/proc/self/exe").parent_path() / kMpiLibrary).string();
  const std::string purpose =
      fmt::format("mpirun started {}, which can only train together with {}",
                  server::counted(processes, "process"), path);
  if (!std::filesystem::exists(path)) {
    throw ConfigError(purpose +
                      ", and that file is missing. Install libopenmpi-dev and build again");
  }
  // Global, because the plug-ins of Open MPI use its symbols.
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_GLOBAL);
  if (library == nullptr) throw ConfigError(purpose + ": " + dlerror());
  const std::string version = find_symbol<MpiVersion>(library, kMpiVersionSymbol, path)();
  if (version != FOVEA_VERSION) {
    throw ConfigError(fmt::format("{} is of version {}, the program of version {}", path, version,
                                  FOVEA_VERSION));
  }
  return find_symbol<MpiJoin>(library, kMpiJoinSymbol, path)(stop_requested);
}

}  // namespace

TrainRanks::TrainRanks() {
  const std::optional<Launch> launch = find_launch();
  if (!launch) return;
  on_this_host_ = std::max(1, launch->on_this_host);
  joined_ = open_library(launch->size);
  if (launch->size != 0 && launch->size != joined_->size()) {
    throw ConfigError(fmt::format("the launcher started {}, but {} finds {}; use the mpirun of {}",
                                  server::counted(launch->size, "process"), joined_->library(),
                                  joined_->size(), joined_->library()));
  }
  // mpirun sends stop signals to all processes. Rank 0 decides when to stop; the others end when no
  // message of it arrives any more.
  if (!first()) {
    std::signal(SIGINT, on_rank_stop);
    std::signal(SIGTERM, on_rank_stop);
  }
  require_same("program version", FOVEA_VERSION);
  require_same("instruction set", to_string(best_isa()));
}

int TrainRanks::threads(int wanted) const {
  if (wanted > 0) return wanted;
  const int available = available_threads();
  if (on_this_host_ == 1 || std::getenv("OMP_NUM_THREADS") != nullptr) return available;
  const int share = static_cast<int>(sysconf(_SC_NPROCESSORS_ONLN)) / on_this_host_;
  return std::min(available, std::max(1, share));
}

bool TrainRanks::stop_signal_received() const {
  return stop_requested();
}

void TrainRanks::together(const std::function<void()>& step) const {
  if (joined_ == nullptr) return step();
  std::string error;
  std::exception_ptr thrown;
  try {
    step();
  } catch (const std::exception& caught) {
    error = caught.what();
    thrown = std::current_exception();
  }
  const std::vector<std::string> errors = gather_texts(*joined_, error);
  const std::vector<std::string> hosts = gather_texts(*joined_, joined_->host());
  std::string all;
  bool same = true;
  for (int r = 0; r < size(); ++r) {
    if (!errors[r].empty()) {
      all += (all.empty() ? "" : "\n") + name_of(r, hosts[r]) + ": " + errors[r];
    }
    same = same && (errors[r] == errors[0] || errors[r].empty());
  }
  if (all.empty()) return;
  if (first() && thrown && same) {
    leave();
    std::rethrow_exception(thrown);
  }
  fail_all(all);
}

void TrainRanks::on_first(const std::function<void()>& step) const {
  together([&] {
    if (first()) step();
  });
}

std::string TrainRanks::shared(const std::string& text) const {
  return joined_ == nullptr ? text : broadcast_text(*joined_, text);
}

void TrainRanks::require_same(const std::string& what, const std::string& text) const {
  if (joined_ == nullptr) return;
  const std::vector<std::string> texts = gather_texts(*joined_, text);
  const std::vector<std::string> hosts = gather_texts(*joined_, joined_->host());
  for (int r = 1; r < size(); ++r) {
    if (texts[r] == texts[0]) continue;
    fail_all(fmt::format("the {} of {} is {}, that of {} is {}; their weights would differ", what,
                         name_of(r, hosts[r]), texts[r], name_of(0, hosts[0]), texts[0]));
  }
}

void TrainRanks::leave() const {
  if (joined_ == nullptr) return;
  joined_->leave();
  if (!first()) throw ExitStatus{0};
}

std::string TrainRanks::name_of(int rank, const std::string& host) const {
  return fmt::format("rank {} ({})", rank, host);
}

void TrainRanks::fail_all(const std::string& message) const {
  leave();
  throw ConfigError(message);
}

}  // namespace fovea::tools
