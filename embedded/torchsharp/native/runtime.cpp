// The rest of the C ABI: what a tensor is, gradients, and the state of the thread, the process and the GPU.

#include "abi.h"

#include <ATen/Parallel.h>
#include <ATen/autocast_mode.h>
#include <c10/core/Event.h>
#include <c10/core/StreamGuard.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <torch/csrc/autograd/autograd.h>

#include <malloc.h>

#include <cstdint>
#include <vector>

namespace {

std::vector<at::Tensor> borrow_all(void* const* handles, int64_t count) {
    std::vector<at::Tensor> tensors;
    tensors.reserve(count);
    for (int64_t i = 0; i < count; i++)
        tensors.push_back(borrow(handles[i]));
    return tensors;
}

// glibc maps every block of 32 MB or more afresh and gives the top of the heap back at once: a training step then spends
// its time in page faults. Blocks are kept and reused instead.
__attribute__((constructor)) void keep_freed_memory() {
    mallopt(M_MMAP_THRESHOLD, 32 << 20);
    mallopt(M_TRIM_THRESHOLD, 1 << 30);
    mallopt(M_TOP_PAD, 16 << 20);
}

} // namespace

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

// The libtorch that this library was built for.
EXPORT const char* at_version() {
    return TORCH_VERSION;
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
