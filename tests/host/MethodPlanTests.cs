using ActorTrain.Actors;
using ActorTrain.DataPipeline;
using ActorTrain.Host.Configuration;
using ActorTrain.Host.Planning;
using ActorTrain.Model;
using static ActorTrain.Host.Tests.RunPlanTests;

namespace ActorTrain.Host.Tests;

/// <summary>What every method of the section <c>methods</c> comes to, and what methods share.</summary>
public class MethodPlanTests
{
    private const string Teacher = "stage:seed-0/further-pretraining";

    [Fact]
    public void Every_method_of_the_reference_can_be_compared_in_one_run()
    {
        IReadOnlyList<string> names = RunConfiguration.Load([], []).MethodNames;
        Assert.Equal(
            [
                "fine-tuning", "recadam", "mars", "r3f", "supcon", "further-pretraining", "further-pretraining-x2", "self-distillation", "without-mae",
                "without-distillation", "prediction-matching", "weight-matching-l2", "weight-matching-mars", "replay", "mixing", "replay-mixing",
            ], names);
        PlannedRun planned = Build($"run {{ seeds = [0, 1], methods = [{string.Join(", ", names)}] }}");
        Assert.Equal(2 * names.Count, planned.Runs.Count);
        Assert.All(planned.Runs, run => Assert.Equal(StageKind.Finetune, Stage(planned, run.Stages[^1]).Kind));
        Assert.Equal(planned.Plan.Stages.Length, planned.Plan.Stages.Select(stage => stage.Name).Distinct().Count());
        // θ_init, and for each seed 15 classifiers and 10 adaptations: one teacher serves all, and without-distillation is further
        // pre-training as long as sections distill and pretrain have the same numbers.
        Assert.Equal(1 + 2 * (15 + 10), planned.Plan.Stages.Length);
        Assert.Equal(planned.Runs.Single(run => run is { Method: "further-pretraining", Seed: 1 }).Stages, planned.Runs.Single(run => run is { Method: "without-distillation", Seed: 1 }).Stages);
    }

    [Fact]
    public void Baselines_are_fine_tuning_from_the_initial_weights_with_one_thing_more()
    {
        StagePlan plain = Only("fine-tuning"), recAdam = Only("recadam"), mars = Only("mars"), r3f = Only("r3f"), supCon = Only("supcon");
        Assert.Equal((StageKind.Finetune, "stage:source"), (plain.Kind, plain.Initial));
        Assert.Equal(new RegulariserPlan { Kind = RegulariserKind.RecAdam, Weight = 1, Slope = 0.5, Midpoint = 250, Pull = 5000 }, recAdam.Regulariser);
        Assert.Equal(new RegulariserPlan { Kind = RegulariserKind.Mars, Radius = 0.5, HeadRadius = 10 }, mars.Regulariser);
        Assert.Equal(new ConsistencyPlan { Weight = 1, Epsilon = 1e-5, Noise = NoiseKind.Uniform }, r3f.Consistency);
        Assert.Equal(new ContrastPlan { Weight = 1, Temperature = 0.1 }, supCon.Contrast);
        Assert.Equal((1e-8, 1e-6), (plain.Epsilon, recAdam.Epsilon));
        StagePlan[] alike = [recAdam with { Regulariser = null, Epsilon = 1e-8 }, mars with { Regulariser = null }, r3f with { Consistency = null }, supCon with { Contrast = null }];
        Assert.All(alike, stage => Assert.Equal(plain.Fingerprint(), (stage with { Name = plain.Name }).Fingerprint()));

        static StagePlan Only(string method) => Stage(Build(One(method)), $"seed-0/{method}");
    }

    [Fact]
    public void Further_pretraining_of_twice_the_steps_differs_in_nothing_else()
    {
        PlannedRun planned = Build("run { seeds = [0], methods = [further-pretraining, further-pretraining-x2] }\npretrain.steps = 30");
        StagePlan once = Stage(planned, "seed-0/further-pretraining"), twice = Stage(planned, "seed-0/further-pretraining-x2");
        Assert.Equal((30, 60), (once.Steps, twice.Steps));
        Assert.Equal(once.Fingerprint(), (twice with { Name = once.Name, Steps = 30 }).Fingerprint());
        Assert.Equal("stage:seed-0/further-pretraining-x2", Stage(planned, "seed-0/further-pretraining-x2-fine-tuning").Initial);
    }

