using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace ActorTrain.Structure.Tests;

/// <summary>What docs/architecture.md promises about the folders, checked.</summary>
public class StructureTests
{
    private static readonly string[] Code = [".cs", ".cpp", ".h", ".inc"];

    /// <summary>Folder → the folders that its project may name.</summary>
    private static readonly Dictionary<string, string[]> Allowed = new()
    {
        ["model"] = [],
        ["data-pipeline"] = [],
        ["actors"] = ["model", "data-pipeline"],
        ["host"] = ["actors", "model", "data-pipeline"],
        ["embedded/akka"] = [],
        ["embedded/messagepack"] = [],
        ["embedded/torchsharp"] = [],
        ["embedded/kernels"] = ["model"],
    };

    [Fact]
    public void Dependencies_point_one_way()
    {
        foreach ((string folder, string[] allowed) in Allowed)
        {
            string project = Assert.Single(Repository.Files(folder, ".csproj"));
            IEnumerable<string> referenced = XDocument.Parse(Repository.Read(project)).Descendants("ProjectReference")
                .Select(reference => Path.GetFullPath(Path.Combine(Repository.Root, folder, reference.Attribute("Include")!.Value)))
                .Select(path => Path.GetRelativePath(Repository.Root, Path.GetDirectoryName(path)!));
            Assert.Empty(referenced.Except(allowed));
        }
    }

    [Theory]
    [InlineData("TorchSharp", "data-pipeline", "actors", "host")]
    [InlineData("Akka", "data-pipeline", "model")]
    [InlineData("MessagePack", "data-pipeline", "model", "host")]
    public void A_library_is_known_only_where_it_belongs(string library, params string[] strangers)
    {
        var use = new Regex($@"^\s*(global )?using (static )?{library}\b", RegexOptions.Multiline);
        Assert.DoesNotContain(strangers.SelectMany(folder => Repository.Files(folder, ".cs")), path => use.IsMatch(Repository.Read(path)));
    }

    [Fact]
    public void Only_one_props_file_knows_the_stacks()
    {
        string[] knowing = ["eng/Stack.props", "Directory.Packages.props", "Directory.Build.props"];
        var stack = new Regex(@"ActorTrain\.Embedded|\$\(Stack\)");
        IEnumerable<string> outside = Repository.Files(".", ".cs", ".csproj", ".props", ".targets", ".conf")
            .Where(path => !path.StartsWith("embedded/", StringComparison.Ordinal) && !path.StartsWith("tests/", StringComparison.Ordinal))
            .Except(knowing);
        Assert.DoesNotContain(outside, path => stack.IsMatch(Repository.Read(path)));
    }

    [Fact]
    public void The_embedded_libraries_are_under_a_third_of_the_code()
    {
        int embedded = Lines("embedded");
        int all = Lines(".");
        Assert.True(3 * embedded < all, $"embedded/ has {embedded} of {all} lines of C# and C++, {100.0 * embedded / all:f1} %.");

        static int Lines(string folder) => Repository.Files(folder, Code)
            .Sum(path => Repository.Read(path).Split('\n').Count(line => !string.IsNullOrWhiteSpace(line)));
    }

    [Fact]
    public void Nothing_is_left_to_do()
    {
        var unfinished = new Regex(@"\b(TO" + @"DO|FIX" + @"ME|HA" + @"CK)\b|NotImplemented" + "Exception");
        Assert.DoesNotContain(Repository.Files(".", Code), path => unfinished.IsMatch(Repository.Read(path)));
    }

    [Fact]
    public void The_solution_holds_every_project()
    {
        string solution = Repository.Read("ActorTrain.sln").Replace('\\', '/');
        Assert.DoesNotContain(Repository.Files(".", ".csproj"), path => !solution.Contains($"\"{path}\"", StringComparison.Ordinal));
    }
}
