using System.Collections.Concurrent;
using ActorTrain.Actors;
using ActorTrain.DataPipeline;
using ActorTrain.Host.Configuration;
using ActorTrain.Host.Study;

namespace ActorTrain.Host.Tests;

/// <summary>A small study of images, for one test.</summary>
internal sealed class StudyWorkspace : IDisposable
{
    private readonly Workspace _workspace = new();
    private readonly string _data;

    public StudyWorkspace()
    {
        _data = $$"""
            cache.dir = "{{File("cache")}}"
            run { threads = 1, checkpoint-every = 2, keep = 1 }
            source { data = "{{_workspace.Images("source", 24, SyntheticDomain.Source)}}", steps = 3, batch-size = 4 }
            data { train = "{{_workspace.Images("train")}}", test = "{{_workspace.Images("test", 12)}}" }
            pretrain { steps = 4, batch-size = 4 }
            distill { steps = 4, batch-size = 4 }
            finetune { steps = 4, batch-size = 4, warm-up = 2 }
            study { results = "{{File("results")}}", stages = "{{File("stages")}}" }

            """;
    }

    public string Folder => _workspace.Folder;

    /// <summary>What failed in the last study that was carried out.</summary>
    public IReadOnlyList<string> Failures { get; private set; } = [];

    /// <summary>How far it came.</summary>
    public StudyView? View { get; private set; }

    public string Cells => File("results", StudyFiles.CellsName);

    public IReadOnlyList<string> CellFiles => [.. Directory.GetFiles(Cells).Select(file => Path.GetFileName(file)!).Order(StringComparer.Ordinal)];

    /// <summary>The weights of every cell's classifier, by the cell's file.</summary>
    public IReadOnlyDictionary<string, string> Weights =>
        CellFiles.ToDictionary(file => file, file => StudyFiles.ReadCell(Path.Combine(Cells, file), out _)!.Stages[^1].ModelSha256);

    public string File(params string[] parts) => _workspace.File(parts);

    /// <summary>Writes a study's file and returns its path.</summary>
    public string Write(string text) => Write("my-study.conf", _data + text);

    /// <summary>Writes a file and returns its path.</summary>
    public string Write(string name, string text) => _workspace.Write(name, text);

    public async Task<StudyPlan> PlanAsync(string text, params string[] assignments)
    {
        ConfigurationText file = RunConfiguration.File(Write(text));
        RunConfiguration configuration = RunConfiguration.Load([file], assignments);
        return await StudyPlan.BuildAsync(file, configuration, Settings.Read(configuration, "my-study"), CancellationToken.None);
    }

    /// <summary>Carries a study out.</summary>
    /// <param name="plan">The study.</param>
    /// <param name="executor">Carries stages out.</param>
    /// <param name="parallel">Stages at a time.</param>
    /// <param name="time">The clock.</param>
    /// <returns>What it said.</returns>
    public async Task<string> RunAsync(StudyPlan plan, PlanExecutor executor, int parallel = 1, TimeProvider? time = null)
    {
        var said = new StringWriter();
        var progress = new StudyProgress(plan, parallel);
        var options = new StudyOptions { Results = File("results"), Parallel = parallel, Execute = executor, Time = time ?? TimeProvider.System };
        await using (var display = new StudyDisplay(plan, progress, terminal: null, said, TimeProvider.System))
            Failures = await new StudyRun(plan, new StageStore(File("stages"), plan.Stages), options, progress, display).ExecuteAsync(CancellationToken.None);
        View = progress.View();
        return said.ToString();
    }

    public void Dispose() => _workspace.Dispose();
}

/// <summary>Carries out stages without training: every one comes to something at once.</summary>
internal sealed class MadeUpStages
{
    private readonly ConcurrentQueue<(string Folder, StagePlan Plan)> _carriedOut = [];

    /// <summary>The stages so far, in order.</summary>
    public IReadOnlyList<(string Folder, StagePlan Plan)> CarriedOut => [.. _carriedOut];

    /// <summary>Where stages are said to have been trained.</summary>
    public static TrainingMachine Machine { get; } = new("a node's processor", "NVIDIA H200", 4);

    /// <summary>Called before a stage comes to something.</summary>
    public Func<StagePlan, CancellationToken, Task> Meanwhile { get; set; } = (_, _) => Task.CompletedTask;

    public async Task<IReadOnlyList<StageResult>> ExecuteAsync(RunPlan plan, string folder, IProgress<RunEvent> events, CancellationToken cancel)
    {
        StagePlan stage = Assert.Single(plan.Stages);
        await Meanwhile(stage, cancel);
        _carriedOut.Enqueue((folder, stage));
        bool classifier = stage.Kind == StageKind.Finetune;
        return
        [
            new StageResult
            {
                Stage = stage.Name,
                Kind = stage.Kind,
                PlanFingerprint = stage.Fingerprint(),
                Steps = stage.Steps,
                Seconds = 10,
                TestAccuracy = classifier ? 0.75 : null,
                Confusion = classifier ? [[3, 1], [1, 3]] : null,
                ModelFolder = Path.Combine(folder, "stages", stage.Name, "model"),
                ModelSha256 = Path.GetFileName(folder),
                Machine = Machine,
            },
        ];
    }
}
