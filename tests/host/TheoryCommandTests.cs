using System.Xml.Linq;

namespace ActorTrain.Host.Tests;

/// <summary><c>theory</c> as a person meets it.</summary>
public sealed class TheoryCommandTests : IDisposable
{
    private readonly Workspace _workspace = new();

    public void Dispose() => _workspace.Dispose();

    [Fact]
    public async Task It_says_of_every_claim_that_it_holds_and_draws_the_bound()
    {
        Ending ending = (await RunAsync("--samples", "5", "--dimensions", "9", "--rounds", "3", "--datasets", "2", "--folder", "out")).AssertSuccess();
        Assert.Equal(8, ending.Output.Split('\n').Count(line => line.StartsWith("holds  ", StringComparison.Ordinal)));
        Assert.Contains("| rounds t |", ending.Output);
        Assert.Contains("in 2 of 2 data sets", ending.Output);

        XDocument page = XDocument.Parse(await File.ReadAllTextAsync(_workspace.File("out", "theory.html")));
        Assert.Equal(2, page.Descendants("{http://www.w3.org/2000/svg}svg").Count());
        Assert.Contains(page.Descendants("{http://www.w3.org/2000/svg}text"), text => text.Value == "bound ψ(t)");
        Assert.Empty(page.Descendants("script"));
        Assert.Contains(page.Descendants("code"), code => code.Value.Contains("theory --samples 5"));
    }

    [Fact]
    public async Task A_claim_that_does_not_hold_ends_in_a_sentence_and_is_in_the_report()
    {
        Ending ending = await RunAsync("--labels", "free", "--samples", "6", "--dimensions", "11", "--rounds", "20", "--datasets", "40", "--folder", "out");
        Assert.Equal(1, ending.ExitCode);
        Assert.Contains("does not hold  ψ(t) falls strictly", ending.Output);
        Assert.StartsWith("error: 2 of 8 claims do not hold", ending.Error);
        Assert.True(File.Exists(_workspace.File("out", "theory.html")));
    }

    [Theory]
    [InlineData("--samples", "0")]
    [InlineData("--dimensions", "20")]
    [InlineData("--outputs", "11")]
    [InlineData("--rounds", "0")]
    [InlineData("--lambda", "0")]
    [InlineData("--lambda", "NaN")]
    [InlineData("--time", "11")]
    [InlineData("--datasets", "0")]
    [InlineData("--labels", "wrong")]
    public async Task A_value_out_of_range_ends_in_a_sentence(string option, string value)
    {
        Ending ending = await RunAsync(option, value);
        Assert.Equal(1, ending.ExitCode);
        Assert.StartsWith("error: ", ending.Error);
        Assert.Contains(option, ending.Error);
        Assert.DoesNotContain("   at ", ending.Error);
    }

    [Fact]
    public async Task A_folder_that_cannot_be_written_ends_in_a_sentence()
    {
        string file = _workspace.Write("taken", "");
        (await RunAsync("--datasets", "1", "--folder", file)).AssertSentence(["taken"]);
    }

    private Task<Ending> RunAsync(params string[] arguments) => CommandLineProcess.RunAsync(_workspace.Folder, ["theory", .. arguments]);
}
