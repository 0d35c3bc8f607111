// Forward and backward of a transformer layer; what it computes and how is said in transformer_layer.h.
#include "transformer_layer.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <type_traits>

#include "products.h"

namespace actortrain {
namespace {

/// Images that a thread carries through the layer together.
int64_t block_images(const LayerSizes& sizes) {
  constexpr int64_t rows = 272;
  return std::max<int64_t>(1, rows / sizes.tokens);
}

// The loops that differ between the two number formats.
void normalize(int64_t rows, int64_t width, const float* x, const float* w, const float* b, float e, float* y, float* s) {
  vector_code().layerNorm(rows, width, x, w, b, e, y, s);
}
void normalize(int64_t rows, int64_t width, const float* x, const float* w, const float* b, float e, bfloat* y, float* s) {
  vector_code().layerNormBfloat(rows, width, x, w, b, e, y, s);
}
void normalize_backward(int64_t rows, int64_t width, const float* dy, const float* x, const float* s, const float* w,
                        const float* passed, float* dx, float* sums) {
  vector_code().layerNormBackward(rows, width, dy, x, s, w, passed, dx, sums, sums + width);
}
void normalize_backward(int64_t rows, int64_t width, const bfloat* dy, const float* x, const float* s, const float* w,
                        const float* passed, float* dx, float* sums) {
  vector_code().layerNormBackwardBfloat(rows, width, dy, x, s, w, passed, dx, sums, sums + width);
}
void sum_rows(int64_t rows, int64_t width, const float* x, float* sums) { vector_code().sumRows(rows, width, width, x, sums); }
void sum_rows(int64_t rows, int64_t width, const bfloat* x, float* sums) { vector_code().sumRowsBfloat(rows, width, width, x, sums); }

void add(int64_t count, const float* x, float* to) { vector_code().add(count, x, to); }
void add(int64_t count, const bfloat* x, bfloat* to) { vector_code().addBfloat(count, x, to); }

/// Copies the rows of the asking tokens of `count` images together.
template <typename Number>
void gather(const LayerSizes& s, int64_t count, const Number* from, Number* to) {
  const int64_t length = s.queries * s.width;
  for (int64_t i = 0; i < count; i++) std::copy_n(from + (i * s.tokens + s.firstQuery) * s.width, length, to + i * length);
}

/// Where one block's queries, keys and values lie in fp32.
struct Heads {
  float *query, *key;
  Heads(const LayerSizes& s, float* packed, float* keysValues) : query(packed), key(s.partial() ? keysValues : packed + s.width) {}
};

/// One pass through the layer in one direction: what forward and backward both start from.
template <typename Number>
struct Pass {
  Pass(const LayerSizes& sizes, const at::Tensor& x, const std::vector<at::Tensor>& weights, Direction direction)
      : s(sizes), x(x), weights(weights), floats(x.options()), numbers(floats.dtype(isFloat ? at::kFloat : at::kBFloat16)),
        asking(weights[queryKeyValueWeight], 0, qw, direction),
        offering(weights[queryKeyValueWeight], w, s.partial() ? 2 * w : 0, direction),
        projection(weights[projectionWeight], 0, w, direction), fc1(weights[fc1Weight], 0, s.mlp, direction),
        fc2(weights[fc2Weight], 0, w, direction) {}

  at::Tensor forward(const at::Tensor& drop1, const at::Tensor& drop2, float epsilon, bool training,
                     std::vector<at::Tensor>& saved) const;
  std::vector<at::Tensor> backward(const at::Tensor& gradient, const at::Tensor& drop1, const at::Tensor& drop2,
                                   const std::vector<at::Tensor>& saved) const;

