// The C ABI between embedded/torchsharp and libtorch.
//
// One entry, at_call, runs any operator through the dispatcher, so that operators need no wrapper of their own and
// autograd, autocast and CUDA come with them. A tensor handle is the TensorImpl* itself, one reference owned by the caller.
// Functions that can fail return a negative number (or null) and leave a sentence for at_error, per thread.

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/autocast_mode.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <c10/core/Event.h>
#include <c10/core/StreamGuard.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/version.h>

#include <malloc.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#define EXPORT extern "C" __attribute__((visibility("default")))
#define TORCH_AT_LEAST(major, minor) (TORCH_VERSION_MAJOR > (major) || (TORCH_VERSION_MAJOR == (major) && TORCH_VERSION_MINOR >= (minor)))

namespace {

#if TORCH_AT_LEAST(2, 4)
template <typename T>
using Optional = std::optional<T>;
#else
template <typename T>
using Optional = c10::optional<T>;
#endif

enum class Tag : int32_t { None, Tensor, Int, Double, Bool, String, IntList, TensorList, Device, Default };

// One argument or result, 16 bytes. `count` is the length of a string or list.
struct Value {
    Tag tag;
    int32_t count;
    union {
        int64_t integer;
        double real;
        const void* pointer;
    };
};
static_assert(sizeof(Value) == 16, "the managed side lays out the same 16 bytes");

// What the schema says of one parameter, looked up once per operator.
struct Parameter {
    std::string name;
    c10::TypeKind kind; // with its Optional taken off
    bool holds_optional_tensors;
    Optional<c10::IValue> default_value;
};

struct Operator {
    c10::OperatorHandle handle;
    std::string name;
    std::vector<Parameter> parameters;
};

thread_local std::string last_error;
// Lists and strings handed out as results live here until the thread's next call.
thread_local std::vector<std::vector<int64_t>> result_lists;
thread_local std::string result_string;

int fail(const std::string& message) {
    last_error = message;
    return -1;
}

// Runs `body`; an exception becomes libtorch's own sentence (without its C++ backtrace) and the given failure value.
template <typename Result, typename Body>
Result guarded(Result failure, Body&& body) {
    try {
        return body();
    } catch (const c10::Error& error) {
        last_error = error.what_without_backtrace();
    } catch (const std::exception& error) {
        last_error = error.what();
    } catch (...) {
        last_error = "libtorch threw something that is no exception";
    }
    // A missing backend lists every registration of the operator after its sentence.
    for (const char* tail : {"\nException raised from ", "\n\nCPU: registered at "}) {
        auto at = last_error.find(tail);
        if (at != std::string::npos)
            last_error.resize(at);
    }
    return failure;
}

at::Tensor borrow(const void* handle) {
    if (handle == nullptr)
        return at::Tensor();
    return at::Tensor(c10::intrusive_ptr<c10::TensorImpl, c10::UndefinedTensorImpl>::reclaim_copy(
        static_cast<c10::TensorImpl*>(const_cast<void*>(handle))));
}

void* release(at::Tensor tensor) {
    return tensor.defined() ? tensor.unsafeReleaseTensorImpl() : nullptr;
}

std::vector<at::Tensor> borrow_all(void* const* handles, int64_t count) {
    std::vector<at::Tensor> tensors;
    tensors.reserve(count);
    for (int64_t i = 0; i < count; i++)
        tensors.push_back(borrow(handles[i]));
    return tensors;
}

Parameter describe(const c10::Argument& argument) {
    auto type = argument.type();
    if (auto optional = type->cast<c10::OptionalType>())
        type = optional->getElementType();
    auto list = type->cast<c10::ListType>();
    bool optional_tensors = list && list->getElementType()->kind() == c10::TypeKind::OptionalType;
    return Parameter{argument.name(), type->kind(), optional_tensors, argument.default_value()};
}

const c10::IValue& default_of(const Operator* op, const Parameter& parameter) {
    TORCH_CHECK(parameter.default_value.has_value(), op->name, " needs its argument '", parameter.name, "'");
    return *parameter.default_value;
}

c10::IValue tensor_list(const Parameter& parameter, const Value& value) {
    auto handles = static_cast<void* const*>(value.pointer);
    if (parameter.holds_optional_tensors) {
        c10::List<Optional<at::Tensor>> tensors;
        for (int32_t i = 0; i < value.count; i++)
            tensors.push_back(handles[i] == nullptr ? Optional<at::Tensor>() : Optional<at::Tensor>(borrow(handles[i])));
        return tensors;
    }
    c10::List<at::Tensor> tensors;
    tensors.reserve(value.count);
    for (int32_t i = 0; i < value.count; i++)
        tensors.push_back(borrow(handles[i]));
    return tensors;
}

c10::IValue int_list(const Value& value) {
    auto items = static_cast<const int64_t*>(value.pointer);
    c10::List<int64_t> list;
    list.reserve(value.count);
    for (int32_t i = 0; i < value.count; i++)
        list.push_back(items[i]);
    return list;
}

c10::IValue to_ivalue(const Operator* op, const Parameter& parameter, const Value& value) {
    switch (value.tag) {
    case Tag::None:
        return c10::IValue();
    case Tag::Tensor:
        return borrow(value.pointer);
    case Tag::Int:
        if (parameter.kind == c10::TypeKind::FloatType)
            return static_cast<double>(value.integer);
        return value.integer;
    case Tag::Double:
        return value.real;
    case Tag::Bool:
        return value.integer != 0;
    case Tag::String:
        return std::string(static_cast<const char*>(value.pointer), value.count);
    case Tag::IntList:
        return int_list(value);
    case Tag::TensorList:
        return tensor_list(parameter, value);
    case Tag::Device:
        return c10::Device(static_cast<c10::DeviceType>(value.integer >> 32), static_cast<c10::DeviceIndex>(static_cast<int32_t>(value.integer)));
    case Tag::Default:
        return default_of(op, parameter);
    }
    TORCH_CHECK(false, "argument '", parameter.name, "' has the unknown tag ", static_cast<int32_t>(value.tag));
}

template <typename List>
Value list_result(Tag tag, List&& items) {
    result_lists.emplace_back();
    auto& kept = result_lists.back();
    for (auto&& item : items)
        kept.push_back(item);
    Value value{tag, static_cast<int32_t>(kept.size()), {}};
    value.pointer = kept.data();
    return value;
}

Value from_ivalue(const c10::IValue& result) {
    Value value{Tag::None, 0, {}};
    if (result.isTensor()) {
        value.pointer = release(result.toTensor());
        value.tag = value.pointer == nullptr ? Tag::None : Tag::Tensor;
    } else if (result.isTensorList()) {
        std::vector<int64_t> handles;
        for (const at::Tensor& tensor : result.toTensorVector())
            handles.push_back(reinterpret_cast<int64_t>(release(tensor)));
        return list_result(Tag::TensorList, handles);
    } else if (result.isIntList()) {
        return list_result(Tag::IntList, result.toIntVector());
    } else if (result.isInt()) {
        value.tag = Tag::Int;
        value.integer = result.toInt();
    } else if (result.isDouble()) {
        value.tag = Tag::Double;
        value.real = result.toDouble();
    } else if (result.isBool()) {
        value.tag = Tag::Bool;
        value.integer = result.toBool();
    } else if (result.isString()) {
        result_string = result.toStringRef();
        value.tag = Tag::String;
        value.count = static_cast<int32_t>(result_string.size());
        value.pointer = result_string.data();
    } else {
        TORCH_CHECK(result.isNone(), "a result of type ", result.tagKind(), " cannot be handed out");
    }
    return value;
}

// glibc maps every block of 32 MB or more afresh and gives the top of the heap back at once: a training step then spends
// its time in page faults. Blocks are kept and reused instead.
__attribute__((constructor)) void keep_freed_memory() {
    mallopt(M_MMAP_THRESHOLD, 32 << 20);
    mallopt(M_TRIM_THRESHOLD, 1 << 30);
    mallopt(M_TOP_PAD, 16 << 20);
}

} // namespace

