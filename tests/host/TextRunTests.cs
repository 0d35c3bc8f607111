using System.Security.Cryptography;

namespace ActorTrain.Host.Tests;

/// <summary>Text through the real program: from JSON lines to a table, and the same bits on a cluster.</summary>
public sealed class TextRunTests : IDisposable
{
    private readonly Workspace _workspace = new();

    public void Dispose() => _workspace.Dispose();

    [Fact]
    public async Task A_comparison_on_text_is_the_same_in_one_process_and_on_two_nodes()
    {
        string file = _workspace.Write("my.conf", $$"""
            run { seeds = [0], threads = 1, checkpoint-every = 2 }
            model.from = "preset:tiny-text"
            text { vocabulary = 400, max-length = 24, bucket-batches = 2 }
            data { train = "{{_workspace.Sentences("train.jsonl")}}", test = "{{_workspace.Sentences("test.jsonl", 30, seed: 2)}}" }
            source { data = "{{_workspace.Sentences("source.jsonl", 90, seed: 3)}}", steps = 4, batch-size = 8, micro-batches = 2 }
            pretrain { steps = 4, batch-size = 8 }
            distill { steps = 4, batch-size = 8 }
            finetune { steps = 4, batch-size = 8, warm-up = 1 }
            """);
        Ending alone = await SucceedAsync("run", file, "--folder", "alone");
        Assert.Contains("test macro-F1", alone.Output);
        Assert.Contains("What the models fill in", File.ReadAllText(_workspace.File("alone", "report.html")));
        Assert.True(File.Exists(_workspace.File("alone", "stages", "seed-0", "self-distillation-fine-tuning", "model", "vocab.json")));

        await SucceedAsync("run", file, "--folder", "together", "--nodes", "2");
        Dictionary<string, string> weights = Weights("alone");
        Assert.Equal(6, weights.Count);
        Assert.Equal(weights, Weights("together"));
    }

    [Fact]
    public async Task Each_stage_of_text_has_a_command_whose_result_the_next_takes()
    {
        string sentences = _workspace.Sentences("sentences.jsonl"), model = await _workspace.TextModelAsync("model");
        string[] common = ["--set", "text.max-length=24", "--set", "run.threads=1", "--set", "distill.target=tokens"];
        await SucceedAsync(["pretrain", "--model", model, "--data", sentences, "--steps", "2", "--batch-size", "4", "--folder", "teacher", .. common]);
        await SucceedAsync(["distill", "--model", model, "--teacher", "teacher/stages/pretrain/model", "--data", sentences, "--steps", "2", "--batch-size", "4", "--folder", "student", .. common]);
        await SucceedAsync(["finetune", "--model", "student/stages/distill/model", "--data", sentences, "--test", sentences,
            "--steps", "2", "--batch-size", "4", "--set", "finetune.warm-up=1", "--folder", "classifier", .. common]);
        Ending evaluated = await SucceedAsync(["evaluate", "--model", "classifier/stages/finetune/model", "--data", sentences, "--folder", "evaluated", .. common]);
        Assert.Contains("test macro-F1", evaluated.Output);
    }

    private Dictionary<string, string> Weights(string run) => Directory.GetFiles(_workspace.File(run, "stages"), "model.safetensors", SearchOption.AllDirectories)
        .Where(path => Path.GetFileName(Path.GetDirectoryName(path)) == "model")
        .ToDictionary(path => Path.GetRelativePath(_workspace.File(run), path), path => Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(path))));

    private async Task<Ending> SucceedAsync(params string[] arguments) =>
        (await CommandLineProcess.RunAsync(_workspace.Folder, arguments)).AssertSuccess();
}
