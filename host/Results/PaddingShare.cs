using ActorTrain.DataPipeline;

namespace ActorTrain.Host.Results;

/// <summary>The share of padding among a batch's tokens if its sequences were padded to the longest of them, as they are not.</summary>
/// <param name="Bucketed">With sequences of like length in a batch, as they are, 0 to 1.</param>
/// <param name="Shuffled">With batches as the sample order has them, 0 to 1.</param>
public sealed record PaddingShare(double Bucketed, double Shuffled)
{
    /// <summary>Batches that are looked at.</summary>
    private const int Batches = 1000;

    /// <summary>Measures it over the first batches of a data set.</summary>
    public static async Task<PaddingShare> MeasureAsync(ITextSource source, TextOptions options, CancellationToken cancel)
    {
        return new PaddingShare(await ShareAsync(options), await ShareAsync(options with { BucketBatches = 1 }));

        async Task<double> ShareAsync(TextOptions bucketing)
        {
            await using var loader = new TextLoader(source, bucketing, seed: 0, new SampleOrder(source.Count, 0));
            return await loader.PaddingShareAsync((int)Math.Clamp(source.Count / bucketing.BatchSize, 1, Batches), cancel);
        }
    }
}
