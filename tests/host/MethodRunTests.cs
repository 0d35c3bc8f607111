using ActorTrain.Host.Configuration;

namespace ActorTrain.Host.Tests;

/// <summary>Every method through the real program, in a few steps.</summary>
public sealed class MethodRunTests : IDisposable
{
    private const string Steps = """
        pretrain { steps = 2, batch-size = 8 }
        distill { steps = 3, batch-size = 8 }
        finetune { steps = 2, batch-size = 8, warm-up = 1 }
        replay.ratio = 0.25
        methods.mine { distill { mae-weight = 0.3, rounds = 2 }, mix { kind = cutmix, scope = source }, finetune.regulariser = l2 }

        """;

    private readonly Workspace _workspace = new();

    public void Dispose() => _workspace.Dispose();

    [Fact]
    public async Task On_images_and_again_from_the_configuration_that_was_written()
    {
        string[] methods = [.. RunConfiguration.Load([], []).MethodNames, "mine"];
        string file = _workspace.Write("my.conf", Steps + $$"""
            run { seeds = [0], threads = 1, methods = [{{string.Join(", ", methods)}}] }
            model.from = "{{_workspace.Model("model")}}"
            source.data = "{{_workspace.Images("source")}}"
            data { train = "{{_workspace.Images("train", 36)}}", validation = 0.3 }
            """);
        await SucceedAsync("run", file, "--folder", "run");
        string table = File.ReadAllText(_workspace.File("run", "results.md"));
        Assert.All(methods, method => Assert.Contains($"| {Methods.Display(method)} |", table));

        string steps = File.ReadAllText(_workspace.File("run", "metrics.jsonl"));
        await SucceedAsync("run", _workspace.File("run", "config.conf"));
        Assert.Equal(steps, File.ReadAllText(_workspace.File("run", "metrics.jsonl")));
    }

    [Fact]
    public async Task On_text_where_nothing_can_be_mixed()
    {
        string[] methods = [.. RunConfiguration.Load([], []).MethodNames.Where(method => !method.Contains("mixing"))];
        string file = _workspace.Write("my.conf", Steps + $$"""
            run { seeds = [0], threads = 1, methods = [{{string.Join(", ", methods)}}] }
            model.from = "{{await _workspace.TextModelAsync("model")}}"
            text { max-length = 24, bucket-batches = 2 }
            source.data = "{{_workspace.Sentences("source.jsonl", 90, seed: 3)}}"
            data { train = "{{_workspace.Sentences("train.jsonl")}}", validation = 0.3 }
            """);
        await SucceedAsync("run", file, "--folder", "run");
        string table = File.ReadAllText(_workspace.File("run", "results.md"));
        Assert.All(methods, method => Assert.Contains($"| {Methods.Display(method)} |", table));

        Ending mixed = await CommandLineProcess.RunAsync(_workspace.Folder, ["run", file, "--folder", "mixed", "--set", "run.methods=mixing"]);
        mixed.AssertSentence(["mix.kind = mixup mixes images"]);
    }

    private async Task SucceedAsync(params string[] arguments) => (await CommandLineProcess.RunAsync(_workspace.Folder, arguments)).AssertSuccess();
}
