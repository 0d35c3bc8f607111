using ActorTrain.Actors;
using ActorTrain.DataPipeline;
using ActorTrain.Host.Configuration;
using ActorTrain.Host.Planning;
using ActorTrain.Model;

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
        string folder = workspace.Model("initial");
        PlannedRun planned = Build($"run.seeds = [0]\nmodel.from = \"{folder}\"", new InitialModel(folder, ModelFolder.ReadConfiguration(folder)));
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

    [Fact]
    public async Task Text_is_planned_as_the_section_text_says()
    {
        using var workspace = new Workspace();
        string folder = await workspace.TextModelAsync("initial");
        PlannedRun planned = Build("run.seeds = [0]\ntext { max-length = 32, mask-ratio = 0.2, dropout = 0.3, whole-word = on, bucket-batches = 4, label-field = kind }\ndata { flip = on, crop-padding = 2 }",
            new InitialModel(folder, ModelFolder.ReadConfiguration(folder), Tokenizer.Open(folder)));
        Assert.True(planned.IsText);
        StagePlan further = Stage(planned, "seed-0/further-pretraining"), classifier = Stage(planned, "seed-0/fine-tuning");
        Assert.Equal((0.2, 0.3), (further.MaskRatio, further.Dropout));
        Assert.Equal(0.3, Stage(planned, "seed-0/self-distillation-1").Dropout);
        Assert.Equal(0.1, classifier.Dropout);
        Assert.Equal(new TextPlan { MaxLength = 32, Pack = true, TextField = "text", LabelField = "kind", BucketBatches = 4, WholeWord = true }, further.Train!.Text);
        Assert.Equal(further.Train.Text! with { Pack = false }, classifier.Train!.Text);
        Assert.Equal(classifier.Train.Text, classifier.Test!.Text);
        Assert.All([further.Train, classifier.Train, classifier.Test], data => Assert.False(data.Flip || data.CropPadding > 0 || data.ImageSize > 0));
    }

    [Fact]
    public async Task A_preset_for_text_becomes_a_folder_that_is_made_once()
    {
        using var workspace = new Workspace();
        Settings settings = Read($"source.data = \"{workspace.Sentences("source.jsonl")}\"\nmodel.from = \"preset:tiny-text\"\ntext.vocabulary = 350\ncache.dir = \"{workspace.File("cache")}\"", out RunConfiguration configuration);
        InitialModel model = await InitialModel.OpenAsync(configuration, settings, seed: 5, CancellationToken.None);
        string weights = ModelFolder.Fingerprint(model.Location);
        Assert.StartsWith(workspace.File("cache"), model.Location);
        Assert.Equal(350, model.Tokenizer!.VocabularySize);
        Assert.Equal(350, ((RobertaConfiguration)model.Shape).VocabularySize);
        DateTime written = File.GetLastWriteTimeUtc(Path.Combine(model.Location, ModelFolder.WeightsName));

        InitialModel again = await InitialModel.OpenAsync(configuration, settings, seed: 5, CancellationToken.None);
        Assert.Equal(model.Location, again.Location);
        Assert.Equal(written, File.GetLastWriteTimeUtc(Path.Combine(again.Location, ModelFolder.WeightsName)));

        InitialModel other = await InitialModel.OpenAsync(configuration, settings, seed: 6, CancellationToken.None);
        Assert.NotEqual(weights, ModelFolder.Fingerprint(other.Location));

        Directory.Delete(workspace.File("cache"), recursive: true);
        InitialModel anew = await InitialModel.OpenAsync(configuration, settings, seed: 5, CancellationToken.None);
        Assert.Equal((model.Location, weights), (anew.Location, ModelFolder.Fingerprint(anew.Location)));
    }

    internal static Settings Read(string text, out RunConfiguration configuration)
    {
        configuration = RunConfiguration.Load(
            [new ConfigurationText("base.conf", "data { train = train-images, test = test-images }\nsource.data = source-images"), new ConfigurationText("test.conf", text)], []);
        return Settings.Read(configuration, "test");
    }

    internal static PlannedRun Build(string text, InitialModel? model = null)
    {
        Settings settings = Read(text, out _);
        return new RunPlanBuilder(settings, model ?? new InitialModel("preset:tiny-32", ModelPresets.Tiny32), ["a", "b"]).BuildComparison();
    }

    internal static StagePlan Stage(PlannedRun planned, string name) => planned.Plan.Stages.Single(stage => stage.Name == name);
}
