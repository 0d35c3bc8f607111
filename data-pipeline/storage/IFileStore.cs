namespace ActorTrain.DataPipeline.Storage;

/// <summary>A stored file. A path that ends in '/' is a folder.</summary>
/// <param name="Path">Relative to the store's root, with '/' between the parts.</param>
/// <param name="Length">Bytes.</param>
/// <param name="Version">Changes when the content does: modification time, ETag or Last-Modified; empty where nothing tells.</param>
internal readonly record struct StoredFile(string Path, long Length, string Version);

/// <summary>Files below one root: a folder, a web server's folder or an S3 prefix. Safe for concurrent use.</summary>
internal interface IFileStore : IDisposable
{
    /// <summary>The full name of a file, for messages.</summary>
    string Locate(string path);

    /// <summary>The file's length and version, null when it does not exist.</summary>
    Task<StoredFile?> FindAsync(string path, CancellationToken cancel);

    /// <summary>Every file below the root, in any order; folders too where the store has them.</summary>
    IAsyncEnumerable<StoredFile> ListAsync(CancellationToken cancel);

    /// <summary>Fills the buffer from the file, starting at the offset.</summary>
    /// <exception cref="DataException">The file cannot be read or ends too early.</exception>
    ValueTask ReadAsync(string path, long offset, Memory<byte> buffer, CancellationToken cancel);
}
