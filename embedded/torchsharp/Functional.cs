namespace TorchSharp;

public static partial class torch
{
    public static partial class nn
    {
        public enum Reduction : long
        {
            None = 0,
            Mean = 1,
            Sum = 2,
        }

        public static partial class functional
        {
            private static readonly Op CrossEntropyOp = new("aten::cross_entropy_loss");
            private static readonly Op DropoutOp = new("aten::dropout");
            private static readonly Op DropoutInPlaceOp = new("aten::dropout_");
            private static readonly Op LayerNormOp = new("aten::layer_norm");
            private static readonly Op LinearOp = new("aten::linear");

            public static Tensor cross_entropy(
                Tensor input, Tensor target, Tensor? weight = null, long ignore_index = -100, Reduction reduction = Reduction.Mean,
                double label_smoothing = 0.0) =>
                CrossEntropyOp.Call(input, target, weight, (long)reduction, ignore_index, label_smoothing);

            public static Tensor dropout(Tensor input, double p = 0.5, bool training = true, bool inplace = false)
            {
                if (!inplace)
                    return DropoutOp.Call(input, p, training);
                DropoutInPlaceOp.CallInPlace(input, p, training);
                return input;
            }

            public static Tensor gelu(Tensor x) => x.gelu();

            public static Tensor layer_norm(
                Tensor input, long[] normalized_shape, Tensor? weight = null, Tensor? bias = null, double eps = 1e-5) =>
                LayerNormOp.Call(input, normalized_shape, weight, bias, eps);

            public static Tensor linear(Tensor input, Tensor weights, Tensor? bias = null) => LinearOp.Call(input, weights, bias);
        }
    }
}
