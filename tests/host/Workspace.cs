using ActorTrain.DataPipeline;
using ActorTrain.Model;

namespace ActorTrain.Host.Tests;

/// <summary>A temporary folder with small images and a fresh model, for one test.</summary>
public sealed class Workspace : IDisposable
{
    /// <summary>A sound JPEG of 16 × 16 pixels.</summary>
    public static byte[] Jpeg { get; } = Convert.FromBase64String(
        "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDABQODxIPDRQSEBIXFRQYHjIhHhwcHj0sLiQySUBMS0dARkVQWnNiUFVtVkVGZIhlbXd7gYKBTmCNl4x9lnN+gXz/2wBDARUX"
        + "Fx4aHjshITt8U0ZTfHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHz/wAARCAAQABADASIAAhEBAxEB/8QAFQABAQAAAAAAAAAA"
        + "AAAAAAAAAAP/xAAbEAABBAMAAAAAAAAAAAAAAAABAgQRIQATMf/EABUBAQEAAAAAAAAAAAAAAAAAAAME/8QAHBEAAQMFAAAAAAAAAAAAAAAAABMUIyRhYqHw/9oADAMB"
        + "AAIRAxEAPwCLp1ohKRKzd8Aw1db5SoQsXXCMOmu+FJMLFXwjDVrolSjKzVcAwqZtl2imVWx//9k=");

    public string Folder { get; } = Directory.CreateTempSubdirectory("actortrain-host-").FullName;

    public string File(params string[] parts) => Path.Combine([Folder, .. parts]);

    public string Write(string name, string text) => Write(name, System.Text.Encoding.UTF8.GetBytes(text));

    public string Write(string name, byte[] content)
    {
        string path = File(name.Split('/'));
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        System.IO.File.WriteAllBytes(path, content);
        return path;
    }

    /// <summary>A data set of six classes.</summary>
    public string Images(string name, int count = 24, SyntheticDomain domain = SyntheticDomain.Target)
    {
        string path = File(name);
        SyntheticImages.Write(path, new SyntheticOptions { Domain = domain, Images = count, Seed = 5 });
        return path;
    }

    /// <summary>An untrained ViT-MAE.</summary>
    public string Model(string name)
    {
        string path = File(name);
        ModelFolder.CreateFresh(ModelPresets.Tiny32, 3, path);
        return path;
    }

    /// <summary>JSON lines of made-up sentences; what a sentence is about is its label.</summary>
    public string Sentences(string name, int count = 60, int seed = 1)
    {
        (string Label, string[] Things)[] topics = [("fruit", ["apples", "pears", "ripe plums", "grapes"]), ("tools", ["hammers", "nails", "old saws", "chisels"]), ("weather", ["rain", "hail", "drizzle", "a thunderstorm"])];
        string[] beginnings = ["In the morning we saw", "Nobody expected", "She wrote a book about", "They talked for hours about", "The whole village remembers"];
        string[] ends = [".", " and went home.", ", which was a surprise to everyone in the room.", " again!"];
        var random = new Random(seed);
        return Write(name, string.Concat(Enumerable.Range(0, count).Select(line =>
        {
            (string label, string[] things) = topics[line % topics.Length];
            return $"{{\"text\": \"{Any(beginnings)} {Any(things)} and {Any(things)}{Any(ends)}\", \"label\": \"{label}\"}}\n";
        })));

        string Any(string[] choices) => choices[random.Next(choices.Length)];
    }

    /// <summary>A tokenizer that was trained on made-up sentences.</summary>
    public async Task<string> TokenizerAsync(string name)
    {
        string path = File(name);
        await TokenizerTrainer.TrainAsync(System.IO.File.ReadLinesAsync(Sentences($"{name}-text.txt")), 400, path, CancellationToken.None);
        return path;
    }

    /// <summary>An untrained RoBERTa that takes up to 62 tokens, with its tokenizer.</summary>
    public async Task<string> TextModelAsync(string name)
    {
        string path = File(name), tokenizer = await TokenizerAsync($"{name}-tokenizer");
        ModelFolder.CreateFresh(TextShape with { VocabularySize = Tokenizer.Open(tokenizer).VocabularySize }, 3, path, tokenizer);
        return path;
    }

    /// <summary>The shape of a very small RoBERTa.</summary>
    public static RobertaConfiguration TextShape { get; } = ModelPresets.TinyText with { Width = 32, Layers = 2, MlpWidth = 64, Positions = 64 };

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