  static constexpr bool isFloat = std::is_same<Number, float>::value;
  const VectorCode& code = vector_code();
  const LayerSizes& s;
  const at::Tensor& x;
  const std::vector<at::Tensor>& weights;
  const at::TensorOptions floats, numbers;
  const int64_t w = s.width, t = s.tokens, q = s.queries, block = block_images(s), headWidth = w / s.heads, qw = s.queryWidth();
  const AttentionShape shape = s.attention();
  const int64_t padded = shape.paddedTokens();
  const Matrix<Number> asking, offering, projection, fc1, fc2;  // packed
};

template <typename Number>
at::Tensor Pass<Number>::forward(const at::Tensor& drop1, const at::Tensor& drop2, float epsilon, bool training,
                                 std::vector<at::Tensor>& saved) const {
  const int64_t images = training ? s.batch : std::min(s.batch, block * at::get_num_threads());
  saved.assign(savedCount, at::Tensor());
  saved[normal1] = at::empty({images * t, w}, numbers);
  saved[statistics1] = at::empty({images * t, 2}, floats);
  saved[queries] = at::empty({images * q, qw}, numbers);
  saved[normalQueries] = s.partial() ? at::empty({images * q, w}, numbers) : saved[normal1];
  if (s.partial()) saved[keysValues] = at::empty({images * t, 2 * w}, numbers);
  saved[probabilities] = at::empty({images * s.heads * q, padded}, floats);
  saved[mixed] = at::empty({images * q, w}, numbers);
  saved[middle] = at::empty({images * q, w}, floats);
  saved[normal2] = at::empty({images * q, w}, numbers);
  saved[statistics2] = at::empty({images * q, 2}, floats);
  saved[derivative] = at::empty({images * q, s.mlp}, numbers);
  saved[activated] = at::empty({images * q, s.mlp}, numbers);
  at::Tensor result = at::empty({s.batch, q, w}, floats);

  const float* weight[layerWeightCount];
  for (int i = 0; i < layerWeightCount; i++) weight[i] = data<float>(weights[i]);

  auto carry = [&](int64_t image, int64_t place, int64_t count) {
    const int64_t rows = count * t, queryRows = count * q, row = place * t, queryRow = place * q;
    const float* in = data<float>(x) + image * t * w;
    Number* y1 = data<Number>(saved[normal1]) + row * w;
    Number* yq = data<Number>(saved[normalQueries]) + queryRow * w;
    Number* asked = data<Number>(saved[queries]) + queryRow * qw;
    Number* offered = s.partial() ? data<Number>(saved[keysValues]) + row * 2 * w : nullptr;
    float* p = data<float>(saved[probabilities]) + queryRow * s.heads * padded;
    Number* o = data<Number>(saved[mixed]) + queryRow * w;
    float* x1 = data<float>(saved[middle]) + queryRow * w;
    Number* y2 = data<Number>(saved[normal2]) + queryRow * w;
    Number* h = data<Number>(saved[derivative]) + queryRow * s.mlp;
    Number* a = data<Number>(saved[activated]) + queryRow * s.mlp;
    float* keyScratch = scratch(headWidth * padded + queryRows * (2 * w + qw) + rows * 2 * w);
    float* own = keyScratch + headWidth * padded;
    float *mixedFloats = own + queryRows * w, *askedFloats = mixedFloats + queryRows * w, *offeredFloats = askedFloats + queryRows * qw;

    auto part = [&](const at::Tensor& drop) { return drop.defined() ? data<float>(drop) + image * q * w : nullptr; };

    normalize(rows, w, in, weight[norm1Weight], weight[norm1Bias], epsilon, y1, data<float>(saved[statistics1]) + row * 2);
    const float* residual = in;
    if (s.partial()) {
      gather(s, count, y1, yq);
      gather(s, count, in, own);
      residual = own;
    }
    if constexpr (isFloat) {
      mixedFloats = o;
      askedFloats = asked;
      offeredFloats = offered;
    }
    asking.linear(queryRows, yq, weight[queryKeyValueBias], nullptr, nullptr, askedFloats);
    if (s.partial()) offering.linear(rows, y1, weight[queryKeyValueBias] + w, nullptr, nullptr, offeredFloats);
    const Heads heads(s, askedFloats, offeredFloats);
    for (int64_t i = 0; i < count; i++)
      for (int64_t head = 0; head < s.heads; head++) {
        const int64_t column = head * headWidth;
        const float* key = heads.key + i * t * shape.keyStride + column;
        code.attention(shape, heads.query + i * q * qw + column, key, key + w, p + (i * s.heads + head) * q * padded,
                       mixedFloats + i * q * w + column, keyScratch);
      }
    if constexpr (!isFloat) {
      code.toBfloat(queryRows * qw, askedFloats, asked);
      if (s.partial()) code.toBfloat(rows * 2 * w, offeredFloats, offered);
      code.toBfloat(queryRows * w, mixedFloats, o);
    }
    projection.linear(queryRows, o, weight[projectionBias], part(drop1), residual, x1);
    normalize(queryRows, w, x1, weight[norm2Weight], weight[norm2Bias], epsilon, y2, data<float>(saved[statistics2]) + queryRow * 2);
    fc1.linear_gelu(queryRows, y2, weight[fc1Bias], h, a);
    fc2.linear(queryRows, a, weight[fc2Bias], part(drop2), x1, data<float>(result) + image * q * w);
  };
  at::parallel_for(0, (s.batch + block - 1) / block, 1, [&](int64_t begin, int64_t end) {
    for (int64_t image = begin * block; image < std::min(end * block, s.batch); image += block)
      carry(image, training ? image : at::get_thread_num() * block, std::min(block, s.batch - image));
  });
  if (!training) saved.clear();
  return result;
}

template <typename Number>
std::vector<at::Tensor> Pass<Number>::backward(const at::Tensor& gradient, const at::Tensor& drop1, const at::Tensor& drop2,
                                               const std::vector<at::Tensor>& saved) const {
  at::Tensor dx = at::empty_like(x);
  // Gradients at the outputs of the products; the weights' gradients need them all.
  at::Tensor dropped = drop2.defined() ? gradient * drop2 : gradient;
  at::Tensor result = isFloat ? dropped : dropped.to(at::kBFloat16);
  at::Tensor hidden = at::empty({s.queryRows(), s.mlp}, numbers);
  at::Tensor middleGradient = at::empty({s.queryRows(), w}, floats);
  at::Tensor projectedFloats = drop1.defined() ? at::empty({s.queryRows(), w}, floats) : middleGradient;
  at::Tensor projected = isFloat ? projectedFloats : at::empty({s.queryRows(), w}, numbers);
  at::Tensor asked = at::empty({s.queryRows(), qw}, numbers);
  at::Tensor offered = s.partial() ? at::empty({s.rows(), 2 * w}, numbers) : at::Tensor();
  // Sums over a block's rows: norm1 weight and bias, qkv bias, projection bias, norm2 weight and bias, fc2 bias, fc1 bias.
  const int64_t sumWidth = 9 * w + s.mlp, blocks = (s.batch + block - 1) / block;
  at::Tensor sums = at::zeros({blocks, sumWidth}, floats);

  auto carry = [&](int64_t image, int64_t count, float* sum) {
    float *norm1Sums = sum, *qkvSums = sum + 2 * w, *projectionSums = sum + 5 * w, *norm2Sums = sum + 6 * w,
          *fc2Sums = sum + 8 * w, *fc1Sums = sum + 9 * w;
    const int64_t rows = count * t, queryRows = count * q, row = image * t, queryRow = image * q;
    const int64_t packed = queryRows * qw + (s.partial() ? rows * 2 * w : 0), attentionScratch = (headWidth + q) * padded;
    float* extra = scratch(attentionScratch + rows * w + 2 * queryRows * w + (isFloat ? 0 : 2 * packed));
    Number* temporary = reinterpret_cast<Number*>(extra + attentionScratch);
    float* dmixed = extra + attentionScratch + rows * w;
    Number* dasking = reinterpret_cast<Number*>(dmixed + queryRows * w);
    float* floatsIn = dmixed + 2 * queryRows * w;
    float* floatsOut = floatsIn + packed;
    const float* dout = data<float>(gradient) + queryRow * w;
    Number* dh = data<Number>(hidden) + queryRow * s.mlp;
    float* dx1 = data<float>(middleGradient) + queryRow * w;
    Number* dprojected = data<Number>(projected) + queryRow * w;
    Number* dq = data<Number>(asked) + queryRow * qw;
    Number* dkv = s.partial() ? data<Number>(offered) + row * 2 * w : nullptr;
    Number* savedQueries = data<Number>(saved[queries]) + queryRow * qw;
    Number* savedKeysValues = s.partial() ? data<Number>(saved[keysValues]) + row * 2 * w : nullptr;

    sum_rows(queryRows, w, data<float>(dropped) + queryRow * w, fc2Sums);
    fc2.back_times(queryRows, data<Number>(result) + queryRow * w, data<Number>(saved[derivative]) + queryRow * s.mlp, fc1Sums, dh);
    fc1.back(queryRows, dh, temporary);
    normalize_backward(queryRows, w, temporary, data<float>(saved[middle]) + queryRow * w,
                       data<float>(saved[statistics2]) + queryRow * 2, data<float>(weights[norm2Weight]), dout, dx1, norm2Sums);
    float* dprojectedFloats = data<float>(projectedFloats) + queryRow * w;
    if (drop1.defined()) code.multiply(queryRows * w, dx1, data<float>(drop1) + queryRow * w, dprojectedFloats);
    sum_rows(queryRows, w, dprojectedFloats, projectionSums);
    Heads in(s, nullptr, nullptr), gradients(s, nullptr, nullptr);
    if constexpr (isFloat) {
      projection.back(queryRows, dprojected, dmixed);
      in = Heads(s, savedQueries, savedKeysValues);
      gradients = Heads(s, dq, dkv);
    } else {
      code.toBfloat(queryRows * w, dprojectedFloats, dprojected);
      projection.back(queryRows, dprojected, temporary);
      code.toFloat(queryRows * w, temporary, dmixed);
      code.toFloat(queryRows * qw, savedQueries, floatsIn);
      if (s.partial()) code.toFloat(rows * 2 * w, savedKeysValues, floatsIn + queryRows * qw);
      in = Heads(s, floatsIn, floatsIn + queryRows * qw);
      gradients = Heads(s, floatsOut, floatsOut + queryRows * qw);
    }
    for (int64_t i = 0; i < count; i++)
      for (int64_t head = 0; head < s.heads; head++) {
        const int64_t column = head * headWidth, key = i * t * shape.keyStride + column, query = i * q * qw + column;
        code.attentionBackward(shape, in.query + query, in.key + key, in.key + key + w,
                               data<float>(saved[probabilities]) + ((image + i) * s.heads + head) * q * padded,
                               dmixed + i * q * w + column, gradients.query + query, gradients.key + key,
                               gradients.key + key + w, extra);
      }
    if constexpr (!isFloat) {
      code.toBfloat(queryRows * qw, floatsOut, dq);
      if (s.partial()) code.toBfloat(rows * 2 * w, floatsOut + queryRows * qw, dkv);
    }
    sum_rows(queryRows, qw, dq, qkvSums);
    float* to = data<float>(dx) + row * w;
    const float* passed = dx1;
    if (s.partial()) {
      sum_rows(rows, 2 * w, dkv, qkvSums + w);
      offering.back(rows, dkv, temporary);
      asking.back(queryRows, dq, dasking);
      std::fill_n(to, rows * w, 0.0f);
      passed = to;
      for (int64_t i = 0; i < count; i++) {
        const int64_t from = i * q * w, at = (i * t + s.firstQuery) * w;
        std::copy_n(dx1 + from, q * w, to + at);
        add(q * w, dasking + from, temporary + at);
      }
    } else {
      asking.back(rows, dq, temporary);
    }
    normalize_backward(rows, w, temporary, data<float>(x) + row * w, data<float>(saved[statistics1]) + row * 2,
                       data<float>(weights[norm1Weight]), passed, to, norm1Sums);
  };
  at::parallel_for(0, blocks, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++)
      carry(i * block, std::min(block, s.batch - i * block), data<float>(sums) + i * sumWidth);
  });

