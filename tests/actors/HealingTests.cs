using Akka.Actor;

namespace ActorTrain.Actors.Tests;

/// <summary>Everything but the student is a pure function of the plan: losing it must cost nothing but time.</summary>
[Collection("runs")]
public class HealingTests(RunFixture fixture)
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    [Theory]
    [EachModality("source", "data-loader", false)]
    [EachModality("source", "data-loader", true)]
    [EachModality("source", "masker", false)]
    [EachModality("source", "masker", true)]
    [EachModality("distillation", "data-loader", false)]
    [EachModality("distillation", "data-loader", true)]
    [EachModality("distillation", "teacher", false)]
    [EachModality("distillation", "teacher", true)]
    [EachModality("fine-tuning", "masker", false)]
    [EachModality("fine-tuning", "masker", true)]
    public async Task A_lost_actor_does_not_change_the_weights(Modality modality, string stage, string actor, bool crash)
    {
        var expected = await fixture[modality].WholeResults;
        using var replaced = new ManualResetEventSlim();
        var (results, events) = await RunFixture.ExecuteAsync(fixture[modality].Whole, fixture.NewFolder(), (happened, system) =>
        {
            if (IsReplacement(happened))
                replaced.Set();
            if (happened is not StepDone { Step: 1 or 3 } done || done.Stage != stage)
                return;
            // Who is lost a second time must be there again.
            if (done.Step == 3)
                Assert.True(replaced.Wait(Limit));
            Lose(system, stage, actor, crash);
        });
        Assert.Equal(expected.Select(result => result.ModelSha256), results.Select(result => result.ModelSha256));
        Assert.Equal(2, events.Count(IsReplacement));
    }

    [Theory]
    [EachModality("teacher", false)]
    [EachModality("teacher", true)]
    [EachModality("data-loader", false)]
    [EachModality("data-loader", true)]
    public async Task A_lost_actor_does_not_change_the_weights_with_live_targets(Modality modality, string actor, bool crash)
    {
        var expected = await fixture[modality].LiveResults;
        var (results, _) = await RunFixture.ExecuteAsync(fixture[modality].Live, fixture.NewFolder(), (happened, system) =>
        {
            if (happened is StepDone { Stage: "distillation", Step: 2 })
                Lose(system, "distillation", actor, crash);
        });
        Assert.Equal(expected.Select(result => result.ModelSha256), results.Select(result => result.ModelSha256));
    }

    [Theory]
    [EachModality("evaluator", false)]
    [EachModality("evaluator", true)]
    [EachModality("data-loader", false)]
    public async Task A_lost_actor_does_not_change_the_evaluation(Modality modality, string actor, bool crash)
    {
        var expected = await fixture[modality].WholeResults;
        bool lost = false;
        var (results, _) = await RunFixture.ExecuteAsync(fixture[modality].Whole, fixture.NewFolder(), (happened, system) =>
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

    [Theory, EachModality]
    public async Task All_helpers_may_be_lost_at_once(Modality modality)
    {
        var expected = await fixture[modality].WholeResults;
        var (results, _) = await RunFixture.ExecuteAsync(fixture[modality].Whole, fixture.NewFolder(), (happened, system) =>
        {
            if (happened is StepDone { Stage: "distillation", Step: 2 })
                Array.ForEach(["data-loader", "masker", "teacher"], actor => Lose(system, "distillation", actor, crash: true));
        });
        Assert.Equal(expected.Select(result => result.ModelSha256), results.Select(result => result.ModelSha256));
    }

    [Theory]
    [EachModality(false)]
    [EachModality(true)]
    public async Task A_lost_student_ends_the_run_with_a_sentence_and_the_run_resumes(Modality modality, bool crash)
    {
        var expected = await fixture[modality].WholeResults;
        string folder = fixture.NewFolder();
        var error = await Assert.ThrowsAsync<RunException>(() => RunFixture.ExecuteAsync(fixture[modality].Whole, folder, (happened, system) =>
        {
            if (happened is StepDone { Stage: "source", Step: 2 })
                Lose(system, "source", "student", crash);
        }));
        Assert.Contains("student of stage 'source'", error.Message);
        var (results, _) = await RunFixture.ExecuteAsync(fixture[modality].Whole, folder);
        Assert.Equal(expected.Select(result => result.ModelSha256), results.Select(result => result.ModelSha256));
    }

    private static bool IsReplacement(RunEvent happened) => happened is Notice notice && notice.Text.Contains("was replaced");

    private void Lose(ActorSystem system, string stage, string actor, bool crash)
    {
        int index = Array.FindIndex(fixture.Images.Whole.Stages, plan => plan.Name == stage);
        system.ActorSelection($"/user/node/stage-{index}/{actor}").Tell(crash ? Kill.Instance : PoisonPill.Instance);
    }
}
