using System.Globalization;
using System.Text;

namespace ActorTrain.DataPipeline.Text;

/// <summary>
/// Cuts text into the pieces inside which bytes are merged, by the regular expression published for GPT-2, read at code points:
/// <c>'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+</c>.
/// Bytes that are no UTF-8 count as U+FFFD, which is neither letter, number nor white space; they stay in their piece as they are.
/// </summary>
internal static class PreTokenizer
{
    private enum Kind : byte
    {
        Other,
        Letter,
        Number,
        WhiteSpace,
    }

    private static readonly Kind[] KindsOfBasicPlane = [.. Enumerable.Range(0, 0x10000).Select(KindOf)];

    /// <summary>The end of the piece that begins at <paramref name="start"/>, which must lie inside the text.</summary>
    public static int EndOfPiece(ReadOnlySpan<byte> text, int start)
    {
        if (text[start] == '\'' && ContractionLength(text[(start + 1)..]) is > 0 and var contraction)
            return start + 1 + contraction;
        Kind kind = KindAt(text, start, out int width);
        int end = start + width;
        if (kind != Kind.WhiteSpace)
            return EndOfRun(text, end, kind);
        // One blank belongs to the run behind it.
        if (text[start] == ' ' && end < text.Length && KindAt(text, end, out width) is not Kind.WhiteSpace and var following)
            return EndOfRun(text, end + width, following);
        // Of more white space before something else, the last character is left to it or stands alone.
        int last = start;
        while (end < text.Length && KindAt(text, end, out width) == Kind.WhiteSpace)
        {
            last = end;
            end += width;
        }
        return end == text.Length || last == start ? end : last;
    }

    private static int EndOfRun(ReadOnlySpan<byte> text, int position, Kind kind)
    {
        while (position < text.Length && KindAt(text, position, out int width) == kind)
            position += width;
        return position;
    }

    private static int ContractionLength(ReadOnlySpan<byte> afterApostrophe) => afterApostrophe switch
    {
        [(byte)'s' or (byte)'t' or (byte)'m' or (byte)'d', ..] => 1,
        [(byte)'r' or (byte)'v', (byte)'e', ..] or [(byte)'l', (byte)'l', ..] => 2,
        _ => 0,
    };

    private static Kind KindAt(ReadOnlySpan<byte> text, int position, out int width)
    {
        byte first = text[position];
        if (first < 0x80)
        {
            width = 1;
            return KindsOfBasicPlane[first];
        }
        Rune.DecodeFromUtf8(text[position..], out var rune, out width);
        return rune.IsBmp ? KindsOfBasicPlane[rune.Value] : KindOf(rune.Value);
    }

    private static Kind KindOf(int codePoint) => CharUnicodeInfo.GetUnicodeCategory(codePoint) switch
    {
        UnicodeCategory.UppercaseLetter or UnicodeCategory.LowercaseLetter or UnicodeCategory.TitlecaseLetter
            or UnicodeCategory.ModifierLetter or UnicodeCategory.OtherLetter => Kind.Letter,
        UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber => Kind.Number,
        UnicodeCategory.SpaceSeparator or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator => Kind.WhiteSpace,
        _ => codePoint is (>= '\t' and <= '\r') or 0x85 ? Kind.WhiteSpace : Kind.Other,
    };
}