  at::Tensor fc1Gradient = at::empty({s.mlp, w}, floats), fc2Gradient = at::empty({w, s.mlp}, floats),
             projectionGradient = at::empty({w, w}, floats), queryKeyValueGradient = at::empty({3 * w, w}, floats);
  std::vector<WeightGradient<Number>> weightGradients = {
      {s.queryRows(), w, s.mlp, data<Number>(result), data<Number>(saved[activated]), data<float>(fc2Gradient)},
      {s.queryRows(), s.mlp, w, data<Number>(hidden), data<Number>(saved[normal2]), data<float>(fc1Gradient)},
      {s.queryRows(), w, w, data<Number>(projected), data<Number>(saved[mixed]), data<float>(projectionGradient)},
      {s.queryRows(), qw, w, data<Number>(asked), data<Number>(saved[normalQueries]), data<float>(queryKeyValueGradient)}};
  if (s.partial())
    weightGradients.push_back({s.rows(), 2 * w, w, data<Number>(offered), data<Number>(saved[normal1]),
                               data<float>(queryKeyValueGradient) + w * w});
  weight_gradients(weightGradients);

  at::Tensor total = sums.sum(0);
  auto part = [&](int64_t first, int64_t count) { return total.narrow(0, first * w, count).clone(); };
  return {dx, part(0, w), part(1, w), queryKeyValueGradient, part(2, 3 * w), projectionGradient, part(5, w),
          part(6, w), part(7, w), fc1Gradient, part(9, s.mlp), fc2Gradient, part(8, w)};
}

}  // namespace

at::Tensor layer_forward(const LayerSizes& sizes, const at::Tensor& x, const std::vector<at::Tensor>& weights,
                         const at::Tensor& drop1, const at::Tensor& drop2, double epsilon, bool bfloat16, bool training,
                         std::vector<at::Tensor>& saved) {
  return bfloat16 ? Pass<bfloat>(sizes, x, weights, Direction::forward).forward(drop1, drop2, epsilon, training, saved)
                  : Pass<float>(sizes, x, weights, Direction::forward).forward(drop1, drop2, epsilon, training, saved);
}

std::vector<at::Tensor> layer_backward(const LayerSizes& sizes, const at::Tensor& gradient, const at::Tensor& x,
                                       const std::vector<at::Tensor>& weights, const at::Tensor& drop1,
                                       const at::Tensor& drop2, const std::vector<at::Tensor>& saved, bool bfloat16) {
  return bfloat16 ? Pass<bfloat>(sizes, x, weights, Direction::backward).backward(gradient, drop1, drop2, saved)
                  : Pass<float>(sizes, x, weights, Direction::backward).backward(gradient, drop1, drop2, saved);
}

}  // namespace actortrain
