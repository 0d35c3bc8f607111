namespace ActorTrain.Host.Configuration;

/// <summary>
/// What a study goes through, section <c>study</c>: its cells are data sets × the product of the sweep's values × methods × seeds. The
/// methods and seeds are those of <c>run</c>. What a data set sets wins over the other keys, a sweep's value over that, and what a method
/// sets over all.
/// </summary>
public sealed record StudyDefinition
{
    /// <summary>The name of the data set where <c>study.datasets</c> names none.</summary>
    public const string OnlyDataSet = "data";

    /// <summary><c>study.datasets</c>; one where the section is empty.</summary>
    public required IReadOnlyList<StudyDataSet> DataSets { get; init; }

    /// <summary><c>study.sweep</c>; may be empty.</summary>
    public required IReadOnlyList<SweptKey> Sweep { get; init; }

    /// <summary><c>study.results</c>; empty = the run folder.</summary>
    public required string Results { get; init; }

    /// <summary><c>study.stages</c>.</summary>
    public required string Stages { get; init; }

    /// <summary><c>study.parallel</c>, in stages.</summary>
    public required int Parallel { get; init; }
}

/// <summary>A data set of a study.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Configuration">The study's configuration, with what it sets.</param>
public sealed record StudyDataSet(string Name, RunConfiguration Configuration);

/// <summary>A key whose values a study goes through.</summary>
/// <param name="Key">The key.</param>
/// <param name="Values">Its values, as they are written.</param>
/// <param name="Origin">Where they were set, for messages.</param>
public sealed record SweptKey(string Key, IReadOnlyList<string> Values, string Origin);