    [Fact]
    public void Ablations_change_one_part_of_self_distillation()
    {
        const string steps = "\npretrain.steps = 30\ndistill { steps = 40, learning-rate = 0.3 }";
        StagePlan whole = Student("self-distillation"), withoutMae = Student("without-mae"), predictions = Student("prediction-matching");
        Assert.Equal((StageKind.Distill, Teacher, 1.0), (whole.Kind, whole.Teacher, whole.MaeWeight));
        Assert.Equal(whole.Fingerprint(), (withoutMae with { Name = whole.Name, MaeWeight = 1 }).Fingerprint());
        Assert.Equal(0, withoutMae.MaeWeight);
        Assert.Equal(whole.Fingerprint(), (predictions with { Name = whole.Name, DistillTarget = DistillTarget.Cls }).Fingerprint());
        Assert.Equal(DistillTarget.Predictions, predictions.DistillTarget);

        StagePlan alone = Student("without-distillation"), l2 = Student("weight-matching-l2"), mars = Student("weight-matching-mars");
        Assert.Equal((StageKind.Pretrain, null, null), (alone.Kind, alone.Teacher, alone.Regulariser));
        Assert.All([alone, l2, mars], stage => Assert.Equal(("stage:source", 40, 0.3), (stage.Initial, stage.Steps, stage.LearningRate)));
        Assert.Equal(new RegulariserPlan { Kind = RegulariserKind.L2, Anchor = Teacher, Weight = 0.01 }, l2.Regulariser);
        Assert.Equal(new RegulariserPlan { Kind = RegulariserKind.Mars, Anchor = Teacher, Radius = 0.5, HeadRadius = 10 }, mars.Regulariser);
        Assert.All([l2, mars], stage => Assert.Equal(alone.Fingerprint(), (stage with { Name = alone.Name, Regulariser = null }).Fingerprint()));
        Assert.Equal(["seed-0/without-distillation-1", "seed-0/without-distillation-fine-tuning"], Assert.Single(Build(One("without-distillation")).Runs).Stages);

        static StagePlan Student(string method) => Stage(Build(One(method) + steps), $"seed-0/{method}-1");
    }

    [Fact]
    public void Weight_matching_of_a_later_round_holds_on_to_the_round_before()
    {
        PlannedRun planned = Build(One("weight-matching-l2") + "\ndistill.rounds = 2");
        Assert.Equal(Teacher, Stage(planned, "seed-0/weight-matching-l2-1").Regulariser!.Anchor);
        StagePlan second = Stage(planned, "seed-0/weight-matching-l2-2");
        Assert.Equal(("stage:source", "stage:seed-0/weight-matching-l2-1"), (second.Initial, second.Regulariser!.Anchor));
    }

    [Fact]
    public void Source_samples_are_replayed_and_images_mixed_while_pretraining_only()
    {
        PlannedRun planned = Build("run { seeds = [0], methods = [replay, mixing, replay-mixing] }\nsource { limit = 50, seed = 4 }\nreplay.limit = 20\ndata { limit = 9, limit-seed = 3 }");
        StagePlan replay = Stage(planned, "seed-0/replay"), mixing = Stage(planned, "seed-0/mixing"), both = Stage(planned, "seed-0/replay-mixing");
        Assert.All([replay, mixing, both], stage => Assert.Equal(StageKind.Pretrain, stage.Kind));
        Assert.Equal((0.1, null), (replay.ReplayRatio, replay.Mix));
        Assert.Equal(("source-images", "source.data", 20, 4ul), (replay.Source!.Location, replay.Source.Key, replay.Source.Limit, replay.Source.LimitSeed));
        Assert.Equal((9, 3ul), (replay.Train!.Limit, replay.Train.LimitSeed));
        Assert.Equal((0.0, new MixPlan { Kind = MixKind.MixUp, Alpha = 1, Scope = MixScope.Target }, null), (mixing.ReplayRatio, mixing.Mix, mixing.Source));
        Assert.Equal((replay.ReplayRatio, mixing.Mix, replay.Source), (both.ReplayRatio, both.Mix, both.Source));
        StagePlan initial = Stage(planned, "source");
        Assert.Equal((50, 4ul, 0.0, null), (initial.Train!.Limit, initial.Train.LimitSeed, initial.ReplayRatio, initial.Source));
        Assert.All(planned.Plan.Stages.Where(stage => stage.Kind == StageKind.Finetune), stage => Assert.Equal((0.0, null, null), (stage.ReplayRatio, stage.Mix, stage.Source)));

        StagePlan fromSource = Stage(Build(One("mixing") + "\nmix.scope = source\nreplay.source = other"), "seed-0/mixing");
        Assert.Equal(("other", "replay.source"), (fromSource.Source!.Location, fromSource.Source.Key));
    }

