#include "server/store/postgres/listener.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <random>

#include <fmt/format.h>

namespace fovea::server::postgres {
namespace {

constexpr std::chrono::seconds kPing{10};  // detects a server that accepts but does not answer

std::string random_name() {
  std::random_device random;
  return fmt::format("{:08x}{:08x}", random(), random());
}

int make_event() {
  const int event = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (event < 0) throw IoError(std::string("cannot create an event: ") + std::strerror(errno));
  return event;
}

}  // namespace

// A message is "SENDER KIND PAYLOAD".
Listener::Listener(Pool& pool)
    : pool_(pool),
      channel_(pool.url().schema.empty() ? "fovea" : "fovea_" + pool.url().schema),
      sender_(random_name()),
      wake_(-1) {
  auto connection = connect();
  wake_ = make_event();
  thread_ = std::thread([this](std::unique_ptr<Connection> first) { listen(std::move(first)); },
                        std::move(connection));
}

std::unique_ptr<Connection> Listener::connect() {
  auto connection = pool_.connect();
  connection->run("LISTEN " + channel_);
  return connection;
}

Listener::~Listener() {
  ::eventfd_write(wake_, 1);
  thread_.join();
  ::close(wake_);
}

void Listener::send(Connection& connection, const std::string& kind, const std::string& payload) {
  connection.exec("SELECT pg_notify($1, $2)",
                  Params::of(channel_, sender_ + ' ' + kind + ' ' + payload));
}

void Listener::set_callback(NotifyCallback callback) {
  const std::lock_guard lock(callback_mutex_);
  callback_ = std::move(callback);
}

bool Listener::stopping() {
  pollfd event{wake_, POLLIN, 0};
  return ::poll(&event, 1, 0) > 0;
}

void Listener::pause(std::chrono::milliseconds wait) {
  pollfd event{wake_, POLLIN, 0};
  ::poll(&event, 1, static_cast<int>(wait.count()));
}

void Listener::deliver(const std::string& kind, const std::string& payload) {
  const std::lock_guard lock(callback_mutex_);
  if (callback_) callback_(kind, payload);
}

void Listener::listen(std::unique_ptr<Connection> connection) {
  const PoolOptions& options = pool_.options();
  std::minstd_rand random{std::random_device{}()};
  auto delay = options.first_delay;
  while (!stopping()) {
    try {
      if (!connection) {
        connection = connect();
        delay = options.first_delay;
        // Notifications since the end of the previous connection are lost.
        deliver(kResync, "");
      }
      receive_until_lost(*connection);
    } catch (const std::exception& error) {
      connection.reset();
      pool_.report_lost(error.what());
      const double jitter = std::uniform_real_distribution<double>(0.5, 1)(random);
      pause(std::chrono::duration_cast<std::chrono::milliseconds>(delay * jitter));
      delay = std::min(delay * 2, options.max_delay);
    }
  }
}

// Returns at the end of the thread; throws when the connection is lost.
void Listener::receive_until_lost(Connection& connection) {
  auto next_ping = std::chrono::steady_clock::now() + kPing;
  while (!stopping()) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(next_ping - std::chrono::steady_clock::now());
    if (left.count() <= 0) {
      connection.exec("SELECT 1");
      next_ping = std::chrono::steady_clock::now() + kPing;
    } else {
      connection.wait(left, wake_);
    }
    while (const auto message = connection.next_message()) {
      const std::string& text = message->payload;
      const std::size_t kind = text.find(' ') + 1;
      const std::size_t payload = text.find(' ', kind) + 1;
      if (kind == 0 || payload == 0) continue;  // not from Fovea
      if (text.substr(0, kind - 1) == sender_) continue;
      deliver(text.substr(kind, payload - 1 - kind), text.substr(payload));
    }
  }
}

}  // namespace fovea::server::postgres
