using ActorTrain.DataPipeline;
using ActorTrain.Host.Report;
using ActorTrain.Host.Results;
using ActorTrain.Host.Study;
using ActorTrain.Host.Theory;
using Microsoft.Playwright;

namespace ActorTrain.Host.Tests;

/// <summary>The pages in a real browser, at the width of a desk and of a telephone.</summary>
public class BrowserTests
{
    private static readonly SweepAxis Labels = new("data.limit", ["50", "100", "200", "400", "0"]);
    private static readonly SweepAxis Subsets = new("data.limit-seed", ["0", "1", "2"]);

    private static readonly string[] ManyMethods =
    [
        .. ExampleStudy.ThreeMethods, "further-pretraining-x2", "without-distillation", "prediction-matching", "weight-matching-l2",
        "weight-matching-mars", "recadam", "mars", "r3f", "supcon", "replay-mixing",
    ];

    private const int PictureSize = 32;

    private const string ShownPictures = "[...document.querySelectorAll('.samples img')].filter(picture => picture.offsetParent !== null)";

    private static readonly string[] PictureRows = ["test image", "seen by the encoder", "θ_init", "further pre-training", "self-distillation by predictions"];

    /// <summary>Reconstructions as a report shows them, of made-up images.</summary>
    private static readonly string Pictures = SamplePictures.Section([.. PictureRows.Select((name, row) => new PictureRow(name, [.. Enumerable.Range(0, 8)
        .Select(column => PngWriter.Encode([.. Enumerable.Range(0, PictureSize * PictureSize * 3).Select(value => (byte)((value / 96 * (row + 1)) + (value * column)))], PictureSize, PictureSize))]))]);

    [BrowserTheory]
    [InlineData(1280)]
    [InlineData(400)]
    public async Task A_page_with_a_sweep_is_readable_and_asks_for_nothing(int width) =>
        await CheckAsync(ExampleStudy.Record(["xray"], [Labels], [.. ExampleStudy.ThreeMethods, "mars"], 3), width);

    [BrowserTheory]
    [InlineData(1280)]
    [InlineData(400)]
    public async Task A_page_with_hundreds_of_cells_is_readable_and_asks_for_nothing(int width) =>
        await CheckAsync(ExampleStudy.Record(["xray", "a-data-set-with-a-long-name"], [Subsets], ManyMethods, 5), width);

    [BrowserTheory]
    [InlineData(1280)]
    [InlineData(400)]
    public async Task A_page_of_a_study_that_has_just_begun_is_readable_too(int width)
    {
        StudyRecord study = ExampleStudy.Record(["xray"], [Labels], ExampleStudy.ThreeMethods, 2);
        CellResult first = ExampleStudy.Cells(study)[0];
        await CheckAsync(study, [first, first with { Sweep = new Dictionary<string, string> { [Labels.Key] = "400" } }], width);
    }

    [BrowserTheory]
    [InlineData(1280)]
    [InlineData(400)]
    public async Task The_page_of_a_finished_run_is_readable_and_asks_for_nothing(int width)
    {
        var curves = new StageCurves([(1, 2.5), (2, 1.5), (3, 1.25)], [(1, 2), (3, 1)], [(1, 0.5), (3, 0.25)]);
        await CheckAsync(ReportWriter.Compose(Examples.Planned, Comparison.Of(Examples.Planned, Examples.Results) with { Name = "a run" }, "./actortrain run my.conf",
            "data.train = images", Examples.Planned.Plan.Stages.ToDictionary(stage => stage.Name, _ => curves), Pictures), "a run", width, PictureRows.Length);
    }

    [BrowserTheory]
    [InlineData(1280)]
    [InlineData(400)]
    public async Task The_page_of_the_theory_is_readable_and_asks_for_nothing(int width) => await CheckAsync(
        TheoryReport.Compose(TheoryRun.Execute(new TheoryOptions { Samples = 5, Dimensions = 9, Rounds = 3, DataSets = 2 }, CancellationToken.None), "./actortrain theory"),
        "What self-distillation does in the simplified model", width, pictureRows: 0);

