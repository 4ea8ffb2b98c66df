#pragma once

#include "engine/exchange/description.h"
#include "engine/model/model.h"
#include "engine/nn/conv2d.h"

namespace fovea::test {

// Every kind of layer: a residual block on a map and one on features, global pooling, batch norm
// after a flatten, a strided and padded convolution, an inverted residual block with ReLU6 and
// TensorFlow's padding, GELU.
inline Model exchange_model() {
  NetworkSpec spec;
  spec.input = {1, 8, 8, 3};
  spec.layers = {
      {Conv2dSpec{4, 3, 1, 1, false}},
      {BatchNormSpec{}},
      {ReluSpec{}},
      {Conv2dSpec{6, 3, 2, 2, true}},
      {ResidualSpec{{{Conv2dSpec{6, 1, 1, 0, true}},
                     {GeluSpec{}},
                     {ResidualSpec{{{BatchNormSpec{}}, {ReluSpec{}}}}}}}},
      {Conv2dSpec{9, 1, 1, 0, false}},
      {Relu6Spec{}},
      {DepthwiseConv2dSpec{4, 1, kSamePadding, true}},
      {Conv2dSpec{6, 2, 1, kSamePadding, false}},
      {MaxPoolSpec{2}},
      {FlattenSpec{}},
      {BatchNormSpec{1e-3f, 0.2f}},
      {ResidualSpec{{{DenseSpec{5, true}}, {ReluSpec{}}, {DenseSpec{24, false}}}}},
      {DropoutSpec{0.25f}},
      {DenseSpec{7, true}},
      {Conv2dSpec{5, 1, 1, 0, true}},  // on features: a map of one pixel
      {GlobalMaxPoolSpec{}},
      {DenseSpec{3, false}},
  };
  Model model{Network(spec), {}, {"cat", "dog", "b\xc3\xa4r"}, 1.3f, {{"name", "example"}}};
  model.network.initialise(7);
  Rng rng(11);
  for (Buffer* buffer : model.network.buffers()) {
    for (Scalar& x : buffer->value.values()) x = rng.uniform(0.5f, 2.0f);
  }
  for (Param* param : model.network.params()) {
    for (Scalar& x : param->value.values()) x += rng.uniform(-0.1f, 0.1f);
  }
  model.preprocess.size = 8;
  model.preprocess.fit = Fit::pad;
  model.preprocess.mean = {0.4914f, 0.4822f, 0.1f};
  model.preprocess.std = {0.247f, 1.0f / 3, 0.2616f};
  return model;
}

inline ExportSource example_source() {
  return {"1.2.3", std::string(64, 'a')};
}

}  // namespace fovea::test
