using System.Text.RegularExpressions;

namespace ActorTrain.Host.Study;

/// <summary>A stage of a cell.</summary>
/// <param name="Name">Its name in a run of the cell alone, such as <c>seed-0/further-pretraining</c>.</param>
/// <param name="Stage">The stage.</param>
internal sealed record NamedStage(string Name, StudyStage Stage)
{
    /// <summary>The name without the seed, which the cell says.</summary>
    public string ShortName => Name[(Name.LastIndexOf('/') + 1)..];
}

/// <summary>One data set, one value of each swept key, one method, one seed.</summary>
internal sealed partial record StudyCell
{
    /// <summary>The study's name.</summary>
    public required string Study { get; init; }

    /// <summary>The data set's name in the study.</summary>
    public required string DataSet { get; init; }

    /// <summary>The value of each swept key, in the order of the sweep.</summary>
    public required IReadOnlyList<KeyValuePair<string, string>> Sweep { get; init; }

    /// <summary>The method's name.</summary>
    public required string Method { get; init; }

    /// <summary>The seed.</summary>
    public required ulong Seed { get; init; }

    /// <summary>All stages that lead to it, in an order in which they can be carried out; the last one is its classifier.</summary>
    public required IReadOnlyList<NamedStage> Stages { get; init; }

    /// <summary>Whether the samples are text.</summary>
    public required bool IsText { get; init; }

    /// <summary>The classes in label order.</summary>
    public required IReadOnlyList<string> Classes { get; init; }

    /// <summary>What it is configured with.</summary>
    public required CellConfiguration Configuration { get; init; }

    /// <summary>Identity of its result; see <see cref="Actors.StageIdentity.OfResult"/>.</summary>
    public required string Identity { get; init; }

    /// <summary>Whether it is measured on samples held out of the training set.</summary>
    public bool Validates => Stages[^1].Stage.Plan.Test is { HeldOut: true };

    /// <summary>What it is called: <c>xray 150 self-distillation seed 0</c>.</summary>
    public string Title => string.Join(' ', [DataSet, .. Sweep.Select(swept => swept.Value), Method, $"seed {Seed}"]);

    /// <summary>The name of its file.</summary>
    public string FileName => string.Join('_', [DataSet, .. Sweep.Select(swept => NoFileName().Replace(swept.Value, "-")), Method, $"seed-{Seed}.json"]);

    /// <summary>The command that makes this cell alone.</summary>
    public string Command => string.Join(' ', ["./actortrain", "run", RunSession.Quoted(Configuration.File),
        .. Configuration.Assignments.SelectMany(assignment => new[] { "--set", RunSession.Quoted(assignment) }),
        "--folder", RunSession.Quoted($"runs/{Study}/{Path.GetFileNameWithoutExtension(FileName)}")]);

    [GeneratedRegex("[^A-Za-z0-9.+-]")]
    private static partial Regex NoFileName();
}
