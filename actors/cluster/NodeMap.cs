using ActorTrain.Actors.Files;
using ActorTrain.Model;
using Akka.Actor;

namespace ActorTrain.Actors.Cluster;

/// <summary>The roles that a node can have.</summary>
public static class NodeRoles
{
    /// <summary>May carry the coordinator.</summary>
    public const string Coordinator = "coordinator";

    /// <summary>Reads data sets, makes batches and masks.</summary>
    public const string Data = "data";

    /// <summary>Computes the frozen teacher's targets.</summary>
    public const string Teacher = "teacher";

    /// <summary>Trains.</summary>
    public const string Student = "student";

    /// <summary>Evaluates classifiers.</summary>
    public const string Evaluator = "evaluator";

    /// <summary>All of them.</summary>
    public static IReadOnlyList<string> All { get; } = [Coordinator, Data, Teacher, Student, Evaluator];
}

/// <summary>Who a node is.</summary>
/// <param name="Name">Names this start of it: <c>host:port/number</c>; a later start has another number.</param>
/// <param name="Roles">What it may be asked for.</param>
/// <param name="Machine">What decides the last bits of its computations; null in one process.</param>
/// <param name="Device">Overrides the plan's device if not null.</param>
internal sealed record NodeIdentity(string Name, IReadOnlyList<string> Roles, MachineFingerprint? Machine, string? Device = null)
{
    /// <summary>What precedes its actors' paths when others ask; nothing in one process.</summary>
    public string Root { get; init; } = "";

    /// <summary>The only node of a run in one process.</summary>
    public static NodeIdentity Local { get; } = new("local", NodeRoles.All, null);

    public bool Has(string role) => Roles.Contains(role);
}

/// <summary>A node as others reach it.</summary>
/// <param name="Address"><c>host:port</c>, what its <see cref="NodeIdentity.Name"/> begins with; or <c>local</c>.</param>
/// <param name="Root">What precedes its actors' paths: <c>akka.tcp://actortrain@host:port</c>, or nothing for this process itself.</param>
/// <param name="Roles">What it may be asked for.</param>
/// <param name="Reachable">False while it is suspected to be dead.</param>
internal sealed record MemberNode(string Address, string Root, IReadOnlyList<string> Roles, bool Reachable)
{
    /// <summary>Whether a node's name is one of this address.</summary>
    public bool Is(string node) => node == Address || (node.StartsWith(Address, StringComparison.Ordinal) && node[Address.Length] == '/');
}

/// <summary>The nodes of the cluster. Replaced as a whole by whoever watches the membership; read from all threads.</summary>
internal sealed class NodeMap
{
    private volatile IReadOnlyList<MemberNode> _nodes = [];
    private volatile IReadOnlyList<string> _whole = [];

    /// <summary>The only node of a run in one process.</summary>
    public static NodeMap Local() => new() { All = [new MemberNode(NodeIdentity.Local.Name, "", NodeRoles.All, Reachable: true)] };

    public IReadOnlyList<MemberNode> All
    {
        get => _nodes;
        set => _nodes = value;
    }

    /// <summary>The addresses of all members when they could all be reached last.</summary>
    public IReadOnlyList<string> Whole
    {
        get => _whole;
        set => _whole = value;
    }

    /// <summary>The file servers of the other nodes that can be reached; first those that may coordinate, without which a run is lost anyway.</summary>
    public IReadOnlyList<(Address Node, ICanTell Files)> FileServers(ActorSystem system) =>
    [
        .. _nodes.Where(node => node.Reachable && node.Root.Length > 0).OrderByDescending(node => node.Roles.Contains(NodeRoles.Coordinator))
            .Select(node => (Address.Parse(node.Root), (ICanTell)system.ActorSelection(node.Root + FileServerActor.Path))),
    ];

    /// <summary>What precedes the paths of the nodes with a role that can be reached.</summary>
    public IEnumerable<string> With(string role) => _nodes.Where(node => node.Reachable && node.Roles.Contains(role)).Select(node => node.Root);
}
