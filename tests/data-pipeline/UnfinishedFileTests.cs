using System.Runtime.InteropServices;
using ActorTrain.DataPipeline.Sources;
using ActorTrain.DataPipeline.Storage;

namespace ActorTrain.DataPipeline.Tests;

public sealed partial class UnfinishedFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void What_a_killed_process_left_is_removed_when_the_file_is_written_again()
    {
        string old = Left("a.index.0.tmp", days: 2), young = Left("a.index.1.tmp", days: 0), other = Left("b.index.2.tmp", days: 2), locked = Left("a.index.3.tmp", days: 2);
        using var held = new FileStream(locked, FileMode.Open, FileAccess.Write, FileShare.None);
        using (var file = new UnfinishedFile(_folder.File("a.index")))
            file.Commit();
        Assert.Equal([_folder.File("a.index"), young, locked, other], Directory.GetFiles(_folder.Path).Order(StringComparer.Ordinal));
        Assert.False(File.Exists(old));

        string Left(string name, int days)
        {
            string path = _folder.Write(name, [1]);
            File.SetLastWriteTimeUtc(path, DateTime.UtcNow.AddDays(-days));
            return path;
        }
    }

    [Fact]
    public void A_full_disk_leaves_nothing_behind()
    {
        var writer = new SidecarFile<long>.Writer(_folder.File("a.index"), "ATTEST01", [1, 2, 3]);
        FillDisk(Directory.GetFiles(_folder.Path, "*.tmp").Single());
        writer.Add(7);
        Assert.Throws<IOException>(() => writer.Commit([]));
        Record.Exception(writer.Dispose);
        Assert.Empty(Directory.GetFiles(_folder.Path));
    }

    /// <summary>Puts the device that is always full behind the descriptor with which this process writes a file.</summary>
    private static void FillDisk(string path)
    {
        string descriptor = Directory.GetFiles("/proc/self/fd").Single(link => new FileInfo(link).LinkTarget == path);
        using var full = File.OpenHandle("/dev/full", FileMode.Open, FileAccess.Write);
        Assert.NotEqual(-1, DuplicateTo((int)full.DangerousGetHandle(), int.Parse(Path.GetFileName(descriptor))));
    }

    [LibraryImport("libc", EntryPoint = "dup2")]
    private static partial int DuplicateTo(int from, int to);
}
