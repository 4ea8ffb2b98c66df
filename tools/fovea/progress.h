#pragma once

#include <chrono>
#include <string>

namespace fovea::tools {

// One line on stderr that is drawn over and over: "importing  [#####.....]  52 %  31,000 files".
// Draws nothing when stderr is no terminal. At most ten times a second.
class ProgressBar {
 public:
  explicit ProgressBar(std::string title);
  ~ProgressBar();  // leaves the line to whatever is printed next
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

// 1234567 -> "1,234,567".
std::string grouped(long long number);

// Names out of archives may hold anything; a terminal must not obey it. Control bytes become '?'.
std::string printable(std::string text);

}  // namespace fovea::tools