    private static Task CheckAsync(StudyRecord study, int width) => CheckAsync(study, ExampleStudy.Cells(study), width);

    private static Task CheckAsync(StudyRecord study, IReadOnlyList<CellResult> cells, int width) =>
        CheckAsync(StudyReport.Compose(new StudyResults(study, cells), Pictures), study.Name, width, PictureRows.Length);

    private static async Task CheckAsync(string html, string title, int width, int pictureRows)
    {
        using var workspace = new Workspace();
        string file = workspace.Write("report.html", html);
        using IPlaywright playwright = await Playwright.CreateAsync();
        await using IBrowser browser = await playwright.Chromium.LaunchAsync(new() { ExecutablePath = BrowserTheoryAttribute.Browser, Args = ["--no-sandbox", "--disable-gpu"] });
        IPage page = await browser.NewPageAsync(new() { ViewportSize = new() { Width = width, Height = 900 } });
        var complaints = new List<string>();
        page.Console += (_, message) => complaints.Add(message.Text);
        page.PageError += (_, error) => complaints.Add(error);
        page.Request += (_, request) => complaints.AddRange(request.Url.StartsWith("file:", StringComparison.Ordinal) || request.Url.StartsWith("data:", StringComparison.Ordinal) ? [] : [request.Url]);
        await page.GotoAsync(new Uri(file).AbsoluteUri);

        Assert.Equal(title, await page.Locator("h1").InnerTextAsync());
        Assert.Equal(0, await OverflowAsync(page));
        await page.EvaluateAsync("document.querySelectorAll('details').forEach(folded => folded.open = true)");
        Assert.Equal(0, await OverflowAsync(page));
        Assert.Empty(await page.EvaluateAsync<string[]>("""
            [...document.querySelectorAll('svg')].filter(svg => svg.getBoundingClientRect().height < 40).map(svg => svg.getAttribute('aria-label'))
            """));
        Assert.Empty(await page.EvaluateAsync<string[]>("""
            [...document.querySelectorAll('svg text')].filter(text => {
                const inner = text.getBoundingClientRect(), outer = text.ownerSVGElement.getBoundingClientRect();
                return inner.left < outer.left - 1 || inner.right > outer.right + 1 || inner.bottom > outer.bottom + 1 || inner.top < outer.top - 1;
            }).map(text => text.textContent + ' leaves its picture')
            """));
        Assert.True(await page.EvaluateAsync<double>("""
            Math.min(...[...document.querySelectorAll('svg text')].map(text => parseFloat(getComputedStyle(text).fontSize) * text.ownerSVGElement.getScreenCTM().a))
            """) >= 8);
        Assert.Equal(pictureRows * (width < 640 ? 4 : 8), await page.EvaluateAsync<int>($"{ShownPictures}.length"));
        Assert.Empty(await page.EvaluateAsync<string[]>($$"""
            {{ShownPictures}}.filter(picture => {
                const box = picture.getBoundingClientRect();
                return !picture.complete || picture.naturalWidth !== {{PictureSize}} || box.width < 48 || Math.abs(box.width - box.height) > 1 || box.left < 0 || box.right > innerWidth;
            }).map(picture => picture.alt + ' cannot be seen')
            """));
        await page.EmulateMediaAsync(new() { ColorScheme = ColorScheme.Dark });
        Assert.Equal("rgb(20, 23, 27)", await page.EvaluateAsync<string>("getComputedStyle(document.body).backgroundColor"));
        Assert.Empty(complaints);
    }

    /// <summary>By how much the page is wider than the window.</summary>
    private static Task<int> OverflowAsync(IPage page) => page.EvaluateAsync<int>("document.documentElement.scrollWidth - document.documentElement.clientWidth");
}
