using System.Globalization;
using System.Text.Json;
using System.Xml;
using System.Xml.Linq;
using ActorTrain.Actors;
using ActorTrain.Host.Report;
using ActorTrain.Host.Results;
using ActorTrain.Host.Study;

namespace ActorTrain.Host.Tests;

public class StudyReportTests
{
    private static readonly SweepAxis Subsets = new("data.limit-seed", ["0", "1", "2"]);
    private static readonly SweepAxis Labels = new("data.limit", ["50", "100", "200", "0"]);

    [Fact]
    public void Subsets_and_seeds_are_pairs_and_other_keys_are_told_apart()
    {
        StudyResults results = Results([Subsets, Labels, new("distill.target", ["cls", "tokens"]), new("model.image-size", ["32"])], seeds: 2);
        Assert.Equal(["data.limit", "distill.target"], results.Axes.Select(axis => axis.Key));
        Assert.Equal("data.limit", Assert.Single(results.NumericAxes).Key);
        Assert.Equal(8, results.Settings.Count);
        Assert.Equal("xray, data.limit = 50, distill.target = tokens", results.Settings[1].Name);
        Assert.Equal(6, results.Pairs);
        Assert.Equal(["seed 0, data.limit-seed = 0", "seed 1, data.limit-seed = 0", "seed 0, data.limit-seed = 1"], results.Of(results.Settings[1], "fine-tuning").Take(3).Select(cell => cell.Pair));
        Assert.Equal((8 * 3 * 6, 8 * 3 * 6), (results.Expected, results.Cells.Count));
    }

    [Fact]
    public void A_method_is_tested_over_the_pairs_that_both_have()
    {
        StudyRecord study = ExampleStudy.Record(["xray"], [Subsets], ExampleStudy.ThreeMethods, 5);
        IReadOnlyList<CellResult> cells = ExampleStudy.Cells(study);
        var without = new StudyResults(study, [.. cells.Where(cell => cell is not { Method: "fine-tuning", Seed: 1 } and not { Method: "self-distillation", Seed: 2 })]);
        MethodComparison comparison = StudyTables.AgainstFineTuning(without)[0].Single(comparison => comparison.Method == "self-distillation");
        (double, double)[] pairs = [.. from mine in cells
                                       where mine is { Method: "self-distillation", Seed: not 1 and not 2 }
                                       let other = cells.Single(cell => cell.Method == "fine-tuning" && cell.Seed == mine.Seed && cell.Sweep["data.limit-seed"] == mine.Sweep["data.limit-seed"])
                                       select (mine.TestAccuracy!.Value, other.TestAccuracy!.Value)];
        Assert.Equal(9, pairs.Length);
        Assert.Equal(PairedTest.Of(pairs).P!.Value, comparison.Test.P!.Value, 12);
        Assert.Equal(9, comparison.Test.Pairs);
        double further = StudyTables.AgainstFineTuning(without)[0][0].Test.P!.Value;
        Assert.Equal(HolmAdjustment.Adjust([further, comparison.Test.P])[1]!.Value, comparison.Adjusted!.Value, 12);
        Assert.Equal(12, Assert.Single(StudyTables.AgainstFurtherPretraining(without)[0]).Test.Pairs);
    }

    [Fact]
    public void Every_method_that_distils_is_tested_against_further_pretraining()
    {
        string[] methods = [.. ExampleStudy.ThreeMethods, "mars", "self-distillation-tokens"];
        StudyRecord study = ExampleStudy.Record(["xray"], [Labels], methods, 3);
        IReadOnlyList<CellResult> cells = ExampleStudy.Cells(study);
        IReadOnlyList<IReadOnlyList<MethodComparison>> tested = [.. StudyTables.AgainstFurtherPretraining(new StudyResults(study, cells)).Where(comparisons => comparisons[0].Measure.Name == "test accuracy")];
        Assert.Equal(Labels.Values.Count, tested.Count);
        foreach (var (value, comparisons) in Labels.Values.Zip(tested))
        {
            Assert.Equal(["self-distillation", "self-distillation-tokens"], comparisons.Select(comparison => comparison.Method));
            Assert.Equal(PairedTest.Of([.. from mine in cells
                                           where mine.Method == "self-distillation-tokens" && mine.Sweep["data.limit"] == value
                                           select (mine.TestAccuracy!.Value, cells.Single(other => other.Method == "further-pretraining" && other.Seed == mine.Seed && other.Sweep["data.limit"] == value).TestAccuracy!.Value)]),
                comparisons[1].Test);
            Assert.Equal(HolmAdjustment.Adjust([comparisons[0].Test.P, comparisons[1].Test.P]), comparisons.Select(comparison => comparison.Adjusted));
        }
        ResultTable table = StudyTables.Differences(tested[0]);
        Assert.Equal(["method", "self-distillation", "self-distillation-tokens"], table.Rows.Select(row => row[0]).Prepend(table.Header[0]));
        StudyRecord without = ExampleStudy.Record(["xray"], [Labels], ["fine-tuning", "self-distillation"], 3);
        Assert.Empty(StudyTables.AgainstFurtherPretraining(new StudyResults(without, ExampleStudy.Cells(without))));
    }

