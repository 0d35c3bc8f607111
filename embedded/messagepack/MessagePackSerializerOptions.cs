namespace MessagePack;

/// <summary>Immutable settings of a serialization.</summary>
public class MessagePackSerializerOptions
{
    private MessagePackSerializerOptions(MessagePackSecurity security) => Security = security;

    public static MessagePackSerializerOptions Standard { get; } = new(MessagePackSecurity.TrustedData);

    public MessagePackSecurity Security { get; }

    public MessagePackSerializerOptions WithSecurity(MessagePackSecurity security) => new(security);
}

/// <summary>How far the bytes that are read can be trusted.</summary>
public class MessagePackSecurity
{
    public static readonly MessagePackSecurity TrustedData = new(500);

    /// <summary>
    /// For bytes from the network. No container here hashes its keys, so nothing but the depth remains to be bounded.
    /// </summary>
    public static readonly MessagePackSecurity UntrustedData = new(500);

    private MessagePackSecurity(int maximumObjectGraphDepth) => MaximumObjectGraphDepth = maximumObjectGraphDepth;

    public int MaximumObjectGraphDepth { get; }

    public MessagePackSecurity WithMaximumObjectGraphDepth(int maximumObjectGraphDepth) => new(maximumObjectGraphDepth);

    /// <summary>Goes one level deeper; the caller takes the level back when it leaves it.</summary>
    public void DepthStep(ref MessagePackReader reader)
    {
        if (reader.Depth >= MaximumObjectGraphDepth)
        {
            throw new InsufficientExecutionStackException($"The objects are nested deeper than {MaximumObjectGraphDepth} levels.");
        }

        reader.Depth++;
    }
}
