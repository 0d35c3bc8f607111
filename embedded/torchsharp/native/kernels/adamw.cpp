// actortrain::adamw_: one AdamW step over all parameters, with the arithmetic of torch.optim.AdamW in ATen's vector kernels,
// operation by operation, so that its bits are theirs (where ATen fuses a multiply with an add, so does this).
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/library.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "vector_code.h"

namespace actortrain {
namespace {

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
  const AdamWNumbers numbers{float(gradient_scale), float(beta1), float(1 - beta1), float(beta2), float(1 - beta2),
                        float(std::sqrt(1 - std::pow(beta2, step_number))), float(epsilon),
                        float(-learning_rate / (1 - std::pow(beta1, step_number)))};
  const float keep = 1 - learning_rate * weight_decay;
  const auto *g = static_cast<const float*>(gradient.data_ptr());
  auto *m = static_cast<float*>(average.data_ptr()), *v = static_cast<float*>(average_squared.data_ptr());
  const VectorCode& code = vector_code();
  at::parallel_for(0, offsets.back(), 1 << 15, [&](int64_t begin, int64_t end) {
    for (size_t i = 0; i < parameters.size(); i++) {
      const int64_t first = std::max(begin, offsets[i]), last = std::min(end, offsets[i + 1]);
      if (first < last)
        code.adamW(last - first, static_cast<float*>(parameters[i].data_ptr()) + (first - offsets[i]), g + first, m + first,
                   v + first, decayed[i] ? keep : 1.0f, numbers);
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
