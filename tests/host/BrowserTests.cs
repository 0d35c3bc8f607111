using ActorTrain.Host.Report;
using ActorTrain.Host.Results;
using ActorTrain.Host.Study;
using Microsoft.Playwright;

namespace ActorTrain.Host.Tests;

/// <summary>A study's page in a real browser, at the width of a desk and of a telephone.</summary>
public class BrowserTests
{
    private static readonly SweepAxis Labels = new("data.limit", ["50", "100", "200", "400", "0"]);
    private static readonly SweepAxis Subsets = new("data.limit-seed", ["0", "1", "2"]);

    private static readonly string[] ManyMethods =
    [
        .. ExampleStudy.ThreeMethods, "further-pretraining-x2", "without-distillation", "prediction-matching", "weight-matching-l2",
        "weight-matching-mars", "recadam", "mars", "r3f", "supcon", "replay-mixing",
    ];

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

    private static Task CheckAsync(StudyRecord study, int width) => CheckAsync(study, ExampleStudy.Cells(study), width);

    private static async Task CheckAsync(StudyRecord study, IReadOnlyList<CellResult> cells, int width)
    {
        using var workspace = new Workspace();
        string file = workspace.Write("report.html", StudyReport.Compose(new StudyResults(study, cells), ""));
        using IPlaywright playwright = await Playwright.CreateAsync();
        await using IBrowser browser = await playwright.Chromium.LaunchAsync(new() { ExecutablePath = BrowserTheoryAttribute.Browser, Args = ["--no-sandbox", "--disable-gpu"] });
        IPage page = await browser.NewPageAsync(new() { ViewportSize = new() { Width = width, Height = 900 } });
        var complaints = new List<string>();
        page.Console += (_, message) => complaints.Add(message.Text);
        page.PageError += (_, error) => complaints.Add(error);
        page.Request += (_, request) => complaints.AddRange(request.Url.StartsWith("file:", StringComparison.Ordinal) || request.Url.StartsWith("data:", StringComparison.Ordinal) ? [] : [request.Url]);
        await page.GotoAsync(new Uri(file).AbsoluteUri);

        Assert.Equal(study.Name, await page.Locator("h1").InnerTextAsync());
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
        await page.EmulateMediaAsync(new() { ColorScheme = ColorScheme.Dark });
        Assert.Equal("rgb(20, 23, 27)", await page.EvaluateAsync<string>("getComputedStyle(document.body).backgroundColor"));
        Assert.Empty(complaints);
    }

    /// <summary>By how much the page is wider than the window.</summary>
    private static Task<int> OverflowAsync(IPage page) => page.EvaluateAsync<int>("document.documentElement.scrollWidth - document.documentElement.clientWidth");
}
