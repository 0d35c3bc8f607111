namespace ActorTrain.DataPipeline;

/// <summary>Data that cannot be used. The message is one sentence for the user: the thing, the place and the way out.</summary>
public class DataException : Exception
{
    /// <summary>Creates the error with its sentence.</summary>
    public DataException(string message) : base(message) { }

    /// <summary>Creates the error with its sentence and what caused it.</summary>
    public DataException(string message, Exception inner) : base(message, inner) { }
}
