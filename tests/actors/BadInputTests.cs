using ActorTrain.Model;

namespace ActorTrain.Actors.Tests;

/// <summary>What the user got wrong ends the run with one sentence, never with a hang or a loop of restarts.</summary>
[Collection("runs")]
public class BadInputTests(RunFixture fixture)
{
    [Theory, EachModality]
    public async Task A_broken_sample_ends_the_run_with_its_name(Modality modality)
    {
        var data = fixture[modality].Data;
        string copy = NewData(data);
        string broken = data.BreakOne(copy);
        var stage = data.StagesOf(data.Plan(copy, "data.train"))[0];
        var error = await Assert.ThrowsAsync<RunException>(() => RunFixture.ExecuteAsync(Plans.Run(stage), fixture.NewFolder()));
        Assert.Contains(broken, error.Message);
    }

    [Theory, EachModality]
    public async Task A_broken_sample_is_skipped_and_counted_where_that_is_allowed(Modality modality)
    {
        var data = fixture[modality].Data;
        string copy = NewData(data);
        data.BreakOne(copy);
        var plan = Plans.Run(data.StagesOf(data.Plan(copy, "data.train") with { SkipBroken = true }));
        var (results, _) = await RunFixture.ExecuteAsync(plan, fixture.NewFolder());
        Assert.Equal([1, 1, 1, 0], results.Select(result => result.SkippedSamples));
    }

    [Theory, EachModality]
    public async Task A_missing_data_set_is_named_with_its_key(Modality modality)
    {
        var data = fixture[modality].Data;
        string missing = NewData(data);
        var stage = data.StagesOf(data.Plan(missing, "data.train"))[0];
        var error = await Assert.ThrowsAsync<RunException>(() => RunFixture.ExecuteAsync(Plans.Run(stage), fixture.NewFolder()));
        Assert.Contains("data.train", error.Message);
        Assert.Contains(missing, error.Message);
    }

    [Theory, EachModality]
    public async Task A_damaged_model_is_named(Modality modality)
    {
        var data = fixture[modality].Data;
        string model = fixture.NewFolder();
        SmallData.CopyFolder(data.Model, model);
        using (var weights = File.OpenWrite(Path.Combine(model, "model.safetensors")))
            weights.Write([0, 0, 0, 0, 0, 0, 0, 0x80]);
        var student = fixture[modality].Pretraining with { Initial = model };
        var teacher = data.Stages[1] with { Teacher = model };
        foreach (var stage in new[] { student, teacher })
        {
            var error = await Assert.ThrowsAsync<RunException>(() => RunFixture.ExecuteAsync(Plans.Run(stage), fixture.NewFolder()));
            Assert.Contains("model.safetensors", error.Message);
        }
    }

    [Fact]
    public async Task Images_of_another_size_than_the_model_s_are_refused()
    {
        var stage = Plans.Pretrain(fixture.Images.Data.TrainPlan with { ImageSize = 24 }, fixture.Images.Data.Model);
        var error = await Assert.ThrowsAsync<RunException>(() => RunFixture.ExecuteAsync(Plans.Run(stage), fixture.NewFolder()));
        Assert.Contains("24", error.Message);
        Assert.Contains("16", error.Message);
    }

    [Fact]
    public async Task A_run_folder_that_cannot_be_made_is_named()
    {
        string file = Path.Combine(fixture.Root, "a-file");
        File.WriteAllText(file, "");
        var error = await Assert.ThrowsAsync<RunException>(() =>
            RunFixture.ExecuteAsync(Plans.Run(fixture.Images.Pretraining), Path.Combine(file, "run")));
        Assert.Contains(file, error.Message);
    }

    [Fact]
    public async Task A_disk_that_fails_in_the_middle_of_a_run_is_named()
    {
        string folder = fixture.NewFolder();
        // A folder in the place of a file fails for every user, root included.
        Directory.CreateDirectory(Path.Combine(folder, "metrics.jsonl"));
        var error = await Assert.ThrowsAsync<RunException>(() => RunFixture.ExecuteAsync(Plans.Run(fixture.Images.Pretraining), folder));
        Assert.Contains("metrics.jsonl", error.Message);
        Assert.Contains("run.folder", error.Message);
    }

