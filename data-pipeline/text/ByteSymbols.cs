using System.Text;

namespace ActorTrain.DataPipeline.Text;

/// <summary>
/// The printable characters that stand for bytes in the files of a byte-level vocabulary, as GPT-2's encoder defines them: a byte that
/// Latin-1 prints stands for itself, the others get the characters from U+0100 on, in their order (a space becomes Ġ).
/// </summary>
internal static class ByteSymbols
{
    private const int FirstStandIn = 0x100;

    private static readonly char[] Symbols = MakeSymbols();
    private static readonly Dictionary<char, byte> Bytes = Symbols.Index().ToDictionary(pair => pair.Item, pair => (byte)pair.Index);

    /// <summary>All bytes in the order of their symbols.</summary>
    public static byte[] Ordered { get; } = [.. Bytes.OrderBy(pair => pair.Key).Select(pair => pair.Value)];

    /// <summary>How bytes are written in a vocabulary.</summary>
    public static string Spell(ReadOnlySpan<byte> bytes)
    {
        Span<char> symbols = bytes.Length <= 256 ? stackalloc char[bytes.Length] : new char[bytes.Length];
        for (int i = 0; i < bytes.Length; i++)
            symbols[i] = Symbols[bytes[i]];
        return new string(symbols);
    }

    /// <summary>The bytes that a token of a vocabulary stands for; its own UTF-8 when not all of its characters are symbols.</summary>
    public static byte[] Read(string token)
    {
        var bytes = new byte[token.Length];
        for (int i = 0; i < token.Length; i++)
        {
            if (!Bytes.TryGetValue(token[i], out bytes[i]))
                return Encoding.UTF8.GetBytes(token);
        }
        return bytes;
    }

    private static char[] MakeSymbols()
    {
        var symbols = new char[256];
        int standIn = FirstStandIn;
        for (int value = 0; value < symbols.Length; value++)
            symbols[value] = value is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or >= 0xAE ? (char)value : (char)standIn++;
        return symbols;
    }
}
