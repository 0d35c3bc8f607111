using System.Diagnostics;
using ActorTrain.Actors;
using ActorTrain.Host.Configuration;
using ActorTrain.Host.Progress;

namespace ActorTrain.Host.Cluster;

/// <summary>
/// The same plan twice: undisturbed in one process (kept in <c>undisturbed/</c> and not repeated), then on a cluster whose nodes are
/// killed and paused (<c>disturbed/</c>, begun afresh).
/// </summary>
internal sealed class ChaosRun(RunPlan plan, Settings settings, int nodes, IReadOnlyList<Blow> blows, TimeSpan pause)
{
    /// <summary>Carries both out and compares them.</summary>
    public async Task<ChaosReport> ExecuteAsync(CancellationToken cancel)
    {
        string undisturbed = Path.Combine(settings.Run.Folder, "undisturbed");
        string disturbed = Path.Combine(settings.Run.Folder, "disturbed");
        Console.WriteLine($"The undisturbed run, in one process, in {undisturbed}:");
        IReadOnlyList<StageResult> expected;
        await using (var display = ProgressDisplay.Start(plan, TimeProvider.System))
            expected = await TrainingRun.ExecuteAsync(plan, undisturbed, display, cancel);

        if (Directory.Exists(disturbed))
            Directory.Delete(disturbed, recursive: true);
        Console.WriteLine($"The disturbed run, on {nodes} nodes with {blows.Count} blows, in {disturbed}:");
        long started = Stopwatch.GetTimestamp();
        var (found, strikes) = await DisturbAsync(disturbed, cancel);
        var (repeats, faults) = ReadLedgers(disturbed);
        return new ChaosReport(RunSession.CommandLine(), nodes, plan.Stages.Sum(stage => stage.Steps), Stopwatch.GetElapsedTime(started).TotalSeconds,
            expected.Sum(stage => stage.Seconds), blows.Count, pause.TotalSeconds, strikes, repeats,
            [.. Differences(expected, found), .. faults]);
    }

    private async Task<(IReadOnlyList<StageResult> Results, IReadOnlyList<Strike> Strikes)> DisturbAsync(string folder, CancellationToken cancel)
    {
        var monkey = new ChaosMonkey(plan, blows, pause, TimeProvider.System);
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        Task<IReadOnlyList<Strike>> strikes = Task.FromResult<IReadOnlyList<Strike>>([]);
        var options = new LocalClusterOptions
        {
            Roles = ClusterLayout.RolesFor(nodes),
            Settings = settings,
            Access = new ClusterAccess(null, null, null),
            Starting = supervisor => strikes = monkey.RunAsync(supervisor, over.Token),
        };
        await using var display = ProgressDisplay.Start(plan, TimeProvider.System);
        try
        {
            IReadOnlyList<StageResult> results = await LocalCluster.ExecuteAsync(options, plan, folder, new Both(display, monkey), cancel);
            await over.CancelAsync();
            return (results, await strikes);
        }
        finally
        {
            await over.CancelAsync();
            await ((Task)strikes).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>What the nodes' ledgers tell: repeated keys, and a sentence for each key that does not occur exactly once.</summary>
    private (IReadOnlyList<StageRepeats> Repeats, IReadOnlyList<string> Faults) ReadLedgers(string folder)
    {
        List<StageRepeats> repeats = [];
        List<string> faults = [];
        foreach (StagePlan stage in plan.Stages.Where(stage => stage.Kind != StageKind.Evaluate))
        {
            string ending = Path.Combine("stages", stage.Name, "ledger.jsonl");
            string[] files = [.. Directory.EnumerateFiles(ClusterLayout.Folder(folder), "ledger.jsonl", SearchOption.AllDirectories)
                .Where(file => file.EndsWith(Path.DirectorySeparatorChar + ending, StringComparison.Ordinal))];
            try
            {
                LedgerReport report = LedgerReport.Read(files);
                repeats.Add(new StageRepeats(stage.Name, report.Repeated));
                faults.AddRange(report.Faults.Select(fault => $"Stage '{stage.Name}': {fault}"));
                if (report.Steps != stage.Steps)
                    faults.Add($"Stage '{stage.Name}' has {report.Steps} steps in its ledger instead of {stage.Steps}.");
            }
            catch (RunException error)
            {
                faults.Add($"Stage '{stage.Name}': {error.Message}");
            }
        }
        return (repeats, faults);
    }

    private static IReadOnlyList<string> Differences(IReadOnlyList<StageResult> expected, IReadOnlyList<StageResult> found) =>
    [
        .. expected.Zip(found).Where(pair => pair.First.ModelSha256 != pair.Second.ModelSha256)
            .Select(pair => $"Stage '{pair.First.Stage}' ended with the weights {pair.Second.ModelSha256[..12]} instead of {pair.First.ModelSha256[..12]}."),
    ];

    /// <summary>Tells two listeners.</summary>
    private sealed class Both(IProgress<RunEvent> first, IProgress<RunEvent> second) : IProgress<RunEvent>
    {
        public void Report(RunEvent value)
        {
            first.Report(value);
            second.Report(value);
        }
    }
}