    [Fact]
    public async Task Source_text_is_packed_as_the_section_source_says()
    {
        using var workspace = new Workspace();
        string folder = await workspace.TextModelAsync("initial");
        PlannedRun planned = Build(One("replay") + "\nsource.pack = off", new InitialModel(folder, ModelFolder.ReadConfiguration(folder), Tokenizer.Open(folder)));
        StagePlan replay = Stage(planned, "seed-0/replay");
        Assert.Equal((false, true), (replay.Source!.Text!.Pack, replay.Train!.Text!.Pack));
    }

    [Fact]
    public void A_method_of_ones_own_sets_what_differs()
    {
        PlannedRun planned = Build("""
            run { seeds = [0], methods = [mine, fine-tuning] }
            methods.mine { distill { mae-weight = 0.3, rounds = 2 }, finetune { regulariser = l2, dropout = 0 }, l2.weight = 7 }
            """);
        Assert.Equal(["mine", "fine-tuning"], planned.Runs.Select(run => run.Method));
        Assert.Equal(["seed-0/further-pretraining", "seed-0/mine-1", "seed-0/mine-2", "seed-0/mine-fine-tuning"], planned.Runs[0].Stages);
        Assert.Equal(0.3, Stage(planned, "seed-0/mine-2").MaeWeight);
        StagePlan classifier = Stage(planned, "seed-0/mine-fine-tuning");
        Assert.Equal(("stage:seed-0/mine-2", new RegulariserPlan { Kind = RegulariserKind.L2, Weight = 7 }, 0.0), (classifier.Initial, classifier.Regulariser, classifier.Dropout));
        Assert.Null(Stage(planned, "seed-0/fine-tuning").Regulariser);
    }

    [Fact]
    public void Methods_share_every_stage_that_does_the_same()
    {
        PlannedRun planned = Build("""
            run { seeds = [0], methods = [self-distillation, same, further-pretraining, other] }
            methods { same { distill.steps = 20000 }, other { run.adapt = distill, pretrain.steps = 5 } }
            """);
        Assert.Equal(planned.Runs[0].Stages, planned.Runs[1].Stages);
        Assert.Equal(planned.Runs[0].Stages[0], planned.Runs[2].Stages[0]);
        Assert.Equal(["seed-0/other-teacher", "seed-0/other-1", "seed-0/other-fine-tuning"], planned.Runs[3].Stages);
        Assert.Equal("stage:seed-0/other-teacher", Stage(planned, "seed-0/other-1").Teacher);
        Assert.Equal(1 + 3 + 1 + 3, planned.Plan.Stages.Length);
    }

    [Fact]
    public void A_stage_is_known_by_what_it_does_in_another_run_too()
    {
        PlannedRun planned = Build(One("self-distillation")), among = Build("run { name = other, seeds = [1, 0], methods = [mars, mine] }\nmethods.mine.run.adapt = distill");
        Assert.Equal(Identity(planned, "seed-0/self-distillation-fine-tuning"), Identity(among, "seed-0/mine-fine-tuning"));
        Assert.NotEqual(Identity(planned, "seed-0/self-distillation-fine-tuning"), Identity(among, "seed-1/mine-fine-tuning"));
        PlannedRun otherTeacher = Build(One("self-distillation") + "\npretrain.weight-decay = 0.5");
        Assert.NotEqual(Identity(planned, "seed-0/self-distillation-fine-tuning"), Identity(otherTeacher, "seed-0/self-distillation-fine-tuning"));
        PlannedRun whatItDoesNotUse = Build(One("fine-tuning") + "\nmodel.mask-ratio = 0.75\ndistill.mae-weight = 0.5\nmix.kind = mixup\ndata.limit-seed = 9");
        Assert.Equal(Identity(Build(One("fine-tuning")), "seed-0/fine-tuning"), Identity(whatItDoesNotUse, "seed-0/fine-tuning"));

        static string Identity(PlannedRun planned, string name) => StageIdentity.Of(planned.Plan, Stage(planned, name));
    }

