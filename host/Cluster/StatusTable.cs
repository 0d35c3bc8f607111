using ActorTrain.Actors.Messages;

namespace ActorTrain.Host.Cluster;

/// <summary>A cluster's state as lines of text: what runs, then each node with what it does in each role.</summary>
internal static class StatusTable
{
    private static readonly string[] Header = ["NODE", "STATUS", "ROLE", "DOES", "PER SECOND", "QUEUE"];

    public static IReadOnlyList<string> Lines(ClusterStatus status)
    {
        List<string> lines =
        [
            $"coordinator  {(status.Coordinator is { } address ? $"{address} (epoch {status.Epoch})" : "none; a node with the role coordinator takes over within seconds, if there is one")}",
            $"run          {(status.Run is { } run ? Describe(run) : "none yet")}",
        ];
        if (status.Run?.WaitsFor is { } waits)
            lines.Add($"waits for    {waits}");
        if (status.Run?.Error is { } error)
            lines.Add($"error        {error}");
        string[] machines = [.. status.Members.Select(member => member.Machine).Where(machine => machine.Length > 0).Distinct()];
        if (machines.Length > 1)
            lines.Add($"machines     {machines.Length} kinds that need not give the same bits");
        lines.Add("");
        lines.AddRange(Aligned([Header, .. status.Members.SelectMany(Rows)]));
        return lines;
    }

    private static string Describe(RunStatus run)
    {
        string stage = run.Stage is { } name ? $", {name}{(run.Steps > 0 ? $" step {run.Step} of {run.Steps}" : "")}" : "";
        return $"{run.Name}: {run.Finished} of {run.Stages} stages done{stage}";
    }

    private static IEnumerable<string[]> Rows(ClusterMember member)
    {
        string[] roles = [.. member.Roles.Concat(member.Work.Select(work => work.Role)).Distinct()];
        for (int row = 0; row < Math.Max(1, roles.Length); row++)
        {
            string role = roles.ElementAtOrDefault(row) ?? "";
            RoleWork? work = member.Work.FirstOrDefault(work => work.Role == role);
            yield return
            [
                row == 0 ? member.Address : "", row == 0 ? member.Status : "", role, work?.Doing ?? "",
                work is null ? "" : FormattableString.Invariant($"{work.PerSecond:0.0}"), work is null ? "" : $"{work.Queue}",
            ];
        }
    }

    private static IEnumerable<string> Aligned(IReadOnlyList<string[]> rows)
    {
        int[] widths = [.. Enumerable.Range(0, Header.Length).Select(column => rows.Max(row => row[column].Length))];
        return rows.Select(row => string.Join("  ", row.Select((cell, column) => column < Header.Length - 2 ? cell.PadRight(widths[column]) : cell.PadLeft(widths[column]))).TrimEnd());
    }
}
