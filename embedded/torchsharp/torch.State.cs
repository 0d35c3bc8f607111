using System.Runtime.InteropServices;

namespace TorchSharp;

public static partial class torch
{
    /// <summary>The version of libtorch.</summary>
    public static unsafe string __version__ => Marshal.PtrToStringUTF8((nint)Native.at_version())!;

    /// <summary>Operators recorded on this thread are not differentiated until the result is disposed.</summary>
    public static IDisposable no_grad() => new GradientMode(false);

    public static IDisposable enable_grad(bool enabled = true) => new GradientMode(enabled);

    public static bool is_grad_enabled() => Native.at_grad_enabled() != 0;

    /// <summary>
    /// The number of threads an operator may use. libtorch keeps it per process, OpenMP per calling thread:
    /// each thread that runs operators calls this itself, before its first one.
    /// </summary>
    public static void set_num_threads(int num) => Native.at_set_threads(num);

    public static int get_num_threads() => Native.at_threads();

    /// <summary>Seeds the default generators of every device.</summary>
    public static void manual_seed(long seed) => Native.Check(Native.at_manual_seed(seed), nameof(manual_seed));

    public static partial class autograd
    {
        /// <summary>
        /// ∂ Σ <paramref name="outputs"/> / ∂ <paramref name="inputs"/>, one tensor per input, without touching any tensor's own gradient.
        /// An input that the outputs do not depend on is an error, or with <paramref name="allow_unused"/> yields an invalid tensor.
        /// </summary>
        public static unsafe IList<Tensor> grad(
            IList<Tensor> outputs, IList<Tensor> inputs, IList<Tensor>? grad_outputs = null,
            bool retain_graph = false, bool create_graph = false, bool allow_unused = false)
        {
            nint[] from = Handles(outputs);
            nint[] to = Handles(inputs);
            nint[] weights = grad_outputs is null ? [] : Handles(grad_outputs);
            var results = new nint[to.Length];
            fixed (nint* fromHandles = from, toHandles = to, weightHandles = weights, resultHandles = results)
            {
                int status = Native.at_gradients(
                    fromHandles, from.Length, toHandles, to.Length, weightHandles, weights.Length,
                    retain_graph ? 1 : 0, create_graph ? 1 : 0, allow_unused ? 1 : 0, resultHandles);
                GC.KeepAlive(outputs);
                GC.KeepAlive(inputs);
                GC.KeepAlive(grad_outputs);
                Native.Check(status, "autograd::grad");
            }
            return Array.ConvertAll(results, handle => new Tensor(handle));
        }

        private static nint[] Handles(IList<Tensor> tensors)
        {
            var handles = new nint[tensors.Count];
            for (int i = 0; i < handles.Length; i++)
                handles[i] = tensors[i].Handle;
            return handles;
        }
    }

    private sealed class GradientMode : IDisposable
    {
        private readonly int _outer = Native.at_grad_enabled();

        internal GradientMode(bool enabled) => Native.at_set_grad_enabled(enabled ? 1 : 0);

        public void Dispose() => Native.at_set_grad_enabled(_outer);
    }
}
