using System.CommandLine;
using ActorTrain.DataPipeline;
using ActorTrain.Host.Configuration;
using ActorTrain.Host.Planning;

namespace ActorTrain.Host.Commands;

/// <summary><c>data inspect|index|make</c>.</summary>
internal static class DataCommands
{
    public static Command Inspect()
    {
        var location = Location();
        var command = new Command("inspect", "Say what a data set holds: samples, classes, fingerprint.") { location };
        var common = new CommonOptions(command);
        command.SetAction((parsed, _) => WithSourceAsync(common, parsed, location, (source, cancel) =>
        {
            var labels = new long[source.ClassNames.Count + 1];
            for (long sample = 0; sample < source.Count; sample++)
            {
                cancel.ThrowIfCancellationRequested();
                labels[source.LabelOf(sample) + 1]++;
            }
            Console.WriteLine($"location     {source.Location}");
            Console.WriteLine($"samples      {source.Count}");
            Console.WriteLine($"fingerprint  {source.Fingerprint}");
            if (labels[0] > 0)
                Console.WriteLine($"unlabelled   {labels[0]}");
            Console.WriteLine($"classes      {source.ClassNames.Count}");
            for (int label = 0; label < source.ClassNames.Count; label++)
                Console.WriteLine($"{label,10}   {source.ClassNames[label]}: {labels[label + 1]}");
        }));
        return command;
    }

    public static Command Index()
    {
        var location = Location();
        var command = new Command("index", "Build the index of tar shards now (it is kept in cache.dir) instead of at the first run.") { location };
        var common = new CommonOptions(command);
        command.SetAction((parsed, _) => WithSourceAsync(common, parsed, location, (source, _) =>
            Console.WriteLine($"{source.Count} samples of {source.Location} are indexed.")));
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
        Description = "A folder with a folder per class, or tar shards (\"a-{000000..000009}.tar\"), local, http(s):// or s3://.",
    };

    private static async Task<int> WithSourceAsync(
        CommonOptions common, ParseResult parsed, Argument<string> location, Action<ISampleSource, CancellationToken> use)
    {
        Settings settings = Settings.Read(common.Load(parsed, [], []), "data");
        using var interruption = new Interruption("Stopping; once more ends at once.");
        try
        {
            await using ISampleSource source = await DataCheck.OpenAsync(settings, parsed.GetRequiredValue(location), "location", classNames: null, interruption.Token);
            use(source, interruption.Token);
            return 0;
        }
        catch (OperationCanceledException) when (interruption.Token.IsCancellationRequested)
        {
            return Failure.InterruptedExitCode;
        }
    }
}
