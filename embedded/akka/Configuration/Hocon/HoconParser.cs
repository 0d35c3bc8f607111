using System.Globalization;
using System.Text;

namespace Akka.Configuration.Hocon;

/// <summary>
/// Reads HOCON as Akka.NET does: comments, dotted and quoted keys, merged objects, arrays, triple-quoted text and <c>${path}</c>.
/// What Akka.NET would misread in silence (<c>+=</c>, <c>${?path}</c>, an unclosed brace) is an error here, with its line.
/// </summary>
internal sealed class HoconParser
{
    private const string NotInUnquotedText = "$\"{}[]:=,#`^?!@*&\\";

    private readonly string _text;
    private readonly List<(HoconSubstitution Substitution, int Position)> _substitutions = [];
    private int _position;

    private HoconParser(string text)
    {
        _text = text;
    }

    /// <exception cref="FormatException">The text is no HOCON; the message names line and column.</exception>
    public static HoconRoot Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return new HoconParser(text).ParseRoot();
    }

    private bool AtEnd => _position >= _text.Length;

    private char Current => AtEnd ? '\0' : _text[_position];

    private HoconRoot ParseRoot()
    {
        var root = new HoconValue([new HoconObject()]);
        SkipWhitespaceAndComments();
        if (Current == '{')
        {
            ParseBraces(root, "");
            SkipWhitespaceAndComments();
        }
        else
            ParseFields(root, "");
        if (!AtEnd)
            throw Error($"unexpected '{Current}'");
        ResolveSubstitutions(root);
        return new HoconRoot(root, _substitutions.Select(entry => entry.Substitution).ToList());
    }

    private void ParseBraces(HoconValue owner, string path)
    {
        var opening = _position++;
        ParseFields(owner, path);
        if (AtEnd)
            throw Error("this '{' is never closed", opening);
        _position++;
    }

    // Leaves the position at the end of the text or on the first character that starts no field, which is '}' if the text is right.
    private void ParseFields(HoconValue owner, string path)
    {
        if (!owner.IsObject())
            owner.NewValue(new HoconObject());
        while (true)
        {
            SkipWhitespaceAndComments();
            if (AtEnd || Current == '}')
                return;
            ParseField(owner, path);
            SkipWhitespaceAndComments();
            if (Current == ',')
                _position++;
        }
    }

    private void ParseField(HoconValue owner, string path)
    {
        var start = _position;
        var key = ParseKey();
        var value = owner.GetObject().GetOrCreateKey(key);
        path = path.Length == 0 ? key : path + "." + key;
        while (Current is ' ' or '\t')
            _position++;
        switch (Current)
        {
            case '.':
                _position++;
                if (!value.IsObject())
                    value.NewValue(new HoconObject());
                ParseField(value, path);
                break;
            case '{':
                ParseBraces(value, path);
                break;
            case '=' or ':':
                _position++;
                if (!value.IsObject())
                    value.Clear();
                ParseValue(value, path, $"the key '{path}' has no value");
                break;
            default:
                throw Error($"the key '{path}' is followed by neither '=', ':' nor '{{'", start);
        }
    }

    private string ParseKey()
    {
        if (Current == '"')
            return ParseQuoted();
        var start = _position;
        while (!AtEnd && Current is not ('.' or '\n') && !IsComment() && !NotInUnquotedText.Contains(Current))
            _position++;
        var key = _text[start.._position].Trim();
        if (key.Length == 0)
            throw Error($"a key cannot start with '{Current}'");
        if (key.EndsWith('+') && Current == '=')
            throw Error("'+=' is not supported; write the whole list");
        return key;
    }

    private void ParseValue(HoconValue owner, string path, string missing)
    {
        SkipWhitespaceAndComments();
        var start = _position;
        var pieces = 0;
        while (true)
        {
            var blanks = _position;
            while (Current is ' ' or '\t')
                _position++;
            if (!StartsValue())
                break;
            if (Current == '{')
            {
                if (pieces > 0)
                    throw Error("an object cannot be joined to another value; give it a key of its own");
                ParseBraces(owner, path);
            }
            else
            {
                if (pieces == 0)
                    owner.Clear();
                else if (owner.Values[0] is HoconObject)
                    throw Error("nothing can be joined to an object; start a new line");
                if (_position > blanks)
                    owner.AppendValue(new HoconLiteral { Value = _text[blanks.._position] });
                owner.AppendValue(ParsePiece(path));
            }
            pieces++;
        }
        if (pieces == 0)
            throw Error(missing, start);
        if (Current is '=' or ':')
            throw Error($"unquoted text cannot contain '{Current}'; put the value of '{path}' in quotes", start);
        if (!AtEnd && Current is not (',' or '}' or ']' or '\n' or '\r') && !IsComment())
            throw Error($"unexpected '{Current}' in the value of '{path}'; put the value in quotes");
    }

    private bool StartsValue() => !AtEnd && Current switch
    {
        '{' or '[' or '"' => true,
        '$' => _position + 1 < _text.Length && _text[_position + 1] == '{',
        _ => IsUnquotedText(),
    };

    private IHoconElement ParsePiece(string path)
    {
        if (Current == '[')
            return ParseArray(path);
        if (Current == '$')
            return ParseSubstitution();
        if (At("\"\"\""))
            return new HoconLiteral { Value = ParseTripleQuoted() };
        if (Current == '"')
            return new HoconLiteral { Value = ParseQuoted() };
        var start = _position;
        while (IsUnquotedText())
            _position++;
        return new HoconLiteral { Value = _text[start.._position] };
    }

    private HoconArray ParseArray(string path)
    {
        var opening = _position++;
        var array = new HoconArray();
        while (true)
        {
            SkipWhitespaceAndComments();
            if (AtEnd)
                throw Error("this '[' is never closed", opening);
            if (Current == ']')
            {
                _position++;
                return array;
            }
            var value = new HoconValue();
            ParseValue(value, path, $"unexpected '{Current}' in the list '{path}'");
            array.Add(value);
            SkipWhitespaceAndComments();
            if (Current == ',')
                _position++;
        }
    }

    private HoconSubstitution ParseSubstitution()
    {
        var start = _position;
        var end = _text.IndexOfAny(['}', '\n'], start);
        if (end < 0 || _text[end] == '\n')
            throw Error("this '${' is never closed", start);
        var path = _text[(start + 2)..end].Trim();
        if (path.StartsWith('?'))
            throw Error("optional substitutions ('${?…}') are not supported", start);
        _position = end + 1;
        var substitution = new HoconSubstitution(path);
        _substitutions.Add((substitution, start));
        return substitution;
    }

    private string ParseTripleQuoted()
    {
        var end = _text.IndexOf("\"\"\"", _position + 3, StringComparison.Ordinal);
        if (end < 0)
            throw Error("this triple quote is never closed");
        var text = _text[(_position + 3)..end];
        _position = end + 3;
        return text;
    }

    private string ParseQuoted()
    {
        var opening = _position++;
        var text = new StringBuilder();
        while (Current != '"')
        {
            if (AtEnd)
                throw Error("this quote is never closed", opening);
            text.Append(Current == '\\' ? ParseEscape() : Current);
            _position++;
        }
        _position++;
        return text.ToString();
    }

    private char ParseEscape()
    {
        _position++;
        switch (Current)
        {
            case 'b': return '\b';
            case 'f': return '\f';
            case 'n': return '\n';
            case 'r': return '\r';
            case 't': return '\t';
            case '"' or '\\' or '/': return Current;
            case 'u' when _position + 4 < _text.Length
                && ushort.TryParse(_text.AsSpan(_position + 1, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var code):
                _position += 4;
                return (char)code;
            default: throw Error($"unknown escape '\\{Current}'");
        }
    }

    private void ResolveSubstitutions(HoconValue root)
    {
        var config = new Config(new HoconRoot(root));
        foreach (var (substitution, position) in _substitutions)
            substitution.ResolvedValue = config.GetValue(substitution.Path) ?? throw Error($"Unresolved substitution: {substitution.Path}", position);
        foreach (var (substitution, position) in _substitutions)
        {
            if (Reaches(substitution.ResolvedValue!, substitution, []))
                throw Error($"the substitution ${{{substitution.Path}}} refers to itself", position);
        }
    }

    private static bool Reaches(HoconValue value, HoconSubstitution target, HashSet<HoconValue> seen) =>
        seen.Add(value) && value.Values.Exists(element => element switch
        {
            HoconSubstitution substitution => substitution == target || Reaches(substitution.ResolvedValue!, target, seen),
            HoconObject item => item.Items.Values.Any(child => Reaches(child, target, seen)),
            HoconArray array => array.Exists(child => Reaches(child, target, seen)),
            _ => false,
        });

    private bool IsUnquotedText() => !AtEnd && !char.IsWhiteSpace(Current) && !IsComment() && !NotInUnquotedText.Contains(Current);

    private bool IsComment() => Current == '#' || At("//");

    private bool At(string expected) => string.CompareOrdinal(_text, _position, expected, 0, expected.Length) == 0;

    private void SkipWhitespaceAndComments()
    {
        while (!AtEnd)
        {
            if (IsComment())
            {
                var end = _text.IndexOf('\n', _position);
                _position = end < 0 ? _text.Length : end;
            }
            else if (char.IsWhiteSpace(Current) || Current == '\uFEFF')
                _position++;
            else
                return;
        }
    }

    private FormatException Error(string problem) => Error(problem, _position);

    private FormatException Error(string problem, int position)
    {
        var before = _text.AsSpan(0, Math.Min(position, _text.Length));
        var line = before.Count('\n') + 1;
        var column = before.Length - before.LastIndexOf('\n');
        return new FormatException($"line {line}, column {column}: {(AtEnd && position >= _text.Length ? "unexpected end of the text; " : "")}{problem}");
    }
}
