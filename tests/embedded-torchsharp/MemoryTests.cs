using System.Globalization;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

// Memory is the process's: nothing else may run beside the test that measures it.
[assembly: CollectionBehavior(DisableTestParallelization = true)]

namespace ActorTrain.Embedded.TorchSharp.Tests;

public sealed class MemoryTests
{
    private const long MegaByte = 1 << 20;

    [Fact]
    public void Training_for_ten_thousand_steps_does_not_grow()
    {
        const int Steps = 10_000;
        const int WarmUp = 2_000;
        set_num_threads(1);
        manual_seed(1);
        using var scope = NewDisposeScope();
        Parameter[] parameters =
        [
            nn.Parameter(randn(64, 32) * 0.1), nn.Parameter(zeros(64)), nn.Parameter(randn(10, 64) * 0.1), nn.Parameter(zeros(10)),
        ];
        Tensor inputs = randn(16, 32);
        Tensor labels = tensor(Enumerable.Range(0, 16).Select(i => i % 10L).ToArray());

        double firstLoss = Step(inputs, labels, parameters);
        double lastLoss = 0;
        long settled = 0;
        for (int step = 1; step < Steps; step++)
        {
            lastLoss = Step(inputs, labels, parameters);
            if (step == WarmUp)
                settled = ResidentBytes();
        }

        // One leaked 2 kB tensor a step would be 16 MB.
        Assert.InRange(ResidentBytes() - settled, -1024 * MegaByte, 12 * MegaByte);
        Assert.True(lastLoss < firstLoss / 10, $"the loss went from {firstLoss} to {lastLoss}");
    }

    private static double Step(Tensor inputs, Tensor labels, Parameter[] parameters)
    {
        using var scope = NewDisposeScope();
        Tensor hidden = nn.functional.linear(inputs, parameters[0], parameters[1]).gelu();
        Tensor loss = nn.functional.cross_entropy(nn.functional.linear(hidden, parameters[2], parameters[3]), labels);
        IList<Tensor> gradients = autograd.grad([loss], parameters);
        using (no_grad())
        {
            for (int i = 0; i < parameters.Length; i++)
                parameters[i].sub_(gradients[i] * 0.1);
        }
        return loss.ToDouble();
    }

    /// <summary>The second number of /proc/self/statm, in pages.</summary>
    private static long ResidentBytes()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        string resident = File.ReadAllText("/proc/self/statm").Split(' ')[1];
        return long.Parse(resident, CultureInfo.InvariantCulture) * Environment.SystemPageSize;
    }
}
