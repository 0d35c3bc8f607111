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
            Subset.Check(options);
            var whole = await OpenWholeAsync(options, cancel);
            try
            {
                return SubsetSource.Create(whole, options, await SampleGroups.ReadAsync(whole, options, cancel));
            }
            catch
            {
                await whole.DisposeAsync();
                throw;
            }
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

    private static async Task<INamedSamples> OpenWholeAsync(SourceOptions options, CancellationToken cancel)
    {
        bool shards = FileNames.IsArchive(options.Location) && !FileNames.IsPacked(options.Location);
        var (root, pattern) = shards ? ShardPattern.Split(options.Location) : (options.Location.TrimEnd('/'), "");
        var store = StoredFiles.OpenStore(options, root);
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
}
