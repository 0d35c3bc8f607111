using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using ActorTrain.DataPipeline.Sources;
using ActorTrain.DataPipeline.Storage;

namespace ActorTrain.DataPipeline;

/// <summary>Opens data sets.</summary>
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
            string root = Path.GetFullPath(options.Location);
            if (!Directory.Exists(root))
                throw new DataException($"{root} does not exist; correct the path.");
            var whole = await FolderSource.OpenAsync(new LocalStore(root), options.Location, options.ClassNames, cancel);
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
}
