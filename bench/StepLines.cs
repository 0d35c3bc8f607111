using System.Diagnostics;
using System.Globalization;
using ActorTrain.Actors;

namespace ActorTrain.Benchmarks;

/// <summary>What a step took.</summary>
/// <param name="Seconds">Wall-clock.</param>
/// <param name="CpuSeconds">Of all processes of the run, and of this one, which follows it.</param>
/// <param name="Waiting">Share of the time for which the student waited for data or targets.</param>
/// <param name="StartCpuSeconds">What the run's processes used until they were warm, less the steps that they did meanwhile.</param>
internal sealed record PerStep(double Seconds, double CpuSeconds, double Waiting, double StartCpuSeconds);

/// <summary>A process that trains writes a line for each step, with the seconds that it waited; who reads them measures.</summary>
internal sealed class StepLines(TextWriter output) : IProgress<RunEvent>
{
    public void Report(RunEvent value)
    {
        if (value is not StepDone done)
            return;
        lock (output)
        {
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{done.Step} {done.DataWaitSeconds + done.TeacherWaitSeconds}"));
            output.Flush();
        }
    }

    /// <summary>Reads to the end of the last step.</summary>
    /// <param name="trains">Writes the lines.</param>
    /// <param name="run">All processes of the run.</param>
    /// <param name="warmUp">Steps that do not count.</param>
    /// <param name="steps">Steps that do.</param>
    public static PerStep Measure(Process trains, Process[] run, int warmUp, int steps)
    {
        var (used, followed, start, waited) = (0.0, 0.0, 0L, 0.0);
        while (true)
        {
            double[] numbers = [.. TransportComparison.ReadLine(trains).Split(' ').Select(number => double.Parse(number, CultureInfo.InvariantCulture))];
            if (numbers[0] == warmUp)
                (used, followed, start) = (CpuSeconds(run), Environment.CpuUsage.TotalTime.TotalSeconds, Stopwatch.GetTimestamp());
            else if (numbers[0] > warmUp)
                waited += numbers[1];
            if (numbers[0] < warmUp + steps)
                continue;
            double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
            double cpu = CpuSeconds(run) - used + Environment.CpuUsage.TotalTime.TotalSeconds - followed;
            return new PerStep(seconds / steps, cpu / steps, waited / seconds, used - (warmUp * cpu / steps));
        }
    }

    private static double CpuSeconds(Process[] run) => run.Sum(process =>
    {
        process.Refresh();
        return process.TotalProcessorTime.TotalSeconds;
    });
}