    [Fact]
    public void The_test_loss_is_tested_beside_the_score_and_adjusted_by_itself()
    {
        StudyRecord study = ExampleStudy.Record(["xray"], [Subsets], ExampleStudy.ThreeMethods, 5);
        IReadOnlyList<CellResult> cells = ExampleStudy.Cells(study);
        IReadOnlyList<IReadOnlyList<MethodComparison>> tested = StudyTables.AgainstFineTuning(new StudyResults(study, cells));
        Assert.Equal(["xray, test accuracy", "xray, test loss"], tested.Select(StudyTables.Caption));
        Assert.Equal(PairedTest.Of([.. from mine in cells
                                       where mine.Method == "self-distillation"
                                       select (mine.TestLoss!.Value, cells.Single(other => other.Method == "fine-tuning" && other.Seed == mine.Seed && other.Sweep["data.limit-seed"] == mine.Sweep["data.limit-seed"]).TestLoss!.Value)]),
            tested[1][1].Test);
        Assert.All(tested, comparisons => Assert.Equal(HolmAdjustment.Adjust([.. comparisons.Select(comparison => comparison.Test.P)]), comparisons.Select(comparison => comparison.Adjusted)));
    }

    [Fact]
    public void A_single_method_has_one_table_with_a_row_for_each_setting()
    {
        StudyRecord study = ExampleStudy.Record(["xray"], [Labels with { Values = ["50", "0"] }, new SweepAxis("pretrain.steps", ["500", "2000"])], ["fine-tuning", "mars"], 2);
        var results = new StudyResults(study, ExampleStudy.Cells(study));
        IReadOnlyList<IReadOnlyList<MethodComparison>> tested = StudyTables.AgainstFineTuning(results);
        Assert.Equal(["MARS, test accuracy", "MARS, test loss"], tested.Select(StudyTables.Caption));
        IReadOnlyList<MethodComparison> comparisons = tested[0];
        ResultTable table = StudyTables.Differences(comparisons);
        Assert.Equal(["setting", .. results.Settings.Select(setting => setting.Name)], table.Rows.Select(row => row[0]).Prepend(table.Header[0]));
        Assert.Equal("Against fine-tuning", Assert.Single(StudyTables.Tests(results)).Title);

        XDocument page = Parse(StudyReport.Compose(results, ""));
        Assert.Contains(page.Descendants(), element => element.Name.LocalName == "h3" && element.Value == "MARS, test accuracy");
        // A column's swept keys stand below each other.
        XElement column = page.Descendants().First(element => element.Name.LocalName == "th" && element.Value.StartsWith("data.limit = 50", StringComparison.Ordinal));
        Assert.Equal(["data.limit = 50,", "br", "pretrain.steps = 500"], column.Nodes().Select(node => node is XElement element ? element.Name.LocalName : $"{node}"));
    }

    [Fact]
    public void Over_draws_the_mean_of_a_subsets_seeds_is_one_observation()
    {
        StudyRecord study = ExampleStudy.Record(["xray"], [Subsets], ExampleStudy.ThreeMethods, 5);
        IReadOnlyList<CellResult> cells = ExampleStudy.Cells(study);
        (double, double)[] means = [.. Subsets.Values.Select(subset => (Mean("further-pretraining", subset), Mean("fine-tuning", subset)))];
        var results = new StudyResults(study, cells);
        MethodComparison comparison = StudyTables.AgainstFineTuning(results)[0][0];
        Assert.Equal(PairedTest.Of(means), comparison.OverDraws);
        Assert.Equal(3, comparison.OverDraws!.Pairs);
        Assert.Equal(comparison.Test.Mean, comparison.OverDraws.Mean, 12);
        Assert.Contains("data.limit-seed", StudyTexts.Differences(results));
        Assert.Null(StudyTables.AgainstFineTuning(Results([Labels], 2))[0][0].OverDraws);

        double Mean(string method, string subset) =>
            cells.Where(cell => cell.Method == method && cell.Sweep["data.limit-seed"] == subset).Average(cell => cell.TestAccuracy!.Value);
    }

