#include "engine/train/ranks.h"

#include <algorithm>

namespace fovea {
namespace {

std::span<std::uint8_t> bytes_of(std::uint64_t& number) {
  return {reinterpret_cast<std::uint8_t*>(&number), sizeof number};
}

int next_of(const Ranks& ranks) {
  return (ranks.rank() + 1) % ranks.size();
}

int previous_of(const Ranks& ranks) {
  return (ranks.rank() + ranks.size() - 1) % ranks.size();
}

// Passes pieces from rank `root` around the ring to the rank before it.
void pass_around(Ranks& ranks, int root, int pieces,
                 const std::function<std::span<std::uint8_t>(int)>& bytes) {
  const int next = next_of(ranks);
  for (int i = 0; i < pieces; ++i) {
    if (ranks.rank() != root) ranks.receive(previous_of(ranks), bytes(i));
    if (next != root) ranks.start_send(next, bytes(i));
  }
}

}  // namespace

void broadcast(Ranks& ranks, std::span<std::uint8_t> bytes) {
  pass_around(ranks, 0, 1, [&](int) { return bytes; });
  ranks.finish_sends();
}

void broadcast_all(Ranks& ranks, std::vector<std::uint8_t>& bytes) {
  std::uint64_t size = bytes.size();
  broadcast(ranks, bytes_of(size));
  bytes.resize(size);
  // In pieces, because a message of MPI has less than 2 GiB.
  constexpr std::size_t kPiece = 1 << 20;
  const int pieces = static_cast<int>((bytes.size() + kPiece - 1) / kPiece);
  const std::span<std::uint8_t> all(bytes);
  pass_around(ranks, 0, pieces, [&](int i) {
    const std::size_t begin = i * kPiece;
    return all.subspan(begin, std::min(kPiece, all.size() - begin));
  });
  ranks.finish_sends();
}

std::string broadcast_text(Ranks& ranks, const std::string& text) {
  std::vector<std::uint8_t> bytes(text.begin(), text.end());
  broadcast_all(ranks, bytes);
  return {bytes.begin(), bytes.end()};
}

void gather_parts(Ranks& ranks, std::span<const std::span<std::uint8_t>> parts) {
  const int size = ranks.size();
  for (int step = 0; step + 1 < size; ++step) {
    // Each rank passes on the part that it received in the step before.
    const int sent = (ranks.rank() + size - step) % size;
    const int received = (sent + size - 1) % size;
    if (!parts[sent].empty()) ranks.start_send(next_of(ranks), parts[sent]);
    if (!parts[received].empty()) ranks.receive(previous_of(ranks), parts[received]);
  }
  ranks.finish_sends();
}

std::vector<std::string> gather_texts(Ranks& ranks, const std::string& text) {
  std::vector<std::uint64_t> lengths(ranks.size());
  lengths[ranks.rank()] = text.size();
  std::vector<std::span<std::uint8_t>> parts;
  for (std::uint64_t& length : lengths) parts.push_back(bytes_of(length));
  gather_parts(ranks, parts);
  std::vector<std::string> texts;
  for (const std::uint64_t length : lengths) texts.emplace_back(length, ' ');
  texts[ranks.rank()] = text;
  parts.clear();
  for (std::string& t : texts)
    parts.push_back({reinterpret_cast<std::uint8_t*>(t.data()), t.size()});
  gather_parts(ranks, parts);
  return texts;
}

void sum_in_rank_order(Ranks& ranks, int active, const RankSum& sum) {
  const int rank = ranks.rank(), last = active - 1;
  std::vector<std::uint8_t> before;
  // 1. Along the chain: add and pass on. The last rank has the sums, which it sends around the
  // ring.
  for (int i = 0; rank < active && i < sum.pieces; ++i) {
    if (rank > 0) {
      before.resize(sum.bytes(i).size());
      ranks.receive(rank - 1, before);
    }
    sum.add(i, before);
    const int to = rank < last ? rank + 1 : next_of(ranks);
    if (to != rank) ranks.start_send(to, sum.bytes(i));
  }
  if (rank == last) return ranks.finish_sends();
  // 2. Around the ring. Rank 0 is the first to get them, and the first that the next sum needs.
  ranks.finish_sends();
  pass_around(ranks, last, sum.pieces, sum.bytes);
  ranks.finish_sends();
}

}  // namespace fovea
