using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using ActorTrain.Actors.Cluster;

namespace ActorTrain.Cluster.Tests;

/// <summary>How a node is started.</summary>
/// <param name="Roles">Its roles.</param>
internal sealed record NodeSetup(params IReadOnlyList<string> Roles)
{
    /// <summary>A node with all roles but some.</summary>
    public static NodeSetup AllBut(params IEnumerable<string> roles) => new([.. NodeRoles.All.Except(roles)]);

    /// <summary>What it proves to belong with.</summary>
    public string Secret { get; init; } = TestCluster.Secret;

    /// <summary>Faults that it does itself, as ACTORTRAIN_FAULTS has them.</summary>
    public string Faults { get; init; } = "student-steps=50ms";

    /// <summary>How long others must be out of its reach before it takes them out of the cluster.</summary>
    public string DowningAfter { get; init; } = "1.5s";

    /// <summary>Whether it stops what it does when it has lost sight of the majority.</summary>
    public bool KeepMajority { get; init; }

    /// <summary>The certificate that it encrypts with; null for plain connections.</summary>
    public TlsOptions? Tls { get; init; }

    /// <summary>Its folder; null for one of its own.</summary>
    public string? Folder { get; init; }

    /// <summary>Whether the others reach it through a <see cref="TcpProxy"/>.</summary>
    public bool Proxied { get; init; }
}

/// <summary>A node in a process of its own, which can be started again with the same command.</summary>
internal sealed class ClusterNode : IAsyncDisposable
{
    /// <summary>Ports that no outgoing connection takes while the node is away.</summary>
    private const int FirstPort = 20_000, Ports = 12_000;

    private static readonly ConcurrentDictionary<Process, bool> Living = new();

    private static int _lastPort = Random.Shared.Next(Ports);

    private readonly NodeSetup _setup;
    private readonly string _faults;
    private readonly int _port = FreePort();
    private Process? _process;
    private Task _reading = Task.CompletedTask;

    // A test process that ends early must leave nothing behind. (One that is killed closes the nodes' standard input, which ends them.)
    static ClusterNode() => AppDomain.CurrentDomain.ProcessExit += (_, _) =>
    {
        foreach (var process in Living.Keys)
            process.Kill();
    };

    /// <param name="setup">How it is started.</param>
    /// <param name="folder">Its folder, if it has none of its own.</param>
    /// <param name="faults">Further faults.</param>
    public ClusterNode(NodeSetup setup, string folder, string faults)
    {
        (_setup, _faults) = (setup, $"{setup.Faults},{faults}");
        Folder = setup.Folder ?? folder;
        Proxy = setup.Proxied ? new TcpProxy(_port) : null;
        Address = $"127.0.0.1:{Proxy?.Port ?? _port}";
    }

    /// <summary>Where the others reach it.</summary>
    public string Address { get; }

    public string Folder { get; }

    public TcpProxy? Proxy { get; }

    /// <summary>What it has said on both of its outputs, over all its starts.</summary>
    public History<string> Lines { get; } = new();

    /// <summary>Starts its process.</summary>
    /// <param name="seeds">The nodes that it joins.</param>
    public void Start(IEnumerable<string> seeds)
    {
        var start = new ProcessStartInfo("dotnet",
        [
            Path.Combine(AppContext.BaseDirectory, "actortrain.dll"), "node", "--roles", string.Join(',', _setup.Roles),
            "--listen", $"127.0.0.1:{_port}", .. Proxy is null ? Array.Empty<string>() : ["--advertise", Address],
            "--join", string.Join(',', seeds), "--folder", Folder, "--downing-after", _setup.DowningAfter,
            "--downing", _setup.KeepMajority ? "keep-majority" : "timeout", "--while-stdin",
            .. _setup.Tls is { } tls ? ["--tls-certificate", tls.CertificateFile, "--tls-password-file", $"{tls.CertificateFile}.password"] : Array.Empty<string>(),
        ])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["ACTORTRAIN_SECRET"] = _setup.Secret;
        start.Environment["ACTORTRAIN_FAULTS"] = _faults;
        // Nodes share the processors: threads that wait must not spin.
        start.Environment["OMP_WAIT_POLICY"] = "passive";
        if (_process is not null)
        {
            Living.TryRemove(_process, out _);
            _process.Dispose();
        }
        _process = Process.Start(start)!;
        Living.TryAdd(_process, true);
        _reading = Task.WhenAll(ReadAsync(_process.StandardOutput), ReadAsync(_process.StandardError));
    }

    /// <summary>Waits for its line that says it is a member.</summary>
    /// <param name="after">How many of its first lines do not count.</param>
    public Task UpAsync(int after = 0) => Lines.FirstAsync(line => line.EndsWith(" is up", StringComparison.Ordinal), after);

    /// <summary>kill -9.</summary>
    public void Kill() => _process!.Kill();

    public void Send(Signal signal) => Signals.Send(_process!.Id, signal);

    /// <summary>Waits for its end.</summary>
    /// <returns>Its exit code.</returns>
    public async Task<int> ExitAsync()
    {
        await _process!.WaitForExitAsync();
        await _reading;
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            _process.Kill();
            await ExitAsync();
            Living.TryRemove(_process, out _);
            _process.Dispose();
        }
        if (Proxy is not null)
            await Proxy.DisposeAsync();
    }

    private async Task ReadAsync(StreamReader output)
    {
        while (await output.ReadLineAsync() is { } line)
            Lines.Report(line);
    }

    /// <summary>A port that no other node of this process has or had.</summary>
    private static int FreePort()
    {
        while (true)
        {
            int port = FirstPort + Interlocked.Increment(ref _lastPort) % Ports;
            using var listener = new TcpListener(IPAddress.Loopback, port);
            try
            {
                listener.Start();
                return port;
            }
            catch (SocketException)
            {
                // Taken; another one.
            }
        }
    }
}
