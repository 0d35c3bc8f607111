// actortrain::transformer_layer: checks, autograd and the dispatcher around transformer_layer.cpp; actortrain::limit_vectors.
#include <ATen/autocast_mode.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/library.h>
#include <torch/version.h>

#include "transformer_layer.h"

namespace actortrain {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

bool bfloat16_products() {
#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 4)
  return at::autocast::is_autocast_enabled(at::kCPU);
#else
  return at::autocast::is_cpu_enabled();
#endif
}

/// Runs below autograd, and with autocast off: the layer's own products say in which format they compute.
struct Below {
  at::AutoDispatchBelowADInplaceOrView autograd;
  c10::impl::ExcludeDispatchKeyGuard autocast{c10::DispatchKeySet(c10::DispatchKey::AutocastCPU)};
};

/// Inputs: x, the weights, drop1, drop2.
struct TransformerLayer : torch::autograd::Function<TransformerLayer> {
  static constexpr int64_t inputCount = 1 + layerWeightCount;

  static at::Tensor forward(AutogradContext* context, at::TensorList inputs, LayerSizes sizes,
                            const c10::optional<at::Tensor>& factors1, const c10::optional<at::Tensor>& factors2,
                            double epsilon, bool bfloat16) {
    Below guard;
    const at::Tensor drop1 = factors1.value_or(at::Tensor()), drop2 = factors2.value_or(at::Tensor());
    std::vector<at::Tensor> saved;
    at::Tensor result = layer_forward(sizes, inputs[0], inputs.slice(1).vec(), drop1, drop2, epsilon, bfloat16, true, saved);
    variable_list kept = inputs.vec();
    kept.push_back(drop1);
    kept.push_back(drop2);
    kept.insert(kept.end(), saved.begin(), saved.end());
    context->save_for_backward(kept);
    context->saved_data["sizes"] = std::vector<int64_t>{sizes.batch, sizes.tokens, sizes.width, sizes.heads, sizes.mlp,
                                                        sizes.firstQuery, sizes.queries};
    context->saved_data["bfloat16"] = bfloat16;
    return result;
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    Below guard;
    const variable_list kept = context->get_saved_variables();
    const auto n = context->saved_data["sizes"].toIntVector();
    const LayerSizes sizes{n[0], n[1], n[2], n[3], n[4], n[5], n[6]};
    const std::vector<at::Tensor> weights(kept.begin() + 1, kept.begin() + inputCount);
    const std::vector<at::Tensor> saved(kept.begin() + inputCount + 2, kept.end());
    variable_list result = layer_backward(sizes, gradients[0].contiguous(), kept[0], weights, kept[inputCount],
                                          kept[inputCount + 1], saved, context->saved_data["bfloat16"].toBool());
    result.resize(result.size() + 5);  // sizes, the factors of dropout, epsilon and the format have no gradient
    return result;
  }
};

at::Tensor transformer_layer(const at::Tensor& x, at::TensorList weights, int64_t heads, double epsilon, int64_t first_query,
                             int64_t queries, const c10::optional<at::Tensor>& drop1, const c10::optional<at::Tensor>& drop2) {
  TORCH_CHECK(x.dim() == 3 && x.is_cpu() && x.scalar_type() == at::kFloat, "transformer_layer takes fp32 [batch, tokens, width] on the CPU");
  TORCH_CHECK(weights.size() == layerWeightCount, "transformer_layer takes ", int(layerWeightCount), " weights");
  const LayerSizes sizes{x.size(0), x.size(1), x.size(2), heads, weights[fc1Weight].size(0), first_query, queries};
  const int64_t w = sizes.width, m = sizes.mlp;
  TORCH_CHECK(heads > 0 && w % (16 * heads) == 0 && m % 16 == 0, "transformer_layer takes head and MLP widths that are multiples of 16");
  TORCH_CHECK(first_query >= 0 && queries > 0 && first_query + queries <= sizes.tokens, "transformer_layer: the queries ",
              first_query, " + ", queries, " lie outside the ", sizes.tokens, " tokens");
  const std::vector<std::vector<int64_t>> shapes = {{w}, {w}, {3 * w, w}, {3 * w}, {w, w}, {w}, {w}, {w}, {m, w}, {m}, {w, m}, {w}};
  variable_list inputs = {x.contiguous()};
  bool training = x.requires_grad();
  for (int i = 0; i < layerWeightCount; i++) {
    TORCH_CHECK(weights[i].sizes().vec() == shapes[i] && weights[i].is_cpu() && weights[i].scalar_type() == at::kFloat,
                "transformer_layer: weight ", i, " must be fp32 of shape ", shapes[i], " on the CPU");
    inputs.push_back(weights[i].contiguous());
    training |= weights[i].requires_grad();
  }
  c10::optional<at::Tensor> factors[2];
  for (int i = 0; i < 2; i++) {
    const auto& given = i == 0 ? drop1 : drop2;
    if (!given.has_value() || !given->defined()) continue;
    TORCH_CHECK(given->sizes().vec() == (std::vector<int64_t>{sizes.batch, queries, w}) && given->is_cpu() && given->scalar_type() == at::kFloat,
                "transformer_layer: the factors of dropout must be fp32 of the result's shape on the CPU");
    factors[i] = given->detach().contiguous();
  }
  if (training && at::GradMode::is_enabled())
    return TransformerLayer::apply(at::TensorList(inputs), sizes, factors[0], factors[1], epsilon, bfloat16_products());
  const bool bfloat16 = bfloat16_products();
  Below guard;
  std::vector<at::Tensor> saved;
  return layer_forward(sizes, inputs[0], {inputs.begin() + 1, inputs.end()}, factors[0].value_or(at::Tensor()),
                       factors[1].value_or(at::Tensor()), epsilon, bfloat16, false, saved);
}

}  // namespace

TORCH_LIBRARY_FRAGMENT(actortrain, library) {
  library.def("transformer_layer(Tensor x, Tensor[] weights, int heads, float epsilon, int first_query, int queries, "
              "Tensor? drop1=None, Tensor? drop2=None) -> Tensor", transformer_layer);
  library.def("limit_vectors(int bits) -> ()", limit_vectors);
}

}  // namespace actortrain
