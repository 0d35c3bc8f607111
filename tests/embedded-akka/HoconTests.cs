using System.Text;
using Akka.Configuration;
using Akka.Configuration.Hocon;
using FsCheck;
using FsCheck.Fluent;
using Config = Akka.Configuration.Config;

namespace ActorTrain.Embedded.Akka.Tests;

public sealed class HoconTests
{
    private static Config Parse(string text) => ConfigurationFactory.ParseString(text);

    [Fact]
    public void Comments_nested_dotted_and_quoted_keys()
    {
        var config = Parse("""
            # a comment
            data {               // another
              train = "a-{000000..000009}.tar"   # behind a value
              cache.dir : runs/cache,
              "quoted.key" = 1
            }
            data.limit = 150
            "top" { inner = x y   z }
            """);
        Assert.Equal("a-{000000..000009}.tar", config.GetString("data.train"));
        Assert.Equal("runs/cache", config.GetString("data.cache.dir"));
        Assert.Equal(1, config.GetInt("data.\"quoted.key\""));
        Assert.Equal(150, config.GetInt("data.limit"));
        Assert.Equal("x y   z", config.GetString("top.inner"));
        Assert.Equal(["data", "top"], config.AsEnumerable().Select(item => item.Key));
        Assert.Equal(["train", "cache", "quoted.key", "limit"], config.GetValue("data").GetObject().Items.Keys);
        Assert.True(config.GetValue("data").IsObject());
        Assert.False(config.HasPath("data.missing"));
        Assert.Null(config.GetConfig("missing"));
    }

    [Fact]
    public void Values_by_type()
    {
        var config = Parse("""
            integer = 42, long = 123456789012, number = 1.5e-4, yes = on, no = false, nothing = null
            list = [a, "b c", 3]
            lines = [
              1
              2, 3,
            ]
            empty = []
            text = "tab\t\"quote\" \\ \u0041"
            url = "http://host/path"
            """);
        Assert.Equal(42, config.GetInt("integer"));
        Assert.Equal(123456789012, config.GetLong("long"));
        Assert.Equal(1.5e-4, config.GetDouble("number"));
        Assert.True(config.GetBoolean("yes"));
        Assert.False(config.GetBoolean("no", true));
        Assert.Null(config.GetString("nothing"));
        Assert.Equal(["a", "b c", "3"], config.GetStringList("list"));
        Assert.Equal([1, 2, 3], config.GetIntList("lines"));
        Assert.Empty(config.GetStringList("empty"));
        Assert.Equal("tab\t\"quote\" \\ A", config.GetString("text"));
        Assert.Equal("http://host/path", config.GetString("url"));
        Assert.Equal(7, config.GetInt("missing", 7));
        Assert.Equal("default", config.GetString("missing", "default"));
        Assert.Throws<NotSupportedException>(() => config.GetBoolean("integer"));
        Assert.Throws<FormatException>(() => config.GetInt("text"));
        Assert.Throws<OverflowException>(() => config.GetInt("long"));
    }

    [Fact]
    public void Triple_quotes_keep_everything()
    {
        var quotes = new string('"', 3);
        Assert.Equal("no \\escape \"here\"\nnext", Parse($"raw = {quotes}no \\escape \"here\"\nnext{quotes}").GetString("raw"));
    }

    [Theory]
    [InlineData("100 ms", 100)]
    [InlineData("1.5s", 1500)]
    [InlineData("2 minutes", 120_000)]
    [InlineData("1h", 3_600_000)]
    [InlineData("1 day", 86_400_000)]
    [InlineData("250", 250)]
    [InlineData("2000 micros", 2)]
    [InlineData("infinite", -1)]
    public void Durations(string text, double milliseconds) =>
        Assert.Equal(TimeSpan.FromMilliseconds(milliseconds), Parse($"d = {text}").GetTimeSpan("d"));

    [Theory]
    [InlineData("64", 64L)]
    [InlineData("64b", 64L)]
    [InlineData("64 KiB", 65_536L)]
    [InlineData("64k", 65_536L)]
    [InlineData("64kB", 64_000L)]
    [InlineData("3 MiB", 3L << 20)]
    [InlineData("2 gigabytes", 2_000_000_000L)]
    [InlineData("1G", 1L << 30)]
    public void Byte_sizes(string text, long bytes) => Assert.Equal(bytes, Parse($"size = {text}").GetByteSize("size"));

    [Fact]
    public void A_malformed_duration_or_size_is_an_error()
    {
        Assert.Throws<FormatException>(() => Parse("d = -5").GetTimeSpan("d"));
        Assert.Throws<FormatException>(() => Parse("d = 5 parsecs").GetTimeSpan("d"));
        Assert.Throws<FormatException>(() => Parse("d = 5 parsecs").GetByteSize("d"));
    }

    [Fact]
    public void Substitutions_take_text_lists_and_objects()
    {
        var config = Parse("""
            root = /data
            train = ${root}/train
            both = ${train} and ${root}
            list = [1, 2]
            same = ${list}
            base { a = 1, b = 2 }
            copy = ${base}
            """);
        Assert.Equal("/data/train", config.GetString("train"));
        Assert.Equal("/data/train and /data", config.GetString("both"));
        Assert.Equal([1, 2], config.GetIntList("same"));
        Assert.Equal(2, config.GetInt("copy.b"));
    }

