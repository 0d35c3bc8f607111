using System.Diagnostics;
using System.Globalization;

namespace ActorTrain.Host.Tests;

/// <summary>A test that mounts a file system; skipped where that is not allowed.</summary>
public sealed class FactWithMountsAttribute : FactAttribute
{
    public FactWithMountsAttribute() => Skip = TemporaryDisk.Refusal;
}

/// <summary>A test with arguments that mounts a file system; skipped where that is not allowed.</summary>
public sealed class TheoryWithMountsAttribute : TheoryAttribute
{
    public TheoryWithMountsAttribute() => Skip = TemporaryDisk.Refusal;
}

/// <summary>A small disk in memory.</summary>
public sealed class TemporaryDisk : IAsyncDisposable
{
    private const int CapSysAdmin = 21;

    private readonly string _folder;

    private TemporaryDisk(string folder) => _folder = folder;

    /// <summary>Why no disk can be mounted; null where one can.</summary>
    public static string? Refusal
    {
        get
        {
            string capabilities = File.ReadLines("/proc/self/status").First(line => line.StartsWith("CapEff:", StringComparison.Ordinal))[7..].Trim();
            bool allowed = (ulong.Parse(capabilities, NumberStyles.HexNumber) >> CapSysAdmin & 1) == 1;
            return allowed ? null : "Mounting a small disk needs root.";
        }
    }

    public static async Task<TemporaryDisk> MountAsync(string folder, string size)
    {
        await RunAsync("mount", "-t", "tmpfs", "-o", $"size={size}", "none", folder);
        return new TemporaryDisk(folder);
    }

    public async ValueTask DisposeAsync() => await RunAsync("umount", _folder);

    private static async Task RunAsync(string program, params string[] arguments)
    {
        using Process process = Process.Start(program, arguments);
        await process.WaitForExitAsync();
        Assert.Equal(0, process.ExitCode);
    }
}
