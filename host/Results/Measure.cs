using ActorTrain.Host.Study;

namespace ActorTrain.Host.Results;

/// <summary>A number by which a study's cells are compared.</summary>
/// <param name="Name">What it is called in tables and plots.</param>
/// <param name="Format">How it is written.</param>
/// <param name="Of">Its value in a cell; null where the cell did not measure it.</param>
public sealed record Measure(string Name, string Format, Func<CellResult, double?> Of)
{
    /// <summary>Cross-entropy on the test samples; less is better.</summary>
    public static Measure TestLoss { get; } = new("test loss", "0.000", cell => cell.TestLoss);

    /// <summary>Cross-entropy on the test samples less that on the training samples: how much worse a model is at what it has not seen.</summary>
    public static Measure Gap { get; } = new("test − train loss", "0.000", cell => cell.TestLoss - cell.TrainLoss);

    /// <summary>How far the encoder went from θ_init.</summary>
    public static Measure Distance { get; } = new("‖θ_init − θ‖₂", "0.00", cell => cell.Distance);

    /// <summary>What classifiers of such samples are compared by.</summary>
    public static IReadOnlyList<Measure> Scores(bool isText) => isText ? OfText : OfImages;

    /// <summary>What their differences are tested by: the first score, and the loss, which shows overfitting before a score does.</summary>
    public static IReadOnlyList<Measure> Tested(bool isText) => [Scores(isText)[0], TestLoss];

    private static IReadOnlyList<Measure> OfImages { get; } = [new("test accuracy", "0.000", cell => cell.TestAccuracy)];

    private static IReadOnlyList<Measure> OfText { get; } =
        [new("test macro-F1", "0.000", cell => cell.MacroF1), new("test micro-F1", "0.000", cell => cell.MicroF1)];
}
