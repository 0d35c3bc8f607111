using ActorTrain.DataPipeline;

namespace ActorTrain.Host.Tests;

/// <summary>The program as a person meets it.</summary>
public sealed class CommandLineTests : IDisposable
{
    private readonly Workspace _workspace = new();

    public void Dispose() => _workspace.Dispose();

    [Fact]
    public async Task Without_a_command_it_says_what_there_is()
    {
        Ending ending = await RunAsync();
        Assert.Equal(0, ending.ExitCode);
        foreach (string command in (string[])["demo", "run", "pretrain", "distill", "finetune", "evaluate", "node", "cluster", "chaos", "theory", "data", "model", "tokenizer", "config"])
            Assert.Contains($"  {command} ", ending.Output);
        Assert.Contains("Examples:", ending.Output);
    }

    [Theory]
    [InlineData("--frobnicate")]
    [InlineData("frobnicate")]
    [InlineData("run")]
    [InlineData("run", "x.conf", "--frobnicate")]
    [InlineData("finetune", "--data", "x")]
    public async Task A_wrong_command_line_ends_in_a_sentence(params string[] arguments)
    {
        Ending ending = await RunAsync(arguments);
        Assert.Equal(1, ending.ExitCode);
        Assert.StartsWith("error: ", ending.Error);
        Assert.DoesNotContain("   at ", ending.Error);
    }

    [Fact]
    public async Task Config_show_prints_every_value_and_where_it_was_set()
    {
        string file = _workspace.Write("my.conf", "run.seeds = [5]\npretrain.steps = 3\n");
        Ending ending = await RunAsync("config", "show", file, "--set", "pretrain.batch-size=8", "--device", "cuda:1", "--folder", "f");
        Assert.Equal(0, ending.ExitCode);
        Assert.Contains($"  seeds = [5]  # {file}:1", ending.Output);
        Assert.Contains($"  steps = 3  # {file}:2", ending.Output);
        Assert.Contains("  batch-size = 8  # --set", ending.Output);
        Assert.Contains("  device = \"cuda:1\"  # --set", ending.Output);
        Assert.Contains("  folder = \"f\"  # --set", ending.Output);
        Assert.Contains("  name = \"my\"", ending.Output);
    }

    [Fact]
    public async Task Data_and_model_can_be_looked_at()
    {
        Ending data = await RunAsync("data", "inspect", _workspace.Images("images", 12));
        Assert.Equal(0, data.ExitCode);
        Assert.Contains("samples      12", data.Output);
        Assert.Contains("rings: 2", data.Output);

        Ending model = await RunAsync("model", "inspect", _workspace.Model("model"));
        Assert.Equal(0, model.ExitCode);
        Assert.Contains("encoder      6 layers, 192 wide, 3 heads", model.Output);
        Assert.Contains("vit.encoder.layer.0.attention.attention.query.weight", model.Output);
    }

    [Fact]
    public async Task Text_data_and_models_can_be_looked_at()
    {
        string sentences = _workspace.Sentences("sentences.jsonl", 12), folder = await _workspace.TextModelAsync("model");
        Ending data = await SucceedAsync("data", "inspect", sentences);
        Assert.Contains("documents    12", data.Output);
        Assert.Contains("fruit: 4", data.Output);

        File.WriteAllText(_workspace.File("gaps.jsonl"), "{\"text\": \"one\"}\n\n \nno JSON\n");
        Ending gaps = await SucceedAsync("data", "inspect", _workspace.File("gaps.jsonl"), "--set", "data.skip-broken=on");
        Assert.Contains("blank lines  2", gaps.Output);
        Assert.Contains("broken lines 1, passed over", gaps.Output);

        Ending lengths = await SucceedAsync("data", "inspect", sentences, "--tokenizer", folder, "--set", "pretrain.batch-size=4");
        Assert.Contains("sequences    12", lengths.Output);
        Assert.Contains("padding ", lengths.Output);

        Ending model = await SucceedAsync("model", "inspect", folder);
        Assert.Contains("kind         RoBERTa language model", model.Output);
        Assert.Contains("sequences of up to 62", model.Output);
        Assert.Contains("roberta.encoder.layer.0.attention.self.query.weight", model.Output);
    }

    [Fact]
    public async Task A_tokenizer_can_be_trained()
    {
        string sentences = _workspace.Sentences("sentences.jsonl");
        Ending trained = await SucceedAsync("tokenizer", "train", "--vocab", "300", "--out", "tokenizer", sentences);
        Assert.Contains("300 tokens", trained.Output);
        Assert.Equal(300, Tokenizer.Open(_workspace.File("tokenizer")).VocabularySize);
        Ending again = await RunAsync("tokenizer", "train", "--vocab", "300", "--out", "tokenizer", sentences);
        Assert.Equal(1, again.ExitCode);
        Assert.Contains("tokenizer", again.Error);
    }

    [Fact]
    public async Task Each_stage_has_a_command_whose_result_the_next_takes()
    {
        string images = _workspace.Images("images");
        string model = _workspace.Model("model");
        await SucceedAsync("pretrain", "--model", model, "--data", images, "--steps", "2", "--batch-size", "4", "--folder", "teacher");
        await SucceedAsync("distill", "--model", model, "--teacher", "teacher/stages/pretrain/model", "--data", images, "--steps", "2", "--batch-size", "4", "--folder", "student");
        await SucceedAsync("finetune", "--model", "student/stages/distill/model", "--data", images, "--test", images,
            "--steps", "2", "--batch-size", "4", "--set", "finetune.warm-up=1", "--folder", "classifier");
        Ending evaluated = await SucceedAsync("evaluate", "--model", "classifier/stages/finetune/model", "--data", images, "--folder", "evaluated");
        Assert.Contains("test accuracy", evaluated.Output);
        Assert.True(File.Exists(_workspace.File("evaluated", "report.html")));
    }

    private Task<Ending> RunAsync(params string[] arguments) => CommandLineProcess.RunAsync(_workspace.Folder, arguments);

    private async Task<Ending> SucceedAsync(params string[] arguments) =>
        (await CommandLineProcess.RunAsync(_workspace.Folder, arguments)).AssertSuccess();
}
