using Akka.Actor;

namespace ActorTrain.Actors.Tests;

/// <summary>Everything but the student is a pure function of the plan: losing it must cost nothing but time.</summary>
[Collection("runs")]
public class HealingTests(RunFixture fixture)
{
    public static TheoryData<string, string, bool> Losses()
    {
        TheoryData<string, string, bool> losses = [];
        foreach (bool crash in new[] { false, true })
        {
            losses.Add("source", "data-loader", crash);
            losses.Add("source", "masker", crash);
            losses.Add("distillation", "data-loader", crash);
            losses.Add("distillation", "teacher", crash);
            losses.Add("fine-tuning", "masker", crash);
        }
        return losses;
    }

    [Theory]
    [MemberData(nameof(Losses))]
    public async Task A_lost_actor_does_not_change_the_weights(string stage, string actor, bool crash)
    {
        var expected = await fixture.Expected;
        var (results, events) = await RunFixture.ExecuteAsync(fixture.WholeRun(), fixture.NewFolder(), (happened, system) =>
        {
            if (happened is StepDone { Step: 1 or 3 } done && done.Stage == stage)
                Lose(system, stage, actor, crash);
        });
        Assert.Equal(expected.Select(result => result.ModelSha256), results.Select(result => result.ModelSha256));
        Assert.Equal(2, events.OfType<Notice>().Count(notice => notice.Text.Contains("was replaced")));
    }

    [Theory]
    [InlineData("teacher", false)]
    [InlineData("teacher", true)]
    [InlineData("data-loader", false)]
    [InlineData("data-loader", true)]
    public async Task A_lost_actor_does_not_change_the_weights_with_live_targets(string actor, bool crash)
    {
        var expected = await fixture.ExpectedAugmented;
        var (results, _) = await RunFixture.ExecuteAsync(fixture.WholeRun(RunFixture.Augmented), fixture.NewFolder(), (happened, system) =>
        {
            if (happened is StepDone { Stage: "distillation", Step: 2 })
                Lose(system, "distillation", actor, crash);
        });
        Assert.Equal(expected.Select(result => result.ModelSha256), results.Select(result => result.ModelSha256));
    }

    [Theory]
    [InlineData("evaluator", false)]
    [InlineData("evaluator", true)]
    [InlineData("data-loader", false)]
    public async Task A_lost_actor_does_not_change_the_evaluation(string actor, bool crash)
    {
        var expected = await fixture.Expected;
        bool lost = false;
        var (results, _) = await RunFixture.ExecuteAsync(fixture.WholeRun(), fixture.NewFolder(), (happened, system) =>
        {
            if (happened is EvaluationAdvanced { Done: 7 } advanced && !lost)
            {
                lost = true;
                Lose(system, advanced.Stage, actor, crash);
            }
        });
        Assert.True(lost);
        Assert.Equal(expected.Select(result => (result.TestLoss, result.TestAccuracy, result.TrainLoss)),
            results.Select(result => (result.TestLoss, result.TestAccuracy, result.TrainLoss)));
    }

    [Fact]
    public async Task All_helpers_may_be_lost_at_once()
    {
        var expected = await fixture.Expected;
        var (results, _) = await RunFixture.ExecuteAsync(fixture.WholeRun(), fixture.NewFolder(), (happened, system) =>
        {
            if (happened is StepDone { Stage: "distillation", Step: 2 })
                Array.ForEach(["data-loader", "masker", "teacher"], actor => Lose(system, "distillation", actor, crash: true));
        });
        Assert.Equal(expected.Select(result => result.ModelSha256), results.Select(result => result.ModelSha256));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_lost_student_ends_the_run_with_a_sentence_and_the_run_resumes(bool crash)
    {
        var expected = await fixture.Expected;
        string folder = fixture.NewFolder();
        var error = await Assert.ThrowsAsync<RunException>(() => RunFixture.ExecuteAsync(fixture.WholeRun(), folder, (happened, system) =>
        {
            if (happened is StepDone { Stage: "source", Step: 2 })
                Lose(system, "source", "student", crash);
        }));
        Assert.Contains("student of stage 'source'", error.Message);
        var (results, _) = await RunFixture.ExecuteAsync(fixture.WholeRun(), folder);
        Assert.Equal(expected.Select(result => result.ModelSha256), results.Select(result => result.ModelSha256));
    }

    private void Lose(ActorSystem system, string stage, string actor, bool crash)
    {
        int index = Array.FindIndex(fixture.WholeRun().Stages, plan => plan.Name == stage);
        system.ActorSelection($"/user/node/stage-{index}/{actor}").Tell(crash ? Kill.Instance : PoisonPill.Instance);
    }
}
