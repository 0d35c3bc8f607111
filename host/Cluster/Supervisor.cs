using ActorTrain.Actors;

namespace ActorTrain.Host.Cluster;

/// <summary>Keeps node processes running: starts them, starts those again that end, and ends them all.</summary>
/// <param name="launches">The nodes.</param>
/// <param name="start">Starts a node's process.</param>
/// <param name="time">The clock.</param>
/// <param name="say">Told sentences for the user.</param>
internal sealed class Supervisor(IReadOnlyList<NodeLaunch> launches, Func<NodeLaunch, INodeProcess> start, TimeProvider time, Action<string> say) : IAsyncDisposable
{
    /// <summary>A node that ends by itself so many times in a row before it was up cannot start at all.</summary>
    private const int MaxFailedStarts = 5;

    private static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(8);

    /// <summary>A node that lived so long starts again after the shortest pause.</summary>
    private static readonly TimeSpan Healthy = TimeSpan.FromSeconds(10);

    /// <summary>How long nodes may take to finish a step and save a checkpoint when they are told to end.</summary>
    private static readonly TimeSpan EndWithin = TimeSpan.FromSeconds(60);

    private readonly INodeProcess?[] _processes = new INodeProcess?[launches.Count];
    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource _failed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task _running = Task.CompletedTask;

    /// <summary>The nodes.</summary>
    public IReadOnlyList<NodeLaunch> Launches => launches;

    /// <summary>Fails with a <see cref="RunException"/> when a node cannot start at all; never done otherwise.</summary>
    public Task Failed => _failed.Task;

    /// <summary>Starts all nodes.</summary>
    public void Start() => _running = Task.WhenAll(Enumerable.Range(0, launches.Count).Select(KeepRunningAsync));

    /// <summary>A node's process; null while there is none.</summary>
    public INodeProcess? ProcessOf(int index) => Volatile.Read(ref _processes[index]);

    /// <summary>Asks all nodes to end, waits for them, and ends those that take too long.</summary>
    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        SendAll(Signal.Continue);
        SendAll(Signal.Terminate);
        try
        {
            await _running.WaitAsync(EndWithin, time);
        }
        catch (TimeoutException)
        {
            say($"A node did not end within {EndWithin.TotalSeconds:0} s and is ended at once; checkpoints that were saved stay.");
            SendAll(Signal.Kill);
            await _running;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        SendAll(Signal.Kill);
        await _running;
        _stop.Dispose();
    }

    private void SendAll(Signal signal)
    {
        for (int index = 0; index < launches.Count; index++)
            ProcessOf(index)?.Send(signal);
    }

    private async Task KeepRunningAsync(int index)
    {
        NodeLaunch launch = launches[index];
        TimeSpan pause = ShortestPause;
        int failedStarts = 0;
        while (!_stop.IsCancellationRequested)
        {
            long started = time.GetTimestamp();
            NodeEnd end;
            bool wasUp;
            try
            {
                await using INodeProcess process = start(launch);
                Volatile.Write(ref _processes[index], process);
                // A stop that came while the process was being started has not reached it.
                if (_stop.IsCancellationRequested)
                    process.Send(Signal.Terminate);
                end = await process.Ended;
                wasUp = process.Up.IsCompletedSuccessfully;
            }
            catch (RunException error)
            {
                _failed.TrySetException(error);
                return;
            }
            finally
            {
                Volatile.Write(ref _processes[index], null);
            }
            if (_stop.IsCancellationRequested)
                return;
            failedStarts = wasUp ? 0 : end.Killed ? failedStarts : failedStarts + 1;
            if (failedStarts == MaxFailedStarts)
            {
                _failed.TrySetException(new RunException($"{launch} cannot start: {end.ToString().TrimEnd('.')} (its log is {launch.LogFile})."));
                return;
            }
            pause = time.GetElapsedTime(started) >= Healthy ? ShortestPause : pause;
            say($"{launch} ended ({end.ToString().TrimEnd('.')}); it is started again in {pause.TotalSeconds:0.0} s.");
            try
            {
                await Task.Delay(pause, time, _stop.Token);
            }
            catch (OperationCanceledException)
            {
                return;
            }
            pause = TimeSpan.FromTicks(Math.Min(2 * pause.Ticks, LongestPause.Ticks));
        }
    }
}
