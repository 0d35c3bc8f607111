using System.Text;
using System.Text.Json;

namespace ActorTrain.Model;

/// <summary>A tensor in a safetensors file.</summary>
/// <param name="Name">Its key.</param>
/// <param name="Dtype">Element type as the format spells it: <c>F32</c>, <c>BF16</c>, ….</param>
/// <param name="Shape">Its dimensions.</param>
/// <param name="Offset">First byte in the file.</param>
/// <param name="Length">Number of bytes.</param>
public sealed record SafetensorsEntry(string Name, string Dtype, IReadOnlyList<long> Shape, long Offset, long Length)
{
    /// <summary>Number of elements.</summary>
    public long Count => Shape.Aggregate(1L, (product, dimension) => product * dimension);
}

/// <summary>Reads and checks the header of a safetensors file (https://github.com/huggingface/safetensors, section "Format").</summary>
internal static class SafetensorsHeader
{
    /// <summary>Bytes of the length field in front of the header.</summary>
    public const int LengthBytes = 8;

    private const ulong LongestHeader = 100_000_000;

    /// <summary>Bytes per element of each dtype that the format knows.</summary>
    private static readonly Dictionary<string, int> ElementBytes = new()
    {
        ["BOOL"] = 1,
        ["U8"] = 1,
        ["I8"] = 1,
        ["F8_E4M3"] = 1,
        ["F8_E5M2"] = 1,
        ["U16"] = 2,
        ["I16"] = 2,
        ["F16"] = 2,
        ["BF16"] = 2,
        ["U32"] = 4,
        ["I32"] = 4,
        ["F32"] = 4,
        ["U64"] = 8,
        ["I64"] = 8,
        ["F64"] = 8,
    };

    /// <summary>Checks the length field against the limit and the file.</summary>
    /// <returns>Bytes of JSON.</returns>
    public static int CheckLength(string path, ulong headerLength, long fileLength)
    {
        if (headerLength > LongestHeader)
            throw Broken(path, 0, $"the header length is {headerLength}, more than the {LongestHeader} bytes that the format allows");
        if (headerLength < 2 || (long)headerLength > fileLength - LengthBytes)
            throw Broken(path, 0, $"the header length is {headerLength} in a file of {fileLength} bytes");
        return (int)headerLength;
    }

