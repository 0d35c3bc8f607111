using System.Text.RegularExpressions;

namespace ActorTrain.DataPipeline;

/// <summary>Finds in a sample's name which group it belongs to, such as the patient that it is an image of.</summary>
public sealed class GroupPattern
{
    private readonly Regex _regex;

    /// <summary>Takes a regular expression of what can be matched in time proportional to the name's length.</summary>
    /// <exception cref="GroupException">It is none.</exception>
    public GroupPattern(string pattern)
    {
        try
        {
            _regex = new Regex(pattern, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);
        }
        catch (NotSupportedException error)
        {
            throw new GroupException($"the pattern \"{pattern}\" may take for ever, for it looks around, refers back or matches conditionally or atomically; write it without.", error);
        }
        catch (ArgumentException error)
        {
            throw new GroupException($"the pattern \"{pattern}\" is no regular expression ({error.Message.TrimEnd('.')}); correct it.", error);
        }
    }

    /// <summary>What the first capturing group matches, or the whole expression where that one does not take part; null without a match.</summary>
    public string? GroupOf(string name) => _regex.Match(name) switch
    {
        { Success: false } => null,
        { Groups: [_, { Success: true } first, ..] } => first.Value,
        var whole => whole.Value,
    };
}
