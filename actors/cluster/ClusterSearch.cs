using ActorTrain.Actors.Messages;
using Akka.Actor;

namespace ActorTrain.Actors.Cluster;

/// <summary>
/// How a node that was taken out of its cluster finds back: it asks the nodes that it knows who belongs to a cluster, and waits until it
/// reaches all who do, for a member that it cannot reach would have it taken out again.
/// </summary>
/// <param name="system">The node's actor system, which has not joined yet.</param>
/// <param name="self">The node's address.</param>
/// <param name="known">The members, itself among them, when it last saw the cluster whole.</param>
/// <param name="seeds">Other nodes to ask.</param>
/// <param name="needsMajority">Whether the majority of the known nodes must be there, so that no cluster begins beside theirs.</param>
/// <param name="say">Told what it waits for, in a sentence.</param>
internal sealed class ClusterSearch(ActorSystem system, string self, IReadOnlyList<string> known, IReadOnlyList<string> seeds, bool needsMajority, Action<string> say)
{
    private static readonly TimeSpan AskEvery = TimeSpan.FromSeconds(1);

    private string? _said;
    private int _begun;

    /// <summary>Waits until there is a way back.</summary>
    /// <returns>
    /// Whom to join, in this order: the members of a cluster; or else all who are there, itself among them, of whom the first begins a
    /// cluster; each time another one, for a node that was only just started may wait for another. Empty when nobody is there.
    /// </returns>
    public async Task<IReadOnlyList<string>> FindAsync(CancellationToken cancel)
    {
        while (true)
        {
            var answers = await AskAsync(known.Concat(seeds));
            var strangers = answers.Values.SelectMany(members => members).Except(answers.Keys).ToList();
            foreach (var (node, members) in await AskAsync(strangers))
                answers[node] = members;
            if (Missing(answers) is not { } missing)
            {
                if (answers.Count == 0)
                    return [];
                List<string> there = [.. answers.Keys.Append(self).Order(StringComparer.Ordinal)];
                List<string> members = there.FindAll(node => answers.TryGetValue(node, out string[]? found) && found.Length > 0);
                int first = members.Count > 0 ? 0 : _begun++ % there.Count;
                return [.. members.Concat(there.Skip(first)).Concat(there.Take(first)).Distinct()];
            }
            if (missing != _said)
                say($"The node waits until it reaches {_said = missing}.");
            await Task.Delay(AskEvery, cancel);
        }
    }

    /// <summary>What is not reached yet, or null.</summary>
    private string? Missing(Dictionary<string, string[]> answers)
    {
        if (needsMajority && 2 * (known.Count(answers.ContainsKey) + 1) <= known.Count)
            return $"the majority of the {known.Count} nodes that it knows";
        return answers.Values.SelectMany(members => members).FirstOrDefault(member => member != self && !answers.ContainsKey(member)) is { } member
            ? $"{member}, which belongs to the cluster"
            : null;
    }

    /// <summary>The members of their clusters that those who answer can reach, by who answers.</summary>
    private async Task<Dictionary<string, string[]>> AskAsync(IEnumerable<string> nodes)
    {
        var asked = nodes.Distinct().Where(node => node != self).Select(async node =>
        {
            try
            {
                var answer = await system.ActorSelection(ClusterConfiguration.RootOf(node) + MembershipActor.Path).Ask<MembersAnswer>(new MembersRequest(), AskEvery);
                return (Node: node, Members: answer.Addresses);
            }
            catch (AskTimeoutException)
            {
                return (Node: node, Members: null!);
            }
        });
        return (await Task.WhenAll(asked)).Where(answer => answer.Members is not null).ToDictionary(answer => answer.Node, answer => answer.Members);
    }
}
