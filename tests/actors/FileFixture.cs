using System.Collections.Concurrent;
using System.Threading.Channels;
using ActorTrain.Actors.Files;
using ActorTrain.Actors.Messages;
using Akka.Actor;
using Akka.Configuration;

namespace ActorTrain.Actors.Tests;

/// <summary>Nodes that have nothing but files: in one actor system, each with a file server and a folder of its own.</summary>
public abstract class FileFixture : IAsyncLifetime
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("actortrain-files-");
    private readonly Channel<string> _notices = Channel.CreateUnbounded<string>();
    private int _nodes;

    protected ActorSystem System { get; } = ActorSystem.Create("files", ConfigurationFactory.ParseString(
        "akka.loglevel = OFF, akka.stdout-loglevel = OFF, akka.log-dead-letters = off, akka.log-dead-letters-during-shutdown = off"));

    /// <summary>Files that no node may remove, by SHA-256.</summary>
    protected ConcurrentDictionary<string, bool> Needed { get; } = [];

    /// <summary>A clock on which patience with a holder ends soon; ending too soon only costs a second request.</summary>
    protected TimeProvider Time { get; } = new HurriedTime(50);

    /// <summary>Ends a test that hangs.</summary>
    protected CancellationTokenSource Limit { get; } = new(TimeSpan.FromMinutes(2));

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        await System.Terminate();
        Limit.Dispose();
        _root.Delete(recursive: true);
    }

    internal Node NewNode()
    {
        string folder = _root.CreateSubdirectory($"node-{_nodes++}").FullName;
        var files = new NodeFiles();
        var fence = new EpochFence(Path.Combine(folder, "epochs.json"));
        var server = System.ActorOf(Props.Create(() => new FileServerActor(files, folder, fence, Needed.ContainsKey, TimeProvider.System, Notice)), Path.GetFileName(folder));
        return new Node(folder, files, server);
    }

    /// <summary>A server whose answers a test gives.</summary>
    internal IActorRef Server(Action<FileRequest, IActorRef> answer) => System.ActorOf(Props.Create(() => new Scripted(answer)));

    internal Task FetchAsync(Node to, FileSet set, string folder, params ICanTell[] holders) => FetchAsync(to, set, folder, () => holders, Limit.Token);

    internal Task FetchAsync(Node to, FileSet set, string folder, Func<IReadOnlyList<ICanTell>> holders, CancellationToken cancel) =>
        FileFetch.FetchAsync(set, Path.Combine(to.Folder, folder), holders, to.Files, new FetchOptions { Time = Time, Notice = Notice }, cancel);

    protected void Notice(string sentence) => _notices.Writer.TryWrite(sentence);

    /// <summary>Waits for a sentence with these words; a test that gets none fails.</summary>
    protected async Task NoticeAsync(string words)
    {
        while (!(await _notices.Reader.ReadAsync(Limit.Token)).Contains(words))
        {
        }
    }

    /// <summary>The sentences that nobody has waited for yet.</summary>
    protected IEnumerable<string> Notices()
    {
        while (_notices.Reader.TryRead(out string? sentence))
            yield return sentence;
    }

    internal sealed record Node(string Folder, NodeFiles Files, IActorRef Server)
    {
        public string At(params string[] parts) => Path.Combine([Folder, .. parts]);

        /// <summary>Writes a folder of files with known contents and offers it.</summary>
        public async Task<FileSet> WriteAsync(string folder, params (string Name, int Length)[] files)
        {
            Directory.CreateDirectory(At(folder));
            foreach (var (name, length) in files)
            {
                var bytes = new byte[length];
                new Random(length).NextBytes(bytes);
                await File.WriteAllBytesAsync(At(folder, name), bytes);
            }
            return await Files.AddAsync(At(folder));
        }
    }

    private sealed class Scripted : ReceiveActor
    {
        public Scripted(Action<FileRequest, IActorRef> answer) => Receive<FileRequest>(request => answer(request, Sender));
    }

    /// <summary>The system's clock with timers that are over sooner.</summary>
    private sealed class HurriedTime(int factor) : TimeProvider
    {
        public override long GetTimestamp() => factor * base.GetTimestamp();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            new HurriedTimer(base.CreateTimer(callback, state, Sooner(dueTime), Sooner(period)), Sooner);

        private TimeSpan Sooner(TimeSpan time) => time > TimeSpan.Zero ? time / factor : time;

        private sealed class HurriedTimer(ITimer timer, Func<TimeSpan, TimeSpan> sooner) : ITimer
        {
            public bool Change(TimeSpan dueTime, TimeSpan period) => timer.Change(sooner(dueTime), sooner(period));

            public void Dispose() => timer.Dispose();

            public ValueTask DisposeAsync() => timer.DisposeAsync();
        }
    }
}
