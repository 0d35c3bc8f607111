using System.Diagnostics;
using System.Text.Json;

namespace ActorTrain.Benchmarks;

/// <summary>One answer of a side (bench/pytorch_steps.py says what the fields are); only our own sides tell their losses.</summary>
internal sealed record Answer(string Kind, double[] Milliseconds, double CpuSeconds, double Gflop, double GemmGflops, double?[]? Losses);

/// <summary>A side crashed, so there is nothing to compare.</summary>
internal sealed class SideEndedException(string message) : Exception(message);

/// <summary>One side of a comparison: a process that does steps on demand.</summary>
internal sealed class Side : IDisposable
{
    private static readonly JsonSerializerOptions Fields = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    private readonly Process _process;
    private readonly Dictionary<string, List<Answer>> _answers = [];

    private Side(Process process) => _process = process;

    public IEnumerable<Answer> Answers => _answers.Values.SelectMany(list => list);

    /// <summary>Our side, with the fused kernels or with the plain operators.</summary>
    public static Side Ours(int threads, bool plain = false)
    {
        ProcessStartInfo start = Environment(threads, "dotnet", Program, "worker", $"{threads}");
        if (plain)
            start.Environment["ACTORTRAIN_KERNELS"] = "plain";
        return Start(start);
    }

    /// <summary>PyTorch's side, by one of the scripts beside this program.</summary>
    public static Side PyTorch(int threads, string script) => Start(Environment(
        threads, "/usr/bin/python3", Path.Combine(AppContext.BaseDirectory, script), "--threads", $"{threads}"));

    /// <summary>Lets the side do some steps and keeps its answer.</summary>
    /// <exception cref="SideEndedException">It ended instead.</exception>
    public void Ask(string kind, int steps)
    {
        string? line;
        try
        {
            _process.StandardInput.WriteLine($"{kind} {steps}");
            _process.StandardInput.Flush();
            line = _process.StandardOutput.ReadLine();
        }
        catch (IOException)
        {
            line = null;
        }
        if (line is null)
            throw Ended(_process.StartInfo, $"during '{kind}'");
        if (!_answers.TryGetValue(kind, out List<Answer>? list))
            _answers.Add(kind, list = []);
        list.Add(JsonSerializer.Deserialize<Answer>(line, Fields)!);
    }

    /// <summary>The median time of a step.</summary>
    public double Milliseconds(string kind) => Statistics.Median(_answers[kind].SelectMany(answer => answer.Milliseconds));

    /// <summary>The mean CPU time of a step.</summary>
    public double CpuSeconds(string kind) => _answers[kind].Sum(answer => answer.CpuSeconds) / _answers[kind].Sum(answer => answer.Milliseconds.Length);

    /// <summary>The median of the answers' CPU time of a step, for a machine that has other work.</summary>
    public double MedianCpuSeconds(string kind) => Statistics.Median(_answers[kind].Select(answer => answer.CpuSeconds / answer.Milliseconds.Length));

    public double Gflop(string kind) => _answers[kind][0].Gflop;

    /// <summary>The losses of all steps, in order.</summary>
    public IEnumerable<double> Losses(string kind) => _answers[kind].SelectMany(answer => answer.Losses!).Select(loss => loss!.Value);

    public void Dispose()
    {
        _process.StandardInput.Close();
        _process.Dispose();
    }

    /// <summary>Runs this program's other mode with the environment of a side; what it prints appears here.</summary>
    /// <exception cref="SideEndedException">It failed.</exception>
    public static void RunAlone(int threads, params string[] arguments)
    {
        ProcessStartInfo start = Environment(threads, "dotnet", [Program, .. arguments]);
        (start.RedirectStandardInput, start.RedirectStandardOutput) = (false, false);
        using Process process = Process.Start(start)!;
        process.WaitForExit();
        if (process.ExitCode != 0)
            throw Ended(start, $"with exit code {process.ExitCode}");
    }

    private static string Program => Path.Combine(AppContext.BaseDirectory, "ActorTrain.Benchmarks.dll");

    private static Side Start(ProcessStartInfo start) => new(Process.Start(start)!);

    private static SideEndedException Ended(ProcessStartInfo start, string how) =>
        new($"'{start.FileName} {string.Join(' ', start.ArgumentList)}' ended {how}; what it wrote above says why");

    /// <summary>
    /// The best environment for every side: AVX-512 products where the CPU has it (an OpenBLAS older than the CPU picks SSE3 ones),
    /// idle OpenMP workers that do not spin for long, and freed memory kept rather than mapped afresh.
    /// </summary>
    private static ProcessStartInfo Environment(int threads, string program, params string[] arguments)
    {
        ProcessStartInfo start = new(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true };
        start.Environment.Remove("ACTORTRAIN_KERNELS");
        start.Environment["OMP_NUM_THREADS"] = $"{threads}";
        if (System.Runtime.Intrinsics.X86.Avx512BW.IsSupported)
            start.Environment["OPENBLAS_CORETYPE"] = "SkylakeX";
        start.Environment["GOMP_SPINCOUNT"] = "1000";
        start.Environment["MALLOC_TOP_PAD_"] = "16777216";
        start.Environment["MALLOC_MMAP_THRESHOLD_"] = "33554432";
        start.Environment["MALLOC_TRIM_THRESHOLD_"] = "1073741824";
        return start;
    }
}
