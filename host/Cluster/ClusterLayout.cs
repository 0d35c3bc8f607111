using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using ActorTrain.Actors;
using ActorTrain.Actors.Cluster;
using ActorTrain.Host.Configuration;

namespace ActorTrain.Host.Cluster;

/// <summary>A node of a local cluster.</summary>
/// <param name="Number">Its number, from 1.</param>
/// <param name="Address">Where it listens.</param>
/// <param name="Roles">Its roles.</param>
internal sealed record LaidOutNode(int Number, string Address, IReadOnlyList<string> Roles);

/// <summary>
/// The nodes of the local cluster that carries out a run: <c>nodes/cluster.json</c> in the run folder, with a folder for each node beside
/// it. Ports are chosen once, so that nodes find each other again after any of them was started again.
/// </summary>
/// <param name="Nodes">The nodes, in order.</param>
internal sealed record ClusterLayout(IReadOnlyList<LaidOutNode> Nodes)
{
    private static readonly JsonSerializerOptions Json = new() { WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.KebabCaseLower };

    /// <summary>The addresses of all nodes.</summary>
    public IReadOnlyList<string> Addresses => [.. Nodes.Select(node => node.Address)];

    /// <summary>Where a run keeps its nodes.</summary>
    public static string Folder(string runFolder) => Path.Combine(Path.GetFullPath(runFolder), "nodes");

    /// <summary>Where a run keeps the secret of its own cluster.</summary>
    public static string SecretFile(string runFolder) => Path.Combine(Folder(runFolder), "secret");

    /// <summary>The layout of a run that has one.</summary>
    /// <exception cref="ConfigurationException">It has none, or it is damaged.</exception>
    public static ClusterLayout Read(string runFolder)
    {
        string file = File(runFolder);
        try
        {
            return JsonSerializer.Deserialize<ClusterLayout>(System.IO.File.ReadAllText(file), Json) is { Nodes.Count: > 0 } layout
                ? layout
                : throw new ConfigurationException($"{file} names no node; delete it.");
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new ConfigurationException($"There is no {file}: {runFolder} is no folder of a run that was started with --nodes.");
        }
        catch (JsonException error)
        {
            throw new ConfigurationException($"{file} is damaged ({error.Message.TrimEnd('.')}); delete it.");
        }
    }

    /// <summary>The layout of earlier starts where it still fits, or a new one; written before a node starts.</summary>
    /// <param name="runFolder">The run folder.</param>
    /// <param name="roles">The roles of each node.</param>
    /// <param name="listen">Where the first node listens, and on which host all do; null for this machine alone.</param>
    public static ClusterLayout Open(string runFolder, IReadOnlyList<IReadOnlyList<string>> roles, NodeAddress? listen)
    {
        string host = listen?.Host ?? IPAddress.Loopback.ToString();
        IReadOnlyList<LaidOutNode> before = System.IO.File.Exists(File(runFolder)) ? Read(runFolder).Nodes : [];
        var ports = new HashSet<int>();
        var nodes = new List<LaidOutNode>();
        for (int index = 0; index < roles.Count; index++)
        {
            int port = index == 0 && listen is { Port: > 0 } ? listen.Port : Port(before.ElementAtOrDefault(index), host, ports);
            ports.Add(port);
            nodes.Add(new LaidOutNode(index + 1, new NodeAddress(host, port).ToString(), roles[index]));
        }
        var layout = new ClusterLayout(nodes);
        Write(File(runFolder), JsonSerializer.Serialize(layout, Json));
        return layout;
    }

    /// <summary>Roles for so many nodes: each role twice as soon as there are four, so that any one node may die.</summary>
    public static IReadOnlyList<IReadOnlyList<string>> RolesFor(int nodes)
    {
        if (nodes == 1)
            return [NodeRoles.All];
        List<string>[] usual =
        [
            [NodeRoles.Coordinator, NodeRoles.Student],
            [NodeRoles.Coordinator, NodeRoles.Data, NodeRoles.Teacher],
            [NodeRoles.Data, NodeRoles.Teacher, NodeRoles.Evaluator],
            [NodeRoles.Student, NodeRoles.Data, NodeRoles.Teacher],
        ];
        List<string>[] roles = [.. Enumerable.Range(0, nodes).Select(index => index < usual.Length ? usual[index] : [NodeRoles.Data, NodeRoles.Teacher, NodeRoles.Evaluator])];
        roles[^1].AddRange(NodeRoles.All.Where(role => !roles.Any(node => node.Contains(role))));
        return roles;
    }

    private static string File(string runFolder) => Path.Combine(Folder(runFolder), "cluster.json");

    private static int Port(LaidOutNode? before, string host, HashSet<int> taken)
    {
        if (before is not null && NodeAddress.TryParse(before.Address, out NodeAddress? address) && address.Host == host && !taken.Contains(address.Port))
            return address.Port;
        int port;
        do
        {
            using var listener = new TcpListener(IPAddress.Any, 0);
            listener.Start();
            port = ((IPEndPoint)listener.LocalEndpoint).Port;
        }
        while (taken.Contains(port));
        return port;
    }

    private static void Write(string file, string text)
    {
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            System.IO.File.WriteAllText(file, text);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new RunException($"{file} cannot be written ({error.Message.TrimEnd('.')}); free some space, correct its rights or choose another run.folder.", error);
        }
    }
}
