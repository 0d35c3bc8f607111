using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using ActorTrain.Actors.Cluster;
using ActorTrain.Host.Cluster;
using ActorTrain.Host.Configuration;

namespace ActorTrain.Host.Commands;

/// <summary>The options of nodes and of those who speak with them. A mistake in one is an error of the command line.</summary>
internal static class ClusterOptions
{
    public static Option<NodeAddress?> Listen(string description) => new("--listen")
    {
        Description = description,
        HelpName = "host:port",
        CustomParser = result => ReadAddress(result, result.Tokens.Single().Value),
    };

    public static Option<NodeAddress?> Advertise() => new("--advertise")
    {
        Description = "Where the others reach the node, if not where it listens, as behind a forwarded port.",
        HelpName = "host:port",
        CustomParser = result => ReadAddress(result, result.Tokens.Single().Value),
    };

    public static Option<IReadOnlyList<NodeAddress>> Join(string description) => new("--join")
    {
        Description = description,
        HelpName = "host:port[,host:port]",
        Arity = ArgumentArity.OneOrMore,
        CustomParser = result => [.. Parts(result).Select(part => ReadAddress(result, part)).OfType<NodeAddress>()],
    };

    public static Option<IReadOnlyList<string>> Roles(string description) => new("--roles")
    {
        Description = description,
        HelpName = "role[,role]",
        Arity = ArgumentArity.OneOrMore,
        CustomParser = result =>
        {
            string[] roles = [.. Parts(result).Distinct()];
            foreach (string role in roles.Except(NodeRoles.All))
                result.AddError($"--roles: there is no role '{role}'; there are {string.Join(", ", NodeRoles.All)}.");
            return roles;
        },
    };

    public static Option<string> Downing()
    {
        var option = new Option<string>(NodeArguments.Downing)
        {
            Description = "What goes on when the cluster falls apart: every part (timeout), or the majority only (keep-majority).",
            DefaultValueFactory = _ => NodeArguments.Timeout,
        };
        return option.AcceptOnlyFromAmong(NodeArguments.Timeout, NodeArguments.KeepMajority);
    }

    public static Option<TimeSpan> DowningAfter() => new(NodeArguments.DowningAfter)
    {
        Description = "Take a node out of the cluster that cannot be reached for so long.",
        HelpName = "5s",
        DefaultValueFactory = _ => TimeSpan.FromSeconds(5),
        CustomParser = result =>
        {
            string text = result.Tokens.Single().Value;
            if (double.TryParse(text.TrimEnd('s'), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double seconds) && seconds is >= 1 and <= 3600)
                return TimeSpan.FromSeconds(seconds);
            result.AddError($"{NodeArguments.DowningAfter} {text}: it takes seconds from 1s to 3600s.");
            return default;
        },
    };

    /// <summary>Refuses values outside a range.</summary>
    public static void Accept<T>(this Option<T> option, T least, T most) where T : IComparable<T> => option.Validators.Add(result =>
    {
        if (result.GetValueOrDefault<T>() is { } value && !(value.CompareTo(least) >= 0 && value.CompareTo(most) <= 0))
            result.AddError(FormattableString.Invariant($"{option.Name} {value}: it takes {least} to {most}."));
    });

    private static NodeAddress? ReadAddress(ArgumentResult result, string text)
    {
        if (!NodeAddress.TryParse(text, out NodeAddress? address))
            result.AddError($"'{text}' is no address; write host:port, such as 192.168.0.7:4711.");
        return address;
    }

    private static IEnumerable<string> Parts(ArgumentResult result) => result.Tokens
        .SelectMany(token => token.Value.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
}

/// <summary>The options that say how a process proves that it belongs to a cluster.</summary>
internal sealed class AccessOptions
{
    private readonly Option<string?> _secretFile = new(NodeArguments.SecretFile)
    {
        Description = $"The file of the cluster's secret; without it, the environment variable {ClusterSecret.Variable}, then ~/.config/actortrain/secret.",
        HelpName = "file",
    };

    private readonly Option<string?> _certificate = new(NodeArguments.TlsCertificate) { Description = "Encrypt connections, with this PKCS #12 certificate.", HelpName = "file" };

    private readonly Option<string?> _passwordFile = new(NodeArguments.TlsPasswordFile) { Description = "The file of the certificate's password.", HelpName = "file" };

    /// <summary>Adds the options to a command.</summary>
    public AccessOptions(Command command)
    {
        command.Add(_secretFile);
        command.Add(_certificate);
        command.Add(_passwordFile);
    }

    /// <summary>What they say.</summary>
    public ClusterAccess Read(ParseResult parsed) => new(parsed.GetValue(_secretFile), parsed.GetValue(_certificate), parsed.GetValue(_passwordFile));
}

/// <summary>The options that spread a run over nodes.</summary>
internal sealed class LocalClusterCommandOptions
{
    public const int MaxNodes = 64;

    private readonly Option<int?> _nodes = new("--nodes")
    {
        Description = "Carry the run out on so many node processes, which are started, watched and ended here.",
        HelpName = "number",
    };

    private readonly Option<NodeAddress?> _listen = ClusterOptions.Listen("Listen on this address of the network, so that nodes of other machines can join (with --nodes).");

    private readonly Option<IReadOnlyList<string>> _roles = ClusterOptions.Roles("Roles of the one node (with --nodes 1); default: all.");

    private readonly AccessOptions _access;

    /// <summary>Adds the options to a command.</summary>
    public LocalClusterCommandOptions(Command command)
    {
        command.Add(_nodes);
        command.Add(_listen);
        command.Add(_roles);
        _access = new AccessOptions(command);
        command.Validators.Add(result =>
        {
            int? nodes = result.GetValue(_nodes);
            if (nodes is < 1 or > MaxNodes)
                result.AddError($"--nodes {nodes}: it takes 1 to {MaxNodes}.");
            if (nodes is null && result.GetValue(_listen) is not null)
                result.AddError("--listen is given without --nodes; add --nodes 1 to begin a cluster that other machines can join.");
            if (nodes != 1 && result.GetResult(_roles) is not null)
                result.AddError("--roles goes with --nodes 1; several nodes share the roles out by themselves.");
        });
    }

    /// <summary>What they say; null without <c>--nodes</c>.</summary>
    public LocalClusterOptions? Read(ParseResult parsed, Settings settings) => parsed.GetValue(_nodes) is { } nodes
        ? new LocalClusterOptions
        {
            Roles = parsed.GetValue(_roles) is { Count: > 0 } roles ? [roles] : ClusterLayout.RolesFor(nodes),
            Settings = settings,
            Listen = parsed.GetValue(_listen),
            Access = _access.Read(parsed),
        }
        : null;
}
