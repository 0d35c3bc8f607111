using System.Collections.Concurrent;
using System.Threading.Channels;
using ActorTrain.Host.Cluster;

namespace ActorTrain.Host.Tests;

/// <summary>A clock that jumps to each timer that is started, unless it is a long one: that never fires.</summary>
internal sealed class JumpingTime(TimeSpan longest) : TimeProvider
{
    private readonly ConcurrentQueue<TimeSpan> _jumps = [];
    private long _now;

    public IReadOnlyList<TimeSpan> Jumps => [.. _jumps];

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => Interlocked.Read(ref _now);

    public void Pass(TimeSpan time) => Interlocked.Add(ref _now, time.Ticks);

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        if (dueTime >= TimeSpan.Zero && dueTime <= longest)
        {
            _jumps.Enqueue(dueTime);
            Pass(dueTime);
            ThreadPool.QueueUserWorkItem(_ => callback(state));
        }
        return new Timer();
    }

    private sealed class Timer : ITimer
    {
        public bool Change(TimeSpan dueTime, TimeSpan period) => true;

        public void Dispose()
        {
        }

        public ValueTask DisposeAsync() => default;
    }
}

/// <summary>Node processes that exist only here.</summary>
internal sealed class FakeProcesses(bool obey = true)
{
    private readonly Channel<FakeProcess> _started = Channel.CreateUnbounded<FakeProcess>();

    public INodeProcess Start(NodeLaunch launch)
    {
        var process = new FakeProcess(launch, obey);
        Assert.True(_started.Writer.TryWrite(process));
        return process;
    }

    /// <summary>The process that is started next.</summary>
    public async Task<FakeProcess> NextAsync()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        return await _started.Reader.ReadAsync(limit.Token);
    }

    public bool NoneWasStarted => !_started.Reader.TryPeek(out _);
}

/// <param name="launch">What it was started for.</param>
/// <param name="obeys">Whether it ends when it is asked to.</param>
internal sealed class FakeProcess(NodeLaunch launch, bool obeys) : INodeProcess
{
    private readonly TaskCompletionSource _up = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<NodeEnd> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ConcurrentQueue<Signal> _signals = [];

    public NodeLaunch Launch => launch;

    public Task Up => _up.Task;

    public Task<NodeEnd> Ended => _ended.Task;

    public IReadOnlyList<Signal> Signals => [.. _signals];

    public void SayUp() => _up.SetResult();

    public void End(int exitCode, string? error = null)
    {
        _up.TrySetCanceled();
        _ended.TrySetResult(new NodeEnd(exitCode, error));
    }

    public void Send(Signal signal)
    {
        if (_ended.Task.IsCompleted)
            return;
        _signals.Enqueue(signal);
        if (signal == Signal.Kill)
            End(137);
        if (signal == Signal.Terminate && obeys)
            End(0);
    }

    public ValueTask DisposeAsync() => default;
}
