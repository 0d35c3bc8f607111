// What every export shares: the error of the calling thread, and handles.
#pragma once

#include <ATen/ATen.h>
#include <torch/version.h>

#include <string>

#define EXPORT extern "C" __attribute__((visibility("default")))
#define TORCH_AT_LEAST(major, minor) (TORCH_VERSION_MAJOR > (major) || (TORCH_VERSION_MAJOR == (major) && TORCH_VERSION_MINOR >= (minor)))

inline thread_local std::string last_error;

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

inline at::Tensor borrow(const void* handle) {
    if (handle == nullptr)
        return at::Tensor();
    return at::Tensor(c10::intrusive_ptr<c10::TensorImpl, c10::UndefinedTensorImpl>::reclaim_copy(
        static_cast<c10::TensorImpl*>(const_cast<void*>(handle))));
}

inline void* release(at::Tensor tensor) {
    return tensor.defined() ? tensor.unsafeReleaseTensorImpl() : nullptr;
}
