namespace TorchSharp;

public static partial class torch
{
    public partial class Tensor
    {
        private static readonly Op Abs = new("aten::abs");
        private static readonly Op AddTensor = new("aten::add", "Tensor");
        private static readonly Op AddScalar = new("aten::add", "Scalar");
        private static readonly Op AddTensorInPlace = new("aten::add_", "Tensor");
        private static readonly Op AddScalarInPlace = new("aten::add_", "Scalar");
        private static readonly Op AddCDivInPlace = new("aten::addcdiv_");
        private static readonly Op AddCMulInPlace = new("aten::addcmul_");
        private static readonly Op ClampScalar = new("aten::clamp");
        private static readonly Op DivTensor = new("aten::div", "Tensor");
        private static readonly Op DivScalar = new("aten::div", "Scalar");
        private static readonly Op DivTensorInPlace = new("aten::div_", "Tensor");
        private static readonly Op DivScalarInPlace = new("aten::div_", "Scalar");
        private static readonly Op Gelu = new("aten::gelu");
        private static readonly Op Log = new("aten::log");
        private static readonly Op LogSoftmax = new("aten::log_softmax", "int");
        private static readonly Op MaskedScatter = new("aten::masked_scatter");
        private static readonly Op MatMul = new("aten::matmul");
        private static readonly Op MulTensor = new("aten::mul", "Tensor");
        private static readonly Op MulScalar = new("aten::mul", "Scalar");
        private static readonly Op MulTensorInPlace = new("aten::mul_", "Tensor");
        private static readonly Op MulScalarInPlace = new("aten::mul_", "Scalar");
        private static readonly Op Neg = new("aten::neg");
        private static readonly Op PowScalar = new("aten::pow", "Tensor_Scalar");
        private static readonly Op Reciprocal = new("aten::reciprocal");
        private static readonly Op Softmax = new("aten::softmax", "int");
        private static readonly Op Sqrt = new("aten::sqrt");
        private static readonly Op Square = new("aten::square");
        private static readonly Op SubTensor = new("aten::sub", "Tensor");
        private static readonly Op SubScalar = new("aten::sub", "Scalar");
        private static readonly Op SubTensorInPlace = new("aten::sub_", "Tensor");
        private static readonly Op SubScalarInPlace = new("aten::sub_", "Scalar");
        private static readonly Op Tanh = new("aten::tanh");

        public Tensor abs() => Abs.Call(this);

        public Tensor add(Tensor target) => AddTensor.Call(this, target);

        public Tensor add(Tensor target, Scalar alpha) => AddTensor.Call(this, target, alpha);

        public Tensor add(Scalar scalar) => AddScalar.Call(this, scalar);

        public Tensor add_(Tensor target) => InPlace(AddTensorInPlace, this, target);

        public Tensor add_(Tensor target, Scalar alpha) => InPlace(AddTensorInPlace, this, target, alpha);

        public Tensor add_(Scalar scalar) => InPlace(AddScalarInPlace, this, scalar);

        public Tensor addcdiv_(Tensor tensor1, Tensor tensor2) => InPlace(AddCDivInPlace, this, tensor1, tensor2);

        public Tensor addcdiv_(Tensor tensor1, Tensor tensor2, Scalar value) => InPlace(AddCDivInPlace, this, tensor1, tensor2, value);

        public Tensor addcmul_(Tensor tensor1, Tensor tensor2, Scalar value) => InPlace(AddCMulInPlace, this, tensor1, tensor2, value);

        public Tensor clamp(Scalar? min = null, Scalar? max = null) => ClampScalar.Call(this, min, max);

        public Tensor div(Tensor target) => DivTensor.Call(this, target);

        public Tensor div(Scalar target) => DivScalar.Call(this, target);

        public Tensor div_(Tensor target) => InPlace(DivTensorInPlace, this, target);

        public Tensor div_(Scalar target) => InPlace(DivScalarInPlace, this, target);

        public Tensor gelu() => Gelu.Call(this);

        public Tensor log() => Log.Call(this);

        public Tensor log_softmax(long dim, ScalarType? dtype = null) => LogSoftmax.Call(this, dim, dtype);

        public Tensor masked_scatter(Tensor mask, Tensor value) => MaskedScatter.Call(this, mask, value);

        public Tensor matmul(Tensor target) => MatMul.Call(this, target);

        public Tensor mul(Tensor target) => MulTensor.Call(this, target);

        public Tensor mul(Scalar target) => MulScalar.Call(this, target);

        public Tensor mul_(Tensor target) => InPlace(MulTensorInPlace, this, target);

        public Tensor mul_(Scalar target) => InPlace(MulScalarInPlace, this, target);

        public Tensor neg() => Neg.Call(this);

        public Tensor negative() => neg();

        public Tensor pow(Scalar exponent) => PowScalar.Call(this, exponent);

        public Tensor reciprocal() => Reciprocal.Call(this);

        public Tensor softmax(long dim, ScalarType? dtype = null) => Softmax.Call(this, dim, dtype);

        public Tensor sqrt() => Sqrt.Call(this);

        public Tensor square() => Square.Call(this);

        public Tensor sub(Tensor target) => SubTensor.Call(this, target);

        public Tensor sub(Scalar target) => SubScalar.Call(this, target);

        public Tensor sub_(Tensor target) => InPlace(SubTensorInPlace, this, target);

        public Tensor sub_(Scalar target) => InPlace(SubScalarInPlace, this, target);

        public Tensor tanh() => Tanh.Call(this);

        private Tensor InPlace(Op op, params ReadOnlySpan<Argument> arguments)
        {
            op.CallInPlace(arguments);
            return this;
        }
    }
}
