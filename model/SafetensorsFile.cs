using System.Buffers.Binary;
using System.IO.MemoryMappedFiles;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace ActorTrain.Model;

/// <summary>A tensor to be written: float32 values that are asked for when their turn comes, so that one tensor at a time is in memory.</summary>
/// <param name="Name">Its key.</param>
/// <param name="Shape">Its dimensions.</param>
/// <param name="Values">Its values in row-major order.</param>
internal sealed record TensorToWrite(string Name, IReadOnlyList<long> Shape, Func<float[]> Values)
{
    public long Count => Shape.Aggregate(1L, (product, dimension) => product * dimension);
}

/// <summary>A safetensors file, memory-mapped; nothing of it is handed out before the whole header was checked.</summary>
public sealed class SafetensorsFile : IDisposable
{
    private readonly string _path;
    private readonly FileStream _stream;
    private readonly MemoryMappedFile _map;
    private readonly MemoryMappedViewAccessor _view;

    private SafetensorsFile(
        string path, FileStream stream, MemoryMappedFile map, MemoryMappedViewAccessor view, IReadOnlyDictionary<string, SafetensorsEntry> entries)
    {
        _path = path;
        _stream = stream;
        _map = map;
        _view = view;
        Entries = entries;
    }

    /// <summary>The tensors by name.</summary>
    public IReadOnlyDictionary<string, SafetensorsEntry> Entries { get; }

    /// <summary>Maps a file and checks its header: length, JSON, dtypes, shapes, offsets, alignment, overlaps, gaps and end of file.</summary>
    /// <exception cref="ModelException">The file cannot be read or lies about itself.</exception>
    public static SafetensorsFile Open(string path)
    {
        FileStream? stream = null;
        MemoryMappedFile? map = null;
        MemoryMappedViewAccessor? view = null;
        try
        {
            stream = new(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete);
            if (stream.Length < SafetensorsHeader.LengthBytes)
                throw SafetensorsHeader.Broken(path, 0, $"the file ends after {stream.Length} bytes");
            Span<byte> lengthField = stackalloc byte[SafetensorsHeader.LengthBytes];
            stream.ReadExactly(lengthField);
            byte[] json = new byte[SafetensorsHeader.CheckLength(path, BinaryPrimitives.ReadUInt64LittleEndian(lengthField), stream.Length)];
            stream.ReadExactly(json);
            Dictionary<string, SafetensorsEntry> entries = SafetensorsHeader.Parse(path, json, stream.Length);
            map = MemoryMappedFile.CreateFromFile(stream, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: true);
            view = map.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read);
            return new SafetensorsFile(path, stream, map, view, entries);
        }
        catch (Exception exception)
        {
            view?.Dispose();
            map?.Dispose();
            stream?.Dispose();
            if (exception is IOException or UnauthorizedAccessException)
                throw DurableFile.Failure("read", path, exception);
            throw;
        }
    }

    /// <summary>The values of an F32, F16 or BF16 tensor as float32, in row-major order.</summary>
    /// <exception cref="ModelException">There is no such tensor, or it holds another dtype.</exception>
    public float[] Read(string name)
    {
        if (!Entries.TryGetValue(name, out SafetensorsEntry? entry))
            throw new ModelException($"'{_path}' holds no tensor '{name}'; it is not the file of such a model.");
        if (entry.Dtype is not ("F32" or "F16" or "BF16"))
            throw new ModelException($"Tensor '{name}' in '{_path}' is {entry.Dtype}; store it as F32, F16 or BF16.");
        if (entry.Count > Array.MaxLength)
            throw new ModelException($"Tensor '{name}' in '{_path}' has {entry.Count} elements, more than the {Array.MaxLength} that fit into one array; split it.");
        float[] values = new float[entry.Count];
        if (entry.Dtype == "F32")
        {
            Copy(entry.Offset, values);
            return values;
        }
        ushort[] halves = new ushort[values.Length];
        Copy(entry.Offset, halves);
        bool brain = entry.Dtype == "BF16";
        for (int index = 0; index < values.Length; index++)
            values[index] = brain ? BitConverter.Int32BitsToSingle(halves[index] << 16) : (float)BitConverter.UInt16BitsToHalf(halves[index]);
        return values;
    }

    /// <summary>Writes float32 tensors in the order of their names to a temporary file, flushes it and renames it.</summary>
    /// <exception cref="ModelException">The file cannot be written.</exception>
    internal static void Write(string path, IEnumerable<TensorToWrite> tensors)
    {
        TensorToWrite[] ordered = [.. tensors.OrderBy(tensor => tensor.Name, StringComparer.Ordinal)];
        DurableFile.Write(path, stream =>
        {
            stream.Write(SafetensorsHeader.Build([.. ordered.Select(tensor => (tensor.Name, tensor.Shape, tensor.Count))]));
            foreach (TensorToWrite tensor in ordered)
            {
                ReadOnlySpan<float> values = tensor.Values();
                const int Chunk = 1 << 20;
                for (int start = 0; start < values.Length; start += Chunk)
                    stream.Write(MemoryMarshal.AsBytes(values[start..Math.Min(start + Chunk, values.Length)]));
            }
        });
    }

    /// <summary>Unmaps the file.</summary>
    public void Dispose()
    {
        _view.Dispose();
        _map.Dispose();
        _stream.Dispose();
    }

    private void Copy<T>(long offset, T[] destination)
        where T : unmanaged
    {
        // The kernel ends a process that touches a mapped page beyond the end of its file, so a file that was cut meanwhile is looked for
        // first. One that is cut within the next moment still does that: writers replace model files by renaming, which cuts none.
        long length = RandomAccess.GetLength(_stream.SafeFileHandle), end = offset + (long)destination.Length * Unsafe.SizeOf<T>();
        if (end > length)
            throw SafetensorsHeader.Broken(_path, length, "the file was cut off while it was in use");
        _view.ReadArray(offset, destination, 0, destination.Length);
    }
}
