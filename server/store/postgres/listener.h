#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "server/store/postgres/pool.h"

namespace fovea::server::postgres {

// Sends and receives notifications (NOTIFY, LISTEN). Its thread holds a connection, which also
// reports whether the database is available when there are no requests. Any thread.
class Listener {
 public:
  explicit Listener(Pool& pool);  // listens on return; throws StoreUnavailable
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  void send(Connection& connection, const std::string& kind, const std::string& payload);
  void set_callback(NotifyCallback callback);

 private:
  std::unique_ptr<Connection> connect();
  void listen(std::unique_ptr<Connection> connection);  // the thread
  void receive_until_lost(Connection& connection);
  void deliver(const std::string& kind, const std::string& payload);
  void pause(std::chrono::milliseconds wait);  // until the end of the thread at most
  bool stopping();

  Pool& pool_;
  const std::string channel_;  // one per schema
  const std::string sender_;   // identifies this process, which ignores what it sent
  int wake_;                   // readable when the thread must end
  std::mutex callback_mutex_;  // protects callback_, also while it runs
  NotifyCallback callback_;
  std::thread thread_;
};

}  // namespace fovea::server::postgres
