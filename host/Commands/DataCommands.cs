using System.CommandLine;
using ActorTrain.DataPipeline;
using ActorTrain.Host.Configuration;
using ActorTrain.Host.Progress;

namespace ActorTrain.Host.Commands;

/// <summary><c>data inspect|index|make</c>.</summary>
internal static class DataCommands
{
    public static Command Inspect()
    {
        var location = Location();
        var text = Text();
        var tokenizer = new Option<string?>("--tokenizer") { Description = "The data are text; a folder with the tokenizer (or model) that cuts it into the sequences to look at.", HelpName = "folder" };
        var pack = new Option<bool>("--pack") { Description = "With --tokenizer: lay documents end to end, as for pre-training under text.pack." };
        var command = new Command("inspect", "Say what a data set holds: samples, classes, fingerprint; of text, with a tokenizer, also lengths.") { location, text, tokenizer, pack };
        var common = new CommonOptions(command);
        command.SetAction((parsed, _) => Interruption.UnlessInterruptedAsync(async cancel =>
        {
            Settings settings = Settings.Read(common.Load(parsed, [], []), "data");
            SourceOptions options = Options(settings, parsed.GetRequiredValue(location));
            if (parsed.GetValue(tokenizer) is { } folder)
            {
                TextOptions cut = settings.TextOptions(parsed.GetValue(pack), settings.Pretrain.BatchSize);
                await using ITextSource source = await OpeningDisplay.ShowAsync(options, shown => TextSources.OpenAsync(shown, cut, Tokenizer.Open(folder), cancel));
                Describe(source, "sequences", cancel);
                await SequenceLengths.DescribeAsync(source, cut, cancel);
                return;
            }
            await using IDataSet data = await OpenAsync(settings, options, parsed.GetValue(text), cancel);
            Describe(data, data is ITextDocuments ? "documents" : "samples", cancel);
        }));
        return command;
    }

    public static Command Index()
    {
        var location = Location();
        var text = Text();
        var command = new Command("index", "Build the index of tar shards or text now (it is kept in cache.dir) instead of at the first run.") { location, text };
        var common = new CommonOptions(command);
        command.SetAction((parsed, _) => Interruption.UnlessInterruptedAsync(async cancel =>
        {
            Settings settings = Settings.Read(common.Load(parsed, [], []), "data");
            await using IDataSet data = await OpenAsync(settings, Options(settings, parsed.GetRequiredValue(location)), parsed.GetValue(text), cancel);
            Console.WriteLine($"{data.Count} samples of {data.Location} are indexed.");
            DescribeLines(data);
        }));
        return command;
    }

    public static Command Make()
    {
        var folder = new Argument<string>("folder") { Description = "Where the images are written." };
        var command = new Command("make", "Make the demo's image data: a source domain, and a target domain with a clear shift, in folders per class.") { folder };
        command.SetAction(parsed =>
        {
            DemoData.Write(parsed.GetRequiredValue(folder));
            Console.WriteLine($"Images are in {parsed.GetRequiredValue(folder)}.");
        });
        return command;
    }

    private static Argument<string> Location() => new("location")
    {
        Description = "Images: a folder with a folder per class, or tar shards (\"a-{000000..000009}.tar\"). Text: .jsonl, .txt, .gz, a .tar of these, or a folder of them. Local, http(s):// or s3://.",
    };

    private static Option<bool> Text() => new("--text") { Description = "The data are text; .jsonl and .txt say so themselves." };

    private static SourceOptions Options(Settings settings, string location) =>
        new() { Location = location, Key = "location", CacheDirectory = settings.CacheFolder };

    private static Task<IDataSet> OpenAsync(Settings settings, SourceOptions options, bool text, CancellationToken cancel) => OpeningDisplay.ShowAsync<IDataSet>(options, async shown =>
        text || TextSources.IsText(options.Location)
            ? await TextSources.OpenDocumentsAsync(shown, settings.TextOptions(pack: false, batchSize: 1), cancel)
            : await SampleSources.OpenAsync(shown, cancel));

    private static void Describe(IDataSet data, string samples, CancellationToken cancel)
    {
        var labels = new long[data.ClassNames.Count + 1];
        for (long sample = 0; sample < data.Count; sample++)
        {
            cancel.ThrowIfCancellationRequested();
            labels[data.LabelOf(sample) + 1]++;
        }
        Console.WriteLine($"location     {data.Location}");
        Console.WriteLine($"{samples,-12} {data.Count}");
        DescribeLines(data);
        Console.WriteLine($"fingerprint  {data.Fingerprint}");
        if (labels[0] > 0)
            Console.WriteLine($"unlabelled   {labels[0]}");
        Console.WriteLine($"classes      {data.ClassNames.Count}");
        for (int label = 0; label < data.ClassNames.Count; label++)
            Console.WriteLine($"{label,10}   {data.ClassNames[label]}: {labels[label + 1]}");
    }

    /// <summary>Says how many lines of text hold no document.</summary>
    private static void DescribeLines(IDataSet data)
    {
        var (blank, broken) = data switch
        {
            ITextDocuments documents => (documents.BlankLines, documents.SkippedLines),
            ITextSource sequences => (sequences.BlankLines, sequences.SkippedLines),
            _ => (0, 0),
        };
        if (blank > 0)
            Console.WriteLine($"blank lines  {blank}");
        if (broken > 0)
            Console.WriteLine($"broken lines {broken}, passed over");
    }
}