    [Fact]
    public void Later_keys_win_and_objects_merge()
    {
        var config = Parse("a { b = 1, c = 2 }\na { c = 3 }\na.d = 4, e = 1, e = 2");
        Assert.Equal((1, 3, 4, 2), (config.GetInt("a.b"), config.GetInt("a.c"), config.GetInt("a.d"), config.GetInt("e")));
    }

    [Fact]
    public void A_fallback_fills_the_gaps_only()
    {
        var config = Parse("a { b = 1 }\nlist = [1]").WithFallback(Parse("a { b = 2, c = 3 }\nlist = [2, 3], d = 4"));
        Assert.Equal((1, 3, 4), (config.GetInt("a.b"), config.GetInt("a.c"), config.GetInt("d")));
        Assert.Equal([1], config.GetIntList("list"));
        Assert.Equal((1, 3), (config.GetConfig("a").GetInt("b"), config.GetConfig("a").GetInt("c")));
        Assert.True(Config.Empty.IsEmpty);
        Assert.Equal(1, Parse("a = 1").WithFallback(Config.Empty).GetInt("a"));
        Assert.Equal(1, Config.Empty.WithFallback(Parse("a = 1")).GetInt("a"));
    }

    [Fact]
    public void Any_tree_of_settings_survives_being_written_and_read() => Check.QuickThrowOnFailure(Prop.ForAll(
        Trees.ToArbitrary(),
        tree =>
        {
            var config = Parse(Written(tree));
            return Leaves(tree, "").All(leaf => config.GetString(leaf.Path) == leaf.Text) && CountLeaves(config.Root) == Leaves(tree, "").Count();
        }));

    [Fact]
    public void The_nearer_configuration_wins_for_every_path() => Check.QuickThrowOnFailure(Prop.ForAll(
        Trees.ToArbitrary(),
        Trees.ToArbitrary(),
        (near, far) =>
        {
            var nearConfig = Parse(Written(near));
            var farConfig = Parse(Written(far));
            var merged = nearConfig.WithFallback(farConfig);
            return Leaves(near, "").All(leaf => merged.GetString(leaf.Path) == leaf.Text)
                && Leaves(far, "").All(leaf => nearConfig.HasPath(leaf.Path) || Shadowed(nearConfig, leaf.Path) || merged.GetString(leaf.Path) == leaf.Text);
        }));

    // Names that could be mistaken for something else, and texts full of what HOCON gives a meaning.
    private static Gen<Tree> Trees => Gen.Sized(size => TreeOf(Math.Min(size, 4)));

    private static Gen<Tree> TreeOf(int depth)
    {
        var names = Gen.Elements("a", "b-c", "d.e", "f g", "${x}", "include", "#", "7");
        var texts = Gen.Elements("", "1", "true", "two words", "a=b", "x:y", "{", "]", "\"", "\\", "new\nline", "tab\t", "//", "#", "${a}", "ü", ",");
        var leaf = texts.Select(text => (Tree)new Leaf(text));
        if (depth == 0)
            return leaf.Select(value => (Tree)new Node([("only", value)]));
        var child = Gen.OneOf(leaf, TreeOf(depth - 1));
        return Gen.ListOf(Gen.Zip(names, child))
            .Select(children => (Tree)new Node(children.Select(entry => (entry.Item1, entry.Item2)).DistinctBy(entry => entry.Item1).ToList()));
    }

    private static string Written(Tree tree)
    {
        var text = new StringBuilder();
        foreach (var (name, child) in ((Node)tree).Children)
            text.Append(Quoted(name)).Append(child is Leaf leaf ? $" = {Quoted(leaf.Text)}\n" : $" {{\n{Written(child)}}}\n");
        return text.ToString();
    }

    private static string Quoted(string text) => "\"" + text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)
        .Replace("\n", "\\n", StringComparison.Ordinal).Replace("\t", "\\t", StringComparison.Ordinal) + "\"";

    // A value is trimmed when it is read.
    private static IEnumerable<(string Path, string Text)> Leaves(Tree tree, string prefix) => tree is Leaf leaf
        ? [(prefix, leaf.Text.Trim())]
        : ((Node)tree).Children.SelectMany(child => Leaves(child.Value, prefix.Length == 0 ? $"\"{child.Name}\"" : $"{prefix}.\"{child.Name}\""));

    private static int CountLeaves(HoconValue value) => value.IsObject() ? value.GetObject().Items.Values.Sum(CountLeaves) : 1;

    // Whether a part of the path is a text in the nearer configuration, which hides everything below it.
    private static bool Shadowed(Config near, string path)
    {
        for (var dot = path.IndexOf("\".\"", StringComparison.Ordinal); dot >= 0; dot = path.IndexOf("\".\"", dot + 1, StringComparison.Ordinal))
        {
            if (near.GetValue(path[..(dot + 1)]) is { } value && !value.IsObject())
                return true;
        }
        return false;
    }

    private abstract record Tree;

    private sealed record Leaf(string Text) : Tree;

    private sealed record Node(IReadOnlyList<(string Name, Tree Value)> Children) : Tree
    {
        public override string ToString() => Written(this);
    }
}
