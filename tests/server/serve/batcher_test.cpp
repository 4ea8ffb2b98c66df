#include "server/serve/batcher.h"

#include <future>

#include "tests/support/bitmaps.h"
#include "tests/support/catch.h"
#include "tests/support/images.h"
#include "tests/support/small_app.h"

using namespace fovea;
using namespace fovea::server;
using namespace fovea::tests;
using namespace std::chrono_literals;

namespace {

// A task with copies of one image, and a way to wait for it.
struct Order {
  std::shared_ptr<PredictTask> task = std::make_shared<PredictTask>();
  std::shared_ptr<std::promise<void>> finished = std::make_shared<std::promise<void>>();

  explicit Order(std::size_t count, std::shared_ptr<const ServedModel> model = small_model()) {
    static const auto image = image_bytes("grey.png");
    task->model = std::move(model);
    task->images.assign(count, ImageFile{"grey.png", image});
    task->deadline = std::chrono::steady_clock::now() + 10s;
  }
  bool submit_to(Batcher& batcher) {
    return batcher.submit(task, [finished = finished] { finished->set_value(); });
  }
  const std::vector<Prediction>& wait() {
    finished->get_future().get();
    return task->predictions;
  }
};

// A task whose `done` blocks the only inference thread until the test opens it.
class Blocker {
 public:
  explicit Blocker(Batcher& batcher) {
    REQUIRE(
        batcher.submit(order_.task, [opened = opened_.get_future().share()] { opened.wait(); }));
  }
  void open() { opened_.set_value(); }

 private:
  Order order_{1};
  std::promise<void> opened_;
};

}  // namespace

TEST_CASE("every image of a request is classified once for any number of threads",
          "[server][serve]") {
  for (const int threads : {1, 3}) {
    Batcher batcher(threads, 500);
    Order large(200), single(1);
    REQUIRE(large.submit_to(batcher));
    REQUIRE(single.submit_to(batcher));
    const auto& expected = single.wait().at(0).probabilities;
    CHECK(expected.size() == 3);
    for (const Prediction& prediction : large.wait()) {
      REQUIRE(prediction.status == Prediction::Status::ok);
      for (std::size_t i = 0; i < 3; ++i) {
        CHECK(prediction.probabilities[i] == Approx(expected[i]).margin(1e-5));
      }
    }
    CHECK(batcher.waiting() == 0);
  }
}

TEST_CASE("a single image does not wait for a request of 500 images", "[server][serve]") {
  Batcher batcher(1, 2048);
  Blocker blocker(batcher);
  Order large(500), single(1);
  std::promise<std::size_t> unclassified;
  REQUIRE(large.submit_to(batcher));
  REQUIRE(batcher.submit(single.task, [&] {
    const auto& predictions = large.task->predictions;
    unclassified.set_value(static_cast<std::size_t>(
        std::count_if(predictions.begin(), predictions.end(),
                      [](const Prediction& p) { return p.probabilities.empty(); })));
  }));
  blocker.open();
  CHECK(unclassified.get_future().get() >= 500 - Batcher::kMicroBatch);
  CHECK(large.wait().size() == 500);
}

TEST_CASE("a small image does not wait for the threads that decode large ones", "[server][serve]") {
  Batcher batcher(1, 100);
  const auto large_image = bmp(1, 1000, 1000);
  std::promise<void> decoded, opened;
  Order first(1), second(3), single(1);
  for (Order* order : {&first, &second}) {
    for (ImageFile& image : order->task->images) image.bytes = large_image;
  }
  REQUIRE(batcher.submit(first.task, [&, wait = opened.get_future().share()] {
    decoded.set_value();
    wait.wait();
  }));
  decoded.get_future().get();  // the thread for large images is busy from here on
  REQUIRE(second.submit_to(batcher));
  REQUIRE(single.submit_to(batcher));
  CHECK(single.finished->get_future().wait_for(20s) == std::future_status::ready);
  CHECK(single.task->predictions.at(0).status == Prediction::Status::ok);
  CHECK(batcher.waiting() == 3);
  opened.set_value();
  for (const Prediction& prediction : second.wait()) {
    CHECK(prediction.status == Prediction::Status::ok);
  }
  CHECK(first.task->predictions.at(0).status == Prediction::Status::ok);
  CHECK(batcher.waiting() == 0);
}

