#include <poll.h>

#include <array>

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
  return same_name(type.substr(0, kEvents.size()), kEvents);
}

}  // namespace

Task<Session::Written> Session::write(const Request& request, Reply& reply, unsigned version,
                                      bool keep) {
  if (reply.stream) co_return co_await write_stream(request, reply, version, keep);
  wire::response<wire::span_body<const char>> message;
  set_fields(message, request, reply, version);
  set_cors_fields(message, request, context_.options.guard.get());
  const std::string_view content = reply.content();
  message.body() = beast::span<const char>(content.data(), content.size());
  if (reply.status != 304) message.content_length(content.size());
  message.keep_alive(keep);
  wire::response_serializer<wire::span_body<const char>> serializer(message);
  const bool head_only = request.verb == "HEAD" || reply.status == 304;
  serializer.split(head_only);
  ErrorCode error;
  std::uint64_t sent = 0, pace = kPace;
  arm(context_.options.write_timeout);
  while (!error && !(head_only ? serializer.is_header_done() : serializer.is_done())) {
    std::size_t size = 0;
    std::tie(error, size) = co_await wire::async_write_some(transport_, serializer, kAwait);
    if ((sent += size) < pace) continue;
    pace = sent + kPace;
    arm(context_.options.write_timeout);
  }
  disarm();
  co_return Written{!error && phase_ != Phase::closed, keep, head_only ? 0 : content.size()};
}

// In chunks for HTTP/1.1; an older client is told the end by the connection's.
Task<Session::Written> Session::write_stream(const Request& request, Reply& reply, unsigned version,
                                             bool keep) {
  const bool chunked = version != 10;
  const bool events = is_event_stream(reply);
  keep = keep && chunked;
  stream_ = std::move(reply.stream);
  wire::response<wire::empty_body> message;
  set_fields(message, request, reply, version);
  set_cors_fields(message, request, context_.options.guard.get());
  if (chunked) message.chunked(true);
  message.keep_alive(keep);
  wire::response_serializer<wire::empty_body> serializer(message);
  arm(context_.options.write_timeout);
  const auto [error, size] = co_await wire::async_write_header(transport_, serializer, kAwait);
  (void)size;
  disarm();
  Written written{!error && phase_ != Phase::closed, keep, 0};
  peer_left_ = peer_sent_ = false;
  bool more = request.verb != "HEAD";
  while (written.whole && more) {
    watch_peer();
    const std::optional<Chunk> chunk = co_await next_chunk(request.id, events, chunked);
    if (!chunk) {
      written.whole = false;
      break;
    }
    more = chunk->more;
    written.whole = co_await write_chunk(chunk->bytes, chunked);
    written.bytes += chunk->bytes.size();
  }
  stream_.reset();
  if (written.whole && chunked && request.verb != "HEAD") {
    static constexpr std::string_view kLast = "0\r\n\r\n";
    arm(context_.options.write_timeout);
    const auto [last, sent] =
        co_await asio::async_write(transport_, asio::buffer(kLast.data(), kLast.size()), kAwait);
    (void)sent;
    disarm();
    written.whole = !last && phase_ != Phase::closed;
  }
  written.keep = keep && !context_.draining;
  co_return written;
}

Task<bool> Session::write_chunk(std::string_view bytes, bool chunked) {
  if (bytes.empty()) co_return true;  // an empty chunk would end the body
  std::array<char, 24> head{};
  const int head_size =
      chunked ? std::snprintf(head.data(), head.size(), "%zx\r\n", bytes.size()) : 0;
  const std::array<asio::const_buffer, 3> buffers{
      asio::const_buffer(head.data(), static_cast<std::size_t>(head_size)),
      asio::const_buffer(bytes.data(), bytes.size()), asio::const_buffer("\r\n", chunked ? 2 : 0)};
  arm(context_.options.write_timeout);
  const auto [error, size] = co_await asio::async_write(transport_, buffers, kAwait);
  (void)size;
  disarm();
  co_return !error && phase_ != Phase::closed;
}

void Session::ask_stream(const std::shared_ptr<Pulled>& pulled, const std::string& id) {
  const auto hand_over = [self = weak_from_this(), executor = transport_.get_executor(),
                          pulled](std::optional<Chunk> chunk) {
    asio::post(executor, [self, pulled, chunk = std::move(chunk)]() mutable {
      pulled->failed = !chunk;
      pulled->chunk = std::move(chunk);
      if (const auto session = self.lock()) session->wake_.cancel();
    });
  };
  const auto pull = [stream = stream_, hand_over, id, &options = context_.options] {
    try {
      stream->next([hand_over](std::string bytes, bool more) {
        hand_over(Chunk{std::move(bytes), more});
      });
    } catch (const std::exception& error) {
      if (options.on_fault) options.on_fault(id + ": " + error.what());
      hand_over(std::nullopt);
    }
  };
  // One place a connection at most, which holds the queue short enough.
  stream_->waits_for_disk() ? context_.workers.post(pull) : pull();
}

Task<std::optional<Session::Chunk>> Session::next_chunk(const std::string& id, bool events,
                                                        bool chunked) {
  constexpr std::chrono::seconds kLookAgain{1};
  const auto pulled = std::make_shared<Pulled>();
  ask_stream(pulled, id);
  auto heartbeat_at = Clock::now() + context_.options.heartbeat;
  for (;;) {
    if (phase_ == Phase::closed || pulled->failed || peer_left_) co_return std::nullopt;
    if (pulled->chunk) co_return std::move(*pulled->chunk);
    if (events && context_.draining) co_return Chunk{};
    const auto now = Clock::now();
    if (now >= heartbeat_at) {
      const std::string beat = stream_->heartbeat();
      if (!co_await write_chunk(beat, chunked)) co_return std::nullopt;
      heartbeat_at = now + context_.options.heartbeat;
      continue;
    }
    wake_.expires_at(peer_sent_ ? std::min(heartbeat_at, now + kLookAgain) : heartbeat_at);
    co_await wake_.async_wait(kAwait);
    if (peer_sent_) peer_left_ = peer_left_ || has_hung_up();
  }
}

// Looks at the socket without reading from it: what comes may be the next request.
void Session::watch_peer() {
  if (watching_ || peer_sent_) return;
  watching_ = true;
  transport_.socket().async_wait(Socket::wait_read, [self = weak_from_this()](ErrorCode error) {
    const auto session = self.lock();
    if (!session) return;
    session->watching_ = false;
    if (error || !session->stream_) return;
    session->peer_left_ = session->has_hung_up();
    session->peer_sent_ = !session->peer_left_;
    session->wake_.cancel();
  });
}

bool Session::has_hung_up() {
  pollfd look{transport_.socket().native_handle(), POLLRDHUP, 0};
  return ::poll(&look, 1, 0) > 0 && (look.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

// Closing with unread bytes resets the connection, and the answer may be lost with it: read on for
// a while, as the client may still be sending (RFC 9112, 9.6).
Task<void> Session::linger() {
  constexpr std::uint64_t kMost = std::uint64_t{256} << 20;
  arm(std::chrono::seconds(5));
  co_await transport_.shutdown();
  Socket& socket = transport_.socket();  // what comes now is not looked at
  ErrorCode ignored;
  socket.shutdown(Socket::shutdown_send, ignored);
  buffer_.clear();
  std::uint64_t total = 0;
  while (total < kMost) {
    const auto [error, size] = co_await socket.async_read_some(buffer_.prepare(65536), kAwait);
    if (error || phase_ == Phase::closed) break;
    total += size;
  }
}

}  // namespace fovea::server
