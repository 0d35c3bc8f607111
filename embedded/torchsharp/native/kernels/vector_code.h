// The loops of the fused operators that are not matrix products of a BLAS. They are written once, over vectors of 16
// floats, and compiled for several instruction sets (vector_code.cpp); `vector_code()` is the best one for this machine.
// All matrices are row-major; `stride` is the distance between rows in elements.
#pragma once

#include <cstdint>

namespace actortrain {

/// bfloat16 as its bits: the upper half of a float.
using bfloat = uint16_t;

/// Where a head of the packed queries, keys and values [tokens, 3 * width] lies, and its sizes.
struct AttentionShape {
  int64_t queries;      // rows of the query matrix: tokens, or fewer where only some attend
  int64_t tokens;
  int64_t headWidth;    // a multiple of 16
  int64_t queryStride;  // between rows of the queries
  int64_t keyStride;    // between rows of the keys and of the values
  int64_t outStride;    // between rows of the result
  int64_t paddedTokens() const { return (tokens + 15) / 16 * 16; }
  int64_t scratch() const { return (headWidth + queries) * paddedTokens(); }
};

/// What follows a product before its result c is stored: c = (product + bias) * scale + add, or, where `derivative` is set (it lies
/// like c): c = gelu(product + bias) and derivative = gelu'(product + bias), or with `sums`: c = product * derivative and
/// sums += the sums of c's columns. GELU is the exact one (erf). Absent parts are null.
struct Finishing {
  const float* bias = nullptr;
  const float* scale = nullptr;  // lies like c
  const float* add = nullptr;    // lies like c
  float* derivative = nullptr;
  float* sums = nullptr;
};

/// The numbers of an AdamW step: the factor on the gradient, β and 1 - β of both moments, the root of the second moment's bias
/// correction, ε, and minus the step size.
struct AdamWNumbers {
  float scale, beta1, rest1, beta2, rest2, rootCorrection2, epsilon, negativeStepSize;
};

/// Rows that `weightGradient` takes at a time.
constexpr int64_t gradientBlock = 128;

struct VectorCode {
  const char* name;
  int64_t panel;  // columns of a packed panel

  // packed <- b [inner, width], or the transpose of b [width, inner], as `product` reads it; inner and width are multiples of 16.
  void (*pack)(int64_t inner, int64_t width, const float* b, int64_t stride, float* packed);
  void (*packTransposed)(int64_t inner, int64_t width, const float* b, int64_t stride, float* packed);

  // c [rows, width] = a [rows, inner] b [inner, width], finished.
  void (*product)(int64_t rows, int64_t inner, int64_t width, const float* a, int64_t aStride, const float* packed,
                  const Finishing& after, float* c, int64_t cStride);

  // dw [out, width] = dy' [out, rows] x [rows, width]. scratch: gradientBlock * (out + panel) floats.
  void (*weightGradient)(int64_t rows, int64_t out, int64_t width, const float* dy, int64_t dyStride, const float* x,
                         int64_t xStride, float* dw, int64_t dwStride, float* scratch);

  // y = (x - mean) / sqrt(variance + epsilon) * weight + bias, row by row; statistics [rows, 2] = mean, 1 / deviation.
  void (*layerNorm)(int64_t rows, int64_t width, const float* x, const float* weight, const float* bias, float epsilon,
                    float* y, float* statistics);
  void (*layerNormBfloat)(int64_t rows, int64_t width, const float* x, const float* weight, const float* bias,
                          float epsilon, bfloat* y, float* statistics);

  // dx = passed (unless null) + gradient of x through the normalisation; weightGradient and biasGradient [width] are added to.
  void (*layerNormBackward)(int64_t rows, int64_t width, const float* dy, const float* x, const float* statistics,
                            const float* weight, const float* passed, float* dx, float* weightGradient,
                            float* biasGradient);
  void (*layerNormBackwardBfloat)(int64_t rows, int64_t width, const bfloat* dy, const float* x, const float* statistics,
                                  const float* weight, const float* passed, float* dx, float* weightGradient,
                                  float* biasGradient);

  // h <- gelu'(h + bias), activated = gelu(h + bias).
  void (*geluBfloat)(int64_t rows, int64_t width, const float* bias, bfloat* h, bfloat* activated);

  // gradient <- gradient * derivative; columnSums [width] are added to.
  void (*multiplyAndSumBfloat)(int64_t rows, int64_t width, bfloat* gradient, const bfloat* derivative, float* columnSums);

  // columnSums [width] += sum of the rows.
  void (*sumRows)(int64_t rows, int64_t width, int64_t stride, const float* x, float* columnSums);
  void (*sumRowsBfloat)(int64_t rows, int64_t width, int64_t stride, const bfloat* x, float* columnSums);

  // y = (product + bias) * scale + x, where scale and x may be null.
  void (*addRowsBfloat)(int64_t rows, int64_t width, const bfloat* product, const float* bias, const float* scale,
                        const float* x, float* y);

  // y = x * scale.
  void (*multiply)(int64_t count, const float* x, const float* scale, float* y);

  // to += x.
  void (*add)(int64_t count, const float* x, float* to);
  void (*addBfloat)(int64_t count, const bfloat* x, bfloat* to);

  void (*toBfloat)(int64_t count, const float* x, bfloat* y);
  void (*toFloat)(int64_t count, const bfloat* x, float* y);

  // One head: probabilities [queries, paddedTokens] = softmax(q k' / sqrt(headWidth)), out = (probabilities * factors) v, where
  // factors [queries, tokens] may be null. scratch: shape.scratch() floats.
  void (*attention)(const AttentionShape& shape, const float* query, const float* key, const float* value,
                    const float* factors, float* probabilities, float* out, float* scratch);
  // Its gradients, written, not added. scratch: shape.scratch() floats.
  void (*attentionBackward)(const AttentionShape& shape, const float* query, const float* key, const float* value,
                            const float* factors, const float* probabilities, const float* dout, float* dquery, float* dkey,
                            float* dvalue, float* scratch);

  // One parameter's AdamW step. `keep` is 1 - learning rate * decay.
  void (*adamW)(int64_t count, float* parameter, const float* gradient, float* average, float* averageSquared, float keep,
                AdamWNumbers numbers);
};

/// The loops compiled for the best instruction set that this machine has.
const VectorCode& vector_code();

/// Lets this process use vectors of at most so many bits (512, 256 or 128), so that tests reach every instruction set's loops.
void limit_vectors(int64_t bits);

}  // namespace actortrain