EXPORT const char* at_error() {
    return last_error.c_str();
}

EXPORT Operator* at_find(const char* name, const char* overload) {
    return guarded<Operator*>(nullptr, [&]() -> Operator* {
        auto found = c10::Dispatcher::singleton().findSchema({name, overload});
        if (!found.has_value()) {
            fail(std::string("this libtorch (" TORCH_VERSION ") has no operator '") + name + (*overload ? "." : "") + overload + "'");
            return nullptr;
        }
        std::vector<Parameter> parameters;
        for (const auto& argument : found->schema().arguments())
            parameters.push_back(describe(argument));
        return new Operator{*found, name, std::move(parameters)};
    });
}

// Calls an operator. Trailing arguments that are missing take the schema's defaults. With `capacity` 0 the results are
// dropped (in-place operators return an alias of their input). Returns the number of results.
EXPORT int at_call(const Operator* op, const Value* arguments, int count, Value* results, int capacity) {
    result_lists.clear();
    return guarded(-1, [&] {
        const auto& parameters = op->parameters;
        TORCH_CHECK(static_cast<size_t>(count) <= parameters.size(), op->name, " takes ", parameters.size(), " arguments, not ", count);
        torch::jit::Stack stack;
        stack.reserve(parameters.size());
        for (int i = 0; i < count; i++)
            stack.push_back(to_ivalue(op, parameters[i], arguments[i]));
        for (size_t i = count; i < parameters.size(); i++)
            stack.push_back(default_of(op, parameters[i]));
        op->handle.callBoxed(&stack);
        if (capacity == 0)
            return 0;
        TORCH_CHECK(stack.size() <= static_cast<size_t>(capacity), op->name, " returned ", stack.size(), " values where ", capacity, " were expected");
        result_lists.reserve(stack.size());
        for (size_t i = 0; i < stack.size(); i++)
            results[i] = from_ivalue(stack[i]);
        return static_cast<int>(stack.size());
    });
}

