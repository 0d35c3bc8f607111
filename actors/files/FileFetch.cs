using System.Collections.Concurrent;
using System.Security.Cryptography;
using ActorTrain.Actors.Messages;
using ActorTrain.Model;
using Akka.Actor;

namespace ActorTrain.Actors.Files;

/// <summary>How files are fetched.</summary>
internal sealed record FetchOptions
{
    /// <summary>The clock that patience is measured with.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Told what it waits for and whom it distrusts, a sentence each, from any thread.</summary>
    public Action<string>? Notice { get; init; }

    /// <summary>Runs the last step, which makes the folder appear; may refuse by throwing.</summary>
    public Action<Action> Commit { get; init; } = commit => commit();
}

/// <summary>
/// Brings a folder to this node's disk. A file is asked for in parts, a few at a time, of one holder; a part that is late is also asked of
/// the others (hedging). What arrives is written in order to <c>folder.tmp</c>, hashed on its way and flushed; the folder appears when all
/// its files are right. What an earlier attempt left is taken up again, and what the node has elsewhere on its disk is copied.
/// </summary>
internal sealed class FileFetch
{
    /// <summary>Small enough to stay off the large-object heap.</summary>
    private const int ChunkBytes = 64 * 1024;
    private const int Window = 16;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(10);
    private static readonly ConcurrentDictionary<string, Task> UnderWay = [];

    private readonly string _folder;
    private readonly Func<IReadOnlyList<ICanTell>> _holders;
    private readonly NodeFiles _files;
    private readonly FetchOptions _options;
    private readonly ConcurrentDictionary<ICanTell, bool> _distrusted = [];
    private volatile ICanTell? _preferred;
    private int _waiting; // 1 after it was said that no holder answers, until one does

    private FileFetch(string folder, Func<IReadOnlyList<ICanTell>> holders, NodeFiles files, FetchOptions options) =>
        (_folder, _holders, _files, _options) = (folder, holders, files, options);

    /// <summary>
    /// Makes <paramref name="folder"/> hold exactly the files of <paramref name="set"/>, which are then offered to other nodes. Waits as long
    /// as no holder answers.
    /// </summary>
    /// <param name="set">The files; nothing in it is trusted.</param>
    /// <param name="folder">Where to; replaced if it holds anything else.</param>
    /// <param name="holders">Who may have the files now, the preferred one first; asked again and again.</param>
    /// <param name="files">The node's files.</param>
    /// <param name="options">How.</param>
    /// <param name="cancel">Ends it; the next attempt goes on from what has arrived.</param>
    /// <exception cref="RunException">The set is not sound, or the disk cannot take it.</exception>
    public static async Task FetchAsync(FileSet set, string folder, Func<IReadOnlyList<ICanTell>> holders, NodeFiles files,
        FetchOptions options, CancellationToken cancel)
    {
        if (FileNames.FaultOf(set) is { } fault)
            throw new RunException(fault);
        folder = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        // One at a time for a folder; the second finds the first one's work.
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        while (UnderWay.GetOrAdd(folder, done.Task) is var other && other != done.Task)
            await other.WaitAsync(cancel);
        try
        {
            await new FileFetch(folder, holders, files, options).RunAsync(set, cancel);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // Half a file must not keep a full disk full.
            FileFolders.TryRemove(folder + DurableFile.TemporarySuffix);
            throw new RunException($"{folder} cannot be written ({error.Message.TrimEnd('.')}); free some space, correct its rights or choose "
                + "another folder.", error);
        }
        finally
        {
            UnderWay.TryRemove(folder, out _);
            done.SetResult();
        }
    }

    private async Task RunAsync(FileSet set, CancellationToken cancel)
    {
        var wanted = set.Files.OrderBy(file => file.Name, StringComparer.Ordinal);
        if (Directory.Exists(_folder) && (await _files.AddAsync(_folder, cancel)).Files.SequenceEqual(wanted))
        {
            _options.Commit(() => { });
            return;
        }
        string temporary = _folder + DurableFile.TemporarySuffix;
        Directory.CreateDirectory(temporary);
        FileFolders.RequireSpace(temporary, set.Files.Sum(file => file.Length) - FileFolders.Bytes(temporary));
        foreach (var file in set.Files)
            await FetchAsync(file, Path.Combine(temporary, file.Name), cancel);
        cancel.ThrowIfCancellationRequested();
        FileFolders.DeleteAllBut(temporary, set.Files.Select(file => file.Name));
        DurableFile.FlushFolder(temporary);
        _options.Commit(() =>
        {
            _files.Forget(_folder);
            DurableFile.RemoveFolder(_folder);
            Directory.Move(temporary, _folder);
            DurableFile.FlushFolder(Path.GetDirectoryName(_folder)!);
        });
        foreach (var file in set.Files)
            _files.Add(Path.Combine(_folder, file.Name), file.Sha256);
    }

    private async Task FetchAsync(FileEntry file, string path, CancellationToken cancel)
    {
        if (!File.Exists(path) && _files.TryFind(file.Sha256, out string? own))
            FileFolders.TryCopy(own, path);
        Queue<ICanTell> suspects = [];
        while (true)
        {
            bool resumed = File.Exists(path);
            suspects.TryDequeue(out var only);
            var (sha256, senders) = await ReceiveAsync(file, path, only, cancel);
            if (sha256 == file.Sha256)
                return;
            File.Delete(path);
            // What was there already may be what is wrong, and one who falls silent is not wrong: nobody is to blame.
            if (resumed || sha256 is null)
                continue;
            if (senders.Count > 1)
                suspects = new Queue<ICanTell>(senders);
            else
                Distrust(senders.Single(), file);
        }
    }

