#pragma once

#include <functional>
#include <string>

#include "tools/fovea/mpi/plugin.h"

namespace fovea::tools {

// The processes of a training that mpirun started, or this process alone.
class TrainRanks {
 public:
  // Joins the other processes if an MPI launcher started this one. Throws ConfigError if
  // libfovea_mpi.so is missing, does not load or belongs to another version, or if MPI finds
  // another number of processes than the launcher.
  TrainRanks();

  Ranks* ranks() const { return joined_; }  // nullptr if alone
  bool first() const { return rank_of(joined_) == 0; }
  int size() const { return size_of(joined_); }
  // `wanted`, or if that is 0 the processors of this process, divided among the ranks of the host.
  int threads(int wanted) const;

  bool stop_signal_received() const;

  // Runs `step` on all ranks. If it fails on one, all end: rank 0 throws an error that names the
  // rank, the others end the program silently.
  void together(const std::function<void()>& step) const;
  // The same on rank 0 only.
  void on_first(const std::function<void()>& step) const;
  // The text of rank 0, on all ranks.
  std::string shared(const std::string& text) const;
  // Ends the program unless all ranks have the same text. `what`: "dataset revision".
  void require_same(const std::string& what, const std::string& text) const;

  // The last call, by all ranks. Only rank 0 returns from it; the others end the program.
  void leave() const;

 private:
  std::string name_of(int rank, const std::string& host) const;
  [[noreturn]] void fail_all(const std::string& message) const;

  JoinedRanks* joined_ = nullptr;
  int on_this_host_ = 1;
};

}  // namespace fovea::tools
