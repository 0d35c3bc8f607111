using MessagePack;

namespace ActorTrain.Actors.Messages;

/// <summary>One file of a <see cref="FileSet"/>.</summary>
/// <param name="Name">Its name within the folder.</param>
/// <param name="Length">Its length in bytes.</param>
/// <param name="Sha256">SHA-256 of its content, in hexadecimal; whoever holds such content can serve it.</param>
[MessagePackObject]
public sealed record FileEntry([property: Key(0)] string Name, [property: Key(1)] long Length, [property: Key(2)] string Sha256);

/// <summary>The files of a folder, by content: a model, a checkpoint.</summary>
/// <param name="Files">Every file of the folder.</param>
[MessagePackObject]
public sealed record FileSet([property: Key(0)] FileEntry[] Files);
