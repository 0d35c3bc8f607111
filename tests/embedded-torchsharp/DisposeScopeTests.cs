using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ActorTrain.Embedded.TorchSharp.Tests;

public sealed class DisposeScopeTests
{
    [Fact]
    public void A_scope_frees_what_was_made_inside_and_nothing_else()
    {
        using Tensor outside = ones(2);
        Tensor inside;
        using (NewDisposeScope())
            inside = outside + 1;

        Assert.True(inside.IsInvalid);
        Assert.Equal(2, outside.sum().ToSingle());
        Assert.Contains("invalid", Assert.Throws<InvalidOperationException>(() => inside.shape).Message);
    }

    [Fact]
    public void A_tensor_moved_out_belongs_to_the_outer_scope()
    {
        Tensor result;
        using (NewDisposeScope())
        {
            using (NewDisposeScope())
                result = ones(3).MoveToOuterDisposeScope();
            Assert.Equal(3, result.sum().ToSingle());
        }
        Assert.True(result.IsInvalid);
    }

    [Fact]
    public void A_detached_tensor_outlives_every_scope()
    {
        Tensor result;
        using (NewDisposeScope())
        {
            using (NewDisposeScope())
                result = ones(3).DetachFromDisposeScope();
        }
        Assert.Equal(3, result.sum().ToSingle());
        result.Dispose();
        Assert.True(result.IsInvalid);
    }

    [Fact]
    public void Several_tensors_move_at_once()
    {
        using DisposeScope outer = NewDisposeScope();
        Tensor first, second, third;
        using (DisposeScope inner = NewDisposeScope())
        {
            (first, second) = inner.MoveToOuter(ones(1), ones(1));
            third = ones(1);
            inner.MoveToOuter(new[] { third });
        }
        Assert.Equal(3, outer.DisposablesCount);
        Assert.All([first, second, third], tensor => Assert.False(tensor.IsInvalid));
    }

    [Fact]
    public void Disposing_a_tensor_by_hand_takes_it_out_of_its_scope()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor[] tensors = [.. Enumerable.Range(0, 5).Select(i => full([1], (float)i))];
        tensors[1].Dispose();
        tensors[1].Dispose();
        tensors[4].Dispose();

        Assert.Equal(3, scope.DisposablesCount);
        Assert.False(scope.Contains(tensors[1]));
        Assert.Equal([0f, 2f, 3f], new[] { 0, 2, 3 }.Select(i => tensors[i].item<float>()));
    }

    [Fact]
    public void A_parameter_takes_the_place_of_its_data()
    {
        Tensor data;
        Parameter parameter;
        using (DisposeScope scope = NewDisposeScope())
        {
            data = ones(2);
            parameter = nn.Parameter(data);
            Assert.True(data.IsInvalid);
            Assert.Equal(1, scope.DisposablesCount);
            Assert.True(parameter.requires_grad);
        }
        Assert.True(parameter.IsInvalid);
    }

    [Fact]
    public void Scopes_of_other_threads_are_their_own()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor? elsewhere = null;
        var thread = new Thread(() => elsewhere = ones(1));
        thread.Start();
        thread.Join();

        Assert.Equal(0, scope.DisposablesCount);
        elsewhere!.Dispose();
    }

    [Fact]
    public void Views_keep_the_memory_they_look_at()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor view;
        using (Tensor owner = arange(6, ScalarType.Float32))
            view = owner.view(2, 3);
        Assert.Equal([0f, 1f, 2f, 3f, 4f, 5f], view.data<float>().ToArray());
    }
}
