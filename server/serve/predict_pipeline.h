#pragma once

#include <chrono>
#include <functional>
#include <memory>

#include "server/http/message.h"
#include "server/serve/predict_task.h"

namespace fovea::server {

class Batcher;
class Hub;
class Metrics;
class Recorder;

// What happens to every predict request, whichever API received it: classify the images, count the
// outcome, record the predictions in the history, respond. Any thread.
class PredictPipeline {
 public:
  // Makes the response from a finished task. Runs on a thread of the batcher or the recorder.
  using BuildReply = std::function<Reply(const PredictTask&)>;

  // `deadline`: how long an image may wait in the queue.
  PredictPipeline(Batcher& batcher, Recorder& recorder, Metrics& metrics, Hub& hub,
                  std::chrono::milliseconds deadline)
      : batcher_(batcher), recorder_(recorder), metrics_(metrics), hub_(hub), deadline_(deadline) {}

  // Starts the task and returns. Responds with what build_reply makes of it, or with an exception:
  // HttpError 504 if the deadline passed, any other for an internal error. Throws HttpError 503
  // with Retry-After if the queue is full. REQUIRES: task->images is not empty.
  void start(const std::shared_ptr<PredictTask>& task, const BuildReply& build_reply,
             Respond respond);

 private:
  void count_outcome(const PredictTask& task);
  void require_classified(const PredictTask& task) const;
  void record(const std::shared_ptr<PredictTask>& task, std::function<void()> done);

  Batcher& batcher_;
  Recorder& recorder_;
  Metrics& metrics_;
  Hub& hub_;
  const std::chrono::milliseconds deadline_;
};

}  // namespace fovea::server
