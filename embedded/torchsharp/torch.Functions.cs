namespace TorchSharp;

public static partial class torch
{
    private static readonly Op CatOp = new("aten::cat");

    public static Tensor cat(IList<Tensor> tensors, long dim = 0) => CatOp.Call(tensors.ToArray(), dim);

    public static Tensor matmul(Tensor input, Tensor target) => input.matmul(target);
}
