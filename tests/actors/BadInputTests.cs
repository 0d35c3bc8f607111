namespace ActorTrain.Actors.Tests;

/// <summary>What the user got wrong ends the run with one sentence, never with a hang or a loop of restarts.</summary>
[Collection("runs")]
public class BadInputTests(RunFixture fixture)
{
    [Fact]
    public async Task A_broken_image_ends_the_run_with_its_name()
    {
        string data = WithBrokenImage(out string broken);
        var error = await Assert.ThrowsAsync<RunException>(() => RunFixture.ExecuteAsync(Plans.Run(Plans.Pretrain(Plans.Data(data), fixture.Model)), fixture.NewFolder()));
        Assert.Contains(Path.GetFileName(broken), error.Message);
    }

    [Fact]
    public async Task A_broken_image_is_skipped_and_counted_where_that_is_allowed()
    {
        string data = WithBrokenImage(out _);
        var plan = fixture.WholeRun(_ => Plans.Data(data) with { SkipBroken = true });
        var (results, _) = await RunFixture.ExecuteAsync(plan, fixture.NewFolder());
        Assert.Equal([1, 1, 1, 0], results.Select(result => result.SkippedSamples));
    }

    [Fact]
    public async Task A_missing_folder_is_named_with_its_key()
    {
        string missing = Path.Combine(fixture.Root, "missing");
        var error = await Assert.ThrowsAsync<RunException>(() => RunFixture.ExecuteAsync(Plans.Run(Plans.Pretrain(Plans.Data(missing), fixture.Model)), fixture.NewFolder()));
        Assert.Contains("data.train", error.Message);
        Assert.Contains(missing, error.Message);
    }

    [Fact]
    public async Task A_damaged_model_is_named()
    {
        string model = Path.Combine(fixture.Root, "damaged-model");
        TrainingRunTests.Copy(fixture.Model, model);
        using (var weights = File.OpenWrite(Path.Combine(model, "model.safetensors")))
            weights.Write([0, 0, 0, 0, 0, 0, 0, 0x80]);
        var student = fixture.Pretraining() with { Initial = model };
        var teacher = Plans.Stage("distillation", StageKind.Distill, fixture.Model, Plans.Data(fixture.Train)) with { Teacher = model };
        foreach (var stage in new[] { student, teacher })
        {
            var error = await Assert.ThrowsAsync<RunException>(() => RunFixture.ExecuteAsync(Plans.Run(stage), fixture.NewFolder()));
            Assert.Contains("model.safetensors", error.Message);
        }
    }

    [Fact]
    public async Task Images_of_another_size_than_the_model_s_are_refused()
    {
        var stage = Plans.Pretrain(Plans.Data(fixture.Train) with { ImageSize = 24 }, fixture.Model);
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
            RunFixture.ExecuteAsync(Plans.Run(fixture.Pretraining()), Path.Combine(file, "run")));
        Assert.Contains(file, error.Message);
    }

    [Fact]
    public async Task A_disk_that_fails_in_the_middle_of_a_run_is_named()
    {
        string folder = fixture.NewFolder();
        // A folder in the place of a file fails for every user, root included.
        Directory.CreateDirectory(Path.Combine(folder, "metrics.jsonl"));
        var error = await Assert.ThrowsAsync<RunException>(() => RunFixture.ExecuteAsync(Plans.Run(fixture.Pretraining()), folder));
        Assert.Contains("metrics.jsonl", error.Message);
        Assert.Contains("run.folder", error.Message);
    }

    [Fact]
    public async Task A_run_that_was_cancelled_before_it_began_leaves_nothing()
    {
        string folder = fixture.NewFolder();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
            RunFixture.ExecuteAsync(Plans.Run(fixture.Pretraining()), folder, cancel: new CancellationToken(true)));
        Assert.False(Directory.Exists(folder));
    }

    private string WithBrokenImage(out string broken)
    {
        string data = Path.Combine(fixture.Root, Guid.NewGuid().ToString("N"));
        TrainingRunTests.Copy(fixture.Train, data);
        broken = Directory.EnumerateFiles(data, "*.png", SearchOption.AllDirectories).Order().ElementAt(3);
        File.WriteAllBytes(broken, File.ReadAllBytes(broken)[..60]);
        return data;
    }
}
