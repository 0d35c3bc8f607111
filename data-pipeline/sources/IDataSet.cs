namespace ActorTrain.DataPipeline;

/// <summary>A data set whose samples are known by number. Safe for concurrent use.</summary>
public interface IDataSet : IAsyncDisposable
{
    /// <summary>The path, pattern or URL the data set was opened from.</summary>
    string Location { get; }

    /// <summary>Number of samples, at least 1.</summary>
    long Count { get; }

    /// <summary>Class names in label order; empty for unlabelled data.</summary>
    IReadOnlyList<string> ClassNames { get; }

    /// <summary>
    /// SHA-256 (hex), independent of where the data set lies: of images over the samples' names within the data set, sizes and labels,
    /// of text over what is in the documents and how it is read.
    /// </summary>
    string Fingerprint { get; }

    /// <summary>The label of a sample, -1 for none.</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="sample"/> is not in [0, Count).</exception>
    int LabelOf(long sample);
}
