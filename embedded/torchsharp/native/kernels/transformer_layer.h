// One pre-norm transformer layer on the CPU, forward and backward, in fp32 or with bfloat16 products:
//   x1 = x + drop1 * projection(attention(norm1(x))),   result = x1 + drop2 * fc2(gelu(fc1(norm2(x1))))
// x [batch, tokens, width] fp32; drop1 and drop2, where there is dropout, are factors like the result. Where only some tokens' results are wanted (CLS, or the masked patches), only these ask:
// `queries` tokens from `firstQuery` on, and the result is [batch, queries, width].
// A thread takes a block of images through the whole layer, so that what one stage writes is still in its cache when the
// next reads it. Weight gradients follow after a barrier. Blocks and sums do not depend on the number of threads: in fp32
// neither do the bits.
#pragma once

#include <ATen/ATen.h>

#include <vector>

#include "vector_code.h"

namespace actortrain {

enum LayerWeight {
  norm1Weight, norm1Bias, queryKeyValueWeight, queryKeyValueBias, projectionWeight, projectionBias,
  norm2Weight, norm2Bias, fc1Weight, fc1Bias, fc2Weight, fc2Bias, layerWeightCount
};

struct LayerSizes {
  int64_t batch, tokens, width, heads, mlp, firstQuery, queries;
  bool partial() const { return queries != tokens; }
  int64_t rows() const { return batch * tokens; }
  int64_t queryRows() const { return batch * queries; }
  int64_t queryWidth() const { return partial() ? width : 3 * width; }  // queries alone, or packed with keys and values
  AttentionShape attention() const {
    return {queries, tokens, width / heads, queryWidth(), partial() ? 2 * width : 3 * width, width};
  }
};

/// What backward needs of a forward pass.
enum Saved {
  normal1, normalQueries, statistics1, queries, keysValues, probabilities, mixed, middle, normal2, statistics2, derivative,
  activated, savedCount
};

/// The layer's result; `saved` receives what `layer_backward` needs where `training`.
at::Tensor layer_forward(const LayerSizes& sizes, const at::Tensor& x, const std::vector<at::Tensor>& weights,
                         const at::Tensor& drop1, const at::Tensor& drop2, double epsilon, bool bfloat16, bool training,
                         std::vector<at::Tensor>& saved);

/// Gradients of x and of the weights, in their order.
std::vector<at::Tensor> layer_backward(const LayerSizes& sizes, const at::Tensor& gradient, const at::Tensor& x,
                                       const std::vector<at::Tensor>& weights, const at::Tensor& drop1,
                                       const at::Tensor& drop2, const std::vector<at::Tensor>& saved, bool bfloat16);

}  // namespace actortrain
