using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using ActorTrain.DataPipeline.Sources;
using ActorTrain.DataPipeline.Storage;

namespace ActorTrain.DataPipeline;

/// <summary>
/// Opens data sets: class folders and WebDataset shards, local, over http(s) or in S3. HTTP knows no listing, so a folder there needs
/// one beside its class folders: <c>files.tsv</c>, made with <c>find . -type f -printf '%s\t%P\n' &gt; files.tsv</c>. Shards need none.
/// </summary>
public static class SampleSources
{
    /// <summary>An encoded image of more bytes is refused before memory is taken for it.</summary>
    internal const int MaxSampleBytes = 1 << 28;

    /// <summary>Opens the data set that the options name.</summary>
    /// <exception cref="DataException">It does not exist, is empty or is damaged; the message starts with the options' key.</exception>
    public static async Task<ISampleSource> OpenAsync(SourceOptions options, CancellationToken cancel)
    {
        try
        {
            if (options.Limit < 0)
                throw new DataException($"the limit of {options.Limit} samples is negative; use 0 for all.");
            var whole = await OpenWholeAsync(options, cancel);
            return LimitedSource.Create(whole, options.Limit, options.LimitSeed);
        }
        catch (DataException error)
        {
            throw new DataException($"{options.Key}: {error.Message}", error);
        }
    }

    internal static void AppendToFingerprint(IncrementalHash hash, string name, long length, int label)
    {
        Span<byte> numbers = stackalloc byte[16];
        byte[] nameBytes = Encoding.UTF8.GetBytes(name);
        BinaryPrimitives.WriteInt32LittleEndian(numbers, nameBytes.Length);
        BinaryPrimitives.WriteInt32LittleEndian(numbers[4..], label);
        BinaryPrimitives.WriteInt64LittleEndian(numbers[8..], length);
        hash.AppendData(numbers);
        hash.AppendData(nameBytes);
    }

    private static async Task<ISampleSource> OpenWholeAsync(SourceOptions options, CancellationToken cancel)
    {
        bool shards = ShardPattern.IsShards(options.Location);
        var (root, pattern) = shards ? ShardPattern.Split(options.Location) : (options.Location.TrimEnd('/'), "");
        var store = OpenStore(options, root);
        try
        {
            return shards
                ? await ShardSource.OpenAsync(store, pattern, options, cancel)
                : await FolderSource.OpenAsync(store, options, cancel);
        }
        catch
        {
            store.Dispose();
            throw;
        }
    }

    private static IFileStore OpenStore(SourceOptions options, string root)
    {
        if (root.StartsWith("s3://", StringComparison.Ordinal))
            return new S3Store(root, options.Time);
        if (root.StartsWith("http://", StringComparison.Ordinal) || root.StartsWith("https://", StringComparison.Ordinal))
            return Uri.TryCreate(root, UriKind.Absolute, out _)
                ? new HttpStore(root, options.Time)
                : throw new DataException($"{options.Location} is no valid URL; correct it.");
        if (options.Location.Contains("://", StringComparison.Ordinal))
            throw new DataException($"{options.Location} has a scheme that is not read; use a local path, http(s):// or s3://.");
        if (options.Location.Length == 0)
            throw new DataException("the path is empty; name a folder or shards.");
        return new LocalStore(Path.GetFullPath(root.Length == 0 ? "/" : root));
    }
}
