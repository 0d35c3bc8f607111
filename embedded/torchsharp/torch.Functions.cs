namespace TorchSharp;

public static partial class torch
{
    private static readonly Op CatOp = new("aten::cat");
    private static readonly Op StackOp = new("aten::stack");

    public static Tensor addmm(Tensor input, Tensor mat1, Tensor mat2, float beta, float alpha) => input.addmm(mat1, mat2, beta, alpha);

    public static Tensor bmm(Tensor input, Tensor batch2) => input.bmm(batch2);

    public static Tensor cat(IList<Tensor> tensors, long dim = 0) => CatOp.Call(tensors.ToArray(), dim);

    public static Tensor exp(Tensor input) => input.exp();

    public static Tensor gather(Tensor input, long dim, Tensor index) => input.gather(dim, index);

    public static Tensor log(Tensor input) => input.log();

    public static Tensor matmul(Tensor input, Tensor target) => input.matmul(target);

    public static Tensor mean(Tensor input) => input.mean();

    public static Tensor reshape(Tensor input, params long[] shape) => input.reshape(shape);

    public static Tensor softmax(Tensor input, int dim, ScalarType? dtype = null) => input.softmax(dim, dtype);

    public static Tensor sqrt(Tensor input) => input.sqrt();

    public static Tensor stack(IEnumerable<Tensor> tensors, long dim = 0) => StackOp.Call(tensors.ToArray(), dim);

    public static Tensor where(Tensor condition, Tensor x, Tensor y) => x.where(condition, y);
}
