// A weight [out, in] as the operand of products, in fp32 (packed for vector_products.inc) or in bfloat16 (through ATen,
// which hands them to oneDNN); and the gradients of weights. All with the same four methods, so that the layer is
// written once. Methods are called inside parallel regions and use one thread each.
#pragma once

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <vector>

#include "vector_code.h"

namespace actortrain {

/// Floats that a thread keeps from call to call: fresh memory would cost a page fault every 4 KiB.
inline float* scratch(int64_t count) {
  thread_local std::vector<float> kept;
  if (static_cast<int64_t>(kept.size()) < count) kept.resize(count);
  return kept.data();
}

template <typename Number>
Number* data(const at::Tensor& tensor) {
  return tensor.defined() ? static_cast<Number*>(tensor.data_ptr()) : nullptr;
}

/// forward: y = x weight' …; backward: dx = dy weight.
enum class Direction { forward, backward };

template <typename Number>
class Matrix;

template <>
class Matrix<float> {
 public:
  /// Rows [first, first + out) of a weight, for products in one direction. Packs on all threads.
  Matrix(const at::Tensor& weight, int64_t first, int64_t out, Direction direction)
      : inner(direction == Direction::forward ? weight.size(1) : out),
        width(direction == Direction::forward ? out : weight.size(1)),
        packed(at::empty({inner * width}, weight.options())) {
    const VectorCode& code = vector_code();
    const int64_t in = weight.size(1);
    const float* from = data<float>(weight) + first * in;
    at::parallel_for(0, (width + code.panel - 1) / code.panel, 1, [&](int64_t begin, int64_t end) {
      const int64_t column = begin * code.panel, columns = std::min(end * code.panel, width) - column;
      float* to = data<float>(packed) + column * inner;
      if (direction == Direction::forward) code.packTransposed(inner, columns, from + column * in, in, to);
      else code.pack(inner, columns, from + column, in, to);
    });
  }

  /// y = (x weight' + bias) * scale + add, where `scale` and `add` may be null.
  void linear(int64_t rows, const float* x, const float* bias, const float* scale, const float* add, float* y) const {
    Finishing after;
    after.bias = bias;
    after.scale = scale;
    after.add = add;
    run(rows, x, after, y);
  }

  /// activated = gelu(x weight' + bias), derivative = gelu' of the same.
  void linear_gelu(int64_t rows, const float* x, const float* bias, float* derivative, float* activated) const {
    Finishing after;
    after.bias = bias;
    after.derivative = derivative;
    run(rows, x, after, activated);
  }

  /// dx = dy weight.
  void back(int64_t rows, const float* dy, float* dx) const { run(rows, dy, Finishing(), dx); }

  /// dx = (dy weight) * derivative; sums += the sums of its columns.
  void back_times(int64_t rows, const float* dy, float* derivative, float* sums, float* dx) const {
    Finishing after;
    after.derivative = derivative;
    after.sums = sums;
    run(rows, dy, after, dx);
  }

 private:
  void run(int64_t rows, const float* x, const Finishing& after, float* y) const {
    vector_code().product(rows, inner, width, x, inner, data<float>(packed), after, y, width);
  }

  int64_t inner, width;
  at::Tensor packed;
};

inline at::Tensor bfloat_view(const bfloat* numbers, int64_t rows, int64_t columns) {
  return at::from_blob(const_cast<bfloat*>(numbers), {rows, columns}, at::TensorOptions().dtype(at::kBFloat16));
}

template <>
class Matrix<bfloat> {
 public:
  Matrix(const at::Tensor& weight, int64_t first, int64_t out, Direction direction)
      : width(direction == Direction::forward ? out : weight.size(1)) {
    at::Tensor rows = weight.narrow(0, first, out).to(at::kBFloat16);
    matrix = direction == Direction::forward ? rows.t() : rows;
  }

  void linear(int64_t rows, const bfloat* x, const float* bias, const float* scale, const float* add, float* y) const {
    // The products lie in the upper half of y's memory, where adding row by row never overtakes them.
    bfloat* products = reinterpret_cast<bfloat*>(y) + rows * width;
    back(rows, x, products);
    vector_code().addRowsBfloat(rows, width, products, bias, scale, add, y);
  }

  void linear_gelu(int64_t rows, const bfloat* x, const float* bias, bfloat* derivative, bfloat* activated) const {
    back(rows, x, derivative);
    vector_code().geluBfloat(rows, width, bias, derivative, activated);
  }

  void back(int64_t rows, const bfloat* dy, bfloat* dx) const {
    at::Tensor result = bfloat_view(dx, rows, width);
    at::mm_out(result, bfloat_view(dy, rows, matrix.size(0)), matrix);
  }

  void back_times(int64_t rows, const bfloat* dy, bfloat* derivative, float* sums, bfloat* dx) const {
    back(rows, dy, dx);
    vector_code().multiplyAndSumBfloat(rows, width, dx, derivative, sums);
  }

 private:
  int64_t width;
  at::Tensor matrix;  // [inner, width]
};

/// One weight's gradient [out, in] = dy [rows, out]' x [rows, in], to be computed by `weight_gradients`.
template <typename Number>
struct WeightGradient {
  int64_t rows, out, in;
  const Number *dy, *x;
  float* to;
};

/// Computes all of them. The panels of all results are shared out by their cost; who computes one does not change its bits.
inline void weight_gradients(const std::vector<WeightGradient<float>>& gradients) {
  const VectorCode& code = vector_code();
  int64_t total = 0;
  for (const auto& g : gradients) total += g.rows * g.out * g.in;
  const int64_t threads = at::get_num_threads();
  at::parallel_for(0, threads, 1, [&](int64_t begin, int64_t end) {
    int64_t before = 0;
    for (const auto& g : gradients) {
      // This thread's panels: those whose first column's share of all work falls into the thread's part.
      const int64_t column_cost = g.rows * g.out;
      auto first_panel = [&](int64_t part) {
        const int64_t column = (total * part / threads - before + column_cost - 1) / column_cost;
        return std::min(g.in, std::max<int64_t>(0, (column + code.panel - 1) / code.panel * code.panel));
      };
      const int64_t first = first_panel(begin), last = first_panel(end);
      before += column_cost * g.in;
      if (first < last)
        code.weightGradient(g.rows, g.out, last - first, g.dy, g.out, g.x + first, g.in, g.to + first, g.in,
                            scratch(gradientBlock * (g.out + code.panel)));
    }
  });
}

inline void weight_gradients(const std::vector<WeightGradient<bfloat>>& gradients) {
  for (const auto& g : gradients) {
    at::Tensor product = at::mm(bfloat_view(g.dy, g.rows, g.out).t(), bfloat_view(g.x, g.rows, g.in));
    vector_code().toFloat(product.numel(), static_cast<const bfloat*>(product.data_ptr()), g.to);
  }
}

}  // namespace actortrain
