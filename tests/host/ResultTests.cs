using System.Text.Json;
using ActorTrain.Actors;
using ActorTrain.Host.Results;

namespace ActorTrain.Host.Tests;

public class ResultTests
{
    [Fact]
    public void The_deviation_is_that_of_a_sample()
    {
        // numpy.std([2, 4, 4, 4, 5, 5, 7, 9], ddof=1)
        var statistics = new SeedStatistics([2, 4, 4, 4, 5, 5, 7, 9]);
        Assert.Equal(5, statistics.Mean);
        Assert.Equal(2.138089935299395, statistics.Deviation!.Value, 12);
        Assert.Equal("5.00 ± 2.14", statistics.Format("0.00"));
    }

    [Fact]
    public void One_seed_has_no_deviation_and_none_has_no_mean()
    {
        Assert.Equal("0.50", new SeedStatistics([0.5]).Format("0.00"));
        Assert.Equal("–", new SeedStatistics([]).Format("0.00"));
    }

    [Fact]
    public void A_negative_number_has_a_minus_sign_and_zero_has_none()
    {
        Assert.Equal("−0.25", new SeedStatistics([-0.25]).Format("0.00"));
        Assert.Equal("0.00", new SeedStatistics([-0.0025]).Format("0.00"));
    }

    [Theory]
    [InlineData(0.42, "0.4 s")]
    [InlineData(41.3, "41 s")]
    [InlineData(59.7, "1 min 00 s")]
    [InlineData(185, "3 min 05 s")]
    [InlineData(4320, "1 h 12 min")]
    [InlineData(100_000, "27 h 46 min")]
    [InlineData(double.NaN, "0 s")]
    public void Durations_read_as_people_say_them(double seconds, string expected) => Assert.Equal(expected, ResultTable.Duration(seconds));

    [Fact]
    public void A_method_is_compared_by_its_last_stage_and_pays_for_all_of_them()
    {
        Comparison results = Comparison.Of(Examples.Planned, Examples.Results);
        MethodResult further = results.Methods.Single(method => method.Method == "further-pretraining");
        Assert.Equal([0.7, 0.8], further.TestAccuracy.Values);
        Assert.Equal(0.5, further.Gap.Mean, 9);
        Assert.Equal([30, 30], further.Seconds.Values);
        Assert.Equal([0UL, 1UL], further.Seeds);
    }

    [Fact]
    public void The_table_has_a_row_per_method_with_mean_and_deviation()
    {
        string markdown = ResultTable.Of(Comparison.Of(Examples.Planned, Examples.Results)).ToMarkdown();
        Assert.Contains("| method | test accuracy | test − train loss | ‖θ_init − θ‖₂ | time per seed |", markdown);
        Assert.Contains("| further pre-training | 0.750 ± 0.071 | 0.500 ± 0.000 | 3.00 ± 0.00 | 30 s |", markdown);
    }

    [Fact]
    public void Text_is_compared_by_F1_in_place_of_accuracy()
    {
        Comparison results = Comparison.Of(Examples.PlannedText, Examples.Results);
        string markdown = ResultTable.Of(results).ToMarkdown();
        Assert.Contains("| method | test macro-F1 | test micro-F1 | test − train loss | ‖θ_init − θ‖₂ | time per seed |", markdown);
        Assert.Contains("| fine-tuning | 0.697 ± 0.000 | 0.700 ± 0.000 | 0.500 ± 0.000 | 3.00 ± 0.00 | 10 s |", markdown);
        Assert.Contains("| seed-0/fine-tuning | 10000 | 0.697 | 0.700 | 0.750 | 0.250 |", ResultTable.OfStages(results).ToMarkdown());
        Assert.Contains("| source | 20000 | – | – | – | – |", ResultTable.OfStages(results).ToMarkdown());
    }

    [Fact]
    public void The_result_files_hold_every_stage()
    {
        using var workspace = new Workspace();
        ResultFiles.Write(workspace.Folder, Examples.Planned, Comparison.Of(Examples.Planned, Examples.Results), "./actortrain run x.conf");
        string[] csv = File.ReadAllLines(workspace.File("results.csv"));
        Assert.Equal(Examples.Results.Count + 1, csv.Length);
        Assert.All(csv, line => Assert.Equal(13, line.Split(',').Length));
        using var json = JsonDocument.Parse(File.ReadAllText(workspace.File("results.json")));
        Assert.Equal(Examples.Results.Count, json.RootElement.GetProperty("stages").GetArrayLength());
        Assert.Equal(0.75, json.RootElement.GetProperty("methods")[1].GetProperty("test-accuracy").GetProperty("mean").GetDouble(), 9);
        Assert.Contains("./actortrain run x.conf", File.ReadAllText(workspace.File("results.md")));
    }

    [Fact]
    public void A_finished_run_is_read_again_as_it_was()
    {
        using var workspace = new Workspace();
        Comparison results = Comparison.Of(Examples.Planned, Examples.Results);
        ResultFiles.Write(workspace.Folder, Examples.Planned, results, "./actortrain run x.conf");
        workspace.Write("plan.json", JsonSerializer.Serialize(Examples.Planned.Plan, Examples.Json));
        FinishedRun run = ResultFiles.Read(workspace.Folder);
        Assert.Equal("./actortrain run x.conf", run.Command);
        Assert.Equal(ResultTable.Of(results).ToMarkdown(), ResultTable.Of(run.Results).ToMarkdown());
        Assert.Equal(ResultTable.OfStages(results).ToMarkdown(), ResultTable.OfStages(run.Results).ToMarkdown());
        Assert.Equal(Examples.Planned.Runs.Select(planned => (planned.Method, planned.Seed)), run.Planned.Runs.Select(planned => (planned.Method, planned.Seed)));
        Assert.Equal(Examples.Planned.Plan.Stages.Select(stage => stage.Fingerprint()), run.Planned.Plan.Stages.Select(stage => stage.Fingerprint()));
    }

    [Theory]
    [InlineData(null, "is not finished")]
    [InlineData("{", "results.json is damaged")]
    [InlineData("{\"command\": \"c\", \"stages\": []}", "earlier versions")]
    public void A_run_that_cannot_be_read_again_is_a_sentence(string? results, string named)
    {
        using var workspace = new Workspace();
        workspace.Write("plan.json", JsonSerializer.Serialize(Examples.Planned.Plan, Examples.Json));
        if (results is not null)
            workspace.Write("results.json", results);
        Assert.Contains(named, Assert.Throws<RunException>(() => ResultFiles.Read(workspace.Folder)).Message);
    }
}
