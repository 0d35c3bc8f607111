using MessagePack;

namespace ActorTrain.Actors.Messages;

// Files between nodes: named by content, so that any node that has the bytes may serve them and a wrong byte is found out.

/// <summary>Asks a file server for a part of a file.</summary>
/// <param name="Sha256">The file.</param>
/// <param name="Offset">Where the part begins, in bytes.</param>
/// <param name="Count">How many bytes are wanted.</param>
[MessagePackObject]
public sealed record FileRequest([property: Key(0)] string Sha256, [property: Key(1)] long Offset, [property: Key(2)] int Count);

/// <summary>A file server's answer to <see cref="FileRequest"/>.</summary>
/// <param name="Sha256">The file.</param>
/// <param name="Offset">Where the part begins.</param>
/// <param name="Bytes">The part; shorter than was asked for only at the end of the file or above the server's limit.</param>
[MessagePackObject]
public sealed record FileChunk([property: Key(0)] string Sha256, [property: Key(1)] long Offset, [property: Key(2)] byte[] Bytes);

/// <summary>A file server does not have the file, or not that part of it.</summary>
/// <param name="Sha256">The file.</param>
/// <param name="Offset">Where the part would begin.</param>
[MessagePackObject]
public sealed record FileMissing([property: Key(0)] string Sha256, [property: Key(1)] long Offset);

/// <summary>
/// Asks a file server to keep a copy of a folder. It is asked again until it is done, and answers each time, after a second at the
/// latest, with <see cref="FilesHeld"/>, <see cref="FilesComing"/> or <see cref="FilesRefused"/>; unasked it gives up.
/// </summary>
/// <param name="Files">What to keep.</param>
/// <param name="Folder">Where, below the node's own folder; parts are separated by a slash.</param>
/// <param name="Epoch">Epoch of the coordinator that wants it; an older one than the node has seen of the run is refused.</param>
/// <param name="Run">The run whose epochs count.</param>
/// <param name="Source">Path of the file server that has the files.</param>
/// <param name="Keep">
/// For a folder whose name ends in a number: how many of those beside it that differ only in this number stay, itself and the next lower
/// ones; 0 for all.
/// </param>
[MessagePackObject]
public sealed record HoldFiles([property: Key(0)] FileSet Files, [property: Key(1)] string Folder, [property: Key(2)] long Epoch,
    [property: Key(3)] string Run, [property: Key(4)] string Source, [property: Key(5)] int Keep);

/// <summary>The copy is complete and on the disk.</summary>
/// <param name="Folder">The folder.</param>
/// <param name="Epoch">The epoch it was kept for.</param>
[MessagePackObject]
public sealed record FilesHeld([property: Key(0)] string Folder, [property: Key(1)] long Epoch);

/// <summary>The copy is under way.</summary>
/// <param name="Folder">The folder.</param>
/// <param name="Epoch">The epoch it is kept for.</param>
/// <param name="Bytes">How much of it is there.</param>
[MessagePackObject]
public sealed record FilesComing([property: Key(0)] string Folder, [property: Key(1)] long Epoch, [property: Key(2)] long Bytes);

/// <summary>The copy is not made.</summary>
/// <param name="Folder">The folder.</param>
/// <param name="Epoch">The epoch it was wanted for.</param>
/// <param name="SeenEpoch">The highest epoch that the node has seen of the run; above <paramref name="Epoch"/>, who asked is out of date.</param>
/// <param name="Sentence">Why, for the user.</param>
[MessagePackObject]
public sealed record FilesRefused([property: Key(0)] string Folder, [property: Key(1)] long Epoch, [property: Key(2)] long SeenEpoch,
    [property: Key(3)] string Sentence);
