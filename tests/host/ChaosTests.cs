using System.Text.Json;
using ActorTrain.Actors;
using ActorTrain.Host.Cluster;
using ActorTrain.Model;

namespace ActorTrain.Host.Tests;

/// <summary>What chaos draws, deals and reports.</summary>
public class ChaosTests
{
    private static readonly RunPlan Plan = Examples.Planned.Plan;

    [Fact]
    public void The_seed_decides_the_blows()
    {
        IReadOnlyList<Blow> blows = Blow.Draw(7, 200, 1000, 4, 0.25);
        Assert.Equal(blows, Blow.Draw(7, 200, 1000, 4, 0.25));
        Assert.NotEqual(blows, Blow.Draw(8, 200, 1000, 4, 0.25));
        Assert.Equal(blows.OrderBy(blow => blow.Position), blows);
        Assert.All(blows, blow => Assert.InRange(blow.Position, 0, 949));
        Assert.Equal([0, 1, 2, 3], blows.Select(blow => blow.Node).Distinct().Order());
        Assert.InRange(blows.Count(blow => blow.Pause), 20, 90);
        Assert.DoesNotContain(Blow.Draw(7, 200, 1000, 4, 0), blow => blow.Pause);
    }

    [Fact]
    public async Task A_blow_waits_for_its_position_and_is_over_when_the_run_is_further()
    {
        var time = new JumpingTime(longest: TimeSpan.FromSeconds(20));
        var processes = new FakeProcesses();
        await using var supervisor = new Supervisor([new NodeLaunch(1, "student", [], "log")], processes.Start, time, _ => { });
        supervisor.Start();
        FakeProcess first = await processes.NextAsync();
        first.SayUp();

        var monkey = new ChaosMonkey(Plan, [new Blow(5, TimeSpan.Zero, 0, Pause: false)], TimeSpan.Zero, time);
        Task<IReadOnlyList<Strike>> striking = monkey.RunAsync(supervisor, CancellationToken.None);
        monkey.Report(Step(4));
        Assert.Empty(first.Signals);
        monkey.Report(Step(5));
        FakeProcess second = await processes.NextAsync();
        Assert.Equal([Signal.Kill], first.Signals);
        second.SayUp();

        // Steps that are repeated after a restore are no progress.
        for (int repeated = 0; repeated < 100; repeated++)
            monkey.Report(Step(3));
        Assert.False(striking.IsCompleted);
        for (int step = 6; !striking.IsCompleted; step++)
        {
            monkey.Report(Step(step));
            await Task.Yield();
        }
        Strike strike = Assert.Single(await striking);
        Assert.Equal((1, "student", false), (strike.Node, strike.Roles, strike.Pause));
        Assert.NotNull(strike.BackSeconds);
        Assert.NotNull(strike.FurtherSeconds);
    }

    [Fact]
    public async Task A_pause_stops_the_process_and_lets_it_go_on()
    {
        var time = new JumpingTime(longest: TimeSpan.FromSeconds(20));
        var processes = new FakeProcesses();
        await using var supervisor = new Supervisor([new NodeLaunch(1, "data", [], "log")], processes.Start, time, _ => { });
        supervisor.Start();
        FakeProcess process = await processes.NextAsync();
        process.SayUp();

        using var over = new CancellationTokenSource();
        var monkey = new ChaosMonkey(Plan, [new Blow(0, TimeSpan.Zero, 0, Pause: true), new Blow(1000, TimeSpan.Zero, 0, Pause: false)], TimeSpan.FromSeconds(10), time);
        Task<IReadOnlyList<Strike>> striking = monkey.RunAsync(supervisor, over.Token);
        while (process.Signals.Count < 2)
            await Task.Yield();
        await over.CancelAsync();
        Strike strike = Assert.Single(await striking);
        Assert.Equal([Signal.Stop, Signal.Continue], process.Signals);
        Assert.Equal((true, null, null), (strike.Pause, strike.BackSeconds, strike.FurtherSeconds));
    }

    [Fact]
    public void The_report_has_the_spread_of_each_kind_of_node()
    {
        Strike[] strikes =
        [
            .. Enumerable.Range(1, 20).Select(second => new Strike(1, "student", false, second, second, 2 * second)),
            new Strike(2, "data, teacher", true, 5, null, 0.7),
        ];
        var report = new ChaosReport("./actortrain chaos x.conf", 4, 300, 100, 20, 25, 10, strikes, [new StageRepeats("source", [new RepeatedKey(3, 0, 2, true), new RepeatedKey(3, 1, 2, true), new RepeatedKey(4, 0, 3, true)])], []);
        Assert.True(report.Same);
        string text = report.ToMarkdown();
        Assert.Contains("| student | 20 | 0 | 10.0 / 19.0 / 20.0 | 20.0 / 38.0 / 40.0 |", text);
        Assert.Contains("| data, teacher | 0 | 1 | — | 0.7 / 0.7 / 0.7 |", text);
        Assert.Contains("| all | 20 | 1 | 10.0 / 19.0 / 20.0 |", text);
        Assert.Contains("2 steps repeated", text);
        Assert.Contains("bit-identical", text);
    }

    [Fact]
    public void A_difference_is_the_verdict()
    {
        using var workspace = new Workspace();
        var report = new ChaosReport("c", 4, 300, 100, 20, 25, 10, [], [], ["Stage 'source' ended with the weights 01 instead of 02."]);
        Assert.False(report.Same);
        report.Write(workspace.Folder);
        Assert.Contains("01 instead of 02", File.ReadAllText(workspace.File("chaos.md")));
        using var json = JsonDocument.Parse(File.ReadAllText(workspace.File("chaos.json")));
        Assert.False(json.RootElement.GetProperty("same").GetBoolean());
    }

    private static StepDone Step(long step) => new(Plan.Stages[0].Name, step, Plan.Stages[0].Steps, new StepResult(1, 1, 1, 1, 1, 1), 0, 0, 1, 1);
}
