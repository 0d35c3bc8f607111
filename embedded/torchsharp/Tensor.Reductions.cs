namespace TorchSharp;

public static partial class torch
{
    public partial class Tensor
    {
        private static readonly Op AllClose = new("aten::allclose");
        private static readonly Op ArgMax = new("aten::argmax");
        private static readonly Op EqScalar = new("aten::eq", "Scalar");
        private static readonly Op EqTensor = new("aten::eq", "Tensor");
        private static readonly Op Equal = new("aten::equal");
        private static readonly Op GtScalar = new("aten::gt", "Scalar");
        private static readonly Op Max = new("aten::max");
        private static readonly Op Mean = new("aten::mean");
        private static readonly Op MeanDimensions = new("aten::mean", "dim");
        private static readonly Op Min = new("aten::min");
        private static readonly Op NormDimension = new("aten::norm", "ScalarOpt_dim");
        private static readonly Op NormAll = new("aten::norm", "Scalar");
        private static readonly Op Sum = new("aten::sum");
        private static readonly Op SumDimensions = new("aten::sum", "dim_IntList");
        private static readonly Op Var = new("aten::var");
        private static readonly Op VarDimensions = new("aten::var", "dim");

        public bool allclose(Tensor target, double rtol = 1e-05, double atol = 1e-08, bool equal_nan = false) =>
            AllClose.CallScalar(this, target, rtol, atol, equal_nan).ToBoolean();

        public Tensor argmax() => ArgMax.Call(this);

        public Tensor argmax(long dim, bool keepdim = false) => ArgMax.Call(this, dim, keepdim);

        public Tensor eq(Tensor target) => EqTensor.Call(this, target);

        public Tensor eq(Scalar target) => EqScalar.Call(this, target);

        /// <summary>Whether both have the same shape and the same elements.</summary>
        public bool Equals(Tensor target) => Equal.CallScalar(this, target).ToBoolean();

        public override bool Equals(object? obj) => obj is Tensor other && Equals(other);

        public override int GetHashCode() => System.Runtime.CompilerServices.RuntimeHelpers.GetHashCode(this);

        public Tensor gt(Scalar target) => GtScalar.Call(this, target);

        public Tensor max() => Max.Call(this);

        public Tensor mean() => Mean.Call(this);

        public Tensor mean(long[] dimensions, bool keepdim = false, ScalarType? type = null) =>
            MeanDimensions.Call(this, dimensions, keepdim, type);

        public Tensor min() => Min.Call(this);

        public Tensor norm(float p = 2.0f) => NormAll.Call(this, p);

        public Tensor norm(int dim, bool keepdim = false, float p = 2.0f) => NormDimension.Call(this, p, new long[] { dim }, keepdim);

        public Tensor sum(ScalarType? type = null) => Sum.Call(this, type);

        public Tensor sum(long dim, bool keepdim = false, ScalarType? type = null) => sum([dim], keepdim, type);

        public Tensor sum(long[] dim, bool keepdim = false, ScalarType? type = null) => SumDimensions.Call(this, dim, keepdim, type);

        public Tensor var(bool unbiased = true) => Var.Call(this, unbiased);

        public Tensor var(long dim, bool unbiased = true, bool keepdim = false, ScalarType? type = null) =>
            var([dim], unbiased, keepdim, type);

        public Tensor var(long[] dimensions, bool unbiased = true, bool keepdim = false, ScalarType? type = null) =>
            VarDimensions.Call(this, dimensions, unbiased, keepdim).As(type);

        private Tensor As(ScalarType? type) => type is ScalarType wanted ? to(wanted) : this;
    }
}
