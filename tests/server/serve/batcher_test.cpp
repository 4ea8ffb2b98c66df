#include "server/serve/batcher.h"

#include <future>

#include "engine/core/error.h"
#include "tests/support/catch.h"
#include "tests/support/images.h"
#include "tests/support/small_app.h"

using namespace fovea;
using namespace fovea::server;
using namespace fovea::tests;
using namespace std::chrono_literals;

namespace {

struct Order {
  std::shared_ptr<Work> work = std::make_shared<Work>();
  std::shared_ptr<std::promise<void>> settled = std::make_shared<std::promise<void>>();

  explicit Order(std::size_t count, std::shared_ptr<const ServedModel> model = small_model()) {
    static const auto image = image_bytes("grey.png");
    work->model = std::move(model);
    work->images.assign(count, image);
    work->deadline = std::chrono::steady_clock::now() + 10s;
    work->done = [settled = settled](Work&) { settled->set_value(); };
  }
  const std::vector<Prediction>& wait() {
    settled->get_future().get();
    return work->predictions;
  }
};

}  // namespace

TEST_CASE("every image of a request is settled once, whatever the threads and micro-batches") {
  for (const int threads : {1, 3}) {
    Batcher batcher(threads, 500);
    Order big(200);
    Order small(1);
    REQUIRE(batcher.submit(big.work));
    REQUIRE(batcher.submit(small.work));
    const auto& first = small.wait().at(0).probabilities;
    CHECK(first.size() == 3);
    for (const Prediction& prediction : big.wait()) {
      REQUIRE(prediction.status == Prediction::Status::ok);
      for (std::size_t i = 0; i < 3; ++i) {
        CHECK(prediction.probabilities[i] == Approx(first[i]).margin(1e-5));
      }
    }
    CHECK(batcher.waiting() == 0);
  }
}

TEST_CASE("a single image is answered beside a batch of 500, not after it") {
  Batcher batcher(1, 2048);
  std::promise<void> free;
  std::promise<std::size_t> left;
  Order gate(1), big(500), small(1);
  gate.work->done = [held = free.get_future().share()](Work&) { held.wait(); };
  small.work->done = [&](Work&) { left.set_value(big.work->unsettled); };
  REQUIRE(batcher.submit(gate.work));
  REQUIRE(batcher.submit(big.work));
  REQUIRE(batcher.submit(small.work));
  free.set_value();
  CHECK(left.get_future().get() >= 500 - Batcher::kMicroBatch);
  CHECK(big.wait().size() == 500);
}

TEST_CASE("requests of two models take turns, and each model's images stay together") {
  const auto other = std::make_shared<const ServedModel>(small_model_file(6), "other", 2);
  Batcher batcher(1, 2048);
  std::promise<void> free;
  Order gate(1), ours(64), theirs(64, other);
  gate.work->done = [held = free.get_future().share()](Work&) { held.wait(); };
  REQUIRE(batcher.submit(gate.work));
  REQUIRE(batcher.submit(ours.work));
  REQUIRE(batcher.submit(theirs.work));
  free.set_value();
  for (Order* order : {&ours, &theirs}) {
    for (const Prediction& prediction : order->wait()) {
      CHECK(prediction.status == Prediction::Status::ok);
    }
  }
  CHECK(batcher.batches() == 1 + 128 / Batcher::kMicroBatch);
}

TEST_CASE("a full queue takes nothing of a request that does not fit") {
  Batcher batcher(0, 20);
  CHECK(batcher.submit(Order(8).work));
  CHECK_FALSE(batcher.submit(Order(3).work));
  CHECK(batcher.waiting() == 8);
  CHECK(batcher.submit(Order(2).work));
  CHECK_FALSE(batcher.submit(Order(2).work));
}

TEST_CASE("batches fill half of the queue, and single images the other") {
  Batcher batcher(0, 6);
  CHECK(batcher.submit(Order(1000).work));
  CHECK_FALSE(batcher.submit(Order(2).work));
  for (int i = 0; i < 3; ++i) CHECK(batcher.submit(Order(1).work));
  CHECK_FALSE(batcher.submit(Order(1).work));
  CHECK(batcher.waiting() == 1003);
}

TEST_CASE("a request larger than its half of the queue is taken when no other batch waits") {
  Batcher batcher(1, 4);
  Order order(9);
  REQUIRE(batcher.submit(order.work));
  CHECK(order.wait().size() == 9);
}

TEST_CASE("each request is answered by the model it pinned") {
  const auto other = std::make_shared<const ServedModel>(small_model_file(6), "other", 2);
  Batcher batcher(1, 1000);
  std::vector<std::unique_ptr<Order>> orders;
  for (int i = 0; i < 40; ++i) {
    orders.push_back(std::make_unique<Order>(2, i % 3 == 0 ? other : small_model()));
    REQUIRE(batcher.submit(orders.back()->work));
  }
  const auto of_model = [](const ServedModel& model) {
    Tensor probabilities;
    Scratch scratch;
    model.classifier.predict(model.classifier.prepare(image_bytes("grey.png")), probabilities,
                             scratch);
    return probabilities.values()[0];
  };
  REQUIRE(std::abs(of_model(*other) - of_model(*small_model())) > 1e-3);
  for (const auto& order : orders) {
    const float expected = of_model(*order->work->model);
    for (const Prediction& prediction : order->wait()) {
      CHECK(prediction.probabilities.at(0) == Approx(expected).margin(1e-5));
    }
  }
}

TEST_CASE("bad images and passed deadlines are told apart") {
  Batcher batcher(1, 100);
  Order bad(2);
  static const std::vector<std::uint8_t> rubbish{1, 2, 3};
  bad.work->images[0] = rubbish;
  REQUIRE(batcher.submit(bad.work));
  const auto& mixed = bad.wait();
  CHECK(mixed[0].status == Prediction::Status::bad_image);
  CHECK_FALSE(mixed[0].error.empty());
  CHECK(mixed[1].status == Prediction::Status::ok);

  Order late(1);
  late.work->deadline = std::chrono::steady_clock::now() - 1s;
  REQUIRE(batcher.submit(late.work));
  CHECK(late.wait()[0].status == Prediction::Status::late);
}

TEST_CASE("ending the batcher drops what waits without calling back") {
  bool called = false;
  {
    Batcher batcher(0, 10);
    Order order(2);
    order.work->done = [&called](Work&) { called = true; };
    batcher.submit(order.work);
  }
  CHECK_FALSE(called);
}
