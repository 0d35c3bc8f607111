using System.Text.Json;
using ActorTrain.Host.Results;
using FsCheck;
using FsCheck.Fluent;

namespace ActorTrain.Host.Tests;

public class PairedTestTests
{
    [Fact]
    public void Means_intervals_and_probabilities_are_SciPys()
    {
        using JsonDocument golden = Golden();
        JsonElement tests = golden.RootElement.GetProperty("tests");
        Assert.Equal(7, tests.GetArrayLength());
        foreach (JsonElement example in tests.EnumerateArray())
        {
            double[] values = example.GetProperty("values").Deserialize<double[]>()!;
            PairedTest test = PairedTest.Of([.. values.Zip(example.GetProperty("baselines").Deserialize<double[]>()!)]);
            Assert.Equal(values.Length, test.Pairs);
            Close(example.GetProperty("mean").GetDouble(), test.Mean);
            Close(example.GetProperty("low").GetDouble(), test.Low!.Value);
            Close(example.GetProperty("high").GetDouble(), test.High!.Value);
            Close(example.GetProperty("p").GetDouble(), test.P!.Value);
        }
    }

    [Fact]
    public void The_adjustment_is_Holms()
    {
        using JsonDocument golden = Golden();
        foreach (JsonElement family in golden.RootElement.GetProperty("holm").EnumerateArray())
        {
            double?[] probabilities = family.GetProperty("p").Deserialize<double?[]>()!;
            double[] expected = family.GetProperty("adjusted").Deserialize<double[]>()!;
            Assert.Equal(expected, HolmAdjustment.Adjust(probabilities).Select(p => p!.Value), Same);
        }
    }

    [Fact]
    public void A_test_that_could_not_be_made_does_not_count_as_one() =>
        Assert.Equal([null, 0.02, 0.03, null], HolmAdjustment.Adjust([null, 0.01, 0.03, null]));

    [Fact]
    public void Adjusted_probabilities_keep_their_order_and_are_not_below_the_given_ones() =>
        Prop.ForAll(Gen.Choose(0, 1000).Select(p => p / 1000.0).ArrayOf().ToArbitrary(), probabilities =>
        {
            IReadOnlyList<double?> adjusted = HolmAdjustment.Adjust([.. probabilities.Select(p => (double?)p)]);
            for (int test = 0; test < probabilities.Length; test++)
            {
                Assert.InRange(adjusted[test]!.Value, probabilities[test], Math.Min(1, probabilities[test] * probabilities.Length));
                for (int other = 0; other < probabilities.Length; other++)
                    Assert.True(probabilities[test] > probabilities[other] || adjusted[test] <= adjusted[other]);
            }
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void One_pair_has_a_difference_and_no_test()
    {
        PairedTest test = PairedTest.Of([(0.75, 0.5)]);
        Assert.Equal((1, 0.25), (test.Pairs, test.Mean));
        Assert.Equal((null, null, null), (test.Low, test.High, test.P));
        Assert.True(double.IsNaN(PairedTest.Of([]).Mean));
    }

    [Fact]
    public void Differences_that_are_equal_but_for_rounding_are_not_tested()
    {
        PairedTest test = PairedTest.Of([(0.7, 0.6), (0.8, 0.7), (0.4, 0.3)]);
        Assert.Equal(0.1, test.Mean, 12);
        Assert.Null(test.P);
        Assert.Null(PairedTest.Of([(0.5, 0.5), (0.25, 0.25)]).P);
    }

    [Fact]
    public void Exchanging_the_two_turns_the_difference_round_and_keeps_the_probability()
    {
        PairedTest there = PairedTest.Of([(0.7, 0.6), (0.8, 0.65), (0.4, 0.35)]), back = PairedTest.Of([(0.6, 0.7), (0.65, 0.8), (0.35, 0.4)]);
        Assert.Equal((-there.Mean, -there.High, there.P), (back.Mean, back.Low, back.P));
    }

    private static JsonDocument Golden() => JsonDocument.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "golden", "paired.json")));

    private static void Close(double expected, double actual) => Assert.True(Same(expected, actual), $"{actual} is not {expected}");

    /// <summary>To eight digits of the number itself, however small it is.</summary>
    private static bool Same(double expected, double actual) => Math.Abs(expected - actual) <= 1e-8 * Math.Abs(expected);
}
