using System.IO.Compression;

namespace ActorTrain.DataPipeline.Storage;

/// <summary>
/// Unpacks gzip (RFC 1952). GZipStream takes a file that is cut off for one that ends there; so a member of known content is put behind
/// the file, which comes out again only if all before it is whole. Like gunzip it reads any number of members; unlike gunzip it refuses
/// what else may stand behind them.
/// </summary>
internal static class PackedFile
{
    private static readonly byte[] EndMark = "the end of a whole gzip file"u8.ToArray();
    private static readonly byte[] PackedEndMark = Pack(EndMark);

    /// <summary>Unpacks a part of a stored file.</summary>
    /// <param name="store">Where it is.</param>
    /// <param name="path">The file.</param>
    /// <param name="start">Where the part starts.</param>
    /// <param name="length">Its packed bytes.</param>
    /// <param name="to">Gets what was packed.</param>
    /// <param name="reached">Told how many packed bytes were read.</param>
    /// <param name="cancel">Gives up.</param>
    /// <exception cref="InvalidDataException">It is no gzip file, damaged or cut off.</exception>
    public static async Task UnpackAsync(
        IFileStore store, string path, long start, long length, Stream to, Action<long> reached, CancellationToken cancel)
    {
        await using var packed = new StoredStream(store, path, start, length, PackedEndMark);
        await using var buffered = new BufferedStream(packed, 1 << 20);
        await using var unpacking = new GZipStream(buffered, CompressionMode.Decompress);
        var buffer = new byte[1 << 20];
        int held = 0;
        while (await unpacking.ReadAsync(buffer.AsMemory(held), cancel) is > 0 and int count)
        {
            int filled = held + count;
            held = Math.Min(filled, EndMark.Length);
            await to.WriteAsync(buffer.AsMemory(0, filled - held), cancel);
            buffer.AsSpan(filled - held, held).CopyTo(buffer);
            reached(Math.Min(packed.Position, length));
        }
        if (!buffer.AsSpan(0, held).SequenceEqual(EndMark))
            throw new InvalidDataException();
    }

    private static byte[] Pack(byte[] content)
    {
        using var packed = new MemoryStream();
        using (var packing = new GZipStream(packed, CompressionLevel.Optimal))
            packing.Write(content);
        return packed.ToArray();
    }
}
