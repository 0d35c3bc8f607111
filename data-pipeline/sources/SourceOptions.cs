namespace ActorTrain.DataPipeline;

/// <summary>What to open, and how.</summary>
public sealed record SourceOptions
{
    /// <summary>
    /// Of images a folder of class folders (or of unlabelled images), or WebDataset shards: a <c>.tar</c> or a brace pattern
    /// <c>name-{000000..000009}.tar</c>; of text what <see cref="TextSources"/> tells. A local path, <c>http(s)://…</c> or
    /// <c>s3://bucket/…</c>. A folder over http needs the list of its files beside them, see <see cref="SampleSources"/>.
    /// </summary>
    public required string Location { get; init; }

    /// <summary>The configuration key that <see cref="Location"/> came from, for messages.</summary>
    public string Key { get; init; } = "data";

    /// <summary>Where indices, and what else is made of the data, are kept. The data itself may be read-only.</summary>
    public string CacheDirectory { get; init; } = Path.Combine(Path.GetTempPath(), "actortrain-cache");

    /// <summary>Use only so many samples of what is not held out, stratified by class; 0 uses all. The held-out part is not limited.</summary>
    public int Limit { get; init; }

    /// <summary>Chooses the samples under <see cref="Limit"/>, and those that are held out.</summary>
    public ulong LimitSeed { get; init; }

    /// <summary>
    /// Share of every class, in [0, 1), that is held out for validation; 0 holds nothing out. A class of two or more samples has at
    /// least one on either side. Which samples these are depends on the data, this share, <see cref="Group"/> and <see cref="LimitSeed"/> alone.
    /// </summary>
    public double HoldOut { get; init; }

    /// <summary>
    /// A regular expression that finds in an image's name (its path within the folder or shard) what it belongs to, such as a patient: its
    /// first capturing group, or the whole match. All that belongs together is held out or none of it, so that of a class about its share
    /// is. Null: every sample is for itself.
    /// </summary>
    public string? Group { get; init; }

    /// <summary>Whether to open the part that is held out, and not the rest.</summary>
    public bool HeldOut { get; init; }

    /// <summary>Class names in label order where they are known already (a test set labelled like its training set); otherwise found in the data.</summary>
    public IReadOnlyList<string>? ClassNames { get; init; }

    /// <summary>The clock behind the pauses between retries of a network request.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Told how far the opening is, for every file and shard and from any thread: it should only take note. Null = nobody looks.</summary>
    public IProgress<OpeningProgress>? Progress { get; init; }

    internal void Report(OpeningPhase phase, long done, long? total) => Progress?.Report(new OpeningProgress(Key, phase, done, total));
}
