#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace fovea {

// The processes that train one network together, and messages between them. All of them run train()
// with the same arguments; docs/decisions/0022. The engine has no implementation: that of MPI is in
// tools/fovea/mpi, and the tests run threads as ranks.
//
// Messages between two ranks arrive in the order in which they were sent. Thread contract: one
// owner. Throw RankLost.
class Ranks {
 public:
  virtual ~Ranks() = default;
  virtual int rank() const = 0;  // of this process, 0 <= rank() < size()
  virtual int size() const = 0;
  // Starts sending and does not wait for the receiver. The bytes must not change before
  // finish_sends() returns.
  virtual void start_send(int to, std::span<const std::uint8_t> bytes) = 0;
  // Waits for the next message of rank `from`, which has this size.
  virtual void receive(int from, std::span<std::uint8_t> bytes) = 0;
  // Waits until all messages of this rank have been received or buffered.
  virtual void finish_sends() = 0;
};

// Rank and number of ranks; 0 and 1 for nullptr, which everywhere means a process alone.
inline int rank_of(const Ranks* ranks) {
  return ranks == nullptr ? 0 : ranks->rank();
}
inline int size_of(const Ranks* ranks) {
  return ranks == nullptr ? 1 : ranks->size();
}

// The bytes of rank 0 replace those of the others, which have as many. Passed on from rank to rank.
void broadcast(Ranks& ranks, std::span<std::uint8_t> bytes);
// Likewise, of any size.
void broadcast_all(Ranks& ranks, std::vector<std::uint8_t>& bytes);
std::string broadcast_text(Ranks& ranks, const std::string& text);

// parts[r] of rank r replaces parts[r] of the others, which has the same size.
void gather_parts(Ranks& ranks, std::span<const std::span<std::uint8_t>> parts);
// The texts of all ranks, in their order, on each of them.
std::vector<std::string> gather_texts(Ranks& ranks, const std::string& text);

// Adds up what the ranks computed, in their order, and gives each of them the sums. The numbers
// are divided into pieces that follow each other through the chain of ranks:
//   add(i, before): adds the numbers of this rank to `before`, the sum over the lower ranks (empty
//                   on rank 0), in a fixed order, and stores the sum in bytes(i)
//   bytes(i):       piece i of this rank; has the same size on all ranks
// Only the ranks below `active` have numbers to add. The order of the additions, and therefore the
// result, does not depend on the number of ranks if add() continues the sum term by term.
struct RankSum {
  int pieces = 0;
  std::function<std::span<std::uint8_t>(int piece)> bytes;
  std::function<void(int piece, std::span<const std::uint8_t> before)> add;
};
void sum_in_rank_order(Ranks& ranks, int active, const RankSum& sum);

}  // namespace fovea
