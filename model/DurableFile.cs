using System.Runtime.InteropServices;
using System.Text;

namespace ActorTrain.Model;

/// <summary>Files that are either wholly there, also after a power cut, or not at all.</summary>
public static partial class DurableFile
{
    /// <summary>Ends the names of files and folders that are not complete, or no longer.</summary>
    public const string TemporarySuffix = ".tmp";

    /// <summary>Writes a temporary file beside <paramref name="path"/>, flushes it to the disk, renames it and flushes the folder.</summary>
    /// <exception cref="ModelException">The disk is full, read-only or not ours.</exception>
    public static void Write(string path, Action<Stream> content)
    {
        string temporary = path + TemporarySuffix;
        try
        {
            using (FileStream stream = new(temporary, FileMode.Create, FileAccess.Write, FileShare.None, 1 << 20))
            {
                content(stream);
                stream.Flush(flushToDisk: true);
            }
            File.Move(temporary, path, overwrite: true);
            FlushFolder(Path.GetDirectoryName(Path.GetFullPath(path))!);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            Discard(temporary);
            throw Failure("write", path, exception);
        }
    }

    /// <summary>Writes UTF-8 text durably.</summary>
    public static void WriteText(string path, string text) => Write(path, stream => stream.Write(Encoding.UTF8.GetBytes(text)));

    /// <summary>Makes the names in a folder survive a power cut.</summary>
    public static void FlushFolder(string folder)
    {
        int descriptor = Open(folder, flags: 0);
        if (descriptor < 0)
            throw new IOException(Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError()));
        int outcome = FlushDescriptor(descriptor);
        int error = Marshal.GetLastPInvokeError();
        _ = Close(descriptor);
        if (outcome < 0)
            throw new IOException(Marshal.GetPInvokeErrorMessage(error));
    }

    /// <summary>Removes a folder if it is there; a crash on the way leaves it under a name that nobody reads.</summary>
    public static void RemoveFolder(string folder)
    {
        if (!Directory.Exists(folder))
            return;
        if (!folder.EndsWith(TemporarySuffix, StringComparison.Ordinal))
        {
            string condemned = folder + ".old" + TemporarySuffix;
            RemoveFolder(condemned);
            Directory.Move(folder, condemned);
            folder = condemned;
        }
        Directory.Delete(folder, recursive: true);
    }

    /// <summary>The sentence for a file or folder that cannot be read or written.</summary>
    public static ModelException Failure(string verb, string path, Exception exception) =>
        new($"Cannot {verb} '{path}': {exception.Message.TrimEnd('.').Replace($" : '{path}.tmp'", "", StringComparison.Ordinal)}; check the path, its permissions and the free space of its disk.", exception);

    private static void Discard(string temporary)
    {
        try
        {
            File.Delete(temporary);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // The write's own failure is what the user needs to read; a left-over .tmp file is overwritten by the next attempt.
        }
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int FlushDescriptor(int descriptor);

    [LibraryImport("libc", EntryPoint = "close")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Close(int descriptor);
}
