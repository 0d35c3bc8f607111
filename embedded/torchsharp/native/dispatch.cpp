// The C ABI between embedded/torchsharp and libtorch.
//
// One entry, at_call, runs any operator through the dispatcher, so that operators need no wrapper of their own and
// autograd, autocast and CUDA come with them. A tensor handle is the TensorImpl* itself, one reference owned by the caller.
// Functions that can fail return a negative number (or null) and leave a sentence for at_error, per thread.

#include "abi.h"

#include <ATen/core/dispatch/Dispatcher.h>

#include <cstdint>
#include <optional>
#include <vector>

namespace {

#if TORCH_AT_LEAST(2, 4)
template <typename T>
using Optional = std::optional<T>;
#else
template <typename T>
using Optional = c10::optional<T>;
#endif

enum class Tag : int32_t { None, Tensor, Int, Double, Bool, IntList, TensorList, Device };

// One argument or result, 16 bytes. `count` is the length of a list.
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

// A list of tensors handed out as a result lives here until the thread's next call.
thread_local std::vector<std::vector<void*>> result_lists;

Parameter describe(const c10::Argument& argument) {
    auto type = argument.type();
    if (auto optional = type->cast<c10::OptionalType>())
        type = optional->getElementType();
    auto list = type->cast<c10::ListType>();
    bool optional_tensors = list && list->getElementType()->kind() == c10::TypeKind::OptionalType;
    return Parameter{argument.name(), type->kind(), optional_tensors, argument.default_value()};
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

c10::IValue to_ivalue(const Parameter& parameter, const Value& value) {
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
    case Tag::IntList:
        return int_list(value);
    case Tag::TensorList:
        return tensor_list(parameter, value);
    case Tag::Device:
        return c10::Device(static_cast<c10::DeviceType>(value.integer >> 32), static_cast<c10::DeviceIndex>(static_cast<int32_t>(value.integer)));
    }
    TORCH_CHECK(false, "argument '", parameter.name, "' has the unknown tag ", static_cast<int32_t>(value.tag));
}

Value from_ivalue(const c10::IValue& result) {
    Value value{Tag::None, 0, {}};
    if (result.isTensor()) {
        value.pointer = release(result.toTensor());
        value.tag = value.pointer == nullptr ? Tag::None : Tag::Tensor;
    } else if (result.isTensorList()) {
        auto& handles = result_lists.emplace_back();
        for (const at::Tensor& tensor : result.toTensorVector())
            handles.push_back(release(tensor));
        value.tag = Tag::TensorList;
        value.count = static_cast<int32_t>(handles.size());
        value.pointer = handles.data();
    } else if (result.isInt()) {
        value.tag = Tag::Int;
        value.integer = result.toInt();
    } else if (result.isDouble()) {
        value.tag = Tag::Double;
        value.real = result.toDouble();
    } else if (result.isBool()) {
        value.tag = Tag::Bool;
        value.integer = result.toBool();
    } else {
        TORCH_CHECK(result.isNone(), "a result of type ", result.tagKind(), " cannot be handed out");
    }
    return value;
}

} // namespace

EXPORT const char* at_error() {
    return last_error.c_str();
}

EXPORT Operator* at_find(const char* name, const char* overload) {
    return guarded<Operator*>(nullptr, [&]() -> Operator* {
        auto found = c10::Dispatcher::singleton().findSchema({name, overload});
        if (!found.has_value()) {
            last_error = std::string("this libtorch (" TORCH_VERSION ") has no operator '") + name + (*overload ? "." : "") + overload + "'";
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
            stack.push_back(to_ivalue(parameters[i], arguments[i]));
        for (size_t i = count; i < parameters.size(); i++) {
            TORCH_CHECK(parameters[i].default_value.has_value(), op->name, " needs its argument '", parameters[i].name, "'");
            stack.push_back(*parameters[i].default_value);
        }
        op->handle.callBoxed(&stack);
        if (capacity == 0)
            return 0;
        TORCH_CHECK(stack.size() <= static_cast<size_t>(capacity), op->name, " returned ", stack.size(), " values where ", capacity, " were expected");
        for (size_t i = 0; i < stack.size(); i++)
            results[i] = from_ivalue(stack[i]);
        return static_cast<int>(stack.size());
    });
}