// What a tensor is. `sizes`, `strides` and `data` point into it and live as long as it does.
struct Info {
    const int64_t* sizes;
    const int64_t* strides;
    void* data;
    int64_t elements;
    int32_t dimensions;
    int32_t dtype;
    int32_t device_type;
    int32_t device_index;
    int32_t requires_grad;
    int32_t is_leaf;
    int32_t is_contiguous;
    int32_t element_size;
};

EXPORT int at_info(void* handle, Info* info) {
    return guarded(-1, [&] {
        auto tensor = borrow(handle);
        *info = Info{
            tensor.sizes().data(), tensor.strides().data(), tensor.has_storage() ? tensor.data_ptr() : nullptr, tensor.numel(),
            static_cast<int32_t>(tensor.dim()), static_cast<int32_t>(tensor.scalar_type()),
            static_cast<int32_t>(tensor.device().type()), tensor.device().index(),
            tensor.requires_grad(), tensor.is_leaf(), tensor.is_contiguous(), static_cast<int32_t>(tensor.element_size())};
        return 0;
    });
}

EXPORT void at_retain(void* handle) {
    c10::raw::intrusive_ptr::incref(static_cast<c10::TensorImpl*>(handle));
}

EXPORT void at_free(void* const* handles, int64_t count) {
    for (int64_t i = 0; i < count; i++)
        c10::raw::intrusive_ptr::decref(static_cast<c10::TensorImpl*>(handles[i]));
}

EXPORT int at_set_requires_grad(void* handle, int value) {
    return guarded(-1, [&] {
        borrow(handle).set_requires_grad(value != 0);
        return 0;
    });
}

// ∂ outputs / ∂ inputs, one result per input; null where an input was not used.
EXPORT int at_gradients(
    void* const* outputs, int64_t output_count, void* const* inputs, int64_t input_count, void* const* gradients, int64_t gradient_count,
    int retain_graph, int create_graph, int allow_unused, void** results) {
    return guarded(-1, [&] {
        auto found = torch::autograd::grad(
            borrow_all(outputs, output_count), borrow_all(inputs, input_count), borrow_all(gradients, gradient_count),
            retain_graph != 0, create_graph != 0, allow_unused != 0);
        for (int64_t i = 0; i < input_count; i++)
            results[i] = release(found[i]);
        return 0;
    });
}

