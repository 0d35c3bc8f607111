using System.Diagnostics;
using System.Globalization;

namespace ActorTrain.Host.Tests;

/// <summary>A test that mounts a file system; skipped where that is not allowed.</summary>
public sealed class FactWithMountsAttribute : FactAttribute
{
    private const int CapSysAdmin = 21;

    public FactWithMountsAttribute()
    {
        string capabilities = File.ReadLines("/proc/self/status").First(line => line.StartsWith("CapEff:", StringComparison.Ordinal))[7..].Trim();
        if ((ulong.Parse(capabilities, NumberStyles.HexNumber) >> CapSysAdmin & 1) == 0)
            Skip = "Mounting a small disk needs root.";
    }
}

/// <summary>A small disk in memory.</summary>
public sealed class TemporaryDisk : IAsyncDisposable
{
    private readonly string _folder;

    private TemporaryDisk(string folder) => _folder = folder;

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
