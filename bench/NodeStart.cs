using System.Diagnostics;
using ActorTrain.Actors.Cluster;

namespace ActorTrain.Benchmarks;

/// <summary>How long a process takes from its start until it is a member of a cluster that is there already.</summary>
internal static class NodeStart
{
    public const string Secret = "benchmark";

    public static async Task RunNodeAsync(string roles, string folder, string[] join, TextReader input, TextWriter output)
    {
        NodeOptions options = new() { Roles = roles.Split(','), Host = "127.0.0.1", Port = 0, Join = join, Secret = Secret, Folder = folder };
        await using Node node = await Node.StartAsync(options, new StepLines(output), CancellationToken.None);
        output.WriteLine(node.Address);
        output.Flush();
        await input.ReadLineAsync();
        await node.LeaveAsync();
    }

    /// <returns>Seconds, of each round.</returns>
    public static double[] Measure(int rounds)
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("actortrain-bench-");
        try
        {
            using Process seed = TransportComparison.Start("node", NodeRoles.Data, Path.Combine(folder.FullName, "seed"));
            string address = TransportComparison.ReadLine(seed);
            double[] seconds = new double[rounds];
            for (int round = 0; round < rounds; round++)
            {
                long start = Stopwatch.GetTimestamp();
                using Process joiner = TransportComparison.Start("node", NodeRoles.Data, Path.Combine(folder.FullName, $"joiner-{round}"), address);
                TransportComparison.ReadLine(joiner);
                seconds[round] = Stopwatch.GetElapsedTime(start).TotalSeconds;
                End(joiner);
            }
            End(seed);
            return seconds;
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    public static void End(Process node)
    {
        node.StandardInput.Close();
        node.WaitForExit();
    }
}
