using ActorTrain.Actors.Files;
using ActorTrain.Actors.Messages;
using Akka.Actor;

namespace ActorTrain.Actors.Cluster;

/// <summary>Brings the results of a run that a cluster carries out into a run folder, as a run in one process would leave it.</summary>
internal sealed class RemoteResults(ActorSystem system, IReadOnlyList<NodeAddress> nodes, RunFolder folder, RunPlan plan, IProgress<RunEvent> events)
{
    private readonly NodeFiles _files = new();
    private readonly List<StageResult> _results = [];

    /// <summary>Results that are there, in the plan's order.</summary>
    public IReadOnlyList<StageResult> All => _results;

    public int Count => _results.Count;

    public bool Complete => _results.Count == plan.Stages.Length;

    /// <summary>Takes what an earlier start has brought.</summary>
    public void TakeKnown()
    {
        while (!Complete && folder.ReadResult(plan.Stages[Count]) is { } result)
            Add(result);
    }

    /// <summary>Brings a stage's files, then its result.</summary>
    /// <exception cref="RunException">It is not the next stage's, or the disk cannot take it.</exception>
    public async Task TakeAsync(FinishedStage finished, CancellationToken cancel)
    {
        StagePlan stage = plan.Stages[Count];
        StageResult result = finished.Result;
        if (result.Stage != stage.Name || result.PlanFingerprint != stage.Fingerprint())
            throw new RunException($"The cluster answered with a result of stage '{result.Stage}' where one of '{stage.Name}' under this plan was due; use another run.folder, or end the cluster's nodes and delete their folders.");
        if (finished.Model is { } model)
            await FetchAsync(model, folder.FinalModel(stage));
        if (finished.Log is { } log)
        {
            string logs = Path.Combine(folder.Stage(stage.Name), "log");
            await FetchAsync(log, logs);
            MetricsLog.Take(folder.Metrics, stage.Name, Path.Combine(logs, "metrics.jsonl"));
        }
        result = result with { ModelFolder = folder.FinalModel(stage) };
        folder.WriteResult(result);
        Add(result);

        Task FetchAsync(FileSet files, string to) => FileFetch.FetchAsync(files, to, () => Holders(finished), _files,
            new FetchOptions { Notice = sentence => events.Report(new Notice(sentence)) }, cancel);
    }

    /// <summary>File servers of the nodes that should have the files, then of all that are known.</summary>
    private IReadOnlyList<ICanTell> Holders(FinishedStage finished) =>
    [
        .. finished.Holders.Concat(nodes.Select(node => $"{node}")).Distinct()
            .Select(text => NodeAddress.TryParse(text, out NodeAddress? node) ? node : null).OfType<NodeAddress>()
            .Select(node => system.ActorSelection(ClusterClient.PathOn(node, FileServerActor.Path))),
    ];

    private void Add(StageResult result)
    {
        _results.Add(result);
        events.Report(new StageFinished(result, Count - 1, plan.Stages.Length));
    }
}
