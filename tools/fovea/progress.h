#pragma once

#include <chrono>
#include <string>

namespace fovea::tools {

// A progress bar on stderr, redrawn in place: "importing  [#####.....]  52 %  31,000 files". Draws
// nothing if stderr is not a terminal, and at most ten times per second.
class ProgressBar {
 public:
  explicit ProgressBar(std::string title);
  ~ProgressBar();  // clears the line
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  void show(double fraction, const std::string& text);  // fraction 0..1
  void clear();

 private:
  std::string title_;
  bool terminal_;
  bool drawn_ = false;
  std::chrono::steady_clock::time_point last_{};
};

// Replaces control characters by '?': text from files may contain terminal escape sequences.
std::string printable(std::string text);

}  // namespace fovea::tools
