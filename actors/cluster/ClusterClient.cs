using System.Net.Sockets;
using ActorTrain.Actors.Messages;
using Akka.Actor;

namespace ActorTrain.Actors.Cluster;

/// <summary>
/// A command line's way to a cluster: it asks any node, and the next one when that does not answer. It is no member, so it may come and
/// go at any time.
/// </summary>
public sealed class ClusterClient : IAsyncDisposable
{
    private static readonly TimeSpan AnswerWithin = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan GiveUpAfter = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan AskAgainAfter = TimeSpan.FromSeconds(0.5);
    private static readonly TimeSpan ProbeFor = TimeSpan.FromSeconds(2);

    private readonly ActorSystem _system;
    private readonly IReadOnlyList<NodeAddress> _addresses;
    private int _current;

    private ClusterClient(ActorSystem system, IReadOnlyList<NodeAddress> addresses) => (_system, _addresses) = (system, addresses);

    /// <summary>Makes ready to speak with a cluster; whether it is there shows with the first question.</summary>
    /// <param name="addresses">Nodes to ask, as <c>host:port</c>.</param>
    /// <param name="secret">The cluster's secret.</param>
    /// <param name="tls">The certificate; null for plain connections.</param>
    /// <param name="cancel">Gives up.</param>
    /// <exception cref="RunException">An address is none, or there is no way to it.</exception>
    public static async Task<ClusterClient> ConnectAsync(IReadOnlyList<string> addresses, string secret, TlsOptions? tls, CancellationToken cancel)
    {
        var nodes = addresses.Select(Read).ToList();
        string host = await nodes[0].OwnHostAsync(cancel);
        return new ClusterClient(ActorSystem.Create(ClusterConfiguration.SystemName, ClusterConfiguration.ForClient(host, secret, tls)), nodes);
    }

    /// <summary>How the cluster is.</summary>
    /// <exception cref="RunException">No node answered in time.</exception>
    public async Task<ClusterStatus> StatusAsync(CancellationToken cancel) => Expect<ClusterStatus>(await AskAsync(new StatusRequest(), cancel));

    /// <summary>Has a node leave once what it does is done or handed on.</summary>
    /// <param name="address">The node, <c>host:port</c>.</param>
    /// <param name="cancel">Gives up.</param>
    /// <exception cref="RunException">It is no address, no node answered in time, or there is no such node.</exception>
    public Task LeaveAsync(string address, CancellationToken cancel) => ChangeAsync(new LeaveNode($"{Read(address)}"), cancel);

    /// <summary>Takes a node that is gone for good out of the cluster.</summary>
    /// <inheritdoc cref="LeaveAsync"/>
    public Task DownAsync(string address, CancellationToken cancel) => ChangeAsync(new DownNode($"{Read(address)}"), cancel);

