// actortrain::transformer_layer and actortrain::post_norm_layer: checks, autograd and the dispatcher around transformer_layer.cpp;
// actortrain::limit_vectors.
#include <ATen/autocast_mode.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/library.h>
#include <torch/version.h>

#include <algorithm>
#include <functional>

#include "transformer_layer.h"

namespace actortrain {
namespace {

using OptionalTensor = c10::optional<at::Tensor>;
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

/// Inputs: x and the weights.
struct TransformerLayer : torch::autograd::Function<TransformerLayer> {
  static constexpr int64_t inputCount = 1 + layerWeightCount;

  static at::Tensor forward(AutogradContext* context, at::TensorList inputs, const c10::intrusive_ptr<Layer>& layer,
                            const Dropout& dropout, double epsilon, bool bfloat16) {
    Below guard;
    std::vector<at::Tensor> saved;
    at::Tensor result = layer_forward(*layer, inputs[0], inputs.slice(1).vec(), dropout, epsilon, bfloat16, true, saved);
    variable_list kept = inputs.vec();
    kept.insert(kept.end(), {dropout.attention, dropout.attentionOutput, dropout.mlpOutput});
    kept.insert(kept.end(), saved.begin(), saved.end());
    context->save_for_backward(kept);
    context->saved_data["layer"] = c10::IValue::make_capsule(layer);
    context->saved_data["bfloat16"] = bfloat16;
    return result;
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    Below guard;
    const variable_list kept = context->get_saved_variables();
    const auto layer = c10::static_intrusive_pointer_cast<Layer>(context->saved_data["layer"].toCapsule());
    const std::vector<at::Tensor> weights(kept.begin() + 1, kept.begin() + inputCount);
    const Dropout dropout{kept[inputCount], kept[inputCount + 1], kept[inputCount + 2]};
    const std::vector<at::Tensor> saved(kept.begin() + inputCount + 3, kept.end());
    variable_list result = layer_backward(*layer, gradients[0].contiguous(), kept[0], weights, dropout, saved,
                                          context->saved_data["bfloat16"].toBool());
    result.resize(result.size() + 4);  // the layer, the factors of dropout, epsilon and the format have no gradient
    return result;
  }
};

at::Tensor factors(const OptionalTensor& given, at::IntArrayRef shape) {
  if (!given.has_value() || !given->defined()) return {};
  TORCH_CHECK(given->sizes() == shape && given->is_cpu() && given->scalar_type() == at::kFloat,
              "transformer layer: these factors of dropout must be fp32 of shape ", shape, " on the CPU");
  return given->detach().contiguous();
}

void check(const at::Tensor& x, int64_t dimensions, at::TensorList weights, int64_t heads) {
  TORCH_CHECK(x.dim() == dimensions && x.is_cpu() && x.scalar_type() == at::kFloat, "transformer layer: x must be fp32 on the CPU, with ",
              dimensions, " dimensions");
  TORCH_CHECK(weights.size() == layerWeightCount, "transformer layer: there must be ", int(layerWeightCount), " weights");
  const int64_t w = x.size(-1), m = weights[fc1Weight].size(0);
  TORCH_CHECK(heads > 0 && w % (16 * heads) == 0 && m % 16 == 0, "transformer layer: head and MLP widths must be multiples of 16");
  const std::vector<std::vector<int64_t>> shapes = {{w}, {w}, {3 * w, w}, {3 * w}, {w, w}, {w}, {w}, {w}, {m, w}, {m}, {w, m}, {w}};
  for (int i = 0; i < layerWeightCount; i++)
    TORCH_CHECK(weights[i].sizes().vec() == shapes[i] && weights[i].is_cpu() && weights[i].scalar_type() == at::kFloat,
                "transformer layer: weight ", i, " must be fp32 of shape ", shapes[i], " on the CPU");
}

/// The layer's result [asking rows, width], which remembers how to go back where gradients are wanted.
at::Tensor run(const c10::intrusive_ptr<Layer>& layer, const at::Tensor& x, at::TensorList weights, const Dropout& dropout, double epsilon) {
  variable_list inputs = {x.contiguous()};
  bool training = x.requires_grad();
  for (const at::Tensor& weight : weights) {
    inputs.push_back(weight.contiguous());
    training |= weight.requires_grad();
  }
  const bool bfloat16 = bfloat16_products();
  if (training && at::GradMode::is_enabled())
    return TransformerLayer::apply(at::TensorList(inputs), layer, dropout, epsilon, bfloat16);
  Below guard;
  std::vector<at::Tensor> saved;
  return layer_forward(*layer, inputs[0], {inputs.begin() + 1, inputs.end()}, dropout, epsilon, bfloat16, false, saved);
}

/// Pre-norm over images of one length [batch, tokens, width], of which `queries` tokens from `first_query` on ask.
at::Tensor transformer_layer(const at::Tensor& x, at::TensorList weights, int64_t heads, double epsilon, int64_t first_query,
                             int64_t queries, const OptionalTensor& drop1, const OptionalTensor& drop2) {
  check(x, 3, weights, heads);
  const int64_t batch = x.size(0), tokens = x.size(1), width = x.size(2);
  TORCH_CHECK(first_query >= 0 && queries > 0 && first_query + queries <= tokens, "transformer layer: the queries ", first_query, " + ",
              queries, " lie outside the ", tokens, " tokens");
  std::vector<int64_t> asking;
  if (queries < tokens)
    for (int64_t i = 0; i < batch * queries; i++) asking.push_back(i / queries * tokens + first_query + i % queries);
  const Dropout dropout{{}, factors(drop1, {batch, queries, width}), factors(drop2, {batch, queries, width})};
  auto layer = c10::make_intrusive<Layer>(false, width, heads, weights[fc1Weight].size(0), std::vector<int64_t>(batch, tokens), asking);
  return run(layer, x, weights, dropout, epsilon).view({batch, queries, width});
}

/// Post-norm over sequences of any lengths laid end to end [tokens, width], of which the rows `wanted` ask, or all.
at::Tensor post_norm_layer(const at::Tensor& x, at::TensorList weights, at::IntArrayRef lengths, const OptionalTensor& wanted,
                           int64_t heads, double epsilon, const OptionalTensor& attention_drop, const OptionalTensor& drop1,
                           const OptionalTensor& drop2) {
  check(x, 2, weights, heads);
  const int64_t rows = x.size(0), width = x.size(1);
  int64_t total = 0;
  for (const int64_t length : lengths) {
    TORCH_CHECK(length > 0, "transformer layer: a sequence must have a token, and one has ", length);
    total += length;
  }
  TORCH_CHECK(total == rows, "transformer layer: the sequences have ", total, " tokens in all, and x has ", rows);
  std::vector<int64_t> asking;
  if (wanted.has_value() && wanted->defined()) {
    TORCH_CHECK(wanted->dim() == 1 && wanted->is_cpu() && wanted->scalar_type() == at::kLong && wanted->numel() > 0,
                "transformer layer: the wanted rows must be one int64 or more on the CPU");
    const at::Tensor list = wanted->contiguous();
    asking.assign(list.data_ptr<int64_t>(), list.data_ptr<int64_t>() + list.numel());
    TORCH_CHECK(asking.front() >= 0 && asking.back() < rows && std::adjacent_find(asking.begin(), asking.end(), std::greater_equal<>()) == asking.end(),
                "transformer layer: the wanted rows must ascend within the ", rows, " rows");
  }
  auto layer = c10::make_intrusive<Layer>(true, width, heads, weights[fc1Weight].size(0), lengths.vec(), asking);
  const std::vector<int64_t> shape = {layer->queryRows(), width};
  const Dropout dropout{factors(attention_drop, {layer->places.back().factor}), factors(drop1, shape), factors(drop2, shape)};
  return run(layer, x, weights, dropout, epsilon);
}

}  // namespace

TORCH_LIBRARY_FRAGMENT(actortrain, library) {
  library.def("transformer_layer(Tensor x, Tensor[] weights, int heads, float epsilon, int first_query, int queries, "
              "Tensor? drop1=None, Tensor? drop2=None) -> Tensor", transformer_layer);
  library.def("post_norm_layer(Tensor x, Tensor[] weights, int[] lengths, Tensor? wanted, int heads, float epsilon, "
              "Tensor? attention_drop=None, Tensor? drop1=None, Tensor? drop2=None) -> Tensor", post_norm_layer);
  library.def("limit_vectors(int bits) -> ()", limit_vectors);
}

}  // namespace actortrain
