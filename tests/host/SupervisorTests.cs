using System.Collections.Concurrent;
using ActorTrain.Actors;
using ActorTrain.Host.Cluster;

namespace ActorTrain.Host.Tests;

/// <summary>What a supervisor does when its nodes end.</summary>
public class SupervisorTests
{
    private static readonly NodeLaunch One = new(1, "data, teacher", ["node"], "/logs/1");
    private static readonly NodeLaunch Two = new(2, "student", ["node"], "/logs/2");

    private readonly JumpingTime _time = new(longest: TimeSpan.FromSeconds(20));
    private readonly ConcurrentQueue<string> _said = [];

    [Fact]
    public async Task A_node_that_ends_is_started_again_after_a_growing_pause()
    {
        var processes = new FakeProcesses();
        await using Supervisor supervisor = Start(processes, One);
        for (int start = 0; start < 7; start++)
        {
            FakeProcess process = await processes.NextAsync();
            Assert.Equal(One, process.Launch);
            process.SayUp();
            process.End(137);
        }
        await processes.NextAsync();
        Assert.Equal([0.5, 1, 2, 4, 8, 8, 8], _time.Jumps.Select(jump => jump.TotalSeconds));
        Assert.Contains("Node 1 (data, teacher) ended (killed by signal 9); it is started again in 0.5 s.", _said);
        Assert.False(supervisor.Failed.IsCompleted);
    }

    [Fact]
    public async Task A_node_that_lived_for_long_is_started_again_soon()
    {
        var processes = new FakeProcesses();
        await using Supervisor supervisor = Start(processes, One);
        (await processes.NextAsync()).End(137);
        FakeProcess second = await processes.NextAsync();
        second.SayUp();
        _time.Pass(TimeSpan.FromMinutes(1));
        second.End(137);
        await processes.NextAsync();
        Assert.Equal([0.5, 0.5], _time.Jumps.Select(jump => jump.TotalSeconds));
    }

    [Fact]
    public async Task A_node_that_cannot_start_ends_the_run_with_its_own_sentence()
    {
        var processes = new FakeProcesses();
        await using Supervisor supervisor = Start(processes, One);
        for (int start = 0; start < 5; start++)
            (await processes.NextAsync()).End(1, "Port 4711 of 127.0.0.1 is in use.");
        RunException error = await Assert.ThrowsAsync<RunException>(() => supervisor.Failed.WaitAsync(TimeSpan.FromSeconds(30)));
        Assert.Equal("Node 1 (data, teacher) cannot start: Port 4711 of 127.0.0.1 is in use (its log is /logs/1).", error.Message);
        Assert.True(processes.NoneWasStarted);
    }

    [Fact]
    public async Task A_node_that_is_killed_while_it_starts_or_was_up_once_is_not_given_up()
    {
        var processes = new FakeProcesses();
        await using Supervisor supervisor = Start(processes, One);
        for (int start = 0; start < 20; start++)
        {
            FakeProcess process = await processes.NextAsync();
            if (start == 4)
                process.SayUp();
            process.End(start is < 4 or > 16 ? 1 : 137, "no");
        }
        await processes.NextAsync();
        Assert.False(supervisor.Failed.IsCompleted);
    }

    [Fact]
    public async Task A_process_that_cannot_be_made_ends_the_run()
    {
        await using var supervisor = new Supervisor([One], _ => throw new RunException("No space."), _time, _said.Enqueue);
        supervisor.Start();
        Assert.Equal("No space.", (await Assert.ThrowsAsync<RunException>(() => supervisor.Failed)).Message);
    }

    [Fact]
    public async Task Stopping_wakes_and_ends_all_nodes_and_starts_none_again()
    {
        var processes = new FakeProcesses();
        await using Supervisor supervisor = Start(processes, One, Two);
        FakeProcess[] started = [await processes.NextAsync(), await processes.NextAsync()];
        await supervisor.StopAsync();
        Assert.All(started, process => Assert.Equal([Signal.Continue, Signal.Terminate], process.Signals));
        Assert.True(processes.NoneWasStarted);
        Assert.Empty(_said);
    }

    [Fact]
    public async Task A_node_that_does_not_end_is_killed()
    {
        var processes = new FakeProcesses(obey: false);
        await using var supervisor = new Supervisor([One], processes.Start, new JumpingTime(longest: TimeSpan.FromMinutes(2)), _said.Enqueue);
        supervisor.Start();
        FakeProcess process = await processes.NextAsync();
        await supervisor.StopAsync();
        Assert.Equal([Signal.Continue, Signal.Terminate, Signal.Kill], process.Signals);
        Assert.Contains("did not end", Assert.Single(_said));
    }

    private Supervisor Start(FakeProcesses processes, params NodeLaunch[] launches)
    {
        var supervisor = new Supervisor(launches, processes.Start, _time, _said.Enqueue);
        supervisor.Start();
        return supervisor;
    }
}
