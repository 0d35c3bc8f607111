using Akka.Configuration;

namespace ActorTrain.Embedded.Akka.Tests;

/// <summary>What the package takes in silence or fails on without saying where, the embedded parser refuses with its line.</summary>
public sealed class HoconErrorTests
{
    [StricterThanPackageTheory]
    [InlineData("a = 1\nb = {\n c = 1\n", "line 2")]
    [InlineData("a = 1\nb = [1, 2\n", "line 2")]
    [InlineData("a = 1\nb = \"open\n", "line 2")]
    [InlineData("a = 1\nb = \"\\q\"", "line 2")]
    [InlineData("a = 1\n}\n", "line 2")]
    [InlineData("a = 1\n\nb\n", "line 3")]
    [InlineData("a = 1\nb =", "line 2")]
    [InlineData("a = 1\nb = c = d", "line 2")]
    [InlineData("a = 1\nb = http://host/x", "line 2")]
    [InlineData("a = 1\nb += 2", "line 2")]
    [InlineData("a = 1\nb = ${?a}", "line 2")]
    [InlineData("a = 1\nb = ${a", "line 2")]
    [InlineData("a = 1\nb = ${missing}", "line 2")]
    [InlineData("a = 1\nb = ${b}", "line 2")]
    [InlineData("a = ${b}\nb { c = ${a} }", "line 1")]
    [InlineData("a { x = 1 }\nb = ${a} { x = 2 }", "line 2")]
    [InlineData("a = 1\n= 2", "line 2")]
    [InlineData("a = 1\nb = x@y", "line 2")]
    [InlineData("a = 1\ninclude \"other\"", "line 2")]
    public void An_error_names_its_line(string text, string line)
    {
        var error = Assert.Throws<FormatException>(() => ConfigurationFactory.ParseString(text));
        Assert.StartsWith(line + ",", error.Message, StringComparison.Ordinal);
    }
}

/// <summary>Against the package these are skipped by name.</summary>
internal sealed class StricterThanPackageTheoryAttribute : TheoryAttribute
{
    public StricterThanPackageTheoryAttribute()
    {
        if (typeof(Config).Assembly.GetName().Name == "Akka")
            Skip = "The package's parser is not that strict.";
    }
}
