using System.Text;
using System.Text.RegularExpressions;

namespace ActorTrain.Host.Configuration;

/// <summary>A key of a HOCON text.</summary>
/// <param name="Written">Its path with the quotes it was written with, as a lookup takes it: <c>study.sweep."data.limit"</c>.</param>
/// <param name="Line">Its line, from 1.</param>
internal readonly record struct OutlinedKey(string Written, int Line);

/// <summary>An include of a HOCON text.</summary>
/// <param name="File">The file, as it is written.</param>
/// <param name="Line">Its line, from 1.</param>
internal readonly record struct OutlinedInclude(string File, int Line);

/// <summary>
/// Where each key and each include stand in a HOCON text. Akka's parser keeps no line numbers and reads past mistakes (a stray brace, a key
/// without a value) in silence; this reads the same text for its structure only, and refuses those with file and line.
/// </summary>
internal sealed partial class HoconOutline
{
    private const string IncludeWord = "include";

    private readonly string _file;
    private readonly string _text;
    private readonly OrderedDictionary<string, OutlinedKey> _keys = [];
    private readonly List<OutlinedInclude> _includes = [];
    private int _index;
    private int _line = 1;
    private int _read;

    private HoconOutline(string file, string text)
    {
        _file = file;
        _text = text;
        WithoutIncludes = text;
    }

    /// <summary>Every key with a value, by path, in the text's order.</summary>
    public IReadOnlyDictionary<string, OutlinedKey> Keys => _keys;

    /// <summary>Every include, in the text's order.</summary>
    public IReadOnlyList<OutlinedInclude> Includes => _includes;

    /// <summary>The text with spaces in place of its includes.</summary>
    public string WithoutIncludes { get; private set; }

    /// <summary>Reads a text.</summary>
    /// <param name="file">What to call it in messages.</param>
    /// <param name="text">The text.</param>
    /// <exception cref="ConfigurationException">A mistake in its structure.</exception>
    public static HoconOutline Read(string file, string text)
    {
        var outline = new HoconOutline(file, text);
        outline.ReadMembers("", openedAt: 0);
        return outline;
    }

    private bool AtEnd => _index >= _text.Length;

    private char Current => AtEnd ? '\0' : _text[_index];

    private bool AtComment => Current == '#' || (Current == '/' && _index + 1 < _text.Length && _text[_index + 1] == '/');

    private void ReadMembers(string prefix, int openedAt)
    {
        int before = _read;
        while (true)
        {
            SkipBetweenMembers();
            if (AtEnd)
            {
                if (openedAt > 0)
                    throw Mistake(openedAt, $"the {{ of '{Plain(prefix)}' is never closed; add a }}");
                return;
            }
            if (Current == '}')
            {
                if (openedAt == 0)
                    throw Mistake(_line, "this } closes nothing; remove it");
                if (_read == before)
                    throw Mistake(openedAt, $"'{Plain(prefix)}' is empty; write a key into it or leave it out");
                Take();
                return;
            }
            if (Include().IsMatch(_text, _index))
                ReadInclude(prefix);
            else
                ReadMember(prefix);
        }
    }

    private void ReadInclude(string prefix)
    {
        if (prefix.Length > 0)
            throw Mistake(_line, $"include stands in '{Plain(prefix)}'; put it outside of all sections");
        int start = _index;
        _index += IncludeWord.Length;
        SkipSpaces();
        int quoted = _index;
        if (Current == '"')
            SkipQuoted();
        string file = _text[quoted.._index].Trim('"');
        int end = _index;
        SkipSpaces();
        if (file.Length == 0 || !(AtEnd || Current == '\n' || AtComment))
            throw Mistake(_line, $"this include cannot be read; write include \"FILE\" on a line of its own");
        _includes.Add(new OutlinedInclude(file, _line));
        WithoutIncludes = $"{WithoutIncludes[..start]}{new string(' ', end - start)}{WithoutIncludes[end..]}";
    }

