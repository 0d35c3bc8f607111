using System.Security.Cryptography;
using ActorTrain.Actors.Messages;

namespace ActorTrain.Actors.Files;

/// <summary>Checks names and lengths that come from another node before any of them reaches the disk.</summary>
internal static class FileNames
{
    private const int MaxNameLength = 128;
    private const int MaxFolderDepth = 16;
    private const int MaxFiles = 256;
    private const long MaxFileLength = 1L << 40;
    private static readonly string Sha256OfNothing = Convert.ToHexStringLower(SHA256.HashData([]));

    /// <summary>A sentence on what is wrong with a set, or null.</summary>
    public static string? FaultOf(FileSet? set)
    {
        if (set?.Files is not { Length: > 0 and <= MaxFiles } files)
            return $"A set of files must name 1 to {MaxFiles} files.";
        foreach (var file in files)
        {
            if (!IsName(file?.Name))
                return $"'{Shown(file?.Name)}' cannot be the name of a file in a folder.";
            if (file!.Length is < 0 or > MaxFileLength)
                return $"The file '{file.Name}' cannot have {file.Length} bytes.";
            if (file.Sha256?.Length != Sha256OfNothing.Length || !file.Sha256.All(char.IsAsciiHexDigitLower)
                || (file.Length == 0 && file.Sha256 != Sha256OfNothing))
                return $"The file '{file.Name}' comes without its SHA-256.";
        }
        return files.DistinctBy(file => file.Name).Count() == files.Length ? null : "A set of files names a file twice.";
    }

    /// <summary>A sentence on what is wrong with a folder that must lie below the node's own, or null.</summary>
    public static string? FaultOfFolder(string? folder) =>
        folder?.Split('/') is { Length: <= MaxFolderDepth } parts && parts.All(IsName)
            ? null
            : $"'{Shown(folder)}' cannot be a folder below a node's own.";

    /// <summary>One part of a path: no way up, no separator, nothing that a terminal would interpret.</summary>
    public static bool IsName(string? name) =>
        name is { Length: > 0 and <= MaxNameLength } and not "." and not ".."
        && !name.Any(letter => letter is '/' or '\\' || char.IsControl(letter));

    private static string Shown(string? name) =>
        string.Concat((name ?? "").Take(MaxNameLength).Select(letter => char.IsControl(letter) ? '?' : letter));
}
