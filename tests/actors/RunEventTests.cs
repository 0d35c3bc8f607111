using ActorTrain.Actors.Cluster;
using ActorTrain.Actors.Messages;
using ActorTrain.Model;

namespace ActorTrain.Actors.Tests;

/// <summary>Events on their way to a client.</summary>
public class RunEventTests
{
    private static readonly RunPlan Plan = Plans.Run(
        Plans.Pretrain(Plans.Data("images")) with { Name = "one" }, Plans.Pretrain(Plans.Data("images")) with { Name = "two" });

    public static TheoryData<RunEvent> Events =>
    [
        new StageStarted(Plan.Stages[1], 1, 2, 40),
        new StepDone("two", 41, 100, new StepResult(1, 2, double.NaN, 4, 5, 6), 0.7, 0.8, 0.9, 10),
        new CheckpointSaved("one", 50),
        new EvaluationAdvanced("two", "test", 64, 600),
        new Notice("A node has left."),
    ];

    [Theory]
    [MemberData(nameof(Events))]
    public void An_event_arrives_as_it_was_sent(RunEvent happened) =>
        Assert.Equal(happened, RunEventMessages.Read(RunEventMessages.Of(happened)!, Plan));

    [Fact]
    public void An_event_of_an_unknown_stage_or_with_missing_numbers_is_passed_over()
    {
        Assert.Null(RunEventMessages.Read(new RunEventMessage(RunEventKind.CheckpointSaved, "three", 5, 0, "", []), Plan));
        Assert.Null(RunEventMessages.Read(new RunEventMessage(RunEventKind.StepDone, "two", 5, 10, "", [1, 2]), Plan));
    }

    [Fact]
    public void The_log_gives_what_is_new_and_forgets_the_oldest()
    {
        var log = new RunEventLog();
        Assert.Empty(log.After(0));
        for (int i = 1; i <= 3000; i++)
            log.Add(RunEventMessages.Of(new Notice($"{i}"))!);
        Assert.Equal(3000, log.Last);
        Assert.Equal(["2999", "3000"], log.After(2998).Select(message => message.Text));
        Assert.Empty(log.After(3000));
        Assert.Equal("3000", log.After(0)[^1].Text);
        Assert.True(log.After(0).Length is > 1000 and < 3000);
        Assert.Equal(log.After(0), log.After(-5));
        Assert.Empty(log.After(9999));
    }
}
