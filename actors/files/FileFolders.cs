using System.Globalization;
using ActorTrain.Model;

namespace ActorTrain.Actors.Files;

/// <summary>Steps on folders of files that a crash may come between.</summary>
internal static class FileFolders
{
    /// <summary>Bytes of the files in a folder, 0 if it does not exist.</summary>
    public static long Bytes(string folder)
    {
        var info = new DirectoryInfo(folder);
        return info.Exists ? info.EnumerateFiles().Sum(file => file.Exists ? file.Length : 0) : 0;
    }

    /// <exception cref="IOException">The disk has less room than that.</exception>
    public static void RequireSpace(string folder, long bytes)
    {
        long free = new DriveInfo(folder).AvailableFreeSpace;
        if (bytes > free)
            throw new IOException($"it needs {bytes} bytes and its disk has {free} left");
    }

    public static void DeleteAllBut(string folder, IEnumerable<string> names)
    {
        HashSet<string> kept = [.. names];
        foreach (string file in Directory.EnumerateFiles(folder).Where(file => !kept.Contains(Path.GetFileName(file))).ToList())
            File.Delete(file);
    }

    /// <summary>Copies a file unless it is gone.</summary>
    public static void TryCopy(string from, string to)
    {
        try
        {
            File.Copy(from, to);
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            // It was removed since it was found: then it comes from another node.
        }
    }

    /// <summary>Removes a folder that nobody reads, if the disk lets it.</summary>
    public static void TryRemove(string folder)
    {
        try
        {
            if (Directory.Exists(folder))
                Directory.Delete(folder, recursive: true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // The error that led here is the one to tell; the next attempt takes up what is left.
        }
    }

    /// <summary>
    /// The folders beside one whose name ends in a number that differ from it only in this number and are lower, beyond the
    /// <paramref name="keep"/> highest with itself; complete ones and remains alike.
    /// </summary>
    public static IReadOnlyList<string> Superseded(string folder, int keep)
    {
        if (Number(folder) is not { } own || Path.GetDirectoryName(folder) is not { } parent)
            return [];
        var lower = Directory.EnumerateDirectories(parent)
            .Select(path => (Path: path, Number: Number(IsTemporary(path) ? path[..^DurableFile.TemporarySuffix.Length] : path)))
            .Where(other => other.Number is { } number && number.Prefix == own.Prefix && number.Value < own.Value)
            .ToList();
        var kept = lower.Where(other => !IsTemporary(other.Path))
            .OrderByDescending(other => other.Number!.Value.Value).Take(Math.Max(1, keep) - 1).Select(other => other.Path).ToHashSet();
        return [.. lower.Select(other => other.Path).Where(path => !kept.Contains(path))];
    }

    /// <summary>Whether a folder is not complete, or no longer.</summary>
    public static bool IsTemporary(string folder) => folder.EndsWith(DurableFile.TemporarySuffix, StringComparison.Ordinal);

    private static (string Prefix, long Value)? Number(string folder)
    {
        string name = Path.GetFileName(folder);
        string prefix = name.TrimEnd("0123456789".ToCharArray());
        return long.TryParse(name.AsSpan(prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out long value)
            ? (prefix, value)
            : null;
    }
}
