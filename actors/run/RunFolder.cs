using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace ActorTrain.Actors;

/// <summary>
/// The files of a run: <c>plan.json</c>, <c>journal.jsonl</c>, <c>metrics.jsonl</c>, <c>cache/</c> and
/// <c>stages/NAME/{checkpoint-N/, model/, result.json}</c>. Held by one process at a time.
/// </summary>
internal sealed class RunFolder : IDisposable
{
    /// <summary>How the files of a run are written.</summary>
    internal static readonly JsonSerializerOptions Json = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.KebabCaseLower,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.KebabCaseLower) },
    };

    /// <summary>The file with a line for each step.</summary>
    public const string MetricsName = "metrics.jsonl";

    /// <summary>The folder with a folder for each stage.</summary>
    public const string StagesName = "stages";

    /// <summary>The folder of models that came from other nodes.</summary>
    public const string ModelsName = "models";

    private readonly FileStream _lock;

    private RunFolder(string path, FileStream @lock) => (Root, _lock) = (path, @lock);

    public string Root { get; }

    public string Metrics => Path.Combine(Root, MetricsName);

    public string Journal => Path.Combine(Root, "journal.jsonl");

    public string Cache => Path.Combine(Root, "cache");

    public string Stage(string name) => Path.Combine(Root, StagesName, name);

    /// <summary>Models that came from other nodes.</summary>
    public string Models => Path.Combine(Root, ModelsName);

    public string Checkpoint(string stage, long step) => Path.Combine(Stage(stage), $"checkpoint-{step}");

    /// <summary>Whether a stage has a checkpoint of this step or a later one.</summary>
    public bool HasCheckpointFrom(string stage, long step) =>
        Directory.Exists(Stage(stage)) && Directory.EnumerateDirectories(Stage(stage), "checkpoint-*")
            .Any(folder => long.TryParse(Path.GetFileName(folder).AsSpan("checkpoint-".Length), out long saved) && saved >= step);

    public string Model(string stage) => Path.Combine(Stage(stage), "model");

    /// <summary>The folder of the weights that a stage ends with; an evaluation's are those that it evaluates.</summary>
    public string FinalModel(StagePlan stage) => stage.Trains ? Model(stage.Name)
        : ModelLocation.StageOf(stage.Initial) is { } trained ? Model(trained) : stage.Initial;

    private string Plan => Path.Combine(Root, "plan.json");

    /// <summary>Makes or opens the folder for a plan.</summary>
    /// <exception cref="FolderInUseException">Another process holds it.</exception>
    /// <exception cref="RunException">It cannot be written, or it was made for another plan.</exception>
    public static RunFolder Open(string path, RunPlan plan)
    {
        string root = Path.GetFullPath(path);
        Writing(root, () => Directory.CreateDirectory(root));
        var folder = new RunFolder(root, Lock(root));
        try
        {
            folder.AdoptPlan(plan);
            return folder;
        }
        catch
        {
            folder.Dispose();
            throw;
        }
    }

    /// <summary>Holds a folder for this process.</summary>
    /// <exception cref="FolderInUseException">Another process holds it.</exception>
    /// <exception cref="RunException">It cannot be written.</exception>
    public static FileStream Lock(string root)
    {
        string lockFile = Path.Combine(root, "run.lock");
        try
        {
            return new FileStream(lockFile, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException error) when (File.Exists(lockFile))
        {
            throw new FolderInUseException($"Another process is running in {root}; wait for it to end or choose another run.folder.", error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw CannotWrite(root, error);
        }
    }

    /// <summary>The result of a stage that was finished under this plan, or null.</summary>
    public StageResult? ReadResult(StagePlan stage) =>
        ReadResult(Root, stage.Name) is { } result && result.PlanFingerprint == stage.Fingerprint() ? result : null;

    /// <summary>The result of a stage in a run's folder, or null.</summary>
    public static StageResult? ReadResult(string root, string stage)
    {
        string file = Path.Combine(root, StagesName, stage, "result.json");
        if (!File.Exists(file))
            return null;
        try
        {
            return JsonSerializer.Deserialize<StageResult>(File.ReadAllText(file), Json)!;
        }
        catch (JsonException error)
        {
            throw new RunException($"{file} is damaged ({error.Message.TrimEnd('.')}); delete it to repeat the end of its stage.", error);
        }
    }

    public void WriteResult(StageResult result)
    {
        Writing(Stage(result.Stage), () => Directory.CreateDirectory(Stage(result.Stage)));
        Replace(Path.Combine(Stage(result.Stage), "result.json"), JsonSerializer.Serialize(result, Json));
    }

    /// <summary>Runs <paramref name="write"/>; an error of the disk becomes a sentence that names the path.</summary>
    public static void Writing(string path, Action write)
    {
        try
        {
            write();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw CannotWrite(path, error);
        }
    }

    /// <summary>Writes a whole file so that a crash leaves the old one or the new one.</summary>
    public static void Replace(string file, string text) => Writing(file, () =>
    {
        string temporary = file + ".tmp";
        using (var stream = new FileStream(temporary, FileMode.Create, FileAccess.Write))
        {
            using (var writer = new StreamWriter(stream, leaveOpen: true))
                writer.Write(text);
            stream.Flush(flushToDisk: true);
        }
        File.Move(temporary, file, overwrite: true);
    });

    public void Dispose() => _lock.Dispose();

    private static RunException CannotWrite(string path, Exception error) =>
        new($"{path} cannot be written ({error.Message.TrimEnd('.')}); free some space, correct its rights or choose another run.folder (of a study, study.stages).", error);

    private void AdoptPlan(RunPlan plan)
    {
        if (File.Exists(Plan) && Difference(Deciding(ReadPlan()), Deciding(plan), "plan") is { } difference)
            throw new RunException($"{Root} belongs to another plan: {difference}; use another run.folder, or the settings it was started with.");
        Replace(Plan, JsonSerializer.Serialize(plan, Json));
    }

    private RunPlan ReadPlan()
    {
        try
        {
            return JsonSerializer.Deserialize<RunPlan>(File.ReadAllText(Plan), Json) ?? throw new JsonException("it holds null");
        }
        catch (JsonException error)
        {
            throw new RunException($"{Plan} is damaged ({error.Message.TrimEnd('.')}); use another run.folder.", error);
        }
    }

    /// <summary>What must not change while the folder holds work.</summary>
    private static JsonNode Deciding(RunPlan plan) =>
        JsonSerializer.SerializeToNode(plan with { Stages = [.. plan.Stages.Select(stage => stage.Deciding())] }, Json)!;

    /// <summary>The first place in which two documents differ, as a person reads it; null if they are equal.</summary>
    private static string? Difference(JsonNode? there, JsonNode? now, string place)
    {
        if (there is JsonObject a && now is JsonObject b)
        {
            foreach (string name in a.Select(entry => entry.Key).Union(b.Select(entry => entry.Key)))
            {
                if (Difference(a[name], b[name], $"{place}.{name}") is { } difference)
                    return difference;
            }
            return null;
        }
        if (there is JsonArray first && now is JsonArray second)
        {
            for (int i = 0; i < Math.Min(first.Count, second.Count); i++)
            {
                string name = second[i] is JsonObject item && item["name"] is { } text ? $"{text}" : $"{i}";
                if (Difference(first[i], second[i], $"{place}[{name}]") is { } difference)
                    return difference;
            }
            return first.Count == second.Count ? null : $"{place} has {first.Count} entries there and {second.Count} now";
        }
        return JsonNode.DeepEquals(there, now) ? null : $"{place} is {Shown(there)} there and {Shown(now)} now";
    }

    private static string Shown(JsonNode? node) => node?.ToJsonString() ?? "nothing";
}
