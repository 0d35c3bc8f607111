using System.Text.Json;
using ActorTrain.Host.Results;
using FsCheck;
using FsCheck.Fluent;

namespace ActorTrain.Host.Tests;

public class ClassificationScoresTests
{
    [Fact]
    public void Scores_are_scikit_learns()
    {
        using var golden = JsonDocument.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "golden", "scores.json")));
        Assert.Equal(8, golden.RootElement.GetArrayLength());
        foreach (JsonElement example in golden.RootElement.EnumerateArray())
        {
            ClassificationScores scores = ClassificationScores.Of(example.GetProperty("confusion").Deserialize<int[][]>()!);
            Assert.Equal(example.GetProperty("accuracy").GetDouble(), scores.Accuracy, 12);
            Assert.Equal(example.GetProperty("macro-f1").GetDouble(), scores.MacroF1, 12);
            Assert.Equal(example.GetProperty("micro-f1").GetDouble(), scores.MicroF1, 12);
        }
    }

    [Fact]
    public void Micro_F1_is_the_accuracy_and_the_order_of_classes_does_not_matter() =>
        Prop.ForAll(Matrices.ToArbitrary(), confusion =>
        {
            ClassificationScores scores = ClassificationScores.Of(confusion);
            ClassificationScores reversed = ClassificationScores.Of([.. confusion.Reverse().Select(row => row.Reverse().ToArray())]);
            Assert.Equal(scores.Accuracy, scores.MicroF1, 12);
            Assert.Equal(scores.MacroF1, reversed.MacroF1, 12);
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Naming_the_most_frequent_class_is_right_for_its_share()
    {
        ClassificationScores scores = ClassificationScores.OfMostFrequentClass([[1, 2], [0, 6]]);
        Assert.Equal(6.0 / 9, scores.Accuracy, 12);
        Assert.Equal((0 + 12.0 / 15) / 2, scores.MacroF1, 12);
    }

    private static Gen<int[][]> Matrices =>
        from classes in Gen.Choose(1, 6)
        from counts in Gen.Choose(0, 20).ArrayOf(classes * classes)
        select counts.Chunk(classes).ToArray();
}
