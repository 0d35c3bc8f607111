namespace ActorTrain.Model.Tests;

public class MachineFingerprintTests
{
    [Fact]
    public void Every_part_counts()
    {
        var machine = new MachineFingerprint("x64 avx2", "libtorch 2.0", "plain kernels", "decoders 1");
        MachineFingerprint[] others =
        [
            machine with { Processor = "x64 avx512" }, machine with { Libtorch = "libtorch 2.1" }, machine with { Kernels = "fused kernels" },
            machine with { Decoders = "decoders 2" }, machine with { Gpu = "GPU" }, machine.On("cuda:0"),
        ];
        Assert.DoesNotContain($"{machine}", others.Select(other => $"{other}"));
        Assert.Equal($"{machine}", $"{machine.On("cpu")}");
    }

    [Fact]
    public void A_machine_says_what_it_computes_with()
    {
        var here = MachineFingerprint.Here("decoders 1");
        Assert.Matches(@"^libtorch \d+\.\d+", here.Libtorch);
        Assert.NotEmpty(here.Processor);
        Assert.Equal(Kernels.Current.Identity, here.Kernels);
        Assert.EndsWith("decoders 1", $"{here}");
    }
}
