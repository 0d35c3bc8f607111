using static TorchSharp.torch;

namespace ActorTrain.Embedded.TorchSharp.Tests;

public sealed class StateTests
{
    [Fact]
    public void Gradient_mode_is_restored_when_its_scope_ends()
    {
        using var scope = NewDisposeScope();
        Tensor leaf = ones(2).requires_grad_();
        Assert.True(is_grad_enabled());
        using (no_grad())
        {
            Assert.False((leaf * 2).requires_grad);
            using (enable_grad())
                Assert.True((leaf * 2).requires_grad);
            Assert.False(is_grad_enabled());
        }
        Assert.True((leaf * 2).requires_grad);
    }

    [Fact]
    public void Gradient_mode_belongs_to_its_thread()
    {
        using IDisposable untracked = no_grad();
        bool? elsewhere = null;
        var thread = new Thread(() => elsewhere = is_grad_enabled());
        thread.Start();
        thread.Join();

        Assert.True(elsewhere);
        Assert.False(is_grad_enabled());
    }

    [Fact]
    public void Threads_can_be_set()
    {
        int before = get_num_threads();
        set_num_threads(1);
        Assert.Equal(1, get_num_threads());
        set_num_threads(before);
    }

    [Fact]
    public void An_input_that_was_not_used_is_refused_unless_allowed()
    {
        using var scope = NewDisposeScope();
        Tensor used = ones(2).requires_grad_();
        Tensor unused = ones(2).requires_grad_();
        Assert.ThrowsAny<Exception>(() => autograd.grad([(used * 3).sum()], [used, unused]));

        IList<Tensor> gradients = autograd.grad([(used * 3).sum()], [used, unused], allow_unused: true);
        Assert.Equal([3f, 3f], gradients[0].data<float>().ToArray());
    }

    [Fact]
    public void Gradients_can_be_weighted_and_taken_twice()
    {
        using var scope = NewDisposeScope();
        Tensor x = tensor(new[] { 1f, 2f }).requires_grad_();
        Tensor y = x.square();
        Tensor first = autograd.grad([y], [x], [tensor(new[] { 1f, 10f })], retain_graph: true, create_graph: true)[0];
        Assert.Equal([2f, 40f], first.detach().data<float>().ToArray());
        Tensor second = autograd.grad([first.sum()], [x])[0];
        Assert.Equal([2f, 20f], second.data<float>().ToArray());
    }
}
