using System.Net;
using System.Net.Sockets;
using ActorTrain.DataPipeline;
using ActorTrain.Model;

namespace ActorTrain.Host.Tests;

/// <summary>Interrupted and killed runs end with the weights of an uninterrupted one.</summary>
public sealed class InterruptionTests : IDisposable
{
    private readonly Workspace _workspace = new();

    public void Dispose() => _workspace.Dispose();

    [Fact]
    public async Task Ctrl_C_saves_a_checkpoint_and_the_same_command_resumes()
    {
        string images = _workspace.Images("images");
        string whole = await FinishAsync("whole", Pretrain("whole", images));

        await using (CommandLineProcess process = CommandLineProcess.Start(_workspace.Folder, CommandLineProcess.SlowSteps, Pretrain("interrupted", images)))
        {
            await process.WaitForAsync("pretrain: checkpoint at step ");
            process.Interrupt();
            Ending ending = await process.EndAsync();
            Assert.True(ending.ExitCode == 130, $"exit code {ending.ExitCode}: {ending.Output}{ending.Error}");
            Assert.Contains("The same command resumes", ending.Error);
            Assert.DoesNotContain("   at ", ending.Error);
        }
        Assert.Equal(whole, await FinishAsync("interrupted", Pretrain("interrupted", images), "pretrain: goes on after step "));
    }

    [Fact]
    public async Task Ctrl_C_twice_ends_at_once_and_the_same_command_resumes()
    {
        string images = _workspace.Images("images");
        await using (CommandLineProcess process = CommandLineProcess.Start(_workspace.Folder, CommandLineProcess.SlowSteps, Pretrain("interrupted", images)))
        {
            await process.WaitForAsync("pretrain: checkpoint at step ");
            process.Interrupt();
            process.Interrupt();
            Ending ending = await process.EndAsync();
            Assert.True(ending.ExitCode == 130, $"exit code {ending.ExitCode}: {ending.Output}{ending.Error}");
            Assert.DoesNotContain("error:", ending.Error);
        }
        await FinishAsync("interrupted", Pretrain("interrupted", images), "pretrain: goes on after step ");
    }

    [Fact]
    public async Task Ctrl_C_ends_the_opening_of_a_data_set()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        await using CommandLineProcess process = CommandLineProcess.Start(_workspace.Folder, "data", "index", $"http://{silent.LocalEndpoint}/a.tar");
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        using TcpClient asking = await silent.AcceptTcpClientAsync(limit.Token);
        process.Interrupt();
        Ending ending = await process.EndAsync();
        Assert.Equal((130, "", "Stopping; once more ends at once."), (ending.ExitCode, ending.Output, ending.Error.Trim()));
    }

    [Fact]
    public async Task A_run_killed_in_every_kind_of_stage_ends_with_the_weights_of_an_uninterrupted_one()
    {
        string file = _workspace.Write("my.conf", $$"""
            run { seeds = [0], methods = [self-distillation], threads = 1, checkpoint-every = 4, keep = 1 }
            source { data = "{{_workspace.Images("source", 24, SyntheticDomain.Source)}}", steps = 3, batch-size = 4 }
            data { train = "{{_workspace.Images("train")}}", test = "{{_workspace.Images("test", 12)}}" }
            pretrain { steps = 10, batch-size = 4 }
            distill { steps = 14, batch-size = 4 }
            finetune { steps = 18, batch-size = 4, warm-up = 2 }
            """);
        string[] Run(string folder) => ["run", file, "--folder", _workspace.File(folder)];
        string whole = await FinishAsync("whole", Run("whole"));

        // Each stage has more steps than those before it, so that only it comes to where the student halts.
        (string Stage, int Checkpoint)[] deaths = [("further-pretraining", 8), ("self-distillation-1", 12), ("self-distillation-fine-tuning", 16)];
        string goesOn = "";
        foreach ((string stage, int checkpoint) in deaths)
        {
            await using CommandLineProcess process = CommandLineProcess.Start(_workspace.Folder, CommandLineProcess.HaltAfter(checkpoint), Run("killed"));
            await process.WaitForAsync($"seed-0/{stage}: checkpoint at step {checkpoint}");
            process.Kill();
            Ending ending = await process.EndAsync();
            Assert.Equal(137, ending.ExitCode);
            Assert.Contains(goesOn, ending.Output);
            goesOn = $"seed-0/{stage}: goes on after step {checkpoint}";
        }
        Assert.Equal(whole, await FinishAsync("killed", Run("killed"), goesOn));
    }

    private string[] Pretrain(string folder, string images) =>
    [
        "pretrain", "--model", "preset:tiny-32", "--data", images, "--steps", "60", "--batch-size", "4",
        "--set", "run.checkpoint-every=5", "--set", "run.threads=1", "--folder", _workspace.File(folder),
    ];

    /// <summary>Runs to the end and returns the SHA-256 of every stage's weights.</summary>
    private async Task<string> FinishAsync(string folder, string[] command, string says = "")
    {
        Ending ending = await CommandLineProcess.RunAsync(_workspace.Folder, command);
        Assert.True(ending.ExitCode == 0, ending.Output + ending.Error);
        Assert.Contains(says, ending.Output);
        string stages = _workspace.File(folder, "stages");
        return string.Join('\n', Directory.GetDirectories(stages, "model", SearchOption.AllDirectories).Order(StringComparer.Ordinal)
            .Select(model => $"{Path.GetRelativePath(stages, model)} {ModelFolder.Fingerprint(model)}"));
    }
}
