using ActorTrain.Actors.Compute;
using FsCheck;
using FsCheck.Fluent;

namespace ActorTrain.Actors.Tests;

[Collection("runs")]
public class TargetTests(RunFixture fixture)
{
    [Fact]
    public void A_cache_keeps_the_blocks_that_were_written_and_no_others()
    {
        string folder = fixture.NewFolder();
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(40), Prop.ForAll(
            Gen.Choose(1, 50).ToArbitrary(), Gen.Choose(1, 9).ToArbitrary(), Gen.Choose(1, 7).ToArbitrary(), (samples, block, length) =>
            {
                string key = Guid.NewGuid().ToString();
                int blocks = (samples + block - 1) / block;
                using (var cache = new TargetCache(folder, key, samples, block, length))
                {
                    Assert.Equal(new bool[blocks], cache.Done);
                    for (int i = 0; i < blocks; i += 2)
                        cache.Write(i, Values(i * block, Math.Min(block, samples - i * block), length));
                }
                using var reopened = new TargetCache(folder, key, samples, block, length);
                var read = new float[length];
                for (int i = 0; i < samples; i++)
                {
                    bool written = i / block % 2 == 0;
                    Assert.Equal(written, reopened.Done[i / block]);
                    reopened.Read(i, read);
                    Assert.Equal(written ? Values(i, 1, length) : new float[length], read);
                }
            }));
    }

    [Fact]
    public void Another_key_is_another_cache()
    {
        string folder = fixture.NewFolder();
        using var one = new TargetCache(folder, "one", 4, 2, 3);
        one.Write(0, Values(0, 2, 3));
        using var other = new TargetCache(folder, "other", 4, 2, 3);
        Assert.Equal([false, false], other.Done);
        Assert.Equal([true, false], one.Done);
    }

    [Theory, EachModality]
    public async Task Cached_and_live_targets_lead_to_the_same_model_up_to_rounding(Modality modality)
    {
        var plan = fixture[modality].Whole;
        Task<(IReadOnlyList<StageResult> Results, IReadOnlyList<RunEvent> Events)> With(TargetMode mode) => RunFixture.ExecuteAsync(
            Plans.Run(plan.Stages[0], plan.Stages[1] with { Targets = mode }), fixture.NewFolder());
        var (_, cached) = await With(TargetMode.Cached);
        var (_, live) = await With(TargetMode.Live);
        Assert.All(Losses(cached).Zip(Losses(live)), pair => Assert.Equal(pair.First, pair.Second, 1e-4 * pair.First));
        Assert.All(Losses(cached), loss => Assert.True(loss > 0));

        static IEnumerable<double> Losses(IReadOnlyList<RunEvent> events) =>
            events.OfType<StepDone>().Where(step => step.Stage == "distillation").Select(step => step.Result.DistillLoss);
    }

    [Theory, EachModality]
    public async Task Cached_targets_are_computed_once_for_all_runs_of_a_folder(Modality modality)
    {
        var plan = fixture[modality].Whole;
        string folder = fixture.NewFolder();
        var distillation = plan.Stages[1];
        await RunFixture.ExecuteAsync(Plans.Run(plan.Stages[0], distillation, distillation with { Name = "second", Seed = 7 }), folder);
        Assert.Single(Directory.EnumerateFiles(Path.Combine(folder, "cache"), "targets-*.bin"));
    }

    [Theory]
    [InlineData(TargetPrecision.Fp32, 0, 4)]
    [InlineData(TargetPrecision.Fp16, 4.8828125e-4, 2)]
    [InlineData(TargetPrecision.Bf16, 3.90625e-3, 2)]
    public void Targets_travel_in_the_precision_of_the_plan(TargetPrecision precision, double relativeError, int bytesOfANumber)
    {
        float[] values = [0, 1, -1, 1.0009765625f, 3.14159265f, -65000, 1e-3f, 12345.678f];
        byte[] bytes = TargetEncoding.Encode(values, precision);
        Assert.Equal(values.Length * bytesOfANumber, bytes.Length);
        float[] back = TargetEncoding.Decode(bytes, precision);
        Assert.All(values.Zip(back), pair => Assert.InRange(Math.Abs(pair.Second - pair.First), 0, relativeError * Math.Abs(pair.First)));
        // What was rounded once stays as it is.
        Assert.Equal(back, TargetEncoding.Decode(TargetEncoding.Encode(back, precision), precision));
    }

    private static float[] Values(int firstSample, int samples, int length) =>
        [.. Enumerable.Range(0, samples * length).Select(i => firstSample * length + i + 1f)];
}