    [Fact]
    public void The_tests_over_draws_are_adjusted_like_those_over_pairs_and_drawn_beside_them()
    {
        StudyRecord study = ExampleStudy.Record(["xray"], [Subsets], ExampleStudy.ThreeMethods, 5);
        var results = new StudyResults(study, ExampleStudy.Cells(study));
        IReadOnlyList<MethodComparison> comparisons = StudyTables.AgainstFineTuning(results)[0];
        IReadOnlyList<double?> expected = HolmAdjustment.Adjust([.. comparisons.Select(comparison => comparison.OverDraws!.P)]);
        Assert.DoesNotContain(null, expected);
        Assert.Equal(expected, comparisons.Select(comparison => comparison.AdjustedOverDraws));
        ResultTable table = StudyTables.Differences(comparisons);
        Assert.Equal(["p", "p (Holm)", "draws", "interval over draws", "p over draws", "p over draws (Holm)"], table.Header.Skip(4));
        Assert.All(table.Rows, row => Assert.Equal(table.Header.Count, row.Count));

        XDocument page = Parse(StudyReport.Compose(results, ""));
        Assert.Contains("interval over draws of data.limit-seed", page.Root!.Value);
        Assert.Equal([3 * 2, 3 * 2, 3, 3], Svgs(page).Where(svg => ((string)svg.Attribute("aria-label")!).StartsWith("differences", StringComparison.Ordinal))
            .Select(svg => svg.Elements().Count(element => ((string)element.Attribute("class")!).Contains("over-draws"))));
    }

    [Fact]
    public void One_method_against_fine_tuning_needs_no_adjustment()
    {
        MethodComparison comparison = StudyTables.AgainstFineTuning(Results([Subsets], 3, methods: ["fine-tuning", "mars"]))[0].Single();
        Assert.Equal((null, null), (comparison.Adjusted, comparison.AdjustedOverDraws));
        Assert.NotNull(comparison.OverDraws!.P);
    }

    [Fact]
    public void What_is_the_same_computation_counts_once_however_many_draws_name_it()
    {
        SweepAxis few = Labels with { Values = ["50", "0"] };
        StudyRecord study = ExampleStudy.Record(["xray"], [few, Subsets], ExampleStudy.ThreeMethods, 2);
        IReadOnlyList<CellResult> drawn = ExampleStudy.Cells(study);
        // Without a limit the draw changes nothing.
        CellResult[] cells = [.. drawn.Select(cell => cell.Sweep["data.limit"] == "50" ? cell : drawn.Single(same => (same.Method, same.Seed) == (cell.Method, cell.Seed)
            && same.Sweep["data.limit"] == "0" && same.Sweep["data.limit-seed"] == "0") with { Sweep = cell.Sweep })];
        study = study with { Identities = ExampleStudy.IdentitiesOf(cells) };
        var results = new StudyResults(study, cells);
        Assert.Equal((6, 3 * (6 + 2), 3 * (6 + 2), 0), (results.Pairs, results.Expected, results.Cells.Count, results.Strangers));
        Assert.Equal([6, 2], results.Settings.Select(setting => results.Statistics(setting, "fine-tuning", Measure.Gap).Values.Count));
        Assert.Empty(StudyTexts.Missing(results));
        Assert.Contains("up to 6 repetitions each: 24 cells of 24 done", StudyTexts.Summary(results));
        Assert.Contains("the same computation count once", StudyTexts.Repetitions(results));

        MethodComparison all = StudyTables.AgainstFurtherPretraining(results)[0][1];
        Assert.Equal((2, 1, null), (all.Test.Pairs, all.OverDraws!.Pairs, all.OverDraws.P));
        Assert.Equal(PairedTest.Of([.. from mine in cells
                                       where mine.Method == "self-distillation" && mine.Sweep["data.limit"] == "0" && mine.Sweep["data.limit-seed"] == "0"
                                       select (mine.TestAccuracy!.Value, cells.First(other => other.Method == "further-pretraining" && other.Seed == mine.Seed && other.Sweep["data.limit"] == "0").TestAccuracy!.Value)]), all.Test);

        // The file of any draw will do; without all of them the cell is missing.
        var other = new StudyResults(study, [.. cells.Where(cell => cell.Sweep["data.limit"] == "50" || cell.Sweep["data.limit-seed"] == (cell.Seed == 0 ? "1" : "2"))]);
        Assert.Empty(StudyTexts.Missing(other));
        Assert.Equal(all.Test, StudyTables.AgainstFurtherPretraining(other)[0][1].Test);
        Assert.Equal(1, StudyTables.AgainstFurtherPretraining(other)[0][1].OverDraws!.Pairs);
        var without = new StudyResults(study, [.. cells.Where(cell => cell is not { Method: "fine-tuning", Seed: 1 } || cell.Sweep["data.limit"] == "50")]);
        Assert.Equal("xray, data.limit = 0: fine-tuning 1 of 2", Assert.Single(StudyTexts.Missing(without)));
    }

