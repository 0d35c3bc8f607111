using ActorTrain.Actors;

namespace ActorTrain.Host.Cluster;

/// <summary>A node to be killed or paused, as the seed has drawn it.</summary>
/// <param name="Position">How many of the run's steps must be done first.</param>
/// <param name="Delay">How long to wait then, so that blows also meet nodes that just start and stages that evaluate.</param>
/// <param name="Node">Index of the node; the next one that is up has to do if it is not.</param>
/// <param name="Pause">Whether it is stopped for a while instead of killed.</param>
internal sealed record Blow(long Position, TimeSpan Delay, int Node, bool Pause)
{
    private static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(2);

    /// <summary>Draws blows, in the order of their positions. The run's last twentieth has none: a blow after its end would meet nothing.</summary>
    public static IReadOnlyList<Blow> Draw(int seed, int count, long steps, int nodes, double pauseShare)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count)
            .Select(_ => new Blow(random.NextInt64(Math.Max(1, steps * 19 / 20)), random.NextDouble() * LongestDelay, random.Next(nodes), random.NextDouble() < pauseShare))
            .OrderBy(blow => blow.Position)];
    }
}

/// <summary>What a blow has done.</summary>
/// <param name="Node">Number of the node, from 1.</param>
/// <param name="Roles">Its roles.</param>
/// <param name="Pause">Whether it was stopped for a while instead of killed.</param>
/// <param name="AtSeconds">When, from the start of the nodes.</param>
/// <param name="BackSeconds">Time until a killed node was a member again; null for a pause, or when the run was over first.</param>
/// <param name="FurtherSeconds">Time until the run was further than at the blow; null when it was over first.</param>
internal sealed record Strike(int Node, string Roles, bool Pause, double AtSeconds, double? BackSeconds, double? FurtherSeconds);

/// <summary>Kills and pauses the nodes of a supervisor while a run goes on, and measures how long the run takes to get over it.</summary>
internal sealed class ChaosMonkey(RunPlan plan, IReadOnlyList<Blow> blows, TimeSpan pause, TimeProvider time) : IProgress<RunEvent>
{
    /// <summary>A client hears of events twice a second: what it hears in the moment after a blow may be older than the blow.</summary>
    private static readonly TimeSpan EventsAreOldFor = TimeSpan.FromSeconds(0.6);

    private static readonly TimeSpan LookAgainAfter = TimeSpan.FromSeconds(0.1);

    private readonly Lock _lock = new();
    private readonly HashSet<int> _paused = [];
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _furthest;
    private long _news;

    /// <inheritdoc/>
    public void Report(RunEvent value)
    {
        lock (_lock)
        {
            long position = value switch
            {
                StepDone done => StepsBefore(done.Stage) + done.Step,
                StageFinished finished => plan.Stages.Take(finished.Index + 1).Sum(stage => stage.Steps),
                _ => 0,
            };
            if (position <= _furthest && value is not (EvaluationAdvanced or StageFinished))
                return;
            _furthest = Math.Max(_furthest, position);
            _news++;
            _changed.TrySetResult();
            _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    /// <summary>Deals all blows, one after the other, and waits until the run is over them.</summary>
    /// <param name="nodes">The nodes.</param>
    /// <param name="cancel">The run is over.</param>
    public async Task<IReadOnlyList<Strike>> RunAsync(Supervisor nodes, CancellationToken cancel)
    {
        long started = time.GetTimestamp();
        var strikes = new List<Task<Strike>>();
        try
        {
            foreach (Blow blow in blows)
            {
                await UntilAsync(() => _furthest >= blow.Position, cancel);
                await Task.Delay(blow.Delay, time, cancel);
                int index;
                while ((index = Victim(nodes, blow.Node)) < 0)
                    await Task.Delay(LookAgainAfter, time, cancel);
                strikes.Add(StrikeAsync(nodes, index, blow.Pause, time.GetElapsedTime(started).TotalSeconds, cancel));
            }
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            // The run was faster than the blows; the report says how many it met.
        }
        return await Task.WhenAll(strikes);
    }

    private async Task<Strike> StrikeAsync(Supervisor nodes, int index, bool pauses, double at, CancellationToken cancel)
    {
        NodeLaunch launch = nodes.Launches[index];
        INodeProcess victim = nodes.ProcessOf(index)!;
        long struck = time.GetTimestamp();
        victim.Send(pauses ? Signal.Stop : Signal.Kill);
        Task<double?> back = pauses ? ResumeAsync(victim, index, cancel) : BackAsync(nodes, index, victim, struck, cancel);
        Task<double?> further = FurtherAsync(struck, cancel);
        return new Strike(launch.Number, launch.Roles, pauses, at, await back, await further);
    }

    private async Task<double?> ResumeAsync(INodeProcess victim, int index, CancellationToken cancel)
    {
        lock (_lock)
            _paused.Add(index);
        await Task.Delay(pause, time, cancel).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        victim.Send(Signal.Continue);
        lock (_lock)
            _paused.Remove(index);
        return null;
    }

    private Task<double?> BackAsync(Supervisor nodes, int index, INodeProcess victim, long struck, CancellationToken cancel) => ElapsedAsync(struck, async () =>
    {
        while (nodes.ProcessOf(index) is not { Up.IsCompletedSuccessfully: true } process || process == victim)
            await Task.Delay(LookAgainAfter, time, cancel);
    });

    private Task<double?> FurtherAsync(long struck, CancellationToken cancel) => ElapsedAsync(struck, async () =>
    {
        await Task.Delay(EventsAreOldFor, time, cancel);
        long known;
        lock (_lock)
            known = _news;
        await UntilAsync(() => _news > known, cancel);
    });

    private async Task<double?> ElapsedAsync(long since, Func<Task> wait)
    {
        try
        {
            await wait();
            return time.GetElapsedTime(since).TotalSeconds;
        }
        catch (OperationCanceledException)
        {
            return null;
        }
    }

    /// <summary>The wanted node if it is up and not paused, else the next such one; -1 when there is none.</summary>
    private int Victim(Supervisor nodes, int wanted)
    {
        int count = nodes.Launches.Count;
        lock (_lock)
        {
            return Enumerable.Range(wanted, count).Select(index => index % count)
                .FirstOrDefault(index => !_paused.Contains(index) && nodes.ProcessOf(index) is { Up.IsCompletedSuccessfully: true }, -1);
        }
    }

    private async Task UntilAsync(Func<bool> holds, CancellationToken cancel)
    {
        while (true)
        {
            Task changed;
            lock (_lock)
            {
                if (holds())
                    return;
                changed = _changed.Task;
            }
            await changed.WaitAsync(cancel);
        }
    }

    private long StepsBefore(string stage) => plan.Stages.TakeWhile(other => other.Name != stage).Sum(other => other.Steps);
}
