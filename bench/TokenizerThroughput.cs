using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using ActorTrain.DataPipeline;

namespace ActorTrain.Benchmarks;

/// <summary>
/// How fast text becomes tokens on one thread, by the process's CPU time and by the clock: the text sets in ../shared/data/text beside the
/// repository, or made-up words where these are absent, under a vocabulary of 8,000 tokens learnt from them.
/// </summary>
internal static class TokenizerThroughput
{
    private const int VocabularySize = 8000;
    private const int PassesOfRound = 50;

    public static async Task RunAsync(int rounds)
    {
        (string source, List<string> documents) = Find() is { } folder ? ("../shared/data/text", ReadTexts(folder)) : ("made-up words", MakeTexts());
        byte[] text = Encoding.UTF8.GetBytes(string.Join('\n', documents));
        double megabytes = text.Length / 1e6;
        string made = Directory.CreateTempSubdirectory("actortrain-bench-").FullName;
        try
        {
            var training = CpuTime();
            int tokens = await TokenizerTrainer.TrainAsync(documents.ToAsyncEnumerable(), VocabularySize, made, CancellationToken.None);
            double trained = (CpuTime() - training).TotalSeconds;
            Line($"{source}: {megabytes:F2} MB; {tokens} tokens learnt from it in {trained:F2} CPU s");

            // The first tokenizer only lets the runtime compile what it runs.
            var ids = new List<int>(text.Length);
            Encode(Tokenizer.Open(made), text, ids, PassesOfRound);
            Line($"| round | empty word cache, MB per CPU s | warm, MB per CPU s | warm, MB per s |");
            Line($"|---|---|---|---|");
            var results = new List<(double Cold, double Warm, double WarmByClock)>();
            for (int round = 0; round < rounds; round++)
            {
                var tokenizer = Tokenizer.Open(made);
                var (cold, _) = Encode(tokenizer, text, ids, 1);
                var (warm, clock) = Encode(tokenizer, text, ids, PassesOfRound);
                results.Add((megabytes / cold, megabytes / warm, megabytes / clock));
                Line($"| {round + 1} | {results[^1].Cold:F1} | {results[^1].Warm:F1} | {results[^1].WarmByClock:F1} |");
            }
            Line($"| median | {Statistics.Median(results.Select(result => result.Cold)):F1} | {Statistics.Median(results.Select(result => result.Warm)):F1} | {Statistics.Median(results.Select(result => result.WarmByClock)):F1} |");
        }
        finally
        {
            Directory.Delete(made, recursive: true);
        }
    }

    /// <summary>Seconds of a pass, by CPU time and by the clock.</summary>
    private static (double Cpu, double Clock) Encode(Tokenizer tokenizer, byte[] text, List<int> ids, int passes)
    {
        var (cpu, clock) = (CpuTime(), Stopwatch.GetTimestamp());
        for (int pass = 0; pass < passes; pass++)
        {
            ids.Clear();
            tokenizer.Encode(text, ids);
        }
        return ((CpuTime() - cpu).TotalSeconds / passes, Stopwatch.GetElapsedTime(clock).TotalSeconds / passes);
    }

    private static TimeSpan CpuTime()
    {
        using var process = Process.GetCurrentProcess();
        return process.TotalProcessorTime;
    }

    private static string? Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "ActorTrain.sln")))
                return Path.Combine(folder.FullName, "..", "shared", "data", "text") is var data && Directory.Exists(data) ? data : null;
        }
        return null;
    }

    private static List<string> ReadTexts(string folder) =>
    [
        .. Directory.EnumerateFiles(folder, "*.jsonl", SearchOption.AllDirectories).Order(StringComparer.Ordinal).SelectMany(File.ReadLines)
            .Select(line => JsonSerializer.Deserialize<Dictionary<string, JsonElement>>(line)!["text"].GetString()!),
    ];

    /// <summary>Words of two to twelve letters, the n-th as often as natural text has its n-th most frequent word (Zipf's law).</summary>
    private static List<string> MakeTexts()
    {
        var random = new CounterRandom(1, RandomPurpose.Synthesis, 0, 0);
        var words = new string[30_000];
        for (int i = 0; i < words.Length; i++)
        {
            var letters = new char[2 + random.Next(11)];
            for (int letter = 0; letter < letters.Length; letter++)
                letters[letter] = (char)('a' + random.Next(26));
            words[i] = new string(letters);
        }
        var documents = new List<string>();
        for (int document = 0; document < 10_000; document++)
        {
            var text = new StringBuilder();
            for (int word = 0; word < 40; word++)
                text.Append(words[(int)Math.Pow(words.Length, random.NextDouble()) - 1]).Append(' ');
            documents.Add(text.ToString());
        }
        return documents;
    }

    private static void Line(FormattableString text) => Console.WriteLine(text.ToString(CultureInfo.InvariantCulture));
}
