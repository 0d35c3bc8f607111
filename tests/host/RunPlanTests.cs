using ActorTrain.Actors;
using ActorTrain.Host.Configuration;
using ActorTrain.Host.Planning;

namespace ActorTrain.Host.Tests;

public class RunPlanTests
{
    [Fact]
    public void Every_method_runs_for_every_seed_and_shares_what_it_can()
    {
        PlannedRun planned = Build("run.seeds = [7, 8]");
        Assert.Equal(
            [
                "source",
                "seed-7/fine-tuning",
                "seed-7/further-pretraining", "seed-7/further-pretraining-fine-tuning",
                "seed-7/self-distillation-1", "seed-7/self-distillation-fine-tuning",
                "seed-8/fine-tuning",
                "seed-8/further-pretraining", "seed-8/further-pretraining-fine-tuning",
                "seed-8/self-distillation-1", "seed-8/self-distillation-fine-tuning",
            ],
            planned.Plan.Stages.Select(stage => stage.Name));
        Assert.Equal(6, planned.Runs.Count);
        StagePlan distill = Stage(planned, "seed-7/self-distillation-1");
        Assert.Equal("stage:source", distill.Initial);
        Assert.Equal("stage:seed-7/further-pretraining", distill.Teacher);
        Assert.Equal("stage:seed-7/self-distillation-1", Stage(planned, "seed-7/self-distillation-fine-tuning").Initial);
        Assert.All(planned.Plan.Stages.Skip(1), stage => Assert.Equal("stage:source", stage.Reference));
    }

    [Fact]
    public void In_every_round_the_student_starts_afresh_and_the_last_one_teaches()
    {
        PlannedRun planned = Build("run { seeds = [0], methods = [self-distillation] }\ndistill.rounds = 2");
        Assert.Equal(["source", "seed-0/further-pretraining", "seed-0/self-distillation-1", "seed-0/self-distillation-2", "seed-0/self-distillation-fine-tuning"],
            planned.Plan.Stages.Select(stage => stage.Name));
        Assert.Equal("stage:source", Stage(planned, "seed-0/self-distillation-2").Initial);
        Assert.Equal("stage:seed-0/self-distillation-1", Stage(planned, "seed-0/self-distillation-2").Teacher);
        Assert.Equal(planned.Plan.Stages.Skip(1).Select(stage => stage.Name), Assert.Single(planned.Runs).Stages);
    }

    [Fact]
    public void A_given_teacher_is_not_trained_again()
    {
        PlannedRun planned = Build("run { seeds = [0], methods = [self-distillation] }\ndistill.teacher = \"some/folder\"");
        Assert.Equal(["source", "seed-0/self-distillation-1", "seed-0/self-distillation-fine-tuning"], planned.Plan.Stages.Select(stage => stage.Name));
        Assert.Equal("some/folder", Stage(planned, "seed-0/self-distillation-1").Teacher);
    }

    [Fact]
    public void A_given_model_needs_no_source_stage()
    {
        using var workspace = new Workspace();
        PlannedRun planned = Build($"run.seeds = [0]\nmodel.from = \"{workspace.Model("initial")}\"");
        Assert.Equal("seed-0/fine-tuning", planned.Plan.Stages[0].Name);
        Assert.Equal(workspace.File("initial"), planned.Plan.Stages[0].Initial);
        Assert.Equal(workspace.File("initial"), planned.Plan.Stages[0].Reference);
        Assert.Equal(32, planned.Plan.Stages[0].Train!.ImageSize);
    }

    [Fact]
    public void The_limit_shrinks_target_training_images_only()
    {
        PlannedRun planned = Build("run.seeds = [0]\ndata.limit = 50\nsource.limit = 60\ndata { flip = on, crop-padding = 2 }");
        Assert.Equal(60, Stage(planned, "source").Train!.Limit);
        Assert.Equal(50, Stage(planned, "seed-0/further-pretraining").Train!.Limit);
        StagePlan classifier = Stage(planned, "seed-0/fine-tuning");
        Assert.Equal(50, classifier.Train!.Limit);
        Assert.Equal(0, classifier.Test!.Limit);
        Assert.False(classifier.Test.Flip);
        Assert.Equal(0, classifier.Test.CropPadding);
        Assert.Equal(["a", "b"], classifier.Test.ClassNames!);
    }

    [Fact]
    public void Unlabelled_images_default_to_the_training_images()
    {
        Assert.Equal("train-images", Stage(Build("run.seeds = [0]"), "seed-0/further-pretraining").Train!.Location);
        StagePlan stage = Stage(Build("run.seeds = [0]\ndata.unlabelled = more"), "seed-0/further-pretraining");
        Assert.Equal(("more", "data.unlabelled"), (stage.Train!.Location, stage.Train.Key));
    }

    [Fact]
    public void Settings_reach_the_stage_they_are_for()
    {
        PlannedRun planned = Build("run { seeds = [0], threads = 3 }\nsource.steps = 1\npretrain { steps = 2, learning-rate = 0.5 }\ndistill { steps = 3, mae-weight = 0.25 }\nfinetune { steps = 4, warm-up = 2, dropout = 0.2 }");
        Assert.Equal([1, 4, 2, 4, 3, 4], planned.Plan.Stages.Select(stage => stage.Steps));
        Assert.Equal(0.5, Stage(planned, "seed-0/further-pretraining").LearningRate);
        Assert.Equal(0.25, Stage(planned, "seed-0/self-distillation-1").MaeWeight);
        Assert.Equal(0.2, Stage(planned, "seed-0/fine-tuning").Dropout);
        Assert.All(planned.Plan.Stages, stage => Assert.Equal(3, stage.Threads));
    }

    private static PlannedRun Build(string text)
    {
        RunConfiguration configuration = RunConfiguration.Load(
            [new ConfigurationText("base.conf", "data { train = train-images, test = test-images }\nsource.data = source-images"), new ConfigurationText("test.conf", text)], []);
        return new RunPlanBuilder(Settings.Read(configuration, "test"), ["a", "b"]).BuildComparison();
    }

    private static StagePlan Stage(PlannedRun planned, string name) => planned.Plan.Stages.Single(stage => stage.Name == name);
}
