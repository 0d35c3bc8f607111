namespace ActorTrain.DataPipeline;

/// <summary>What takes long when a data set is opened.</summary>
public enum OpeningPhase
{
    /// <summary>The files of a folder are listed; how many there are is known at the end only.</summary>
    Listing,

    /// <summary>Shards are looked up, one by one.</summary>
    LookingUpShards,

    /// <summary>The shards' headers are read; counted in bytes.</summary>
    Indexing,

    /// <summary>Packed text is unpacked into the cache directory; counted in packed bytes.</summary>
    Unpacking,

    /// <summary>Text is searched for documents; counted in bytes.</summary>
    IndexingText,

    /// <summary>Documents become tokens.</summary>
    Tokenizing,
}

/// <summary>How far the opening of a data set is.</summary>
/// <param name="Key">The configuration key that the data set came from (<see cref="SourceOptions.Key"/>).</param>
/// <param name="Phase">What is done.</param>
/// <param name="Done">How much of it: files, shards, bytes, or documents.</param>
/// <param name="Total">How much there is; null where nobody knows yet.</param>
public readonly record struct OpeningProgress(string Key, OpeningPhase Phase, long Done, long? Total);
