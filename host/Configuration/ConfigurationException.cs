namespace ActorTrain.Host.Configuration;

/// <summary>A configuration that cannot be used. The message is one sentence that names the place, the key and the way out.</summary>
public sealed class ConfigurationException(string message) : Exception(message);