    /// <summary>Parses the JSON and checks each entry and that the entries tile the rest of the file.</summary>
    public static Dictionary<string, SafetensorsEntry> Parse(string path, ReadOnlyMemory<byte> json, long fileLength)
    {
        long dataStart = LengthBytes + json.Length;
        Dictionary<string, SafetensorsEntry> entries = [];
        try
        {
            using JsonDocument document = JsonDocument.Parse(json);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
                throw Broken(path, LengthBytes, "the header is not a JSON object");
            foreach (JsonProperty property in document.RootElement.EnumerateObject())
            {
                if (property.NameEquals("__metadata__"))
                    continue;
                SafetensorsEntry entry = ParseEntry(path, property, dataStart, fileLength);
                if (!entries.TryAdd(entry.Name, entry))
                    throw Broken(path, LengthBytes, $"the header names tensor '{entry.Name}' twice");
            }
        }
        // InvalidOperationException: a string in the JSON is no valid UTF-8 or UTF-16.
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            throw Broken(path, LengthBytes, "the header is not valid JSON: " + FirstSentence(exception.Message));
        }
        CheckTiling(path, entries.Values, dataStart, fileLength);
        return entries;
    }

    /// <summary>The JSON for the given tensors, all float32, padded so that the data is aligned to 8 bytes; with its length field.</summary>
    public static byte[] Build(IReadOnlyList<(string Name, IReadOnlyList<long> Shape, long Count)> tensors)
    {
        using MemoryStream stream = new();
        stream.Write(new byte[LengthBytes]);
        using (Utf8JsonWriter json = new(stream))
        {
            json.WriteStartObject();
            json.WriteStartObject("__metadata__");
            json.WriteString("format", "pt");
            json.WriteEndObject();
            long offset = 0;
            foreach ((string name, IReadOnlyList<long> shape, long count) in tensors)
            {
                json.WriteStartObject(name);
                json.WriteString("dtype", "F32");
                json.WriteStartArray("shape");
                foreach (long dimension in shape)
                    json.WriteNumberValue(dimension);
                json.WriteEndArray();
                json.WriteStartArray("data_offsets");
                json.WriteNumberValue(offset);
                json.WriteNumberValue(offset += count * sizeof(float));
                json.WriteEndArray();
                json.WriteEndObject();
            }
            json.WriteEndObject();
        }
        while (stream.Length % 8 != 0)
            stream.WriteByte((byte)' ');
        byte[] bytes = stream.ToArray();
        System.Buffers.Binary.BinaryPrimitives.WriteUInt64LittleEndian(bytes, (ulong)(bytes.Length - LengthBytes));
        return bytes;
    }

    /// <summary>The sentence for a file that is not what it says.</summary>
    public static ModelException Broken(string path, long offset, string fault) =>
        new($"'{path}' is not a sound safetensors file: at byte {offset} {fault}; copy or download it again.");

    private static SafetensorsEntry ParseEntry(string path, JsonProperty property, long dataStart, long fileLength)
    {
        string name = property.Name;
        JsonElement value = property.Value;
        if (value.ValueKind != JsonValueKind.Object
            || !value.TryGetProperty("dtype", out JsonElement dtype) || dtype.ValueKind != JsonValueKind.String
            || !value.TryGetProperty("shape", out JsonElement shape) || !TryReadNumbers(shape, out long[] dimensions)
            || !value.TryGetProperty("data_offsets", out JsonElement offsets) || !TryReadNumbers(offsets, out long[] span) || span.Length != 2)
            throw Broken(path, LengthBytes, $"the header gives tensor '{Shown(name)}' no dtype, shape of whole numbers and pair of data_offsets");
        string type = dtype.GetString()!;
        if (!ElementBytes.TryGetValue(type, out int elementBytes))
            throw Broken(path, LengthBytes, $"the header gives tensor '{Shown(name)}' the unknown dtype '{Shown(type)}'");
        (long begin, long end) = (span[0], span[1]);
        long dataLength = fileLength - dataStart;
        if (begin > end || end > dataLength)
            throw Broken(path, LengthBytes, $"the header puts tensor '{Shown(name)}' at bytes {begin} to {end} of {dataLength} bytes of data");
        UInt128 bytes = (UInt128)elementBytes;
        foreach (long dimension in dimensions)
        {
            bytes *= (UInt128)dimension;
            if (bytes > long.MaxValue)
                throw Broken(path, LengthBytes, $"the shape of tensor '{Shown(name)}' overflows");
        }
        if (bytes != (UInt128)(end - begin))
            throw Broken(path, dataStart + begin, $"tensor '{Shown(name)}' of {type}[{string.Join(", ", dimensions)}] needs {bytes} bytes but has {end - begin}");
        if ((dataStart + begin) % elementBytes != 0)
            throw Broken(path, dataStart + begin, $"tensor '{Shown(name)}' is not aligned to its {elementBytes}-byte elements");
        return new SafetensorsEntry(name, type, dimensions, dataStart + begin, end - begin);
    }

    private static bool TryReadNumbers(JsonElement array, out long[] numbers)
    {
        numbers = [];
        if (array.ValueKind != JsonValueKind.Array || array.GetArrayLength() > 64)
            return false;
        numbers = new long[array.GetArrayLength()];
        int index = 0;
        foreach (JsonElement element in array.EnumerateArray())
        {
            if (element.ValueKind != JsonValueKind.Number || !element.TryGetInt64(out numbers[index]) || numbers[index++] < 0)
                return false;
        }
        return true;
    }

    private static void CheckTiling(string path, IEnumerable<SafetensorsEntry> entries, long dataStart, long fileLength)
    {
        long position = dataStart;
        foreach (SafetensorsEntry entry in entries.OrderBy(entry => entry.Offset).ThenBy(entry => entry.Length))
        {
            if (entry.Offset < position)
                throw Broken(path, entry.Offset, $"tensor '{Shown(entry.Name)}' overlaps the tensor before it");
            if (entry.Offset > position)
                throw Broken(path, position, $"a gap of {entry.Offset - position} bytes lies before tensor '{Shown(entry.Name)}'");
            position += entry.Length;
        }
        if (position != fileLength)
            throw Broken(path, position, $"{fileLength - position} bytes follow the last tensor");
    }

    /// <summary>A name from a file that is not trusted: short and without control characters.</summary>
    private static string Shown(string name)
    {
        StringBuilder shown = new();
        foreach (char character in name.AsSpan(0, Math.Min(name.Length, 100)))
            shown.Append(char.IsControl(character) ? '?' : character);
        return shown.ToString();
    }

    private static string FirstSentence(string message) => message.Split(". ", 2)[0].TrimEnd('.');
}
