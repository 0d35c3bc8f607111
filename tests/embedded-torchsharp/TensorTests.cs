using System.Runtime.InteropServices;
using FsCheck;
using FsCheck.Fluent;
using TorchSharp;
using static TorchSharp.torch;

namespace ActorTrain.Embedded.TorchSharp.Tests;

public sealed class TensorTests : IDisposable
{
    private readonly DisposeScope _scope = NewDisposeScope();

    public void Dispose() => _scope.Dispose();

    [Fact]
    public void A_failing_call_carries_the_sentence_of_libtorch_and_no_backtrace()
    {
        var exception = Assert.Throws<ExternalException>(() => ones(2, 3).matmul(ones(2, 3)));

        Assert.Contains("mat1 and mat2 shapes cannot be multiplied (2x3 and 2x3)", exception.Message);
        Assert.Contains("matmul", exception.Message);
        Assert.DoesNotContain("Exception raised from", exception.Message);
        Assert.DoesNotContain("\n", exception.Message);
    }

    [Fact]
    public void A_device_that_is_not_there_is_one_sentence()
    {
        if (cuda.is_available())
            return;
        var exception = Assert.Throws<ExternalException>(() => ones(1).to(new Device("cuda:0")));
        Assert.Contains("CUDA", exception.Message);
        Assert.DoesNotContain("registered at", exception.Message);
    }

    [Fact]
    public void Differentiating_what_was_not_recorded_is_refused()
    {
        Tensor leaf = ones(2).requires_grad_();
        Tensor loss;
        using (no_grad())
            loss = leaf.sum();
        Assert.Contains("does not require grad", Assert.Throws<ExternalException>(() => autograd.grad([loss], [leaf])).Message);
    }

    [Fact]
    public void Arrays_are_copied_in_and_out()
    {
        int[] source = [1, 2, 3, 4, 5, 6];
        Tensor tensor = torch.tensor(source, [2, 3]);
        source[0] = 100;

        Assert.Equal(ScalarType.Int32, tensor.dtype);
        Assert.Equal([2, 3], tensor.shape);
        Assert.Equal([1, 2, 3, 4, 5, 6], tensor.data<int>().ToArray());
        Assert.Equal(6, tensor.data<int>()[1, 2]);
        Assert.Equal(ScalarType.Float32, torch.tensor(source, ScalarType.Float32).dtype);
        Assert.Throws<ArgumentException>(() => tensor.data<float>());
        Assert.Throws<ArgumentException>(() => tensor.item<int>());
    }

    [Fact]
    public void Bytes_are_the_memory_itself()
    {
        Tensor tensor = zeros(2, 2);
        tensor.bytes = MemoryMarshal.AsBytes<float>(new float[] { 1, 2, 3, 4 }).ToArray();

        Assert.Equal(10, tensor.sum().ToSingle());
        MemoryMarshal.Cast<byte, float>(tensor.bytes)[0] = 5;
        Assert.Equal(14, tensor.sum().ToSingle());
        Assert.Throws<InvalidOperationException>(() => tensor.transpose(0, 1).bytes.Length);
    }

    [Fact]
    public void Elements_are_written_through_an_accessor_whatever_the_strides()
    {
        Tensor tensor = zeros(2, 3);
        tensor.transpose(0, 1).data<float>().CopyFrom([1f, 2f, 3f, 4f, 5f, 6f]);
        Assert.Equal([1f, 3f, 5f, 2f, 4f, 6f], tensor.data<float>().ToArray());
    }

    [Fact]
    public void Permuting_moves_every_element_to_its_place()
    {
        var shapes = Gen.Choose(1, 4).ListOf(3).Select(sizes => sizes.Select(size => (long)size).ToArray());
        var orders = Gen.Shuffle(new long[] { 0, 1, 2 });
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(50), Prop.ForAll(shapes.Zip(orders).ToArbitrary(), Agrees));

        static bool Agrees((long[] Shape, long[] Order) drawn)
        {
            using var scope = NewDisposeScope();
            long count = drawn.Shape.Aggregate((left, right) => left * right);
            Tensor permuted = arange(count).view(drawn.Shape).permute(drawn.Order);
            long[] strides = [drawn.Shape[1] * drawn.Shape[2], drawn.Shape[2], 1];
            var expected = new List<long>();
            for (long i = 0; i < drawn.Shape[drawn.Order[0]]; i++)
            {
                for (long j = 0; j < drawn.Shape[drawn.Order[1]]; j++)
                {
                    for (long k = 0; k < drawn.Shape[drawn.Order[2]]; k++)
                        expected.Add((i * strides[drawn.Order[0]]) + (j * strides[drawn.Order[1]]) + (k * strides[drawn.Order[2]]));
                }
            }
            return permuted.data<long>().ToArray().SequenceEqual(expected)
                && permuted.contiguous().data<long>().ToArray().SequenceEqual(expected);
        }
    }

    [Fact]
    public void Factories_honour_type_shape_and_gradient()
    {
        Assert.Equal([0L, 1L, 2L], arange(3).data<long>().ToArray());
        Assert.Equal([0.5f, 1f, 1.5f], arange(0.5, 2, 0.5).data<float>().ToArray());
        Assert.Equal(7, full([2, 2], 7, ScalarType.Int64).max().ToInt64());
        Assert.Equal(ScalarType.BFloat16, empty([2], ScalarType.BFloat16).dtype);
        Assert.Equal([2, 3], zeros_like(ones(2, 3)).shape);
        Assert.True(zeros([2], requires_grad: true).requires_grad);
        Assert.Empty(torch.tensor(2.5f).shape);
    }

    [Fact]
    public void The_same_seed_gives_the_same_numbers()
    {
        manual_seed(7);
        Tensor first = randn(2, 3);
        manual_seed(7);
        Tensor second = randn(2, 3);
        Assert.True(first.Equals(second));
        Assert.False(first.Equals(randn(2, 3)));
        manual_seed(7);
        Tensor uniform = rand([1000]);
        manual_seed(7);
        Assert.True(uniform.Equals(rand([1000])));
        Assert.InRange(uniform.min().ToSingle(), 0, 0.1);
        Assert.InRange(uniform.max().ToSingle(), 0.9, 0.99999999);
    }

    [Fact]
    public void Dropout_scales_what_it_keeps_and_only_in_training()
    {
        Tensor input = ones(1000);
        float[] kept = nn.functional.dropout(input, 0.5, training: true).data<float>().ToArray();
        Assert.All(kept, value => Assert.True(value is 0 or 2));
        Assert.InRange(kept.Count(value => value == 2), 400, 600);
        Assert.True(nn.functional.dropout(input, 0.5, training: false).Equals(input));
    }

    [Fact]
    public void In_place_operators_change_the_tensor_itself()
    {
        Tensor tensor = ones(3);
        tensor.add_(2).mul_(full([3], 2f)).sub_(1).div_(5).addcmul_(ones(3), ones(3), 2).addcdiv_(ones(3), full([3], 2f), 4);
        Assert.Equal([5f, 5f, 5f], tensor.data<float>().ToArray());
        tensor.copy_(arange(3));
        Assert.Equal([0f, 1f, 2f], tensor.data<float>().ToArray());
        Assert.Equal(0, tensor.zero_().sum().ToSingle());
    }

    [Fact]
    public void A_scalar_converts_to_every_number()
    {
        Assert.Equal(3, torch.tensor(3L).ToInt32());
        Assert.Equal(2.5, torch.tensor(2.5).ToDouble());
        Assert.Equal(2.5f, torch.tensor(2.5f).to(ScalarType.BFloat16).ToSingle());
    }
}