// The gradient mode is the calling thread's.
EXPORT int at_grad_enabled() {
    return at::GradMode::is_enabled();
}

EXPORT void at_set_grad_enabled(int enabled) {
    at::GradMode::set_enabled(enabled != 0);
}

// Autocast of the calling thread. dtype < 0 leaves it switched off.
EXPORT int at_enter_autocast(int device_type, int dtype) {
    return guarded(-1, [&] {
        auto device = static_cast<c10::DeviceType>(device_type);
        bool enabled = dtype >= 0;
        auto type = static_cast<at::ScalarType>(dtype);
#if TORCH_AT_LEAST(2, 4)
        at::autocast::set_autocast_enabled(device, enabled);
        if (enabled)
            at::autocast::set_autocast_dtype(device, type);
#else
        bool host = device == c10::DeviceType::CPU;
        TORCH_CHECK(host || device == c10::DeviceType::CUDA, "autocast knows cpu and cuda only");
        if (host)
            at::autocast::set_cpu_enabled(enabled);
        else
            at::autocast::set_enabled(enabled);
        if (enabled && host)
            at::autocast::set_autocast_cpu_dtype(type);
        else if (enabled)
            at::autocast::set_autocast_gpu_dtype(type);
#endif
        at::autocast::increment_nesting();
        return 0;
    });
}

// Leaves the innermost autocast scope: back to `outer_dtype` (< 0: off). The weights cast inside are dropped with the outermost.
EXPORT int at_leave_autocast(int device_type, int outer_dtype) {
    return guarded(-1, [&] {
        if (at::autocast::decrement_nesting() == 0)
            at::autocast::clear_cache();
        int entered = at_enter_autocast(device_type, outer_dtype);
        at::autocast::decrement_nesting();
        return entered;
    });
}

EXPORT void at_set_threads(int threads) {
    at::set_num_threads(threads);
}

EXPORT int at_threads() {
    return at::get_num_threads();
}

EXPORT int at_manual_seed(int64_t seed) {
    return guarded(-1, [&] {
        at::manual_seed(static_cast<uint64_t>(seed));
        return 0;
    });
}

EXPORT int at_set_deterministic(int deterministic) {
    return guarded(-1, [&] {
        at::globalContext().setDeterministicAlgorithms(deterministic != 0, false);
        return 0;
    });
}

EXPORT int at_cuda_devices() {
    return guarded(0, [] {
        if (!at::hasCUDA())
            return 0;
        return static_cast<int>(c10::impl::VirtualGuardImpl(c10::DeviceType::CUDA).deviceCount());
    });
}

// Waits until everything queued on the current stream of the device is done.
EXPORT int at_cuda_synchronize(int index) {
    return guarded(-1, [&] {
        c10::impl::VirtualGuardImpl device(c10::DeviceType::CUDA);
        auto which = index < 0 ? device.getDevice() : c10::Device(c10::DeviceType::CUDA, static_cast<c10::DeviceIndex>(index));
        device.getStream(which).synchronize();
        return 0;
    });
}

// Copies a pinned host tensor to a GPU on a stream of its own, beside whatever the device computes now;
// what is queued on the current stream from here on waits for the copy.
EXPORT int at_copy_aside(void* host, int index, void** result) {
    return guarded(-1, [&] {
        c10::impl::VirtualGuardImpl cuda(c10::DeviceType::CUDA);
        auto device = index < 0 ? cuda.getDevice() : c10::Device(c10::DeviceType::CUDA, static_cast<c10::DeviceIndex>(index));
        auto compute = cuda.getStream(device);
        auto aside = cuda.getStreamFromGlobalPool(device);
        at::Tensor copy;
        {
            c10::StreamGuard guard(aside);
            auto source = borrow(host);
            copy = source.to(device, source.scalar_type(), /*non_blocking=*/true);
        }
        c10::Event copied(c10::DeviceType::CUDA);
        copied.record(aside);
        copied.block(compute);
        // The memory was taken on the side stream: it must not be given out again before `compute` is through with it.
        cuda.recordDataPtrOnStream(copy.storage().data_ptr(), compute);
        *result = release(copy);
        return 0;
    });
}
