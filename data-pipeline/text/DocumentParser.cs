using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace ActorTrain.DataPipeline.Text;

/// <summary>What a line holds.</summary>
/// <param name="Text">The text, not empty.</param>
/// <param name="Pair">The second text, where the options name a key for it.</param>
/// <param name="Label">The label as it is written, null for none.</param>
internal readonly record struct ParsedDocument(string Text, string? Pair, string? Label);

/// <summary>Reads a document out of a line: the whole line, or a JSON object with a key for the text and others that do not matter.</summary>
internal sealed class DocumentParser(TextOptions options)
{
    /// <summary>Whether a line holds nothing, and so no document.</summary>
    public static bool IsBlank(ReadOnlySpan<byte> line) => line.Trim(" \t\v\f\r"u8).IsEmpty;

    /// <summary>Reads a line.</summary>
    /// <param name="line">Its bytes.</param>
    /// <param name="plain">Whether the line itself is the text, and no JSON.</param>
    /// <param name="document">What it holds.</param>
    /// <param name="fault">Why it holds no document; the end of a sentence that starts with the line's place.</param>
    public bool TryParse(ReadOnlySpan<byte> line, bool plain, out ParsedDocument document, [NotNullWhen(false)] out string? fault)
    {
        document = default;
        fault = null;
        if (!Utf8.IsValid(line))
            fault = $"its byte {FirstInvalid(line) + 1} is not valid UTF-8";
        else if (plain && options.PairField is not null)
            fault = $"plain text has no key \"{options.PairField}\" for the second text";
        else if (plain)
            document = new ParsedDocument(Encoding.UTF8.GetString(line), null, null);
        else
            fault = Parse(line, ref document);
        return fault is null;
    }

    private string? Parse(ReadOnlySpan<byte> line, ref ParsedDocument document)
    {
        try
        {
            var reader = new Utf8JsonReader(line);
            reader.Read();
            if (reader.TokenType != JsonTokenType.StartObject)
                return $"it is JSON, but {Describe(reader.TokenType)} and no object with a key \"{options.TextField}\"";
            string? text = null, pair = null, label = null;
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                bool isText = reader.ValueTextEquals(options.TextField);
                bool isPair = options.PairField is not null && reader.ValueTextEquals(options.PairField);
                bool isLabel = options.LabelField is not null && reader.ValueTextEquals(options.LabelField);
                reader.Read();
                if (isText || isPair)
                {
                    string key = isText ? options.TextField : options.PairField!;
                    if (reader.TokenType != JsonTokenType.String)
                        return $"the value of \"{key}\" is {Describe(reader.TokenType)} and no string";
                    string value = reader.GetString()!;
                    if (value.Length == 0)
                        return $"the value of \"{key}\" is empty";
                    (text, pair) = isText ? (value, pair) : (text, value);
                }
                else if (isLabel)
                {
                    if (reader.TokenType == JsonTokenType.String)
                        label = reader.GetString();
                    else if (reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out long number))
                        label = number.ToString();
                    else if (reader.TokenType != JsonTokenType.Null)
                        return $"the value of \"{options.LabelField}\" is {Describe(reader.TokenType)} and neither a string nor a whole number";
                }
                else
                {
                    reader.Skip();
                }
            }
            // What stands behind the object makes this throw.
            reader.Read();
            if (text is null)
                return $"it has no key \"{options.TextField}\"";
            if (pair is null && options.PairField is not null)
                return $"it has no key \"{options.PairField}\"";
            document = new ParsedDocument(text, pair, label);
            return null;
        }
        catch (JsonException error)
        {
            return $"it is no JSON (character {error.BytePositionInLine + 1}: {ReasonOf(error)})";
        }
        catch (InvalidOperationException)
        {
            return "a string in it holds half of a surrogate pair";
        }
    }

    /// <summary>The reader's message without the place, which it counts in its own way.</summary>
    private static string ReasonOf(JsonException error)
    {
        int place = error.Message.IndexOf(" LineNumber:", StringComparison.Ordinal);
        return (place < 0 ? error.Message : error.Message[..place]).TrimEnd('.');
    }

    private static string Describe(JsonTokenType type) => type switch
    {
        JsonTokenType.StartArray => "a list",
        JsonTokenType.StartObject => "an object",
        JsonTokenType.String => "a string",
        JsonTokenType.Number => "a number",
        JsonTokenType.True or JsonTokenType.False => "true or false",
        _ => "null",
    };

    private static int FirstInvalid(ReadOnlySpan<byte> line)
    {
        int at = 0;
        while (Rune.DecodeFromUtf8(line[at..], out _, out int consumed) == System.Buffers.OperationStatus.Done)
            at += consumed;
        return at;
    }
}
