// Forward and backward of a transformer layer; what it computes and how is said in transformer_layer.h.
#include "transformer_layer.h"

#include <ATen/Parallel.h>

#include <type_traits>
#include <utility>

#include "products.h"

namespace actortrain {

Layer::Layer(bool postNorm, int64_t width, int64_t heads, int64_t mlp, const std::vector<int64_t>& lengths, std::vector<int64_t> asked)
    : postNorm(postNorm), width(width), heads(heads), mlp(mlp), asking(std::move(asked)), places(1) {
  constexpr int64_t blockRows = 272;
  const int64_t sequences = lengths.size();
  for (int64_t i = 0; i < sequences; i++) {
    Place next = places.back();
    next.row += lengths[i];
    next.query = partial() ? std::lower_bound(asking.begin(), asking.end(), next.row) - asking.begin() : next.row;
    const AttentionShape shape{next.query - places.back().query, lengths[i], width / heads, 0, 0, 0};
    next.probability += heads * shape.queries * shape.paddedTokens();
    next.factor += heads * shape.queries * shape.tokens;
    if (i > blocks.back() && next.row - places[blocks.back()].row > blockRows) blocks.push_back(i);
    places.push_back(next);
    attentionScratch = std::max(attentionScratch, shape.scratch());
  }
  blocks.push_back(sequences);
  for (size_t i = 1; i < blocks.size(); i++) {
    const Place size = places[blocks[i]] - places[blocks[i - 1]];
    largest.row = std::max(largest.row, size.row);
    largest.query = std::max(largest.query, size.query);
    largest.probability = std::max(largest.probability, size.probability);
  }
}

namespace {

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

/// Floats in the format of the products: they themselves, or what is then written to `room`.
const float* as_numbers(int64_t, const float* x, float*) { return x; }
const bfloat* as_numbers(int64_t count, const float* x, bfloat* room) {
  vector_code().toBfloat(count, x, room);
  return room;
}

/// Numbers as floats: they themselves, or what is then written to `room`.
float* as_floats(int64_t, float* x, float*) { return x; }
float* as_floats(int64_t count, const bfloat* x, float* room) {
  vector_code().toFloat(count, x, room);
  return room;
}

/// Where to write floats that become `numbers`: there, or in `room`, from where `as_numbers` brings them there.
float* floats_of(float* numbers, float*) { return numbers; }
float* floats_of(bfloat*, float* room) { return room; }

/// Where one block's queries, keys and values lie in fp32.
struct Heads {
  float *query, *key;
  Heads(const Layer& s, float* packed, float* keysValues) : query(packed), key(s.partial() ? keysValues : packed + s.width) {}
};

/// One pass through the layer in one direction: what forward and backward both start from.
template <typename Number>
struct Pass {
  Pass(const Layer& layer, const at::Tensor& x, const std::vector<at::Tensor>& weights, const Dropout& drop, Direction direction)
      : s(layer), x(x), weights(weights), drop(drop), floats(x.options()),
        numbers(floats.dtype(isFloat ? at::kFloat : at::kBFloat16)), asking(weights[queryKeyValueWeight], 0, qw, direction),
        offering(weights[queryKeyValueWeight], w, s.partial() ? 2 * w : 0, direction),
        projection(weights[projectionWeight], 0, w, direction), fc1(weights[fc1Weight], 0, s.mlp, direction),
        fc2(weights[fc2Weight], 0, w, direction) {
    for (int i = 0; i < layerWeightCount; i++) weight[i] = data<float>(weights[i]);
  }

  at::Tensor forward(float epsilon, bool training, std::vector<at::Tensor>& saved) const;
  std::vector<at::Tensor> backward(const at::Tensor& gradient, const std::vector<at::Tensor>& saved) const;

  /// Calls `head(shape, its query's offset, its key's offset, its probabilities' offset, its factors or null, its result's
  /// offset)` for every head of a block's sequences; offsets count from the block's first.
  template <typename Head>
  void each_head(int64_t first, int64_t last, const Head& head) const {
    for (int64_t i = first; i < last; i++) {
      const AttentionShape shape = s.attention(i);
      const Place from = s.places[i] - s.places[first];
      for (int64_t h = 0; h < s.heads; h++) {
        const int64_t column = h * shape.headWidth;
        const float* factors = drop.attention.defined()
            ? data<float>(drop.attention) + s.places[i].factor + h * shape.queries * shape.tokens : nullptr;
        head(shape, from.query * shape.queryStride + column, from.row * shape.keyStride + column,
             from.probability + h * shape.queries * shape.paddedTokens(), factors, from.query * w + column);
      }
    }
  }

