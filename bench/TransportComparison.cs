using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace ActorTrain.Benchmarks;

/// <summary>What one side used since it was asked last.</summary>
internal sealed record Usage(double CpuSeconds, long AllocatedBytes);

/// <summary>One measurement, from the sending side: the time it took, and that of each acknowledgement in milliseconds.</summary>
internal sealed record Passage(long Messages, double Seconds, double Median, double Percentile99)
{
    public static Passage Of(double[] milliseconds, double seconds)
    {
        double[] sorted = [.. milliseconds.Order()];
        return new Passage(sorted.Length, seconds, sorted[sorted.Length / 2], sorted[sorted.Length * 99 / 100]);
    }
}

/// <summary>
/// Sends payloads from one process to another, over actors and over a bare TCP socket in turn, with the same number of unacknowledged
/// messages, and prints what came out; then the rates of small messages.
/// </summary>
internal static class TransportComparison
{
    public const int Window = 8;

    private static readonly int[] Payloads = [100, 64 << 10, 256 << 10, 1 << 20, 4 << 20];
    private static readonly string[] Ways = ["raw", "actors"];
    private static readonly string[] Rates = ["remote-tell", "local-tell", "local-ask"];

    public static void Run(int rounds)
    {
        using Process receiver = Start("transport-receiver");
        string[] ports = ReadLine(receiver).Split(' ');
        using Process sender = Start("transport-sender", ports);
        Dictionary<(string, int), List<(Passage Passage, Usage Sender, Usage Receiver)>> passages = [];
        Dictionary<string, List<double>> rates = [];

        // The first round only warms both sides up.
        for (int round = 0; round <= rounds; round++)
        {
            foreach (int payload in Payloads)
            {
                foreach (string way in Ways)
                {
                    Ask<Usage>(sender, "usage");
                    Ask<Usage>(receiver, "usage");
                    var passage = Ask<Passage>(sender, $"{way} {payload} {Messages(payload)}");
                    if (round > 0)
                        Add(passages, (way, payload), (passage, Ask<Usage>(sender, "usage"), Ask<Usage>(receiver, "usage")));
                }
            }
            foreach (string rate in Rates)
            {
                double perSecond = Ask<double>(sender, rate);
                if (round > 0)
                    Add(rates, rate, perSecond);
            }
            Console.Error.WriteLine(round == 0 ? "warm" : $"round {round} of {rounds}");
        }
        sender.StandardInput.Close();
        receiver.StandardInput.Close();

        Console.WriteLine(Invariant($"\nLoopback, two processes, {Window} messages under way, medians of {rounds} rounds (raw socket / actors)"));
        Console.WriteLine("| payload | MB/s | messages/s | acknowledged after ms, p50 | p99 | CPU s/GB, both sides | more than raw | allocated bytes/message, sender | receiver |");
        Console.WriteLine("|---|---|---|---|---|---|---|---|---|");
        foreach (int payload in Payloads)
        {
            Console.WriteLine($"| {Size(payload)} | {Both("f0", one => one.Passage.Messages / one.Passage.Seconds * payload / 1e6)} "
                + $"| {Both("f0", one => one.Passage.Messages / one.Passage.Seconds)} "
                + $"| {Both("f2", one => one.Passage.Median)} | {Both("f2", one => one.Passage.Percentile99)} "
                + $"| {Both("f2", one => CpuPerGigabyte(one, payload))} "
                + Invariant($"| {Median("actors", one => CpuPerGigabyte(one, payload)) - Median("raw", one => CpuPerGigabyte(one, payload)):f2} ")
                + $"| {Both("f0", one => (double)one.Sender.AllocatedBytes / one.Passage.Messages)} "
                + $"| {Both("f0", one => (double)one.Receiver.AllocatedBytes / one.Passage.Messages)} |");

            string Both(string format, Func<(Passage Passage, Usage Sender, Usage Receiver), double> of) =>
                string.Join(" / ", Ways.Select(way => Median(way, of).ToString(format, CultureInfo.InvariantCulture)));

            double Median(string way, Func<(Passage Passage, Usage Sender, Usage Receiver), double> of) =>
                Statistics.Median(passages[(way, payload)].Select(of));
        }
        foreach (string rate in Rates)
            Console.WriteLine(Invariant($"{rate}: {Statistics.Median(rates[rate]) / 1e6:f2} million/s (best {rates[rate].Max() / 1e6:f2})"));
        double[] starts = NodeStart.Measure(rounds);
        Console.WriteLine(Invariant($"from a process's start until its node is up: {Statistics.Median(starts):f2} s (best {starts.Min():f2})"));
    }

    private static double CpuPerGigabyte((Passage Passage, Usage Sender, Usage Receiver) one, int payload) =>
        (one.Sender.CpuSeconds + one.Receiver.CpuSeconds) / (one.Passage.Messages * (double)payload / 1e9);

    // Half a gigabyte, but enough messages for a 99th percentile and not more than a second's.
    private static int Messages(int payload) => Math.Clamp((512 << 20) / payload, 256, 20_000);

    private static string Size(int bytes) => bytes switch
    {
        >= 1 << 20 => $"{bytes >> 20} MB",
        >= 1 << 10 => $"{bytes >> 10} KB",
        _ => $"{bytes} B",
    };

    private static void Add<TKey, TValue>(Dictionary<TKey, List<TValue>> lists, TKey key, TValue value)
        where TKey : notnull
    {
        if (!lists.TryGetValue(key, out List<TValue>? list))
            lists.Add(key, list = []);
        list.Add(value);
    }

    public static Process Start(string role, params string[] arguments) => Process.Start(
        new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "ActorTrain.Benchmarks.dll"), role, .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;

    private static T Ask<T>(Process side, string question)
    {
        try
        {
            side.StandardInput.WriteLine(question);
            side.StandardInput.Flush();
        }
        catch (IOException)
        {
            // It has ended: reading says so.
        }
        return JsonSerializer.Deserialize<T>(ReadLine(side))!;
    }

    public static string ReadLine(Process side) => side.StandardOutput.ReadLine()
        ?? throw new SideEndedException($"the process '{side.StartInfo.ArgumentList[1]}' ended; what it wrote above says why");

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
