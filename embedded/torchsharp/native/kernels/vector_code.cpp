// Compiles the vector loops for AVX-512, for AVX2 and for the baseline, and picks the best that the CPU has.
#include "vector_code.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>
#include <type_traits>

namespace actortrain {

#if defined(__x86_64__)
#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,prefer-vector-width=512")
namespace avx512 {
constexpr int tileRows = 8, tilePanel = 3;  // 24 of 32 registers
#include "vector_loops.inc"
#include "vector_products.inc"
#include "vector_attention.inc"
}  // namespace avx512
#pragma GCC pop_options

#pragma GCC push_options
#pragma GCC target("avx2,fma")
namespace avx2 {
constexpr int tileRows = 6, tilePanel = 1;  // 12 of 16 registers: a vector of 16 floats takes two
#include "vector_loops.inc"
#include "vector_products.inc"
#include "vector_attention.inc"
}  // namespace avx2
#pragma GCC pop_options
#endif

namespace baseline {
constexpr int tileRows = 2, tilePanel = 1;
#include "vector_loops.inc"
#include "vector_products.inc"
#include "vector_attention.inc"
}  // namespace baseline

namespace {

const VectorCode& best_within(int64_t bits) {
#if defined(__x86_64__)
  static const VectorCode of512 = avx512::table("avx512"), of256 = avx2::table("avx2");
  if (bits >= 512 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
    return of512;
  if (bits >= 256 && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return of256;
#endif
  static const VectorCode of128 = baseline::table("baseline");
  return of128;
}

std::atomic<const VectorCode*>& chosen() {
  static std::atomic<const VectorCode*> code{&best_within(512)};
  return code;
}

}  // namespace

const VectorCode& vector_code() { return *chosen().load(std::memory_order_relaxed); }

void limit_vectors(int64_t bits) { chosen().store(&best_within(bits)); }

}  // namespace actortrain
