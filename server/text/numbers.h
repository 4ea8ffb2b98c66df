#pragma once

namespace fovea::server {

// The double whose shortest text is the float's shortest text: 0.1f is sent as 0.1, not as
// 0.10000000149011612, and reads back as the same float.
double shortest(float value);

}  // namespace fovea::server
