namespace ActorTrain.DataPipeline.Sources;

/// <summary>A source whose samples have names.</summary>
internal interface INamedSamples : ISampleSource
{
    /// <summary>The names in the samples' order: a file's path within the folder, or that of a member within its shard.</summary>
    /// <param name="options">Told how far the reading is.</param>
    /// <param name="cancel">Gives up.</param>
    /// <exception cref="DataException">They cannot be read.</exception>
    IAsyncEnumerable<string> ReadNamesAsync(SourceOptions options, CancellationToken cancel);
}
