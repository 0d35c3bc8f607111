using System.Text.Json;
using ActorTrain.Model;

namespace ActorTrain.Actors.Files;

/// <summary>Who asked has been replaced by a later coordinator and cannot commit any more; the message is one sentence.</summary>
internal sealed class StaleEpochException(string message) : Exception(message);

/// <summary>
/// The highest epoch that this node has seen of each run. It is on the disk before anything counts under it, so that a node that was
/// restarted refuses as before. Thread-safe.
/// </summary>
internal sealed class EpochFence
{
    private readonly string _file;
    private readonly object _lock = new();
    private readonly Dictionary<string, long> _epochs; // guarded by _lock

    /// <exception cref="RunException">The file is there but cannot be read.</exception>
    public EpochFence(string file)
    {
        _file = Path.GetFullPath(file);
        try
        {
            _epochs = File.Exists(_file) ? JsonSerializer.Deserialize<Dictionary<string, long>>(File.ReadAllText(_file)) ?? [] : [];
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or JsonException)
        {
            throw new RunException($"{_file} cannot be read ({error.Message.TrimEnd('.')}); give the node an empty folder.", error);
        }
    }

    /// <summary>The highest epoch seen of a run, 0 for a run that is not known.</summary>
    public long Highest(string run)
    {
        lock (_lock)
            return _epochs.GetValueOrDefault(run);
    }

    /// <summary>The highest epoch seen of any run.</summary>
    public long HighestOfAll
    {
        get
        {
            lock (_lock)
                return _epochs.Values.DefaultIfEmpty(0).Max();
        }
    }

    /// <summary>Takes note of an epoch; from now on older ones are refused.</summary>
    /// <exception cref="StaleEpochException">It is an older one itself.</exception>
    /// <exception cref="RunException">The disk cannot be written.</exception>
    public void Raise(string run, long epoch)
    {
        lock (_lock)
        {
            Refuse(run, epoch);
            if (epoch == _epochs.GetValueOrDefault(run))
                return;
            Dictionary<string, long> raised = new(_epochs) { [run] = epoch };
            string folder = Path.GetDirectoryName(_file)!;
            RunFolder.Writing(folder, () => Directory.CreateDirectory(folder));
            RunFolder.Replace(_file, JsonSerializer.Serialize(raised));
            RunFolder.Writing(folder, () => DurableFile.FlushFolder(folder));
            _epochs[run] = epoch;
        }
    }

    /// <summary>Does what must not happen under an older epoch; no newer one gets in between.</summary>
    /// <exception cref="StaleEpochException">A newer epoch has been seen.</exception>
    public void Commit(string run, long epoch, Action commit)
    {
        lock (_lock)
        {
            Refuse(run, epoch);
            commit();
        }
    }

    private void Refuse(string run, long epoch)
    {
        if (_epochs.GetValueOrDefault(run) is var highest && epoch < highest)
            throw new StaleEpochException($"Run {run} has gone on under epoch {highest}; what epoch {epoch} asks for is refused.");
    }
}
