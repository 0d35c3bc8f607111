using ActorTrain.Actors.Messages;
using ActorTrain.Model;
using Akka.Actor;

namespace ActorTrain.Actors.Files;

/// <summary>
/// Serves parts of the node's files to whoever asks, and keeps copies of other nodes' folders (replicas) below <c>root</c>, if the
/// coordinator that wants them is not out of date. The actor itself never touches a file's bytes.
/// </summary>
internal sealed class FileServerActor : ReceiveActor
{
    /// <summary>Its name below the node's actor.</summary>
    public const string Name = "files";

    /// <summary>Its path in every node's actor system.</summary>
    public const string Path = "/user/node/" + Name;

    private const int MaxChunkBytes = 1 << 20;
    private static readonly TimeSpan AnswerAfter = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan GiveUpAfter = TimeSpan.FromSeconds(15);

    private readonly NodeFiles _files;
    private readonly string _root;
    private readonly EpochFence _fence;
    private readonly Func<string, bool> _needed;
    private readonly TimeProvider _time;
    private readonly Action<string>? _notice;
    private readonly Dictionary<string, Hold> _holds = [];
    private bool _leaving;

    /// <param name="files">The node's files.</param>
    /// <param name="root">Where replicas are kept.</param>
    /// <param name="fence">The epochs that the node has seen.</param>
    /// <param name="needed">Whether somebody may yet ask for a file, by SHA-256: its folder is not removed as superseded.</param>
    /// <param name="time">The clock.</param>
    /// <param name="notice">Told sentences for the user, from any thread.</param>
    public FileServerActor(NodeFiles files, string root, EpochFence fence, Func<string, bool> needed, TimeProvider time, Action<string>? notice)
    {
        (_files, _root, _fence, _needed, _time, _notice) = (files, System.IO.Path.GetFullPath(root), fence, needed, time, notice);
        Receive<FileRequest>(request => Task.Run(() => Read(request)).PipeTo(Sender, Self));
        Receive<HoldFiles>(Keep);
        Receive<TakeNoMore>(_ => _leaving = true);
        Receive<HoldEnded>(ended =>
        {
            if (_holds.TryGetValue(ended.Hold.Order.Folder, out var current) && current == ended.Hold)
                _holds.Remove(ended.Hold.Order.Folder);
            ended.Hold.Stop.Dispose();
        });
    }

    /// <summary>This node is about to leave: a copy on it would soon be gone.</summary>
    internal sealed record TakeNoMore;

    protected override void PostStop()
    {
        foreach (var hold in _holds.Values)
            hold.Stop.Cancel();
    }

    private object Read(FileRequest request)
    {
        var missing = new FileMissing(request.Sha256, request.Offset);
        if (request.Sha256 is null || request.Offset < 0 || request.Count <= 0 || !_files.TryFind(request.Sha256, out string? path))
            return missing;
        try
        {
            using var file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            long left = RandomAccess.GetLength(file) - request.Offset;
            if (left <= 0)
                return missing;
            var bytes = new byte[Math.Min(left, Math.Min(request.Count, MaxChunkBytes))];
            int read = RandomAccess.Read(file, bytes, request.Offset);
            return new FileChunk(request.Sha256, request.Offset, read == bytes.Length ? bytes : bytes[..read]);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return missing;
        }
    }

    private void Keep(HoldFiles order)
    {
        if (Refusal(order) is { } refusal)
        {
            Sender.Tell(refusal);
            return;
        }
        if (_holds.TryGetValue(order.Folder, out var hold) && hold.Serves(order))
        {
            hold.Stop.CancelAfter(GiveUpAfter);
        }
        else
        {
            // A later order for the same folder waits in the fetch until the earlier one has let go of it.
            hold?.Stop.Cancel();
            var stop = new CancellationTokenSource(GiveUpAfter, _time);
            var source = Context.ActorSelection(order.Source);
            _holds[order.Folder] = hold = new Hold(order, stop, Task.Run(() => HoldAsync(order, source, stop.Token)));
            EndedAsync(hold).PipeTo(Self, Self);
        }
        AnswerAsync(hold).PipeTo(Sender, Self);
    }

    private FilesRefused? Refusal(HoldFiles order)
    {
        string? fault = FileNames.FaultOf(order.Files) ?? FileNames.FaultOfFolder(order.Folder)
            ?? (_leaving ? "The node is about to leave the cluster." : null)
            ?? (FileNames.IsName(order.Run) ? null : "The order names no run.")
            ?? (ActorPath.TryParse(order.Source, out _) ? null : "The order names no file server that has the files.");
        if (fault is not null)
            return new FilesRefused(order.Folder, order.Epoch, 0, fault);
        try
        {
            _fence.Raise(order.Run, order.Epoch);
            return null;
        }
        catch (Exception error) when (error is StaleEpochException or RunException)
        {
            return Refused(order, error);
        }
    }

    private async Task<object> HoldAsync(HoldFiles order, ICanTell source, CancellationToken cancel)
    {
        string folder = System.IO.Path.Combine(_root, order.Folder);
        var options = new FetchOptions { Time = _time, Notice = _notice, Commit = commit => _fence.Commit(order.Run, order.Epoch, commit) };
        try
        {
            await FileFetch.FetchAsync(order.Files, folder, () => [source], _files, options, cancel);
            if (order.Keep > 0)
                await RemoveSupersededAsync(folder, order.Keep, cancel);
            return new FilesHeld(order.Folder, order.Epoch);
        }
        catch (Exception error) when (error is StaleEpochException or RunException)
        {
            return Refused(order, error);
        }
        catch (OperationCanceledException)
        {
            return new FilesRefused(order.Folder, order.Epoch, _fence.Highest(order.Run),
                $"Keeping {order.Folder} was given up, because nobody asked for it any more or a later order took its place.");
        }
    }

    private async Task RemoveSupersededAsync(string folder, int keep, CancellationToken cancel)
    {
        foreach (string superseded in FileFolders.Superseded(folder, keep))
        {
            if ((await _files.AddAsync(superseded, cancel)).Files.Any(file => _needed(file.Sha256)))
                continue;
            _files.Forget(superseded);
            RunFolder.Writing(superseded, () => DurableFile.RemoveFolder(superseded));
        }
    }

    private FilesRefused Refused(HoldFiles order, Exception error) =>
        new(order.Folder, order.Epoch, _fence.Highest(order.Run), error.Message);

    private async Task<object> AnswerAsync(Hold hold)
    {
        using var enough = new CancellationTokenSource();
        await Task.WhenAny(hold.Outcome, Task.Delay(AnswerAfter, _time, enough.Token));
        await enough.CancelAsync();
        if (hold.Outcome.IsCompleted)
            return await hold.Outcome;
        string unfinished = System.IO.Path.Combine(_root, hold.Order.Folder) + DurableFile.TemporarySuffix;
        return new FilesComing(hold.Order.Folder, hold.Order.Epoch, FileFolders.Bytes(unfinished));
    }

    private static async Task<HoldEnded> EndedAsync(Hold hold)
    {
        await ((Task)hold.Outcome).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return new HoldEnded(hold);
    }

    private sealed record HoldEnded(Hold Hold);

    private sealed record Hold(HoldFiles Order, CancellationTokenSource Stop, Task<object> Outcome)
    {
        public bool Serves(HoldFiles order) =>
            order.Run == Order.Run && order.Epoch == Order.Epoch && order.Source == Order.Source
            && order.Files.Files.SequenceEqual(Order.Files.Files);
    }
}
