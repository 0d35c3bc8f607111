// One transformer layer over sequences of any lengths on the CPU, forward and backward, in fp32 or with bfloat16 products:
//   pre-norm    x1 = x + drop1 * projection(attention(norm1(x))),    result = x1 + drop2 * fc2(gelu(fc1(norm2(x1))))
//   post-norm   x1 = norm1(x + drop1 * projection(attention(x))),    result = norm2(x1 + drop2 * fc2(gelu(fc1(x1))))
// They differ in where one of the LayerNorms stands: the inner one is between attention and MLP in both, the outer one is
// the first step of the one and the last of the other.
// x [rows, width] fp32, the sequences laid end to end; drop1 and drop2, where there is dropout, are factors like the result.
// Where only some rows' results are wanted (CLS, or the masked ones), only these ask: the result is [asking rows, width].
// A thread takes a block of sequences through the whole layer, so that what one stage writes is still in its cache when the
// next reads it. Weight gradients follow after a barrier. Blocks and sums do not depend on the number of threads: in fp32
// neither do the bits.
#pragma once

#include <ATen/ATen.h>
#include <ATen/core/ivalue.h>

#include <algorithm>
#include <vector>

#include "vector_code.h"

namespace actortrain {

enum LayerWeight {
  norm1Weight, norm1Bias, queryKeyValueWeight, queryKeyValueBias, projectionWeight, projectionBias,
  norm2Weight, norm2Bias, fc1Weight, fc1Bias, fc2Weight, fc2Bias, layerWeightCount
};

/// Where a sequence begins in what all sequences share: rows, asking rows, probabilities (their rows padded) and the factors on them.
struct Place {
  int64_t row = 0, query = 0, probability = 0, factor = 0;

  Place operator-(const Place& o) const { return {row - o.row, query - o.query, probability - o.probability, factor - o.factor}; }
  Place operator*(int64_t n) const { return {row * n, query * n, probability * n, factor * n}; }
};

/// A layer's sizes and the sequences that go through it.
struct Layer : torch::CustomClassHolder {
  /// `lengths` of the sequences; `asking` are the rows whose results are wanted, ascending, or empty for all.
  Layer(bool postNorm, int64_t width, int64_t heads, int64_t mlp, const std::vector<int64_t>& lengths, std::vector<int64_t> asking);

  bool partial() const { return !asking.empty(); }
  int64_t rows() const { return places.back().row; }
  int64_t queryRows() const { return places.back().query; }
  int64_t queryWidth() const { return partial() ? width : 3 * width; }  // queries alone, or packed with keys and values
  AttentionShape attention(int64_t sequence) const {
    const Place size = places[sequence + 1] - places[sequence];
    return {size.query, size.row, width / heads, queryWidth(), partial() ? 2 * width : 3 * width, width};
  }

  bool postNorm;
  int64_t width, heads, mlp;
  std::vector<int64_t> asking;
  std::vector<Place> places;         // one more than there are sequences
  std::vector<int64_t> blocks = {0};  // the first sequence of each block, and where the last one ends
  Place largest;                     // what the largest blocks hold
  int64_t attentionScratch = 0;      // floats that a head of the longest sequence needs
};

/// The factors of dropout; undefined where there is none. `attention` holds those on the probabilities without any padding: for each
/// sequence and head [asking rows, rows].
struct Dropout {
  at::Tensor attention, attentionOutput, mlpOutput;
};

/// What backward needs of a forward pass.
enum Saved {
  attentionInput, askingInput, queries, keysValues, probabilities, mixed, innerSum, innerStatistics, mlpInput, derivative,
  activated, outerSum, outerStatistics, savedCount
};

/// The layer's result; `saved` receives what `layer_backward` needs where `training`.
at::Tensor layer_forward(const Layer& layer, const at::Tensor& x, const std::vector<at::Tensor>& weights, const Dropout& dropout,
                         double epsilon, bool bfloat16, bool training, std::vector<at::Tensor>& saved);

/// Gradients of x and of the weights, in their order.
std::vector<at::Tensor> layer_backward(const Layer& layer, const at::Tensor& gradient, const at::Tensor& x,
                                       const std::vector<at::Tensor>& weights, const Dropout& dropout,
                                       const std::vector<at::Tensor>& saved, bool bfloat16);

}  // namespace actortrain
