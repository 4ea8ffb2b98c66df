#pragma once

#include <string>

#include "engine/train/ranks.h"

// What libfovea_mpi.so exports. The program opens it at run time, so that only trainings under
// mpirun need an MPI library (docs/decisions/0022).
namespace fovea::tools {

class JoinedRanks : public Ranks {
 public:
  virtual const std::string& host() const = 0;     // of this process
  virtual const std::string& library() const = 0;  // name and version of the MPI library
  // Ends the communication; all ranks call it at the same point. Without it, the end of the process
  // ends all others.
  virtual void leave() = 0;
};

// Symbols of C, found by name.
//   const char* fovea_mpi_version()   the version of the program that the library was built with
//   JoinedRanks* fovea_mpi_join(stop_requested)
// Joins once per process and owns the result. While a rank waits for another and stop_requested()
// has been true for 0.3 s (rank 0) or 0.6 s (others), it throws RankLost: mpirun stops all
// processes when one of them ends.
using MpiVersion = const char*();
using MpiJoin = JoinedRanks*(bool (*stop_requested)());
inline constexpr const char* kMpiLibrary = "libfovea_mpi.so";
inline constexpr const char* kMpiVersionSymbol = "fovea_mpi_version";
inline constexpr const char* kMpiJoinSymbol = "fovea_mpi_join";

}  // namespace fovea::tools
