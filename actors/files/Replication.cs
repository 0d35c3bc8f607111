using System.Collections.Concurrent;
using ActorTrain.Actors.Messages;
using Akka.Actor;

namespace ActorTrain.Actors.Files;

/// <summary>Has other nodes keep copies of a folder before it counts.</summary>
internal static class Replication
{
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan StallLimit = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Asks candidates, the first ones first, until <paramref name="copies"/> of them hold the folder or none is left; one that refuses, falls
    /// silent or makes no progress is replaced by the next.
    /// </summary>
    /// <param name="order">What to keep.</param>
    /// <param name="copies">How many nodes shall hold it.</param>
    /// <param name="candidates">Nodes and their file servers.</param>
    /// <param name="options">The clock, and who is told why a candidate was passed over.</param>
    /// <param name="cancel">Ends it.</param>
    /// <returns>The nodes that hold it; fewer than wanted if the candidates did not suffice.</returns>
    /// <exception cref="StaleEpochException">A node has seen a later epoch: the caller must not commit anything.</exception>
    public static async Task<IReadOnlyList<Address>> ReplicateAsync(HoldFiles order, int copies,
        IReadOnlyList<(Address Node, ICanTell Files)> candidates, FetchOptions options, CancellationToken cancel)
    {
        var left = new ConcurrentQueue<(Address Node, ICanTell Files)>(candidates);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var held = await Task.WhenAll(Enumerable.Range(0, copies).Select(_ => OneCopyAsync()));
        return [.. held.OfType<Address>()];

        async Task<Address?> OneCopyAsync()
        {
            try
            {
                while (left.TryDequeue(out var candidate))
                {
                    if (await HoldAsync(order, candidate, options, stop.Token))
                        return candidate.Node;
                }
                return null;
            }
            catch (StaleEpochException)
            {
                await stop.CancelAsync();
                throw;
            }
        }
    }

    private static async Task<bool> HoldAsync(HoldFiles order, (Address Node, ICanTell Files) candidate, FetchOptions options,
        CancellationToken cancel)
    {
        long bytes = -1;
        long progressAt = options.Time.GetTimestamp();
        while (true)
        {
            switch (await AskAsync(order, candidate.Files, options.Time, cancel))
            {
                case FilesHeld held when held.Folder == order.Folder && held.Epoch == order.Epoch:
                    return true;
                case FilesRefused refused when refused.SeenEpoch > order.Epoch:
                    throw new StaleEpochException(refused.Sentence);
                case FilesRefused refused:
                    return PassOver(refused.Sentence);
                case FilesComing coming when coming.Bytes > bytes:
                    (bytes, progressAt) = (coming.Bytes, options.Time.GetTimestamp());
                    break;
                case FilesComing when options.Time.GetElapsedTime(progressAt) <= StallLimit:
                    break;
                default:
                    return PassOver("it does not answer or receives nothing.");
            }
        }

        bool PassOver(string reason)
        {
            options.Notice?.Invoke($"{candidate.Node} does not keep a copy of {order.Folder}: {reason}");
            return false;
        }
    }

    private static async Task<object?> AskAsync(HoldFiles order, ICanTell files, TimeProvider time, CancellationToken cancel)
    {
        using var limit = new CancellationTokenSource(AnswerLimit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancel);
        try
        {
            return await files.Ask<object>(order, Timeout.InfiniteTimeSpan, either.Token);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return null;
        }
    }
}
