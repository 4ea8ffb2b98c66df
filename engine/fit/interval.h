#pragma once

#include <cstdint>
#include <string>

namespace fovea {

// Confidence intervals of measured fractions. `alpha` is 1 minus the level: 0.05 for 95 %.
// REQUIRES: 0 < alpha < 1.

struct Interval {
  double low = 0, high = 1;
};

// "95 % interval 76.4 % to 99.1 %".
std::string interval_text(const Interval& interval);

// The z with P(|Z| > z) = alpha for a standard normal Z: 1.959964 for 0.05.
double normal_quantile(double alpha);

// The fraction hits / count: Wilson's score interval (Wilson 1927, JASA 22). 0 to 1 without images.
Interval wilson_interval(std::int64_t hits, std::int64_t count, double alpha = 0.05);

// The change of an accuracy, (won - lost) / count, of two classifiers on the same images, of which
// only the first classified `lost` correctly and only the second `won`. Agresti and Min 2005
// (Statistics in Medicine 24): Wald's interval after adding half an image to each of the four
// cells. -1 to 1 without images.
Interval paired_change_interval(std::int64_t lost, std::int64_t won, std::int64_t count,
                                double alpha = 0.05);

// The difference after - before of two estimates from their own intervals: the square-and-add
// method (Newcombe 1998, Statistics in Medicine 17, method 10; Zou and Donner 2008). The estimates
// are taken as independent, so that the interval of positively correlated ones is too wide.
Interval difference_interval(double before, const Interval& before_interval, double after,
                             const Interval& after_interval);

}  // namespace fovea
