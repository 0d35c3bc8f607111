using System.Text;
using System.Text.RegularExpressions;
using ActorTrain.DataPipeline.Text;
using FsCheck;
using FsCheck.Fluent;

namespace ActorTrain.DataPipeline.Tests;

public sealed partial class PreTokenizerTests
{
    /// <summary>Letters, numbers, white space and others of every length in UTF-8, and what the expression names.</summary>
    private static readonly string[] Atoms =
    [
        "a", "s", "t", "m", "d", "re", "ve", "ll", "S", "é", "ж", "中", "ª", "𝐀", "𠮷", "1", "٣", "Ⅷ", "½", "𝟏", "'", "'", "'",
        " ", " ", " ", "\n", "\t", "\r", "\v", "\f", "\u0085", "\u00a0", "\u1680", "\u2003", "\u2028", "\u2029", "\u3000",
        "!", "-", "€", "\u0301", "\u200b", "\u180e", "\ufeff", "\0", "\u001c", "\u001f", "\u007f", "😀", "\ufffd", "\ud83d", "\ude00",
    ];

    private static readonly Arbitrary<string> Mixtures = Gen.Elements(Atoms).ListOf().Select(string.Concat).ToArbitrary();

    [Fact]
    public void Pieces_are_those_of_the_independent_script() =>
        Assert.All(GoldenBpe.Instance.Texts, text => Assert.Equal(text.Pieces, Pieces(Encoding.UTF8.GetBytes(text.Text)).Select(Encoding.UTF8.GetString)));

    [Fact]
    public void Pieces_are_those_of_the_published_expression() =>
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(2000), Prop.ForAll(Mixtures, text =>
            Pieces(Encoding.UTF8.GetBytes(text)).Select(Encoding.UTF8.GetString).SequenceEqual(PublishedPieces(text))));

    [Fact]
    public void Pieces_of_the_published_expression_agree_on_every_string() =>
        Prop.ForAll<NonNull<string>>(text =>
            Pieces(Encoding.UTF8.GetBytes(text.Get)).Select(Encoding.UTF8.GetString).SequenceEqual(PublishedPieces(text.Get))).QuickCheckThrowOnFailure();

    [Fact]
    public void Pieces_of_any_bytes_are_not_empty_and_make_up_the_whole() =>
        Prop.ForAll<byte[]>(bytes => Pieces(bytes).All(piece => piece.Length > 0) && Pieces(bytes).SelectMany(piece => piece).SequenceEqual(bytes))
            .QuickCheckThrowOnFailure();

    [Fact]
    public void Bytes_that_are_no_character_are_neither_letter_nor_blank()
    {
        byte[][] pieces = [.. Pieces([(byte)'a', 0xFF, 0xE4, 0xB8, (byte)' ', 0xC3, (byte)'a'])];
        Assert.Equal([[(byte)'a'], [0xFF, 0xE4, 0xB8], [(byte)' ', 0xC3], [(byte)'a']], pieces);
    }

    private static IEnumerable<byte[]> Pieces(byte[] text)
    {
        for (int start = 0; start < text.Length;)
        {
            int end = PreTokenizer.EndOfPiece(text, start);
            yield return text[start..end];
            start = end;
        }
    }

    /// <summary>.NET matches UTF-16 units, so a character beyond the basic plane is replaced by one of its kind within it.</summary>
    private static IEnumerable<string> PublishedPieces(string text)
    {
        Rune[] characters = [.. text.EnumerateRunes()];
        string basic = string.Concat(characters.Select(character => character switch
        {
            { IsBmp: true } => (char)character.Value,
            _ when Rune.IsLetter(character) => 'ж',
            _ when Rune.IsNumber(character) => '٣',
            _ => '€',
        }));
        return Published().Matches(basic).Select(match => string.Concat(characters[match.Index..(match.Index + match.Length)]));
    }

    [GeneratedRegex(@"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+")]
    private static partial Regex Published();
}
