#pragma once

#include "engine/model/classifier.h"

namespace fovea::server {

// Has a fixed image classified, from its bytes to its probabilities. Throws FormatError unless
// the answer has one finite probability from 0 to 1 for each class and they sum to 1.
void probe(const Classifier& classifier);

// Runs the network at the sizes that service uses, so that the first request after a swap does not
// pay for pages and code touched for the first time.
void warm(const Classifier& classifier);

}  // namespace fovea::server