    [Fact]
    public void Of_two_cells_in_a_place_the_later_counts_and_a_cell_without_a_place_is_told()
    {
        StudyRecord study = ExampleStudy.Record(["xray"], [], ExampleStudy.ThreeMethods, 1);
        IReadOnlyList<CellResult> cells = ExampleStudy.Cells(study);
        CellResult again = cells[0] with { TestAccuracy = 0.25, Finished = cells[0].Finished.AddHours(1) };
        var results = new StudyResults(study, [.. cells, again, cells[0] with { Dataset = "another" }]);
        Assert.Equal(0.25, results.Of(results.Settings[0], "fine-tuning").Single().Cell.TestAccuracy);
        Assert.Equal((3, 1), (results.Cells.Count, results.Strangers));
        Assert.Contains("1 more cell in the folder belongs to no place", Assert.Single(StudyTexts.Missing(results)));
    }

    [Fact]
    public void A_cell_that_was_made_when_the_study_was_configured_otherwise_does_not_count()
    {
        StudyRecord study = ExampleStudy.Record(["xray"], [], ExampleStudy.ThreeMethods, 2);
        IReadOnlyList<CellResult> cells = ExampleStudy.Cells(study);
        var results = new StudyResults(study, [cells[0] with { Identity = new string('0', 64) }, .. cells.Skip(1)]);
        Assert.Equal((5, 1), (results.Cells.Count, results.Strangers));
        Assert.DoesNotContain(cells[0] with { Identity = new string('0', 64) }, results.Cells);
    }

    [Fact]
    public void The_csv_has_a_line_per_cell_with_numbers_in_full()
    {
        StudyRecord study = ExampleStudy.Record(["xray"], [Labels], ["fine-tuning", "mars"], 2);
        CellResult[] cells = [.. ExampleStudy.Cells(study)];
        cells[0] = cells[0] with { TestAccuracy = 1.0 / 3, Command = "run \"a,b\"" };
        string[] lines = StudyResultFiles.Csv(new StudyResults(study, cells)).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(17, lines.Length);
        Assert.StartsWith("study,dataset,data.limit,method,seed,test_accuracy,", lines[0]);
        Assert.Contains("xray,50,fine-tuning,0,0.3333333333333333,", lines[1]);
        Assert.EndsWith(",\"run \"\"a,b\"\"\"", lines[1]);
    }

    [Fact]
    public async Task The_markdown_has_the_tables_of_the_page()
    {
        using var workspace = new Workspace();
        StudyRecord study = ExampleStudy.Record(["sciERC"], [], ExampleStudy.ThreeMethods, 3);
        await StudyResultFiles.WriteAsync(workspace.Folder, new StudyResults(study, [.. ExampleStudy.Cells(study, isText: true).Skip(1)]), CancellationToken.None);
        string markdown = File.ReadAllText(workspace.File("results.md"));
        Assert.Contains("## test macro-F1", markdown);
        Assert.Contains("## test micro-F1", markdown);
        Assert.DoesNotContain("accuracy", markdown);
        Assert.Contains("(n = 2) |", markdown);
        Assert.Contains("| self-distillation | **0.", markdown);
        Assert.Contains("| method | n | difference | 95 % interval | p | p (Holm) |", markdown);
        Assert.Contains("- sciERC: fine-tuning 2 of 3", markdown);
        Assert.Contains("## Self-distillation against further pre-training", markdown);
    }

