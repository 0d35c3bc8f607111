using System.Text;
using System.Text.Json;

namespace ActorTrain.Host.Tests;

/// <summary>Bad text through the real program: one sentence that names file and line, or a counted skip.</summary>
public sealed class BadTextTests : IDisposable
{
    private const string Sound = "{\"text\": \"Nobody expected the rain.\", \"label\": \"weather\"}\n{\"text\": \"We saw ripe plums.\", \"label\": \"fruit\"}\n";

    private readonly Workspace _workspace = new();

    public void Dispose() => _workspace.Dispose();

    [Theory]
    [InlineData("UTF-8")]
    [InlineData("a list")]
    [InlineData("\"text\"")]
    [InlineData("JSON")]
    [InlineData("8 MB")]
    public async Task A_broken_line_stops_the_run_or_is_skipped_and_counted(string named)
    {
        byte[] line = named switch
        {
            "UTF-8" => [.. "{\"text\": \"caf"u8, 0xE9, .. "\"}"u8],
            "a list" => "[\"text\"]"u8.ToArray(),
            "\"text\"" => "{\"body\": \"no text here\"}"u8.ToArray(),
            "JSON" => "{\"text\": \"never closed"u8.ToArray(),
            _ => JsonSerializer.SerializeToUtf8Bytes(new { text = string.Concat(Enumerable.Repeat("rain and hail ", 750_000)) }),
        };
        string data = _workspace.Write("data.jsonl", [.. Encoding.UTF8.GetBytes(Sound), .. line, (byte)'\n', .. Encoding.UTF8.GetBytes(Sound)]);
        await FailAsync(["data.jsonl", "line 3", named], await PretrainAsync(data));
        Ending skipped = await CommandLineProcess.RunAsync(_workspace.Folder, [.. await PretrainAsync(data), "--set", "data.skip-broken=on", "--folder", "skipping"]);
        Assert.Contains("1 broken line was left out", skipped.AssertSuccess().Output);
    }

    [Fact]
    public async Task Empty_lines_hold_nothing()
    {
        Ending ending = await CommandLineProcess.RunAsync(_workspace.Folder, await PretrainAsync(_workspace.Write("data.jsonl", $"\n{Sound}\n\n{Sound}\n")));
        ending.AssertSuccess();
    }

    [Fact]
    public async Task A_file_without_a_document() => await FailAsync(["data.jsonl"], await PretrainAsync(_workspace.Write("data.jsonl", "\n\n")));

    [Fact]
    public async Task An_unknown_label_in_the_test_set()
    {
        string test = _workspace.Write("test.jsonl", Sound + "{\"text\": \"We saw old saws.\", \"label\": \"tools\"}\n");
        await FailAsync(["test.jsonl", "line 3", "tools"], "finetune", "--model", await _workspace.TextModelAsync("model"), "--data", _workspace.Write("train.jsonl", Sound),
            "--test", test, "--set", "text.max-length=24", "--set", "finetune.warm-up=0", "--steps", "1", "--batch-size", "2");
    }

    [Fact]
    public async Task A_training_set_without_labels() =>
        await FailAsync(["data.train", "\"label\""], "finetune", "--model", await _workspace.TextModelAsync("model"), "--data", _workspace.Write("train.txt", "One line.\nTwo lines.\n"),
            "--set", "text.max-length=24");

    [Fact]
    public async Task A_merges_file_that_disagrees_with_the_vocabulary()
    {
        string[] command = await PretrainAsync(_workspace.Write("data.jsonl", Sound));
        File.AppendAllText(_workspace.File("model", "merges.txt"), "zzz yyy\n");
        await FailAsync(["merges.txt"], command);
    }

    [Fact]
    public async Task A_vocabulary_without_the_mask()
    {
        string[] command = await PretrainAsync(_workspace.Write("data.jsonl", Sound));
        string file = _workspace.File("model", "vocab.json");
        File.WriteAllText(file, File.ReadAllText(file).Replace("<mask>", "<nothing>"));
        await FailAsync(["vocab.json", "<mask>"], command);
    }

    [Fact]
    public async Task Sequences_longer_than_the_position_table() => await FailAsync(["text.max-length = 63", "62"],
        [.. await PretrainAsync(_workspace.Write("data.jsonl", Sound)), "--set", "text.max-length=63"]);

    [Fact]
    public async Task Text_for_a_model_that_takes_images() =>
        await FailAsync(["data.jsonl", "preset:tiny-32 takes images", "model.from"], "pretrain", "--model", "preset:tiny-32", "--data", _workspace.Write("data.jsonl", Sound));

    [Fact]
    public async Task Pairs_that_are_to_be_packed() => await FailAsync(["text.pack = on", "text.pair-field", "text.pack = off"],
        [.. await PretrainAsync(_workspace.Write("data.jsonl", Sound)), "--set", "text.pair-field=label", "--set", "text.label-field=kind"]);

    [Fact]
    public async Task A_preset_without_text_to_train_a_tokenizer_on() =>
        await FailAsync(["preset:tiny-text", "source.data", "text.tokenizer"], "pretrain", "--model", "preset:tiny-text", "--data", _workspace.Write("data.jsonl", Sound));

    [Fact]
    public async Task A_teacher_with_another_tokenizer()
    {
        string model = await _workspace.TextModelAsync("model"), teacher = await _workspace.TextModelAsync("teacher");
        string merges = Path.Combine(teacher, "merges.txt");
        File.WriteAllLines(merges, File.ReadAllLines(merges)[..^1]);
        await FailAsync(["distill.teacher", "tokenizer"], "distill", "--model", model, "--teacher", teacher, "--data", _workspace.Write("data.jsonl", Sound), "--set", "text.max-length=24");
    }

    private async Task<string[]> PretrainAsync(string data)
    {
        string model = _workspace.File("model");
        if (!Directory.Exists(model))
            await _workspace.TextModelAsync("model");
        return ["pretrain", "--model", model, "--data", data, "--steps", "2", "--batch-size", "4", "--set", "run.threads=1", "--set", "text.max-length=24"];
    }

    private async Task FailAsync(string[] named, params string[] arguments) =>
        (await CommandLineProcess.RunAsync(_workspace.Folder, arguments)).AssertSentence(named);
}
