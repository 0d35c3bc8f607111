// Compiles the vector loops for AVX-512, for AVX2 and for the baseline, and picks one when the process starts.
#include "vector_code.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <type_traits>

// Vectors are passed between inlined functions only, never across an ABI.
#pragma GCC diagnostic ignored "-Wpsabi"

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

const VectorCode& vector_code() {
  static const VectorCode chosen = [] {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512vl"))
      return avx512::table("avx512");
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return avx2::table("avx2");
#endif
    return baseline::table("baseline");
  }();
  return chosen;
}

}  // namespace actortrain
