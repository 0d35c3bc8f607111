using ActorTrain.Actors.Cluster;
using ActorTrain.Host.Cluster;
using ActorTrain.Host.Configuration;

namespace ActorTrain.Host.Tests;

/// <summary>The secret's file and the layout of a local cluster.</summary>
public sealed class ClusterFileTests : IDisposable
{
    private const string Secret = "0123456789abcdef";

    private readonly Workspace _workspace = new();

    public void Dispose() => _workspace.Dispose();

    [Fact]
    public void A_new_secret_is_readable_by_its_owner_alone_and_never_overwritten()
    {
        string file = _workspace.File("folder", "secret");
        ClusterSecret.Make(file);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        string made = ClusterSecret.Find(file, null, "unused");
        Assert.True(made.Length >= 32);
        Assert.Contains("holds a secret already", Assert.Throws<ConfigurationException>(() => ClusterSecret.Make(file)).Message);
        Assert.Equal(made, ClusterSecret.Find(file, null, "unused"));
    }

    [Fact]
    public void The_option_goes_before_the_variable_and_that_before_the_usual_file()
    {
        string option = Write("option", "option-" + Secret);
        string usual = Write("usual", "usual-" + Secret);
        Assert.Equal("option-" + Secret, ClusterSecret.Find(option, "variable-" + Secret, usual));
        Assert.Equal("variable-" + Secret, ClusterSecret.Find(null, "variable-" + Secret, usual));
        Assert.Equal("usual-" + Secret, ClusterSecret.Find(null, null, usual));
        Assert.Equal("usual-" + Secret, ClusterSecret.Find(null, "", usual));
    }

    [Fact]
    public void What_is_no_secret_is_refused_with_the_way_out()
    {
        string none = _workspace.File("none");
        Assert.Contains("actortrain cluster secret", Message(null, null, none));
        Assert.Contains("cannot be read", Message(none, null, "unused"));
        Assert.Contains("at least 16 characters", Message(Write("short", "short"), null, "unused"));
        Assert.Contains(ClusterSecret.Variable, Message(null, "two words of sixteen", "unused"));
        string open = Write("open", Secret);
        File.SetUnixFileMode(open, UnixFileMode.UserRead | UnixFileMode.GroupRead);
        Assert.Contains($"chmod 600 {open}", Message(open, null, "unused"));

        static string Message(string? file, string? variable, string usual) =>
            Assert.Throws<ConfigurationException>(() => ClusterSecret.Find(file, variable, usual)).Message;
    }

    [Fact]
    public void A_layout_keeps_its_ports()
    {
        ClusterLayout first = ClusterLayout.Open(_workspace.Folder, ClusterLayout.RolesFor(3), listen: null);
        Assert.Equal(3, first.Addresses.Distinct().Count());
        Assert.All(first.Addresses, address => Assert.StartsWith("127.0.0.1:", address));
        Assert.Equal(first.Addresses, ClusterLayout.Read(_workspace.Folder).Addresses);
        ClusterLayout grown = ClusterLayout.Open(_workspace.Folder, ClusterLayout.RolesFor(4), listen: null);
        Assert.Equal(first.Addresses, grown.Addresses.Take(3));
        Assert.Equal(4, grown.Addresses.Distinct().Count());
    }

    [Fact]
    public void The_first_node_listens_where_it_is_told_to()
    {
        ClusterLayout layout = ClusterLayout.Open(_workspace.Folder, ClusterLayout.RolesFor(2), new NodeAddress("10.0.0.7", 4711));
        Assert.Equal("10.0.0.7:4711", layout.Addresses[0]);
        Assert.StartsWith("10.0.0.7:", layout.Addresses[1]);
    }

    [Fact]
    public void A_folder_without_a_layout_or_with_a_damaged_one_is_told()
    {
        Assert.Contains("--nodes", Assert.Throws<ConfigurationException>(() => ClusterLayout.Read(_workspace.Folder)).Message);
        _workspace.Write("nodes/cluster.json", "{");
        Assert.Contains("is damaged", Assert.Throws<ConfigurationException>(() => ClusterLayout.Read(_workspace.Folder)).Message);
        _workspace.Write("nodes/cluster.json", "{\"nodes\": []}");
        Assert.Contains("names no node", Assert.Throws<ConfigurationException>(() => ClusterLayout.Read(_workspace.Folder)).Message);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(7)]
    public void Every_role_is_given_to_a_node(int nodes)
    {
        IReadOnlyList<IReadOnlyList<string>> roles = ClusterLayout.RolesFor(nodes);
        Assert.Equal(nodes, roles.Count);
        Assert.Empty(NodeRoles.All.Except(roles.SelectMany(role => role)));
        Assert.All(roles, node => Assert.Equal(node.Distinct(), node));
    }

    private string Write(string name, string text)
    {
        string file = _workspace.Write(name, text + "\n");
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        return file;
    }
}