    [Fact]
    public async Task A_run_that_was_cancelled_before_it_began_leaves_nothing()
    {
        string folder = fixture.NewFolder();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
            RunFixture.ExecuteAsync(Plans.Run(fixture.Images.Pretraining), folder, cancel: new CancellationToken(true)));
        Assert.False(Directory.Exists(folder));
    }

    [Fact]
    public async Task Sequences_above_the_model_s_positions_are_refused()
    {
        var stage = fixture[Modality.Text].Pretraining;
        stage = stage with { Train = stage.Train! with { Text = stage.Train.Text! with { MaxLength = Plans.MaxLength + 1 } } };
        var error = await Assert.ThrowsAsync<RunException>(() => RunFixture.ExecuteAsync(Plans.Run(stage), fixture.NewFolder()));
        Assert.Contains($"sequences of {Plans.MaxLength + 1} tokens", error.Message);
        Assert.Contains($"positions for {Plans.MaxLength}", error.Message);
    }

    [Theory]
    [InlineData(Modality.Images, Modality.Text, "as text")]
    [InlineData(Modality.Text, Modality.Images, "as images")]
    public async Task Data_of_another_modality_than_the_model_s_are_refused(Modality model, Modality samples, string fault)
    {
        var stage = fixture[samples].Pretraining with { Initial = fixture[model].Data.Model };
        var error = await Assert.ThrowsAsync<RunException>(() => RunFixture.ExecuteAsync(Plans.Run(stage), fixture.NewFolder()));
        Assert.Contains(fault, error.Message);
        Assert.Contains("data.train", error.Message);
    }

    [Fact]
    public async Task A_text_model_without_its_tokenizer_is_refused()
    {
        string model = fixture.NewFolder();
        SmallData.CopyFolder(fixture[Modality.Text].Data.Model, model);
        File.Delete(Path.Combine(model, "vocab.json"));
        var stage = fixture[Modality.Text].Pretraining with { Initial = model };
        var error = await Assert.ThrowsAsync<RunException>(() => RunFixture.ExecuteAsync(Plans.Run(stage), fixture.NewFolder()));
        Assert.Contains("vocab.json", error.Message);
    }

    [Fact]
    public async Task A_tokenizer_of_another_model_is_refused()
    {
        string model = fixture.NewFolder();
        var data = fixture[Modality.Text].Data;
        ModelFolder.CreateFresh(Plans.TextShape(vocabulary: 280), 1, model, data.Model);
        var error = await Assert.ThrowsAsync<RunException>(() =>
            RunFixture.ExecuteAsync(Plans.Run(fixture[Modality.Text].Pretraining with { Initial = model }), fixture.NewFolder()));
        Assert.Contains("280", error.Message);
    }

    [Fact]
    public async Task Special_tokens_of_another_model_are_refused()
    {
        string model = fixture.NewFolder();
        var data = fixture[Modality.Text].Data;
        var shape = (RobertaConfiguration)ModelFolder.ReadConfiguration(data.Model);
        ModelFolder.CreateFresh(shape with { BeginToken = 2, EndToken = 0 }, 1, model, data.Model);
        var error = await Assert.ThrowsAsync<RunException>(() =>
            RunFixture.ExecuteAsync(Plans.Run(fixture[Modality.Text].Pretraining with { Initial = model }), fixture.NewFolder()));
        Assert.Contains("tokens 0, 1 and 2", error.Message);
        Assert.Contains("with 2, 1 and 0", error.Message);
    }

    [Fact]
    public async Task What_sequences_cut_off_is_said()
    {
        var stage = fixture[Modality.Text].Data.Stages[2] with { Initial = fixture[Modality.Text].Data.Model, Reference = null };
        stage = stage with { Train = stage.Train! with { Text = stage.Train.Text! with { MaxLength = 6 } } };
        var (_, events) = await RunFixture.ExecuteAsync(Plans.Run(stage), fixture.NewFolder());
        Assert.Contains(events.OfType<Notice>(), notice => notice.Text.Contains("of data.train,") && notice.Text.Contains("longer than 6 tokens"));
    }

    private string NewData(SmallData data) => fixture.NewFolder() + Path.GetExtension(data.Train);
}
