namespace ActorTrain.Model;

/// <summary>A model folder, a setting or a number that cannot be worked with. The message is one sentence for the user: what, where, and the way out.</summary>
public sealed class ModelException : Exception
{
    /// <summary>An error with its sentence.</summary>
    public ModelException(string message)
        : base(message)
    {
    }

    /// <summary>An error with its sentence and the exception that it explains.</summary>
    public ModelException(string message, Exception inner)
        : base(message, inner)
    {
    }
}