  /// Calls `row(place among the asking rows, place among all rows)` for a block's asking rows; both count from its first.
  template <typename Row>
  void each_asking(const Place& from, int64_t count, const Row& row) const {
    for (int64_t i = 0; i < count; i++) row(i, s.asking[from.query + i] - from.row);
  }

  static constexpr bool isFloat = std::is_same<Number, float>::value;
  const VectorCode& code = vector_code();
  const Layer& s;
  const at::Tensor& x;
  const std::vector<at::Tensor>& weights;
  const Dropout& drop;
  const at::TensorOptions floats, numbers;
  const int64_t w = s.width, qw = s.queryWidth(), blocks = s.blocks.size() - 1;
  const int outer = s.postNorm ? norm2Weight : norm1Weight, inner = s.postNorm ? norm1Weight : norm2Weight;  // biases follow
  const Matrix<Number> asking, offering, projection, fc1, fc2;  // packed
  const float* weight[layerWeightCount];
};

template <typename Number>
at::Tensor Pass<Number>::forward(float epsilon, bool training, std::vector<at::Tensor>& saved) const {
  // Without training, each thread uses the room of one block again and again.
  const Place kept = training ? s.places.back() : s.largest * std::min<int64_t>(blocks, at::get_num_threads());
  saved.assign(savedCount, at::Tensor());
  saved[attentionInput] = s.postNorm && isFloat ? x : at::empty({kept.row, w}, numbers);
  saved[queries] = at::empty({kept.query, qw}, numbers);
  saved[askingInput] = s.partial() ? at::empty({kept.query, w}, numbers) : saved[attentionInput];
  if (s.partial()) saved[keysValues] = at::empty({kept.row, 2 * w}, numbers);
  saved[probabilities] = at::empty({kept.probability}, floats);
  saved[mixed] = at::empty({kept.query, w}, numbers);
  saved[innerSum] = at::empty({kept.query, w}, floats);
  saved[innerStatistics] = at::empty({kept.query, 2}, floats);
  saved[mlpInput] = at::empty({kept.query, w}, numbers);
  saved[derivative] = at::empty({kept.query, s.mlp}, numbers);
  saved[activated] = at::empty({kept.query, s.mlp}, numbers);
  saved[outerSum] = s.postNorm ? at::empty({kept.query, w}, floats) : x;
  saved[outerStatistics] = at::empty({s.postNorm ? kept.query : kept.row, 2}, floats);
  at::Tensor result = at::empty({s.queryRows(), w}, floats);

  auto carry = [&](int64_t first, int64_t last, const Place& room) {
    const Place from = s.places[first], size = s.places[last] - from;
    const int64_t rows = size.row, queryRows = size.query;
    auto part = [&](const at::Tensor& like) { return like.defined() ? data<float>(like) + from.query * w : nullptr; };
    const float* in = data<float>(x) + from.row * w;
    const Number* y = nullptr;  // what attention reads
    Number* o = data<Number>(saved[mixed]) + room.query * w;
    float* x1 = data<float>(saved[innerSum]) + room.query * w;
    Number* y2 = data<Number>(saved[mlpInput]) + room.query * w;
    Number* h = data<Number>(saved[derivative]) + room.query * s.mlp;
    Number* a = data<Number>(saved[activated]) + room.query * s.mlp;
    float* p = data<float>(saved[probabilities]) + room.probability;
    Number* asked = data<Number>(saved[queries]) + room.query * qw;
    Number* offered = s.partial() ? data<Number>(saved[keysValues]) + room.row * 2 * w : nullptr;
    float* headScratch = scratch(s.attentionScratch + queryRows * (2 * w + qw) + (s.partial() ? rows * 2 * w : 0));
    float *residual = headScratch + s.attentionScratch, *mixedFloats = floats_of(o, residual + queryRows * w),
          *askedFloats = floats_of(asked, residual + 2 * queryRows * w),
          *offeredFloats = floats_of(offered, residual + queryRows * (2 * w + qw));

    if (s.postNorm) {
      y = as_numbers(rows * w, in, isFloat ? nullptr : data<Number>(saved[attentionInput]) + room.row * w);
    } else {
      Number* normal = data<Number>(saved[attentionInput]) + room.row * w;
      normalize(rows, w, in, weight[outer], weight[outer + 1], epsilon, normal, data<float>(saved[outerStatistics]) + room.row * 2);
      y = normal;
    }
    const Number* askingRows = y;
    if (s.partial()) {
      Number* gathered = data<Number>(saved[askingInput]) + room.query * w;
      each_asking(from, queryRows, [&](int64_t query, int64_t row) {
        std::copy_n(y + row * w, w, gathered + query * w);
        std::copy_n(in + row * w, w, residual + query * w);
      });
      askingRows = gathered;
    }
    asking.linear(queryRows, askingRows, weight[queryKeyValueBias], nullptr, nullptr, askedFloats);
    if (s.partial()) offering.linear(rows, y, weight[queryKeyValueBias] + w, nullptr, nullptr, offeredFloats);
    const Heads heads(s, askedFloats, offeredFloats);
    each_head(first, last, [&](const AttentionShape& shape, int64_t query, int64_t key, int64_t probability, const float* factors,
                               int64_t out) {
      code.attention(shape, heads.query + query, heads.key + key, heads.key + key + w, factors, p + probability, mixedFloats + out,
                     headScratch);
    });
    as_numbers(queryRows * qw, askedFloats, asked);
    if (s.partial()) as_numbers(rows * 2 * w, offeredFloats, offered);
    projection.linear(queryRows, as_numbers(queryRows * w, mixedFloats, o), weight[projectionBias], part(drop.attentionOutput),
                      s.partial() ? residual : in, x1);
    const float* passing = x1;  // what reaches the MLP's sum past the MLP
    float* innerNumbers = data<float>(saved[innerStatistics]) + room.query * 2;
    if (s.postNorm) {
      float* normal = floats_of(y2, residual);
      normalize(queryRows, w, x1, weight[inner], weight[inner + 1], epsilon, normal, innerNumbers);
      as_numbers(queryRows * w, normal, y2);
      passing = normal;
    } else {
      normalize(queryRows, w, x1, weight[inner], weight[inner + 1], epsilon, y2, innerNumbers);
    }
    fc1.linear_gelu(queryRows, y2, weight[fc1Bias], h, a);
    float* sum = s.postNorm ? data<float>(saved[outerSum]) + room.query * w : part(result);
    fc2.linear(queryRows, a, weight[fc2Bias], part(drop.mlpOutput), passing, sum);
    if (s.postNorm)
      normalize(queryRows, w, sum, weight[outer], weight[outer + 1], epsilon, part(result), data<float>(saved[outerStatistics]) + room.query * 2);
  };
  at::parallel_for(0, blocks, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++)
      carry(s.blocks[i], s.blocks[i + 1], training ? s.places[s.blocks[i]] : s.largest * at::get_thread_num());
  });
  if (!training) saved.clear();
  return result;
}

