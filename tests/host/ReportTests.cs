using System.Text.RegularExpressions;
using System.Xml;
using System.Xml.Linq;
using ActorTrain.DataPipeline;
using ActorTrain.Host.Planning;
using ActorTrain.Host.Report;
using ActorTrain.Host.Results;

namespace ActorTrain.Host.Tests;

public class ReportTests
{
    private static readonly StageCurves Curves = new([(1, 2.5), (2, 1.5), (3, 1.25)], [], []);

    [Fact]
    public void The_report_is_well_formed_and_asks_for_nothing_else()
    {
        XDocument page = Page(Curves);
        Assert.Empty(page.Descendants("script"));
        Assert.Empty(page.Descendants("link"));
        IEnumerable<string> references = page.Descendants().Attributes().Where(attribute => attribute.Name.LocalName is "src" or "href").Select(attribute => attribute.Value);
        Assert.All(references, reference => Assert.StartsWith("data:image/png;base64,", reference));
        Assert.DoesNotMatch(new Regex("@import|url\\("), page.Descendants("style").Single().Value);
    }

    [Fact]
    public void The_report_shows_table_plots_pictures_and_configuration()
    {
        XDocument page = Page(Curves);
        Assert.Equal("run <x> & \"y\"", page.Descendants("h1").Single().Value);
        Assert.Contains(page.Descendants("td"), cell => cell.Value == "0.750 ± 0.071");
        Assert.Contains(page.Descendants("pre"), pre => pre.Value == "data.train = \"<a>\"");
        Assert.Equal(4, page.Descendants("{http://www.w3.org/2000/svg}svg").Count());
        Assert.Equal(4, page.Descendants("{http://www.w3.org/2000/svg}circle").Count());
        byte[] picture = Convert.FromBase64String(page.Descendants("img").First().Attribute("src")!.Value.Split(',')[1]);
        Assert.Equal([0x89, .. "PNG"u8], picture[..4]);
        Assert.Contains(page.Descendants("td"), cell => cell.Value == "75 %");
    }

    [Fact]
    public void A_report_without_curves_or_pictures_is_well_formed_too() =>
        Assert.Single(Page(new StageCurves([], [], []), pictures: 0).Descendants("{http://www.w3.org/2000/svg}svg"));

    [Fact]
    public void A_report_about_text_speaks_of_F1_and_of_masked_language()
    {
        PlannedRun planned = Examples.PlannedText;
        string html = ReportWriter.Compose(planned, Comparison.Of(planned, Examples.Results), "c", "", planned.Plan.Stages.ToDictionary(stage => stage.Name, _ => Curves),
            SampleSentences.Section([[new SentenceForm("seen by the <model>", [new TextPiece("a & ", PieceKind.Seen), new TextPiece("<mask>", PieceKind.Chosen)])]]));
        Assert.Contains("<div>seen by the &lt;model&gt;</div><div>a &amp; <mark class=\"chosen\">&lt;mask&gt;</mark></div>", html);
        Assert.Contains("test macro-F1", html);
        Assert.Contains("masked-language loss", html);
        Assert.DoesNotContain("accuracy<", html);
        Assert.DoesNotContain("reconstruct", html);
    }

    [Fact]
    public async Task Metrics_become_curves_of_means()
    {
        using var workspace = new Workspace();
        string file = workspace.Write("metrics.jsonl", string.Concat(Enumerable.Range(1, 240).Select(step =>
            $"{{\"stage\":\"s\",\"step\":{step},\"loss\":{step % 2},\"mae-loss\":3}}\n")));
        IReadOnlyDictionary<string, StageCurves> curves = await MetricsFile.ReadAsync(file, new Dictionary<string, long> { ["s"] = 240 }, CancellationToken.None);
        Assert.Equal(120, curves["s"].Loss.Count);
        Assert.All(curves["s"].Loss, point => Assert.Equal(0.5, point.Y));
        Assert.Equal((1, 3), curves["s"].MaeLoss[0]);
        Assert.Empty(curves["s"].DistillLoss);
    }

    [Fact]
    public async Task Lines_of_the_metrics_that_were_cut_short_are_passed_over()
    {
        using var workspace = new Workspace();
        string file = workspace.Write("metrics.jsonl",
            "{\"stage\":\"s\",\"step\":1,\"loss\":2}\n{\"stage\":\"s\",\"step\":2,\"lo\n\n\0\0\0\nnull\n{\"step\":3,\"loss\":9}\n{\"stage\":\"s\",\"step\":4,\"loss\":4}\n{\"stage\":\"s\"");
        IReadOnlyDictionary<string, StageCurves> curves = await MetricsFile.ReadAsync(file, new Dictionary<string, long> { ["s"] = 4 }, CancellationToken.None);
        Assert.Equal([2, 4], curves["s"].Loss.Select(point => point.Y));
    }

    [Theory]
    [InlineData(0, 1, 5)]
    [InlineData(0.6512, 0.7233, 6)]
    [InlineData(-3, 17000, 6)]
    [InlineData(2, 2, 5)]
    public void An_axis_has_a_few_round_marks_within_its_ends(double minimum, double maximum, int marks)
    {
        var axis = new Axis(minimum, maximum, 50, 400, marks);
        (double Value, string Label)[] found = [.. axis.Marks()];
        Assert.InRange(found.Length, 2, marks + 1);
        Assert.Equal(found.Length, found.Select(mark => mark.Label).Distinct().Count());
        Assert.All(found, mark => Assert.InRange(axis.At(mark.Value), 50, 400));
    }

    private static XDocument Page(StageCurves curves, int pictures = 2)
    {
        byte[] picture = PngWriter.Encode(new byte[8 * 8 * 3], 8, 8);
        string html = ReportWriter.Compose(Examples.Planned, Comparison.Of(Examples.Planned, Examples.Results) with { Name = "run <x> & \"y\"" },
            "./actortrain run 'a b.conf'", "data.train = \"<a>\"", Examples.Planned.Plan.Stages.ToDictionary(stage => stage.Name, _ => curves),
            SamplePictures.Section([.. Enumerable.Range(0, pictures).Select(row => new PictureRow($"row {row}", [picture, picture]))]));
        using var reader = XmlReader.Create(new StringReader(html), new XmlReaderSettings { DtdProcessing = DtdProcessing.Ignore });
        return XDocument.Load(reader);
    }
}
