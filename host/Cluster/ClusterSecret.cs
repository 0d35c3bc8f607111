using System.Security.Cryptography;
using ActorTrain.Host.Configuration;

namespace ActorTrain.Host.Cluster;

/// <summary>
/// The secret that all nodes and clients of a cluster share. It is kept in a file that only its owner can read, or in an environment
/// variable, and never stands on a command line, where every user of the machine could read it.
/// </summary>
public static class ClusterSecret
{
    /// <summary>The environment variable that may hold it.</summary>
    public const string Variable = "ACTORTRAIN_SECRET";

    private const int Bytes = 32;
    private const int LeastCharacters = 16;
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode Others = UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;

    /// <summary>Where it is kept when nothing else is said: <c>~/.config/actortrain/secret</c>.</summary>
    public static string DefaultFile => Path.Combine(
        Environment.GetFolderPath(Environment.SpecialFolder.ApplicationData, Environment.SpecialFolderOption.DoNotVerify), "actortrain", "secret");

    /// <summary>Finds the secret.</summary>
    /// <param name="file">What <c>--secret-file</c> says, or null.</param>
    /// <param name="variable">What the environment variable holds, or null.</param>
    /// <param name="defaultFile">Where to look last.</param>
    /// <exception cref="ConfigurationException">There is none, it is too short, or others can read its file.</exception>
    public static string Find(string? file, string? variable, string defaultFile)
    {
        if (file is null && !string.IsNullOrEmpty(variable))
            return Checked(variable, $"the environment variable {Variable}");
        if (file is null && !File.Exists(defaultFile))
        {
            throw new ConfigurationException($"There is no cluster secret: make one with 'actortrain cluster secret' and copy {defaultFile} to every host, or name a file with --secret-file, or set {Variable}.");
        }
        return Checked(ReadFile(file ?? defaultFile), file ?? defaultFile);
    }

    /// <summary>Makes a new secret and writes it to a file that only its owner can read.</summary>
    /// <param name="file">The file; it must not exist.</param>
    /// <exception cref="ConfigurationException">It exists, or cannot be written.</exception>
    public static void Make(string file)
    {
        string secret = Convert.ToBase64String(RandomNumberGenerator.GetBytes(Bytes)) + "\n";
        try
        {
            if (Path.GetDirectoryName(Path.GetFullPath(file)) is { } folder)
                Directory.CreateDirectory(folder);
            using var writer = new StreamWriter(new FileStream(file, new FileStreamOptions
            {
                Mode = FileMode.CreateNew,
                Access = FileAccess.Write,
                UnixCreateMode = OwnerOnly,
            }));
            writer.Write(secret);
        }
        catch (IOException) when (File.Exists(file))
        {
            throw new ConfigurationException($"{file} holds a secret already; delete it first if every node shall get a new one.");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException($"{file} cannot be written ({error.Message.TrimEnd('.')}); name another file with --secret-file.");
        }
    }

    private static string ReadFile(string file)
    {
        try
        {
            if ((File.GetUnixFileMode(file) & Others) != 0)
                throw new ConfigurationException($"{file} holds the cluster's secret, and others than its owner can read it; run: chmod 600 {file}");
            return File.ReadAllText(file);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException($"The secret file {file} cannot be read ({error.Message.TrimEnd('.')}); make one with 'actortrain cluster secret --secret-file {file}'.");
        }
    }

    private static string Checked(string text, string place)
    {
        string secret = text.Trim();
        return secret.Length >= LeastCharacters && !secret.Any(char.IsWhiteSpace)
            ? secret
            : throw new ConfigurationException($"The cluster secret in {place} is no single word of at least {LeastCharacters} characters; make one with 'actortrain cluster secret'.");
    }
}
