#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <vector>

#include "server/store/postgres/connection.h"
#include "server/store/store.h"

namespace fovea::server::postgres {

struct PoolOptions {
  int max_connections = 8;
  std::chrono::milliseconds acquire = std::chrono::seconds(10);  // wait for a free connection
  Timeouts timeouts;
  // Between attempts to connect: doubled after each failure, then multiplied by 0.5 to 1.
  std::chrono::milliseconds first_delay{100}, max_delay{5000};
};

// Connections to one database, opened on demand and used again. Any thread.
class Pool {
 public:
  explicit Pool(ConnectionUrl url, PoolOptions options = {});

  class Lease {  // a connection, given back at the end of its scope
   public:
    Lease(Pool& pool, std::unique_ptr<Connection> connection)
        : pool_(pool), connection_(std::move(connection)) {}
    ~Lease() { pool_.give_back(std::move(connection_)); }
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    Connection& operator*() const { return *connection_; }
    Connection* operator->() const { return connection_.get(); }

   private:
    Pool& pool_;
    std::unique_ptr<Connection> connection_;
  };

  // Throws StoreUnavailable if all connections are in use for too long, and, without waiting, if
  // the database could not be reached recently.
  Lease acquire();
  // A connection that is not one of the pool, for a lock or for listening. Does not wait between
  // attempts.
  std::unique_ptr<Connection> connect();
  // Closes the unused connections, which probably ended together with the one that was lost.
  void discard_idle();

  StoreHealth health() const;
  void report_lost(const std::string& error);
  void report_available();

  const ConnectionUrl& url() const { return url_; }
  const PoolOptions& options() const { return options_; }

 private:
  using Clock = std::chrono::steady_clock;

  std::unique_ptr<Connection> take_idle();  // REQUIRES mutex_
  void give_back(std::unique_ptr<Connection> connection);

  const ConnectionUrl url_;
  const PoolOptions options_;
  mutable std::mutex mutex_;  // protects everything below
  std::condition_variable freed_;
  int in_use_ = 0;
  std::vector<std::unique_ptr<Connection>> idle_;
  std::chrono::milliseconds delay_{0};
  Clock::time_point next_attempt_;  // of acquire() to connect
  std::minstd_rand random_{std::random_device{}()};
  StoreHealth health_;
};

}  // namespace fovea::server::postgres
