// actortrain::adamw_: one AdamW step over all parameters, with the arithmetic of torch.optim.AdamW in ATen's vector kernels,
// operation by operation, so that its bits are theirs (where ATen fuses a multiply with an add, so does this).
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/library.h>

#include <cmath>

namespace actortrain {
namespace {

struct Numbers {
  float scale, beta1, rest1, beta2, rest2, rootCorrection2, epsilon, negativeStepSize;
};

#if defined(__x86_64__)
#define ACTORTRAIN_CLONES __attribute__((target_clones("avx512f", "avx2,fma", "default"), optimize("O3", "fp-contract=off", "no-math-errno", "no-trapping-math")))
#else
#define ACTORTRAIN_CLONES
#endif

/// `keep` is 1 - learning rate * decay. The moments and the gradient are this parameter's parts of the flat buffers.
ACTORTRAIN_CLONES
void step(int64_t count, float* __restrict__ parameter, const float* __restrict__ gradient, float* __restrict__ average,
          float* __restrict__ averageSquared, float keep, const Numbers n) {
  for (int64_t i = 0; i < count; i++) {
    const float g = gradient[i] * n.scale;
    const float first = __builtin_fmaf(g, n.rest1, average[i] * n.beta1);
    const float second = __builtin_fmaf(n.rest2 * g, g, averageSquared[i] * n.beta2);
    average[i] = first;
    averageSquared[i] = second;
    const float denominator = __builtin_sqrtf(second) / n.rootCorrection2 + n.epsilon;
    parameter[i] = parameter[i] * keep + n.negativeStepSize * first / denominator;
  }
}

void adamw_(at::TensorList parameters, const at::Tensor& gradient, const at::Tensor& average, const at::Tensor& average_squared,
            at::IntArrayRef decayed, int64_t step_number, double learning_rate, double beta1, double beta2, double epsilon,
            double weight_decay, double gradient_scale) {
  std::vector<int64_t> offsets = {0};
  TORCH_CHECK(decayed.size() == parameters.size(), "adamw_ takes for each of the ", parameters.size(), " parameters whether it decays");
  for (const at::Tensor& parameter : parameters) {
    TORCH_CHECK(parameter.is_cpu() && parameter.scalar_type() == at::kFloat && parameter.is_contiguous(),
                "adamw_ takes contiguous fp32 parameters on the CPU");
    offsets.push_back(offsets.back() + parameter.numel());
  }
  for (const at::Tensor& flat : {gradient, average, average_squared})
    TORCH_CHECK(flat.is_cpu() && flat.scalar_type() == at::kFloat && flat.is_contiguous() && flat.numel() == offsets.back(),
                "adamw_ takes flat fp32 buffers as long as all ", offsets.back(), " parameters");
  const Numbers numbers{float(gradient_scale), float(beta1), float(1 - beta1), float(beta2), float(1 - beta2),
                        float(std::sqrt(1 - std::pow(beta2, step_number))), float(epsilon),
                        float(-learning_rate / (1 - std::pow(beta1, step_number)))};
  const float keep = 1 - learning_rate * weight_decay;
  const auto *g = static_cast<const float*>(gradient.data_ptr());
  auto *m = static_cast<float*>(average.data_ptr()), *v = static_cast<float*>(average_squared.data_ptr());
  at::parallel_for(0, offsets.back(), 1 << 15, [&](int64_t begin, int64_t end) {
    for (size_t i = 0; i < parameters.size(); i++) {
      const int64_t first = std::max(begin, offsets[i]), last = std::min(end, offsets[i + 1]);
      if (first < last)
        step(last - first, static_cast<float*>(parameters[i].data_ptr()) + (first - offsets[i]), g + first, m + first, v + first,
             decayed[i] ? keep : 1.0f, numbers);
    }
  });
  for (const at::Tensor& parameter : parameters) parameter.unsafeGetTensorImpl()->bump_version();
}

}  // namespace

TORCH_LIBRARY_FRAGMENT(actortrain, library) {
  library.def("adamw_(Tensor[] parameters, Tensor gradient, Tensor average, Tensor average_squared, int[] decayed, int step, "
              "float learning_rate, float beta1, float beta2, float epsilon, float weight_decay, float gradient_scale) -> ()", adamw_);
}

}  // namespace actortrain