    /// <summary>
    /// Has the cluster carry out a plan, follows it, and brings every stage's model and metrics into the run folder. Waits as long as
    /// the cluster is away. Called again it goes on from where the cluster and the folder are.
    /// </summary>
    /// <param name="plan">What to do.</param>
    /// <param name="runFolder">Where models, metrics and results are brought; made if absent.</param>
    /// <param name="events">Told about progress.</param>
    /// <param name="cancel">Ends the following, not the run.</param>
    /// <returns>The stages' results, in the plan's order.</returns>
    /// <exception cref="RunException">The plan is wrong or refused, or the run failed; the message is the sentence for the user.</exception>
    public async Task<IReadOnlyList<StageResult>> RunAsync(RunPlan plan, string runFolder, IProgress<RunEvent> events, CancellationToken cancel)
    {
        PlanValidation.Check(plan);
        var (resolved, decisions) = PlanValidation.Resolve(plan);
        using var folder = RunFolder.Open(runFolder, resolved);
        foreach (string decision in decisions)
            events.Report(new Notice(decision));
        var results = new RemoteResults(_system, _addresses, folder, resolved, events);
        results.TakeKnown();

        var news = new Following(events);
        string? run = null;
        var (epoch, last) = (0L, 0L);
        while (!results.Complete)
        {
            switch (await AskOnceAsync(run is null ? new SubmitRun(resolved) : new FollowRun(run, epoch, last, results.Count), cancel))
            {
                case RunAccepted accepted:
                    news.Answered();
                    run = accepted.Run;
                    continue;
                case RunRefused refused when run is null:
                    throw new RunException(refused.Sentence);
                case RunRefused:
                    // A cluster that has lost all its nodes since does not know the run any more.
                    run = null;
                    break;
                case RunProgress progress:
                    news.Answered();
                    foreach (FinishedStage finished in progress.Finished)
                        await results.TakeAsync(finished, cancel);
                    foreach (RunEventMessage message in progress.Events)
                    {
                        if (RunEventMessages.Read(message, resolved) is { } happened)
                            events.Report(happened);
                    }
                    (epoch, last) = (progress.Epoch, progress.Last);
                    if (progress.Error is { } error)
                        throw new RunException(error);
                    break;
                case ClusterNotReady waiting:
                    news.Waiting(waiting.Sentence);
                    break;
                case null:
                    news.Waiting("No node of the cluster answers; waiting for one.");
                    break;
            }
            if (!results.Complete)
                await Task.Delay(AskAgainAfter, cancel);
        }
        return results.All;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => await _system.Terminate();

    /// <summary>The path of an actor on a node.</summary>
    internal static string PathOn(NodeAddress node, string path) => $"akka.tcp://{ClusterConfiguration.SystemName}@{node}{path}";

    private static NodeAddress Read(string text) => NodeAddress.TryParse(text, out NodeAddress? node)
        ? node
        : throw new RunException($"'{text}' is no address of a node; write host:port.");

    private async Task ChangeAsync(object request, CancellationToken cancel)
    {
        if (Expect<MembershipAnswer>(await AskAsync(request, cancel)).Error is { } error)
            throw new RunException(error);
    }

    private static T Expect<T>(object answer) where T : class => answer as T
        ?? throw new RunException($"The cluster answered with {answer.GetType().Name} instead of {typeof(T).Name}; run the same version of actortrain everywhere.");

    /// <summary>Asks one node after the other until one answers or the time is up.</summary>
    private async Task<object> AskAsync(object request, CancellationToken cancel)
    {
        long started = TimeProvider.System.GetTimestamp();
        while (true)
        {
            object? answer = await AskOnceAsync(request, cancel);
            if (answer is not null and not ClusterNotReady)
                return answer;
            if (TimeProvider.System.GetElapsedTime(started) >= GiveUpAfter)
            {
                throw new RunException(answer is ClusterNotReady waiting
                    ? $"The cluster is not ready after {GiveUpAfter.TotalSeconds:0} s: {waiting.Sentence}"
                    : $"The cluster did not answer within {GiveUpAfter.TotalSeconds:0} s: {string.Join("; ", await Task.WhenAll(_addresses.Select(node => ProbeAsync(node, cancel))))}.");
            }
            await Task.Delay(AskAgainAfter, cancel);
        }
    }

    /// <summary>Asks the current node; null when it does not answer. Then, and when it belongs to no cluster, the next one has its turn.</summary>
    private async Task<object?> AskOnceAsync(object request, CancellationToken cancel)
    {
        int asked = _current;
        object? answer = null;
        try
        {
            answer = await _system.ActorSelection(PathOn(_addresses[asked], NodeActor.Path)).Ask<object>(request, AnswerWithin, cancel);
        }
        catch (AskTimeoutException)
        {
            // It may be dead.
        }
        // Of several questions to the same node only one moves on, or two would lead past the next node.
        if (answer is null or ClusterNotReady)
            Interlocked.CompareExchange(ref _current, (asked + 1) % _addresses.Count, asked);
        return answer;
    }

    /// <summary>Why a node may not have answered.</summary>
    private static async Task<string> ProbeAsync(NodeAddress node, CancellationToken cancel)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(ProbeFor);
        using var socket = new TcpClient();
        try
        {
            await socket.ConnectAsync(node.Host, node.Port, limit.Token);
            return $"{node} accepts connections but does not speak with us (another secret, TLS on one side only, or no node)";
        }
        catch (SocketException error)
        {
            return $"nobody can be reached at {node} ({error.Message.TrimEnd('.')})";
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return $"{node} does not take connections (no machine there, or a firewall)";
        }
    }

    /// <summary>Says once what is waited for, until there is an answer again.</summary>
    private sealed class Following(IProgress<RunEvent> events)
    {
        /// <summary>Nodes that start, and a coordinator that is replaced, need no words.</summary>
        private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

        private long _answered = TimeProvider.System.GetTimestamp();
        private string? _said;

        public void Answered()
        {
            _answered = TimeProvider.System.GetTimestamp();
            _said = null;
        }

        public void Waiting(string sentence)
        {
            if (sentence == _said || TimeProvider.System.GetElapsedTime(_answered) < Patience)
                return;
            _said = sentence;
            events.Report(new Notice(sentence));
        }
    }
}