    [Theory]
    [InlineData("")]
    [InlineData("data.limit")]
    [InlineData("distill.target")]
    public void The_page_is_well_formed_and_shows_every_cell(string axis)
    {
        SweepAxis[] sweep = axis switch { "" => [], "data.limit" => [Labels], _ => [new(axis, ["cls", "tokens"])] };
        StudyRecord study = ExampleStudy.Record(["xray", "gpu"], sweep, ExampleStudy.ThreeMethods, 2);
        XDocument page = Parse(StudyReport.Compose(new StudyResults(study, ExampleStudy.Cells(study)), ""));
        Assert.Equal(study.Name, page.Descendants("h1").Single().Value);
        Assert.Empty(page.Descendants("script"));
        Assert.DoesNotContain(page.Descendants().Attributes(), attribute => attribute.Name.LocalName is "src" or "href");
        Assert.Equal(2 * Math.Max(1, sweep.Sum(swept => swept.Values.Count)) * 3 * 2, page.Descendants("code").Count() - 1);
        Assert.Contains(page.Descendants("pre"), pre => pre.Value == study.Configuration);
        Assert.Contains(page.Descendants("th"), cell => cell.Value == "p (Holm)");
        Assert.DoesNotContain(page.Descendants("div"), div => (string?)div.Attribute("class") == "notice");
        Assert.DoesNotContain("NaN", page.ToString());
    }

    [Fact]
    public void A_swept_number_is_drawn_with_a_line_per_method_over_its_values_in_order()
    {
        StudyRecord study = ExampleStudy.Record(["xray"], [Labels with { Values = ["200", "50", "0", "100"] }], ExampleStudy.ThreeMethods, 2);
        XDocument page = Parse(StudyReport.Compose(new StudyResults(study, ExampleStudy.Cells(study)), ""));
        XElement plot = Svgs(page).First(svg => ((string)svg.Attribute("aria-label")!).StartsWith("test accuracy over labelled samples", StringComparison.Ordinal));
        XElement[] lines = [.. plot.Elements().Where(element => element.Name.LocalName == "polyline")];
        Assert.Equal(3, lines.Length);
        foreach (XElement line in lines)
        {
            double[] places = [.. ((string)line.Attribute("points")!).Split(' ').Select(point => double.Parse(point.Split(',')[0], CultureInfo.InvariantCulture))];
            Assert.Equal(4, places.Length);
            Assert.Equal(places.Order(), places);
        }
        string[] marks = [.. plot.Elements().Where(element => (string?)element.Attribute("class") == "mark middle").Select(mark => mark.Value)];
        Assert.Equal(["50", "100", "200", "all", "labelled samples"], marks);
    }

    [Fact]
    public void An_incomplete_study_says_what_is_missing_and_an_empty_one_has_a_page_too()
    {
        StudyRecord study = ExampleStudy.Record(["xray"], [Labels], ExampleStudy.ThreeMethods, 2);
        IReadOnlyList<CellResult> cells = ExampleStudy.Cells(study);
        XDocument page = Parse(StudyReport.Compose(new StudyResults(study, [.. cells.Take(5)]), ""));
        Assert.Contains("5 of 24 cells are done", page.Descendants("div").Single(div => (string?)div.Attribute("class") == "notice").Value);
        Assert.Contains(page.Descendants("li"), item => item.Value.Contains("data.limit = 50: self-distillation 1 of 2"));
        Assert.Contains("0 of 24 cells are done", Parse(StudyReport.Compose(new StudyResults(study, []), "")).ToString());
        for (int count = 1; count < cells.Count; count++)
            Assert.DoesNotContain("NaN", Parse(StudyReport.Compose(new StudyResults(study, [.. cells.Take(count)]), "")).ToString());
    }

    [Fact]
    public async Task A_folder_gets_its_three_files_and_says_that_the_models_are_gone()
    {
        using var workspace = new Workspace();
        StudyRecord study = ExampleStudy.Record(["xray"], [], ExampleStudy.ThreeMethods, 2);
        ExampleStudy.Write(workspace.Folder, study, ExampleStudy.Cells(study));
        await StudyReport.WriteAsync(workspace.Folder, CancellationToken.None);
        Assert.Contains("no longer in their folders", File.ReadAllText(workspace.File("report.html")));
        Assert.Equal(7, File.ReadAllLines(workspace.File("results.csv")).Length);
        Assert.True(File.Exists(workspace.File("results.md")));
    }

