using ActorTrain.Actors;

namespace ActorTrain.Host.Results;

/// <summary>
/// Accuracy and F1 of a classifier, from its confusion matrix, as scikit-learn's <c>accuracy_score</c> and <c>f1_score</c> have them by
/// default: a class that neither occurs nor is predicted does not count.
/// </summary>
/// <param name="Accuracy">Share of the samples classified rightly, 0 to 1.</param>
/// <param name="MacroF1">Mean of the F1 of the classes that occur or are predicted, each with the same weight, 0 to 1.</param>
/// <param name="MicroF1">F1 of all decisions together, 0 to 1; where every sample has one label and one prediction it is the accuracy.</param>
public sealed record ClassificationScores(double Accuracy, double MacroF1, double MicroF1)
{
    /// <summary>The scores of a stage on its test set; null without one.</summary>
    public static ClassificationScores? Of(StageResult stage) => stage.Confusion is { } confusion ? Of(confusion) : null;

    /// <summary>Computes the scores.</summary>
    /// <param name="confusion">Samples counted by [label][prediction].</param>
    public static ClassificationScores Of(int[][] confusion)
    {
        int classes = confusion.Length;
        var right = new long[classes];
        var labelled = new long[classes];
        var predicted = new long[classes];
        for (int label = 0; label < classes; label++)
        {
            right[label] = confusion[label][label];
            for (int prediction = 0; prediction < classes; prediction++)
            {
                labelled[label] += confusion[label][prediction];
                predicted[prediction] += confusion[label][prediction];
            }
        }
        return new ClassificationScores(
            Share(right.Sum(), labelled.Sum()),
            Enumerable.Range(0, classes).Where(label => labelled[label] + predicted[label] > 0)
                .Select(label => F1(right[label], labelled[label], predicted[label])).DefaultIfEmpty(0).Average(),
            F1(right.Sum(), labelled.Sum(), predicted.Sum()));
    }

    /// <summary>What always naming the most frequent class would reach.</summary>
    /// <param name="confusion">Samples counted by [label][prediction].</param>
    public static ClassificationScores OfMostFrequentClass(int[][] confusion)
    {
        int[] labelled = [.. confusion.Select(row => row.Sum())];
        int most = Array.IndexOf(labelled, labelled.Max());
        return Of([.. labelled.Select(count => labelled.Select((_, prediction) => prediction == most ? count : 0).ToArray())]);
    }

    /// <summary>2 · precision · recall / (precision + recall), from counts.</summary>
    private static double F1(long right, long labelled, long predicted) => Share(2 * right, labelled + predicted);

    private static double Share(long part, long whole) => whole == 0 ? 0 : (double)part / whole;
}