    private void ReadMember(string prefix)
    {
        int line = _line;
        string written = prefix.Length == 0 ? ReadPath() : $"{prefix}.{ReadPath()}";
        string path = Plain(written);
        SkipSpaces();
        if (Current == '{')
        {
            Take();
            ReadMembers(written, line);
            return;
        }
        if (Current is not ('=' or ':'))
            throw Mistake(line, $"'{path}' has no value; write {path} = value");
        Take();
        SkipSpaces();
        if (Current == '{')
        {
            Take();
            ReadMembers(written, line);
            return;
        }
        int start = _index;
        SkipValue(path);
        if (string.IsNullOrWhiteSpace(_text[start.._index]))
            throw Mistake(line, $"'{path}' has no value; write {path} = value (\"\" for an empty text)");
        _keys[path] = new OutlinedKey(written, line);
        _read++;
    }

    private static string Plain(string written) => written.Replace("\"", "");

    private string ReadPath()
    {
        var path = new StringBuilder();
        while (!AtEnd && Current is not ('=' or ':' or '{' or '\n') && !AtComment)
        {
            if (Current == '"')
            {
                int start = _index;
                SkipQuoted();
                path.Append(_text, start, _index - start);
            }
            else if (char.IsLetterOrDigit(Current) || Current is '.' or '-' or '_' or ' ' or '\t' or '\r')
            {
                path.Append(Take());
            }
            else
            {
                throw Mistake(_line, $"'{Current}' cannot stand in a key; keys are words joined by dots");
            }
        }
        string found = path.ToString().Trim();
        if (found.Length == 0)
            throw Mistake(_line, $"a key is missing before '{Current}'");
        return found;
    }

    private void SkipValue(string path)
    {
        while (!AtEnd && Current is not ('\n' or ',' or '}') && !AtComment)
        {
            if (Current == '"')
                SkipQuoted();
            else if (Current == '[')
                SkipList(path);
            else if (Current == '$')
                SkipTo('}');
            else if (Current is '{' or ']' or ':' or '=')
                throw Mistake(_line, $"the value of '{path}' holds '{Current}'; put it into double quotes");
            else
                Take();
        }
    }

    private void SkipList(string path)
    {
        int line = _line;
        Take();
        while (Current != ']')
        {
            if (AtEnd)
                throw Mistake(line, $"the list of '{path}' is never closed; add a ]");
            if (Current == '"')
                SkipQuoted();
            else if (Current is '[' or '{' or '}' or '=' or ':')
                throw Mistake(_line, $"the list of '{path}' holds '{Current}'; a list holds plain values, and texts in double quotes");
            else if (AtComment)
                SkipComment();
            else
                Take();
        }
        Take();
    }

    private void SkipQuoted()
    {
        int line = _line;
        Take();
        while (Current != '"')
        {
            if (AtEnd || Current == '\n')
                throw Mistake(line, "a \" is never closed");
            if (Take() == '\\')
                Take();
        }
        Take();
    }

    private void SkipTo(char end)
    {
        int line = _line;
        while (Current != end)
        {
            if (AtEnd || Current == '\n')
                throw Mistake(line, $"a {end} is missing");
            Take();
        }
        Take();
    }

    private void SkipBetweenMembers()
    {
        while (!AtEnd && (char.IsWhiteSpace(Current) || Current == ',' || AtComment))
        {
            if (AtComment)
                SkipComment();
            else
                Take();
        }
    }

    private void SkipComment()
    {
        while (!AtEnd && Current != '\n')
            Take();
    }

    private void SkipSpaces()
    {
        while (Current is ' ' or '\t' or '\r')
            Take();
    }

    private char Take()
    {
        char taken = Current;
        _index++;
        if (taken == '\n')
            _line++;
        return taken;
    }

    private ConfigurationException Mistake(int line, string what) => new($"{_file}:{line}: {what}.");

    // Followed by a sign that ends a key, or as the beginning of a longer word, it is a key.
    [GeneratedRegex($@"\G{IncludeWord}(?![\w.-]|[ \t]*[=:{{])")]
    private static partial Regex Include();
}