template <typename Number>
std::vector<at::Tensor> Pass<Number>::backward(const at::Tensor& gradient, const std::vector<at::Tensor>& saved) const {
  at::Tensor dx = at::empty_like(x);
  // Gradients at the outputs of the products; the weights' gradients need them all.
  auto room = [&](bool needed, const at::Tensor& otherwise, const at::TensorOptions& options) {
    return needed ? at::empty({s.queryRows(), w}, options) : otherwise;
  };
  at::Tensor sumGradient = room(s.postNorm, gradient, floats);  // of the MLP's sum
  at::Tensor droppedFloats = room(drop.mlpOutput.defined(), sumGradient, floats);
  at::Tensor dropped = room(!isFloat, droppedFloats, numbers);
  at::Tensor hidden = at::empty({s.queryRows(), s.mlp}, numbers);
  at::Tensor middleGradient = room(true, at::Tensor(), floats);  // of the attention's sum
  at::Tensor projectedFloats = room(drop.attentionOutput.defined(), middleGradient, floats);
  at::Tensor projected = room(!isFloat, projectedFloats, numbers);
  at::Tensor asked = at::empty({s.queryRows(), qw}, numbers);
  at::Tensor offered = s.partial() ? at::empty({s.rows(), 2 * w}, numbers) : at::Tensor();
  // Sums over a block's rows: outer norm weight and bias, qkv bias, projection bias, inner norm weight and bias, fc2 bias, fc1 bias.
  const int64_t sumWidth = 9 * w + s.mlp;
  at::Tensor sums = at::zeros({blocks, sumWidth}, floats);

  auto carry = [&](int64_t first, int64_t last, float* sum) {
    float *outerSums = sum, *qkvSums = sum + 2 * w, *projectionSums = sum + 5 * w, *innerSums = sum + 6 * w,
          *fc2Sums = sum + 8 * w, *fc1Sums = sum + 9 * w;
    const Place from = s.places[first], size = s.places[last] - from;
    const int64_t rows = size.row, queryRows = size.query, row = from.row, query = from.query;
    const int64_t offeredCount = s.partial() ? rows * 2 * w : 0, packed = queryRows * qw + offeredCount;
    float* headScratch = scratch(s.attentionScratch + rows * w + queryRows * w + (isFloat ? 0 : rows * w + 2 * packed));
    Number* temporary = reinterpret_cast<Number*>(headScratch + s.attentionScratch);
    Number* dasking = temporary + rows * w;
    float* temporaryFloats = headScratch + s.attentionScratch + rows * w + queryRows * w;
    float *floatsIn = temporaryFloats + rows * w, *floatsOut = floatsIn + packed;
    auto part = [&](const at::Tensor& like) { return data<float>(like) + query * w; };
    Number* dh = data<Number>(hidden) + query * s.mlp;
    float *dsum = part(sumGradient), *dx1 = part(middleGradient);
    Number* dq = data<Number>(asked) + query * qw;
    Number* dkv = s.partial() ? data<Number>(offered) + row * 2 * w : nullptr;
    Number* savedQueries = data<Number>(saved[queries]) + query * qw;
    Number* savedKeysValues = s.partial() ? data<Number>(saved[keysValues]) + row * 2 * w : nullptr;

    if (s.postNorm)
      normalize_backward(queryRows, w, part(gradient), part(saved[outerSum]), data<float>(saved[outerStatistics]) + query * 2,
                         weight[outer], nullptr, dsum, outerSums);
    if (drop.mlpOutput.defined()) code.multiply(queryRows * w, dsum, part(drop.mlpOutput), part(droppedFloats));
    sum_rows(queryRows, w, part(droppedFloats), fc2Sums);
    const Number* dout = as_numbers(queryRows * w, part(droppedFloats), data<Number>(dropped) + query * w);
    fc2.back_times(queryRows, dout, data<Number>(saved[derivative]) + query * s.mlp, fc1Sums, dh);
    fc1.back(queryRows, dh, temporary);
    const float* innerNumbers = data<float>(saved[innerStatistics]) + query * 2;
    if (s.postNorm) {
      float* both = as_floats(queryRows * w, temporary, temporaryFloats);
      add(queryRows * w, dsum, both);
      normalize_backward(queryRows, w, both, part(saved[innerSum]), innerNumbers, weight[inner], nullptr, dx1, innerSums);
    } else {
      normalize_backward(queryRows, w, temporary, part(saved[innerSum]), innerNumbers, weight[inner], dsum, dx1, innerSums);
    }
    if (drop.attentionOutput.defined()) code.multiply(queryRows * w, dx1, part(drop.attentionOutput), part(projectedFloats));
    sum_rows(queryRows, w, part(projectedFloats), projectionSums);
    projection.back(queryRows, as_numbers(queryRows * w, part(projectedFloats), data<Number>(projected) + query * w), temporary);
    const float* dmixed = as_floats(queryRows * w, temporary, temporaryFloats);
    const Heads in(s, as_floats(queryRows * qw, savedQueries, floatsIn),
                   as_floats(offeredCount, savedKeysValues, floatsIn + queryRows * qw));
    float *dqFloats = floats_of(dq, floatsOut), *dkvFloats = floats_of(dkv, floatsOut + queryRows * qw);
    const Heads gradients(s, dqFloats, dkvFloats);
    const float* p = data<float>(saved[probabilities]) + from.probability;
    each_head(first, last, [&](const AttentionShape& shape, int64_t query, int64_t key, int64_t probability, const float* factors,
                               int64_t out) {
      code.attentionBackward(shape, in.query + query, in.key + key, in.key + key + w, factors, p + probability, dmixed + out,
                             gradients.query + query, gradients.key + key, gradients.key + key + w, headScratch);
    });
    as_numbers(queryRows * qw, dqFloats, dq);
    as_numbers(offeredCount, dkvFloats, dkv);
    sum_rows(queryRows, qw, dq, qkvSums);
    float* to = data<float>(dx) + row * w;
    const float* passed = dx1;  // what reaches x past the attention
    if (s.partial()) {
      sum_rows(rows, 2 * w, dkv, qkvSums + w);
      offering.back(rows, dkv, temporary);
      asking.back(queryRows, dq, dasking);
      std::fill_n(to, rows * w, 0.0f);
      passed = to;
      each_asking(from, queryRows, [&](int64_t query, int64_t row) {
        std::copy_n(dx1 + query * w, w, to + row * w);
        add(w, dasking + query * w, temporary + row * w);
      });
    } else {
      asking.back(rows, dq, temporary);
    }
    if (s.postNorm) {
      if (!s.partial()) std::copy_n(dx1, rows * w, to);
      add(rows * w, as_floats(rows * w, temporary, temporaryFloats), to);
    } else {
      normalize_backward(rows, w, temporary, data<float>(x) + row * w, data<float>(saved[outerStatistics]) + row * 2, weight[outer],
                         passed, to, outerSums);
    }
  };
  at::parallel_for(0, blocks, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++) carry(s.blocks[i], s.blocks[i + 1], data<float>(sums) + i * sumWidth);
  });

  at::Tensor fc1Gradient = at::empty({s.mlp, w}, floats), fc2Gradient = at::empty({w, s.mlp}, floats),
             projectionGradient = at::empty({w, w}, floats), queryKeyValueGradient = at::empty({3 * w, w}, floats);
  std::vector<WeightGradient<Number>> weightGradients = {
      {s.queryRows(), w, s.mlp, data<Number>(dropped), data<Number>(saved[activated]), data<float>(fc2Gradient)},
      {s.queryRows(), s.mlp, w, data<Number>(hidden), data<Number>(saved[mlpInput]), data<float>(fc1Gradient)},
      {s.queryRows(), w, w, data<Number>(projected), data<Number>(saved[mixed]), data<float>(projectionGradient)},
      {s.queryRows(), qw, w, data<Number>(asked), data<Number>(saved[askingInput]), data<float>(queryKeyValueGradient)}};
  if (s.partial())
    weightGradients.push_back({s.rows(), 2 * w, w, data<Number>(offered), data<Number>(saved[attentionInput]),
                               data<float>(queryKeyValueGradient) + w * w});
  weight_gradients(weightGradients);

  at::Tensor total = sums.sum(0);
  auto sum = [&](int64_t first, int64_t count) { return total.narrow(0, first * w, count).clone(); };
  const int64_t norm1 = s.postNorm ? 6 : 0, norm2 = s.postNorm ? 0 : 6;
  return {dx, sum(norm1, w), sum(norm1 + 1, w), queryKeyValueGradient, sum(2, 3 * w), projectionGradient, sum(5, w),
          sum(norm2, w), sum(norm2 + 1, w), fc1Gradient, sum(9, s.mlp), fc2Gradient, sum(8, w)};
}

}  // namespace

at::Tensor layer_forward(const Layer& layer, const at::Tensor& x, const std::vector<at::Tensor>& weights, const Dropout& dropout,
                         double epsilon, bool bfloat16, bool training, std::vector<at::Tensor>& saved) {
  return bfloat16 ? Pass<bfloat>(layer, x, weights, dropout, Direction::forward).forward(epsilon, training, saved)
                  : Pass<float>(layer, x, weights, dropout, Direction::forward).forward(epsilon, training, saved);
}

std::vector<at::Tensor> layer_backward(const Layer& layer, const at::Tensor& gradient, const at::Tensor& x,
                                       const std::vector<at::Tensor>& weights, const Dropout& dropout,
                                       const std::vector<at::Tensor>& saved, bool bfloat16) {
  return bfloat16 ? Pass<bfloat>(layer, x, weights, dropout, Direction::backward).backward(gradient, saved)
                  : Pass<float>(layer, x, weights, dropout, Direction::backward).backward(gradient, saved);
}

}  // namespace actortrain
