#include <poll.h>

#include <array>

#include <fmt/core.h>
#include <boost/asio/write.hpp>

#include "server/http/reply_fields.h"
#include "server/http/session.h"

namespace fovea::server {
namespace {

using Clock = std::chrono::steady_clock;

template <class Message>
void set_fields(Message& message, const Request& request, const Reply& reply, unsigned version) {
  message.version(version == 10 ? 10 : 11);
  message.result(static_cast<unsigned>(reply.status));
  message.set(wire::field::server, "fovea");
  message.set(wire::field::date, http_date());
  message.set("X-Request-Id", request.id);
  for (const auto& [name, value] : security_fields()) message.set(name, value);
  for (const auto& [name, value] : reply.fields) message.set(name, value);
}

template <class Message>
void set_cors_fields(Message& message, const Request& request, const Guard* guard) {
  if (!guard) return;
  for (const auto& [name, value] : guard->cors_fields(request)) message.set(name, value);
}

bool is_event_stream(const Reply& reply) {
  const auto type = find_field(reply.fields, "Content-Type").value_or("");
  constexpr std::string_view kEvents = "text/event-stream";
  return iequals(type.substr(0, kEvents.size()), kEvents);
}

}  // namespace

Task<Session::Written> Session::write(const Request& request, Reply& reply, unsigned version,
                                      bool keep_alive) {
  if (reply.stream) co_return co_await write_stream(request, reply, version, keep_alive);
  wire::response<wire::span_body<const char>> message;
  set_fields(message, request, reply, version);
  set_cors_fields(message, request, context_.options.guard.get());
  const std::string_view content = reply.content();
  message.body() = beast::span<const char>(content.data(), content.size());
  if (reply.status != 304) message.content_length(content.size());
  message.keep_alive(keep_alive);
  wire::response_serializer<wire::span_body<const char>> serializer(message);
  const bool head_only = request.verb == "HEAD" || reply.status == 304;
  serializer.split(head_only);
  ErrorCode error;
  std::uint64_t sent = 0, next_timeout = kBytesPerTimeout;
  set_timeout(context_.options.write_timeout);
  while (!error && !(head_only ? serializer.is_header_done() : serializer.is_done())) {
    std::size_t size = 0;
    std::tie(error, size) = co_await wire::async_write_some(transport_, serializer, kAwait);
    if ((sent += size) < next_timeout) continue;
    next_timeout = sent + kBytesPerTimeout;
    set_timeout(context_.options.write_timeout);
  }
  clear_timeout();
  co_return Written{!error && phase_ != Phase::closed, keep_alive, head_only ? 0 : content.size()};
}

// Sends chunks to an HTTP/1.1 client. For an older one, the end of the connection ends the body.
Task<Session::Written> Session::write_stream(const Request& request, Reply& reply, unsigned version,
                                             bool keep_alive) {
  const bool chunked = version != 10;
  const bool events = is_event_stream(reply);
  keep_alive = keep_alive && chunked;
  stream_ = std::move(reply.stream);
  wire::response<wire::empty_body> message;
  set_fields(message, request, reply, version);
  set_cors_fields(message, request, context_.options.guard.get());
  if (chunked) message.chunked(true);
  message.keep_alive(keep_alive);
  wire::response_serializer<wire::empty_body> serializer(message);
  set_timeout(context_.options.write_timeout);
  const auto [error, size] = co_await wire::async_write_header(transport_, serializer, kAwait);
  (void)size;
  clear_timeout();
  Written written{!error && phase_ != Phase::closed, keep_alive, 0};
  peer_left_ = peer_sent_ = false;
  bool more = request.verb != "HEAD";
  while (written.complete && more) {
    watch_peer();
    const std::optional<Chunk> chunk = co_await next_chunk(request.id, events, chunked);
    if (!chunk) {
      written.complete = false;
      break;
    }
    more = chunk->more;
    written.complete = co_await write_chunk(chunk->bytes, chunked);
    written.bytes += chunk->bytes.size();
  }
  stream_.reset();
  if (written.complete && chunked && request.verb != "HEAD") {
    static constexpr std::string_view kLast = "0\r\n\r\n";
    set_timeout(context_.options.write_timeout);
    const auto [last, sent] =
        co_await asio::async_write(transport_, asio::buffer(kLast.data(), kLast.size()), kAwait);
    (void)sent;
    clear_timeout();
    written.complete = !last && phase_ != Phase::closed;
  }
  written.keep_alive = keep_alive && !context_.draining;
  co_return written;
}

Task<bool> Session::write_chunk(std::string_view bytes, bool chunked) {
  if (bytes.empty()) co_return true;  // an empty chunk would end the body
  const std::string head = chunked ? fmt::format("{:x}\r\n", bytes.size()) : "";
  const std::array<asio::const_buffer, 3> buffers{asio::const_buffer(head.data(), head.size()),
                                                  asio::const_buffer(bytes.data(), bytes.size()),
                                                  asio::const_buffer("\r\n", chunked ? 2 : 0)};
  set_timeout(context_.options.write_timeout);
  const auto [error, size] = co_await asio::async_write(transport_, buffers, kAwait);
  (void)size;
  clear_timeout();
  co_return !error && phase_ != Phase::closed;
}

void Session::request_chunk(const std::shared_ptr<PendingChunk>& pending, const std::string& id) {
  const auto deliver = [self = weak_from_this(), executor = transport_.get_executor(),
                        pending](std::optional<Chunk> chunk) {
    asio::post(executor, [self, pending, chunk = std::move(chunk)]() mutable {
      pending->failed = !chunk;
      pending->chunk = std::move(chunk);
      if (const auto session = self.lock()) session->wake_.cancel();
    });
  };
  const auto pull = [stream = stream_, deliver, id, &options = context_.options] {
    try {
      stream->next([deliver](std::string bytes, bool more) {
        deliver(Chunk{std::move(bytes), more});
      });
    } catch (const std::exception& error) {
      if (options.on_error) options.on_error(id + ": " + error.what());
      deliver(std::nullopt);
    }
  };
  // Needs no limit: a connection has at most one chunk in the queue.
  stream_->waits_for_disk() ? context_.workers.post(pull) : pull();
}

Task<std::optional<Session::Chunk>> Session::next_chunk(const std::string& id, bool events,
                                                        bool chunked) {
  constexpr std::chrono::seconds kPollInterval{1};
  const auto pending = std::make_shared<PendingChunk>();
  request_chunk(pending, id);
  auto heartbeat_at = Clock::now() + context_.options.heartbeat;
  for (;;) {
    if (phase_ == Phase::closed || pending->failed || peer_left_) co_return std::nullopt;
    if (pending->chunk) co_return std::move(*pending->chunk);
    if (events && context_.draining) co_return Chunk{};
    const auto now = Clock::now();
    if (now >= heartbeat_at) {
      const std::string beat = stream_->heartbeat();
      if (!co_await write_chunk(beat, chunked)) co_return std::nullopt;
      heartbeat_at = now + context_.options.heartbeat;
      continue;
    }
    wake_.expires_at(peer_sent_ ? std::min(heartbeat_at, now + kPollInterval) : heartbeat_at);
    co_await wake_.async_wait(kAwait);
    if (peer_sent_) peer_left_ = peer_left_ || peer_hung_up();
  }
}

// Detects a disconnect without reading from the socket, since the bytes may be the next request.
void Session::watch_peer() {
  if (watching_ || peer_sent_) return;
  watching_ = true;
  transport_.socket().async_wait(Socket::wait_read, [self = weak_from_this()](ErrorCode error) {
    const auto session = self.lock();
    if (!session) return;
    session->watching_ = false;
    if (error || !session->stream_) return;
    session->peer_left_ = session->peer_hung_up();
    session->peer_sent_ = !session->peer_left_;
    session->wake_.cancel();
  });
}

bool Session::peer_hung_up() {
  pollfd poll_request{transport_.socket().native_handle(), POLLRDHUP, 0};
  return ::poll(&poll_request, 1, 0) > 0 &&
         (poll_request.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

// Closing a socket with unread bytes resets the connection, and the client may lose the response.
// Discards what the client still sends, for a limited time (RFC 9112, 9.6).
Task<void> Session::linger() {
  constexpr std::uint64_t kMaxBytes = std::uint64_t{256} << 20;
  set_timeout(std::chrono::seconds(5));
  co_await transport_.shutdown();
  Socket& socket = transport_.socket();  // below TLS: the bytes are discarded
  ErrorCode ignored;
  socket.shutdown(Socket::shutdown_send, ignored);
  buffer_.clear();
  std::uint64_t total = 0;
  while (total < kMaxBytes) {
    const auto [error, size] = co_await socket.async_read_some(buffer_.prepare(65536), kAwait);
    if (error || phase_ == Phase::closed) break;
    total += size;
  }
}

}  // namespace fovea::server
