#include "server/jobs/worker/stop_signals.h"

#include <unistd.h>

#include <csignal>

namespace fovea::server {
namespace {

volatile std::sig_atomic_t g_signal = 0;

extern "C" void on_signal(int number) {
  if (g_signal != 0) _exit(128 + number);
  g_signal = number;
  constexpr char kText[] =
      "\nStopping after this batch; a checkpoint will be written. Press Ctrl-C again to exit "
      "now.\n";
  if (write(STDERR_FILENO, kText, sizeof kText - 1) < 0) return;  // stderr may be closed
}

void handle(void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

}  // namespace

StopSignals::StopSignals() {
  g_signal = 0;
  handle(on_signal);
}
StopSignals::~StopSignals() {
  handle(SIG_DFL);
}
int StopSignals::received() {
  return g_signal;
}

}  // namespace fovea::server
