namespace MessagePack;

/// <summary>A value could not be written, or bytes could not be read as the type that was asked for.</summary>
public class MessagePackSerializationException : Exception
{
    public MessagePackSerializationException(string? message)
        : base(message)
    {
    }

    public MessagePackSerializationException(string? message, Exception? inner)
        : base(message, inner)
    {
    }
}
