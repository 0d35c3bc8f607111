using System.Runtime.InteropServices;

namespace TorchSharp;

public static partial class torch
{
    private static readonly Op ArangeOp = new("aten::arange", "start_step");
    private static readonly Op EmptyOp = new("aten::empty", "memory_format");
    private static readonly Op EmptyLikeOp = new("aten::empty_like");
    private static readonly Op FullOp = new("aten::full");
    private static readonly Op OnesOp = new("aten::ones");
    private static readonly Op RandOp = new("aten::rand");
    private static readonly Op RandNOp = new("aten::randn");
    private static readonly Op ZerosOp = new("aten::zeros");
    private static readonly Op ZerosLikeOp = new("aten::zeros_like");

    // The schemas end in (dtype, layout, device, pin_memory).

    public static Tensor arange(Scalar stop, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
        arange(0, stop, 1, dtype, device, requires_grad);

    public static Tensor arange(Scalar start, Scalar stop, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
        arange(start, stop, 1, dtype, device, requires_grad);

    public static Tensor arange(
        Scalar start, Scalar stop, Scalar step, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
        Leaf(ArangeOp.Call(start, stop, step, dtype, default, device), requires_grad);

    public static Tensor empty(long[] size, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
        Leaf(EmptyOp.Call(size, dtype, default, device), requires_grad);

    public static Tensor empty(long size, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
        empty([size], dtype, device, requires_grad);

    public static Tensor empty(long rows, long columns, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
        empty([rows, columns], dtype, device, requires_grad);

    public static Tensor empty_like(Tensor input, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
        Leaf(EmptyLikeOp.Call(input, dtype, default, device), requires_grad);

    public static Tensor full(long[] size, Scalar value, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
        Leaf(FullOp.Call(size, value, dtype, default, device), requires_grad);

    public static Tensor ones(long[] size, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
        Leaf(OnesOp.Call(size, dtype, default, device), requires_grad);

    public static Tensor ones(long size, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
        ones([size], dtype, device, requires_grad);

    public static Tensor ones(long rows, long columns, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
        ones([rows, columns], dtype, device, requires_grad);

    public static Tensor rand(long[] size, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
        Leaf(RandOp.Call(size, dtype, default, device), requires_grad);

    public static Tensor randn(long[] size, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
        Leaf(RandNOp.Call(size, dtype, default, device), requires_grad);

    public static Tensor randn(long rows, long columns, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
        randn([rows, columns], dtype, device, requires_grad);

    public static Tensor zeros(long[] size, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
        Leaf(ZerosOp.Call(size, dtype, default, device), requires_grad);

    public static Tensor zeros(long size, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
        zeros([size], dtype, device, requires_grad);

    public static Tensor zeros(long rows, long columns, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
        zeros([rows, columns], dtype, device, requires_grad);

    public static Tensor zeros_like(Tensor input, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
        Leaf(ZerosLikeOp.Call(input, dtype, default, device), requires_grad);

    // From arrays. The elements are copied.

    public static Tensor tensor(bool scalar, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
        full([], scalar, dtype ?? ScalarType.Bool, device, requires_grad);

    public static Tensor tensor(int scalar, Device? device = null, bool requires_grad = false) =>
        full([], scalar, ScalarType.Int32, device, requires_grad);

    public static Tensor tensor(long scalar, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
        full([], scalar, dtype ?? ScalarType.Int64, device, requires_grad);

    public static Tensor tensor(float scalar, Device? device = null, bool requires_grad = false) =>
        full([], scalar, ScalarType.Float32, device, requires_grad);

    public static Tensor tensor(double scalar, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
        full([], scalar, dtype ?? ScalarType.Float64, device, requires_grad);

    public static Tensor tensor(bool[] rawArray, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
        FromSpan<bool>(rawArray, [rawArray.Length], dtype, device, requires_grad);

    public static Tensor tensor(byte[] rawArray, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
        FromSpan<byte>(rawArray, [rawArray.Length], dtype, device, requires_grad);

    public static Tensor tensor(
        byte[] rawArray, ReadOnlySpan<long> dimensions, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
        FromSpan<byte>(rawArray, dimensions, dtype, device, requires_grad);

    public static Tensor tensor(int[] rawArray, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
        FromSpan<int>(rawArray, [rawArray.Length], dtype, device, requires_grad);

    public static Tensor tensor(
        int[] rawArray, ReadOnlySpan<long> dimensions, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
        FromSpan<int>(rawArray, dimensions, dtype, device, requires_grad);

    public static Tensor tensor(long[] dataArray, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
        FromSpan<long>(dataArray, [dataArray.Length], dtype, device, requires_grad);

    public static Tensor tensor(
        long[] dataArray, ReadOnlySpan<long> dimensions, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
        FromSpan<long>(dataArray, dimensions, dtype, device, requires_grad);

    public static Tensor tensor(float[] rawArray, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
        FromSpan<float>(rawArray, [rawArray.Length], dtype, device, requires_grad);

    public static Tensor tensor(
        float[] rawArray, ReadOnlySpan<long> dimensions, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
        FromSpan<float>(rawArray, dimensions, dtype, device, requires_grad);

    public static Tensor tensor(double[] rawArray, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
        FromSpan<double>(rawArray, [rawArray.Length], dtype, device, requires_grad);

    public static Tensor tensor(
        double[] rawArray, ReadOnlySpan<long> dimensions, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
        FromSpan<double>(rawArray, dimensions, dtype, device, requires_grad);

    private static unsafe Tensor FromSpan<T>(
        ReadOnlySpan<T> elements, ReadOnlySpan<long> dimensions, ScalarType? dtype, Device? device, bool requires_grad)
        where T : unmanaged
    {
        long expected = 1;
        foreach (long dimension in dimensions)
            expected *= dimension;
        if (expected != elements.Length)
        {
            throw new ArgumentException(
                $"mismatched total size creating a tensor from an array: {expected} elements in [{string.Join(", ", dimensions.ToArray())}], "
                + $"{elements.Length} in the array");
        }
        ScalarType own = ScalarTypeOf(typeof(T));
        Tensor host = empty(dimensions.ToArray(), own);
        MemoryMarshal.AsBytes(elements).CopyTo(new Span<byte>(host.Info.Data, elements.Length * sizeof(T)));
        if ((dtype ?? own) == own && (device ?? CPU).type == DeviceType.CPU)
            return Leaf(host, requires_grad);
        using (host)
            return Leaf(host.to(dtype ?? own, device ?? CPU), requires_grad);
    }

    private static Tensor Leaf(Tensor tensor, bool requires_grad) => requires_grad ? tensor.requires_grad_() : tensor;
}
