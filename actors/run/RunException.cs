namespace ActorTrain.Actors;

/// <summary>A run cannot start or go on; the message is one sentence for the user.</summary>
public class RunException : Exception
{
    /// <summary>Makes the error from its sentence.</summary>
    public RunException(string message) : base(message) { }

    /// <summary>Makes the error from its sentence and what caused it.</summary>
    public RunException(string message, Exception innerException) : base(message, innerException) { }
}

/// <summary>Another process is running in the folder.</summary>
public sealed class FolderInUseException : RunException
{
    /// <summary>Makes the error from its sentence and what caused it.</summary>
    public FolderInUseException(string message, Exception innerException) : base(message, innerException) { }
}
