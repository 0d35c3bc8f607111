using System.Buffers.Binary;

namespace ActorTrain.Tests;

/// <summary>
/// Damages inputs the way a liar or a bad cable would: bits, bytes, lengths that promise too much, pieces cut out, doubled or moved, the end
/// missing. The same seed makes the same inputs. A million in all: 400,000 streams of frames, 450,000 inputs of the MessagePack reader,
/// 100,000 messages of the actors and 50,000 safetensors files; 3,000 files of tokenizers, 500 of text and 400
/// of what is kept of text on top.
/// </summary>
internal static class Mutation
{
    private static readonly byte[] Telling = [0x00, 0x01, 0x7f, 0x80, 0x90, 0x9f, 0xc0, 0xc1, 0xc6, 0xdb, 0xdd, 0xdf, 0xfe, 0xff, (byte)'0', (byte)'9', (byte)'"', (byte)'{', (byte)'['];

    /// <summary><paramref name="count"/> inputs, each an element of the corpus with one to four mutations.</summary>
    public static IEnumerable<(int Element, byte[] Bytes)> Of(IReadOnlyList<byte[]> corpus, int count, int seed)
    {
        var random = new Random(seed);
        for (int round = 0; round < count; round++)
        {
            int element = round % corpus.Count;
            byte[] bytes = corpus[element];
            for (int mutation = random.Next(1, 5); mutation > 0; mutation--)
                bytes = Once(bytes, random);
            yield return (element, bytes);
        }
    }

    private static byte[] Once(byte[] bytes, Random random)
    {
        if (bytes.Length == 0)
            return [(byte)random.Next(256)];
        int place = random.Next(bytes.Length);
        int length = Math.Min(random.Next(1, 9), bytes.Length - place);
        byte[] changed = [.. bytes];
        switch (random.Next(8))
        {
            case 0:
                changed[place] ^= (byte)(1 << random.Next(8));
                return changed;
            case 1:
                changed[place] = (byte)random.Next(256);
                return changed;
            case 2 or 3:
                changed[place] = Telling[random.Next(Telling.Length)];
                return changed;
            case 4 when bytes.Length - place >= sizeof(int):
                BinaryPrimitives.WriteInt32LittleEndian(changed.AsSpan(place), (int)random.NextInt64(int.MinValue, int.MaxValue));
                return changed;
            case 5:
                return [.. bytes.AsSpan(0, place), .. bytes.AsSpan(place + length)];
            case 6:
                return [.. bytes.AsSpan(0, place), .. bytes.AsSpan(place, length), .. bytes.AsSpan(place)];
            default:
                return bytes[..place];
        }
    }
}