    [Fact]
    public void A_stage_that_refers_to_nothing_has_no_identity()
    {
        PlannedRun planned = Build(One("fine-tuning"));
        StagePlan classifier = planned.Plan.Stages[^1];
        Assert.Contains("'stage:source'", Assert.Throws<RunException>(() => StageIdentity.Of(planned.Plan with { Stages = [classifier] }, classifier)).Message);
    }

    [Fact]
    public void Held_out_samples_are_evaluated_in_place_of_the_test_samples()
    {
        PlannedRun planned = Build("run.seeds = [0]\ndata { validation = 0.2, limit = 50, flip = on }");
        StagePlan classifier = Stage(planned, "seed-0/fine-tuning"), further = Stage(planned, "seed-0/further-pretraining");
        Assert.Equal((0.2, false, 50), (classifier.Train!.HoldOut, classifier.Train.HeldOut, classifier.Train.Limit));
        Assert.Equal(("train-images", 0.2, true, 0, false), (classifier.Test!.Location, classifier.Test.HoldOut, classifier.Test.HeldOut, classifier.Test.Limit, classifier.Test.Flip));
        Assert.Equal(["a", "b"], classifier.Test.ClassNames!);
        Assert.Equal(("train-images", 0.2, false), (further.Train!.Location, further.Train.HoldOut, further.Train.HeldOut));
        Assert.Equal(0, Stage(planned, "source").Train!.HoldOut);
        Assert.Equal(0.2, Stage(Build("run.seeds = [0]\ndata { validation = 0.2, unlabelled = train-images }"), "seed-0/further-pretraining").Train!.HoldOut);
        Assert.Equal(0, Stage(Build("run.seeds = [0]\ndata { validation = 0.2, unlabelled = more }"), "seed-0/further-pretraining").Train!.HoldOut);
    }

    [Fact]
    public void Samples_are_held_out_in_groups_and_a_group_counts_only_there()
    {
        const string group = "data.group = \"^([0-9]+)_\\\\d\"\n";
        PlannedRun without = Build(One("fine-tuning") + "\ndata.validation = 0.2"), planned = Build(group + One("fine-tuning") + "\ndata.validation = 0.2");
        StagePlan classifier = Stage(planned, "seed-0/fine-tuning");
        Assert.Equal(("^([0-9]+)_\\d", "^([0-9]+)_\\d"), (classifier.Train!.Group, classifier.Test!.Group));
        Assert.Equal("^([0-9]+)_\\d", classifier.Train.ToSourceOptions().Group);
        Assert.Null(Stage(planned, "source").Train!.Group);
        Assert.Null(Stage(without, "seed-0/fine-tuning").Train!.Group);
        Assert.NotEqual(Identities(without, "seed-0/fine-tuning"), Identities(planned, "seed-0/fine-tuning"));
        Assert.Equal(Identities(Build(One("fine-tuning")), "seed-0/fine-tuning"), Identities(Build(group + One("fine-tuning")), "seed-0/fine-tuning"));

        static (string, string, string) Identities(PlannedRun planned, string name) =>
            (StageIdentity.Of(planned.Plan, Stage(planned, name)), StageIdentity.OfResult(planned.Plan, Stage(planned, name)), Stage(planned, name).Fingerprint());
    }

    [Fact]
    public void What_is_written_of_a_run_plans_the_same_run()
    {
        Settings settings = Read("run { seeds = [0, 3], methods = [mars, replay, mine, self-distillation] }\nmethods { mine { distill { target = weights, regulariser = mars } }, mars.mars.radius = 2 }\ndata { validation = 0.25, group = \"a\\\\d\" }", out RunConfiguration configuration);
        string written = configuration.Render(settings.Resolved, withOrigins: false);
        Settings again = Settings.Read(RunConfiguration.Load([new ConfigurationText("config.conf", written)], []), "other");
        Assert.Equal(Plan(settings), Plan(again));

        static IEnumerable<(string, string)> Plan(Settings settings) =>
            new RunPlanBuilder(settings, new InitialModel("preset:tiny-32", ModelPresets.Tiny32), ["a", "b"]).BuildComparison().Plan.Stages.Select(stage => (stage.Name, stage.Fingerprint()));
    }

    private static string One(string method) => $"run {{ seeds = [0], methods = [{method}] }}";
}
