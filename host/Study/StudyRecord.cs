namespace ActorTrain.Host.Study;

/// <summary>What a study compares: <c>study.json</c> in its results folder, beside the cells.</summary>
public sealed record StudyRecord
{
    /// <summary>The study's name.</summary>
    public required string Name { get; init; }

    /// <summary>The data sets, in order.</summary>
    public required IReadOnlyList<string> Datasets { get; init; }

    /// <summary>The swept keys, in order; empty without a sweep.</summary>
    public required IReadOnlyList<SweepAxis> Sweep { get; init; }

    /// <summary>The methods, in order.</summary>
    public required IReadOnlyList<string> Methods { get; init; }

    /// <summary>The seeds, in order.</summary>
    public required IReadOnlyList<ulong> Seeds { get; init; }

    /// <summary>
    /// The identities of its cells: by seed, then data set, values of the swept keys (the last key's vary first) and method. A file with
    /// another one was made when the study was configured otherwise; cells with the same one are the same computation.
    /// </summary>
    public required IReadOnlyList<string> Identities { get; init; }

    /// <summary>Every key and its value, as HOCON, as they were when the study was last started.</summary>
    public required string Configuration { get; init; }

    /// <summary>The command that carries the study out.</summary>
    public required string Command { get; init; }

    /// <summary>
    /// Where the stages' models lie while nobody deletes them: <c>X/stages/KIND/model</c>, X the first 16 digits of the stage's identity,
    /// and <c>X/plan.json</c> beside it.
    /// </summary>
    public required string Stages { get; init; }
}

/// <summary>A swept key.</summary>
/// <param name="Key">The key.</param>
/// <param name="Values">Its values, in order.</param>
public sealed record SweepAxis(string Key, IReadOnlyList<string> Values);