    private void Distrust(ICanTell holder, FileEntry file)
    {
        _distrusted[holder] = true;
        _options.Notice?.Invoke($"{NameOf(holder)} sent other bytes than {file.Name} of {_folder} must have (SHA-256 {file.Sha256}); "
            + "they are thrown away, and it is not asked for this folder again.");
    }

    /// <summary>
    /// Appends to what is there until the file has its length, from any holder or from one only. Gives the file's hash, null when that one
    /// falls silent, and who sent what was appended.
    /// </summary>
    private async Task<(string? Sha256, HashSet<ICanTell> Senders)> ReceiveAsync(FileEntry file, string path, ICanTell? only,
        CancellationToken cancel)
    {
        await using var stream = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read, bufferSize: 0);
        if (stream.Length > file.Length)
            stream.SetLength(0);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        await AppendAsync(hash, stream, cancel);
        HashSet<ICanTell> senders = [];
        Queue<Task<Chunk?>> window = [];
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        try
        {
            for (long asked = stream.Position; stream.Position < file.Length;)
            {
                for (; window.Count < Window && asked < file.Length; asked += ChunkBytes)
                {
                    int count = (int)Math.Min(ChunkBytes, file.Length - asked);
                    window.Enqueue(only is null
                        ? AskAnyAsync(file, asked, count, stop.Token)
                        : AskAsync(only, file, asked, count, stop.Token));
                }
                var chunk = await window.Dequeue();
                cancel.ThrowIfCancellationRequested();
                if (chunk is null)
                    return (null, senders);
                senders.Add(chunk.Sender);
                hash.AppendData(chunk.Bytes);
                await stream.WriteAsync(chunk.Bytes, cancel);
            }
        }
        finally
        {
            await stop.CancelAsync();
            foreach (Task rest in window)
                await rest.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        stream.Flush(flushToDisk: true);
        return (Convert.ToHexStringLower(hash.GetHashAndReset()), senders);
    }

    private static async Task AppendAsync(IncrementalHash hash, FileStream stream, CancellationToken cancel)
    {
        var buffer = new byte[ChunkBytes];
        while (await stream.ReadAsync(buffer, cancel) is > 0 and int read)
            hash.AppendData(buffer.AsSpan(0, read));
    }

    /// <summary>Asks for a part until it comes: the holders one after the other, each when those before are late or do not have it.</summary>
    private async Task<Chunk?> AskAnyAsync(FileEntry file, long offset, int count, CancellationToken cancel)
    {
        using var answered = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        List<Task<Chunk?>> asked = [];
        try
        {
            while (true)
            {
                foreach (var holder in Holders())
                {
                    asked.Add(AskAsync(holder, file, offset, count, answered.Token));
                    if (await FirstAsync(asked, cancel) is { } chunk)
                    {
                        _preferred = chunk.Sender;
                        Interlocked.Exchange(ref _waiting, 0);
                        return chunk;
                    }
                }
                if (Interlocked.Exchange(ref _waiting, 1) == 0)
                    _options.Notice?.Invoke($"Waiting for a node that has {file.Name} of {_folder} (SHA-256 {file.Sha256}).");
                await Task.Delay(Patience, _options.Time, cancel);
            }
        }
        finally
        {
            await answered.CancelAsync();
        }
    }

    private async Task<Chunk?> AskAsync(ICanTell holder, FileEntry file, long offset, int count, CancellationToken cancel)
    {
        using var limit = new CancellationTokenSource(AnswerLimit, _options.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancel);
        try
        {
            object answer = await holder.Ask<object>(new FileRequest(file.Sha256, offset, count), Timeout.InfiniteTimeSpan, either.Token);
            return answer is FileChunk { Bytes: { } bytes } chunk && chunk.Sha256 == file.Sha256 && chunk.Offset == offset && bytes.Length == count
                ? new Chunk(bytes, holder)
                : null;
        }
        catch (OperationCanceledException)
        {
            return null;
        }
    }

    /// <summary>The first part to come; null when nobody of those asked has it, or when they are late.</summary>
    private async Task<Chunk?> FirstAsync(List<Task<Chunk?>> asked, CancellationToken cancel)
    {
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var late = Task.Delay(Patience, _options.Time, enough.Token);
        try
        {
            while (asked.Count > 0)
            {
                var first = await Task.WhenAny([late, .. asked]);
                cancel.ThrowIfCancellationRequested();
                if (first == late)
                    return null;
                var answer = asked.First(task => task == first);
                asked.Remove(answer);
                if (await answer is { } chunk)
                    return chunk;
            }
            return null;
        }
        finally
        {
            await enough.CancelAsync();
        }
    }

    private List<ICanTell> Holders()
    {
        var preferred = _preferred;
        return [.. _holders().Where(holder => !_distrusted.ContainsKey(holder)).OrderByDescending(holder => holder.Equals(preferred))];
    }

    private static string NameOf(ICanTell holder) => holder switch
    {
        ActorSelection selection => $"{selection.Anchor.Path.Address}{selection.PathString}",
        IActorRef actor => $"{actor.Path}",
        _ => $"{holder}",
    };

    private sealed record Chunk(byte[] Bytes, ICanTell Sender);
}
