using System.Text;
using System.Text.Json;

namespace ActorTrain.Actors;

/// <summary>
/// What the coordinator decided, a JSON line each, appended and flushed before it counts. Each start of a run takes an epoch
/// above all that the journal has seen; checkpoints carry it, so that whoever holds an older one cannot commit (fencing).
/// </summary>
internal sealed class Journal
{
    private readonly string _file;
    private readonly TimeProvider _time;

    /// <param name="file">The file.</param>
    /// <param name="time">The clock.</param>
    /// <param name="epoch">The epoch, where others have a say in it; null for one above all that the file has seen.</param>
    public Journal(string file, TimeProvider time, long? epoch = null)
    {
        (_file, _time) = (file, time);
        Epoch = epoch ?? 1 + (File.Exists(file) ? File.ReadLines(file).Select(EpochOf).DefaultIfEmpty(0).Max() : 0);
        Append("run-started");
    }

    public long Epoch { get; }

    public void Append(string what, string? stage = null, string? detail = null)
    {
        string line = JsonSerializer.Serialize(new Entry(Epoch, _time.GetUtcNow(), what, stage, detail));
        RunFolder.Writing(_file, () =>
        {
            using var stream = new FileStream(_file, FileMode.OpenOrCreate, FileAccess.ReadWrite);
            // A line that a kill cut short is left as it is, and never continued.
            if (stream.Length > 0)
            {
                stream.Seek(-1, SeekOrigin.End);
                if (stream.ReadByte() != '\n')
                    stream.WriteByte((byte)'\n');
            }
            stream.Write(Encoding.UTF8.GetBytes(line + "\n"));
            stream.Flush(flushToDisk: true);
        });
    }

    private static long EpochOf(string line)
    {
        try
        {
            return JsonSerializer.Deserialize<Entry>(line)?.Epoch ?? 0;
        }
        catch (JsonException)
        {
            return 0;
        }
    }

    private sealed record Entry(long Epoch, DateTimeOffset Time, string What, string? Stage, string? Detail);
}