TEST_CASE("requests for two models take turns and each micro-batch has one model",
          "[server][serve]") {
  const auto other = std::make_shared<const ServedModel>(small_model_file(6), "other", 2);
  Batcher batcher(1, 2048);
  Blocker blocker(batcher);
  Order first(64), second(64, other);
  REQUIRE(first.submit_to(batcher));
  REQUIRE(second.submit_to(batcher));
  blocker.open();
  for (Order* order : {&first, &second}) {
    for (const Prediction& prediction : order->wait()) {
      CHECK(prediction.status == Prediction::Status::ok);
    }
  }
  CHECK(batcher.batches() == 1 + 128 / Batcher::kMicroBatch);
}

TEST_CASE("a request that does not fit into the queue is rejected completely", "[server][serve]") {
  Batcher batcher(0, 20);
  CHECK(Order(8).submit_to(batcher));
  CHECK_FALSE(Order(3).submit_to(batcher));
  CHECK(batcher.waiting() == 8);
  CHECK(Order(2).submit_to(batcher));
  CHECK_FALSE(Order(2).submit_to(batcher));
}

TEST_CASE("half of the queue is for large requests and half for single images", "[server][serve]") {
  Batcher batcher(0, 6);
  CHECK(Order(1000).submit_to(batcher));
  CHECK_FALSE(Order(2).submit_to(batcher));
  for (int i = 0; i < 3; ++i) CHECK(Order(1).submit_to(batcher));
  CHECK_FALSE(Order(1).submit_to(batcher));
  CHECK(batcher.waiting() == 1003);
}

TEST_CASE("a request larger than its half of the queue is accepted when no other waits",
          "[server][serve]") {
  Batcher batcher(1, 4);
  Order order(9);
  REQUIRE(order.submit_to(batcher));
  CHECK(order.wait().size() == 9);
}

TEST_CASE("each request is classified by the model in its task", "[server][serve]") {
  const auto other = std::make_shared<const ServedModel>(small_model_file(6), "other", 2);
  Batcher batcher(1, 1000);
  std::vector<std::unique_ptr<Order>> orders;
  for (int i = 0; i < 40; ++i) {
    orders.push_back(std::make_unique<Order>(2, i % 3 == 0 ? other : small_model()));
    REQUIRE(orders.back()->submit_to(batcher));
  }
  const auto first_probability = [](const ServedModel& model) {
    Tensor probabilities;
    Scratch scratch;
    model.classifier.predict(model.classifier.prepare(image_bytes("grey.png")), probabilities,
                             scratch);
    return probabilities.values()[0];
  };
  REQUIRE(std::abs(first_probability(*other) - first_probability(*small_model())) > 1e-3);
  for (const auto& order : orders) {
    const float expected = first_probability(*order->task->model);
    for (const Prediction& prediction : order->wait()) {
      CHECK(prediction.probabilities.at(0) == Approx(expected).margin(1e-5));
    }
  }
}

TEST_CASE("bad images and passed deadlines have different statuses", "[server][serve]") {
  Batcher batcher(1, 100);
  Order bad(2);
  static const std::vector<std::uint8_t> garbage{1, 2, 3};
  bad.task->images[0].bytes = garbage;
  REQUIRE(bad.submit_to(batcher));
  const auto& mixed = bad.wait();
  CHECK(mixed[0].status == Prediction::Status::bad_image);
  CHECK_FALSE(mixed[0].error.empty());
  CHECK(mixed[1].status == Prediction::Status::ok);

  Order late(1);
  late.task->deadline = std::chrono::steady_clock::now() - 1s;
  REQUIRE(late.submit_to(batcher));
  CHECK(late.wait()[0].status == Prediction::Status::late);
}

TEST_CASE("destroying the batcher drops waiting requests without a callback", "[server][serve]") {
  bool called = false;
  {
    Batcher batcher(0, 10);
    batcher.submit(Order(2).task, [&called] { called = true; });
  }
  CHECK_FALSE(called);
}
