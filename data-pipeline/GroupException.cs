namespace ActorTrain.DataPipeline;

/// <summary>Samples that cannot be held out in the groups that <see cref="SourceOptions.Group"/> asks for. The message does not name its key.</summary>
public sealed class GroupException : DataException
{
    /// <summary>Creates the error with its sentence.</summary>
    public GroupException(string message) : base(message) { }

    /// <summary>Creates the error with its sentence and what caused it.</summary>
    public GroupException(string message, Exception inner) : base(message, inner) { }
}