    [Fact]
    public async Task A_damaged_file_is_told_by_its_name_and_the_rest_reported()
    {
        using var workspace = new Workspace();
        StudyRecord study = ExampleStudy.Record(["xray"], [], ExampleStudy.ThreeMethods, 2);
        ExampleStudy.Write(workspace.Folder, study, ExampleStudy.Cells(study));
        string file = workspace.Write("cells/xray__a-method-of-old_seed-0.json", "{ \"study\"");
        Assert.StartsWith($"{file} is damaged", Assert.Single(await StudyReport.WriteAsync(workspace.Folder, CancellationToken.None)));
        XDocument page = Parse(File.ReadAllText(workspace.File("report.html")));
        XElement notice = page.Descendants("div").Single(div => (string?)div.Attribute("class") == "notice");
        Assert.Contains("Complete, but files are left out: 6 of 6 cells are done", notice.Value);
        Assert.Contains($"{file} is damaged", notice.Descendants("li").Single().Value);
        Assert.Contains($"- {file} is damaged", File.ReadAllText(workspace.File("results.md")));
    }

    [Fact]
    public async Task Pictures_are_of_the_samples_that_are_held_out_where_these_are_measured()
    {
        using var workspace = new Workspace();
        DataPlan data = Examples.Planned.Plan.Stages[0].Train! with { Location = workspace.Images("images"), CacheDirectory = workspace.File("cache"), HoldOut = 0.5 };
        StagePlan stage = Examples.Planned.Plan.Stages.First(stage => stage.Kind == StageKind.Pretrain);
        SampleModel[] models = [new SampleModel("model", stage, workspace.Model("model"))];
        IReadOnlyList<string> held = await PaintedAsync(data with { HeldOut = true }), rest = await PaintedAsync(data);
        Assert.Equal((8, 8), (held.Count, rest.Count));
        Assert.Empty(held.Intersect(rest));
        Assert.Equal(3, (await PaintedAsync(data with { Limit = 3 })).Count);

        async Task<IReadOnlyList<string>> PaintedAsync(DataPlan shown) =>
            [.. (await SamplePictures.PaintAsync(models, shown, CancellationToken.None))[0].Pictures.Select(Convert.ToBase64String)];
    }

    [Fact]
    public async Task Models_that_are_still_there_reconstruct_images()
    {
        using var workspace = new Workspace();
        StudyRecord study = ExampleStudy.Record(["xray"], [], ExampleStudy.ThreeMethods, 1) with { Stages = workspace.File("stages") };
        IReadOnlyList<CellResult> cells = ExampleStudy.Cells(study);
        CellStage further = cells.Single(cell => cell.Method == "further-pretraining").Stages[1];
        StagePlan plan = Examples.Planned.Plan.Stages.First(stage => stage.Kind == StageKind.Pretrain);
        plan = plan with { Train = plan.Train! with { Location = workspace.Images("images"), CacheDirectory = workspace.File("cache") } };
        workspace.Write($"stages/{further.Identity[..16]}/plan.json", JsonSerializer.Serialize(new RunPlan { Name = "s", Stages = [plan] }, Examples.Json));
        workspace.Model($"stages/{further.Identity[..16]}/stages/pretrain/model");
        ExampleStudy.Write(workspace.File("results"), study, cells);
        await StudyReport.WriteAsync(workspace.File("results"), CancellationToken.None);
        XDocument page = Parse(File.ReadAllText(workspace.File("results", "report.html")));
        Assert.Equal(24, page.Descendants("img").Count());
        Assert.Contains(page.Descendants("div"), div => div.Value == "further pre-training");
    }

    private static StudyResults Results(IReadOnlyList<SweepAxis> sweep, int seeds, IReadOnlyList<string>? methods = null)
    {
        StudyRecord study = ExampleStudy.Record(["xray"], sweep, methods ?? ExampleStudy.ThreeMethods, seeds);
        return new StudyResults(study, ExampleStudy.Cells(study));
    }

    private static IEnumerable<XElement> Svgs(XDocument page) => page.Descendants("{http://www.w3.org/2000/svg}svg");

    private static XDocument Parse(string html)
    {
        using var reader = XmlReader.Create(new StringReader(html), new XmlReaderSettings { DtdProcessing = DtdProcessing.Ignore });
        return XDocument.Load(reader);
    }
}
