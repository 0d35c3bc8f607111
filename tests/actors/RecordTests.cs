using ActorTrain.Actors.Messages;

namespace ActorTrain.Actors.Tests;

/// <summary>What several nodes' records of one run add up to.</summary>
public class RecordTests
{
    private static readonly DataSetInfo Data = new(10, "data", []);

    [Fact]
    public void Nothing_that_another_record_counts_is_lost()
    {
        var newest = Record(9, Trained("a"), new StageRecord { Train = Data, Checkpoint = Checkpoint(10) });
        var further = Record(5, Trained("a"), new StageRecord { Train = Data, Checkpoint = Checkpoint(30) });
        var merged = newest.With(further);
        Assert.Equal((9, 30), (merged.Epoch, merged.Stages[1].Checkpoint!.Step));

        var finished = Record(3, Trained("a"), Trained("b") with { Result = Result() });
        Assert.NotNull(merged.With(finished).Stages[1].Result);
    }

    [Fact]
    public void Evaluations_of_two_halves_add_up()
    {
        var (one, other) = (Trained("a") with { Evaluations = [Evaluation(DataSplit.Test)] }, Trained("a") with { Evaluations = [Evaluation(DataSplit.Test), Evaluation(DataSplit.Train)] });
        Assert.Equal([DataSplit.Test, DataSplit.Train], Record(9, one, new()).With(Record(5, other, new())).Stages[0].Evaluations.Select(done => done.Split));
    }

    [Fact]
    public void A_record_that_has_all_stays_the_same_object()
    {
        var newest = Record(9, Trained("a"), new StageRecord { Train = Data, Checkpoint = Checkpoint(10) });
        Assert.Same(newest, newest.With(newest with { Epoch = 5 }));
        Assert.Same(newest, newest.With(Record(5, new StageRecord { Train = Data, Checkpoint = Checkpoint(20) }, new())));
    }

    [Fact]
    public void What_follows_a_difference_is_not_taken()
    {
        var newest = Record(9, Trained("a"), new StageRecord { Checkpoint = Checkpoint(10) });
        var further = Record(5, Trained("a"), new StageRecord { Checkpoint = Checkpoint(30) });
        Assert.Same(newest, newest.With(Record(5, Trained("other weights"), further.Stages[1])));
        Assert.Same(newest, newest.With(further with { RunId = "another run" }));
        Assert.Same(newest, newest.With(further with { Submitted = 7 }));
        Assert.Same(newest, newest.With(further with { Machine = "another machine" }));
        var otherData = Record(5, further.Stages[0] with { Train = Data with { Fingerprint = "other data" } }, further.Stages[1]);
        Assert.Same(newest, newest.With(otherData));
    }

    private static RunRecord Record(long epoch, params StageRecord[] stages) => new()
    {
        RunId = "run",
        Epoch = epoch,
        Sequence = 1,
        Machine = "machine",
        Plan = new RunPlan { Name = "run", Stages = [] },
        Inputs = [],
        Stages = stages,
    };

    private static StageRecord Trained(string weights) => new()
    {
        Train = Data,
        Trained = new TrainedModel(Files(weights), new TrainingTotals(0, 0, 0, 0, 0, 0), null, null),
    };

    private static CountedCheckpoint Checkpoint(long step) => new(step, Files($"checkpoint {step}"));

    private static FileSet Files(string sha256) => new([new FileEntry("model.safetensors", 1, sha256)]);

    private static EvaluationDone Evaluation(DataSplit split) => new("plan", split, 0, 0, [], 0);

    private static StageResult Result() => new() { Stage = "stage", Kind = StageKind.Pretrain, PlanFingerprint = "plan", Steps = 1, Seconds = 0, ModelFolder = "", ModelSha256 = "" };
}
