using System.Globalization;

namespace ActorTrain.Actors;

/// <summary>
/// Named places at which tests make a real process fail: <c>ACTORTRAIN_FAULTS="teacher-answers=500ms,checkpoint-written=exit"</c> delays
/// each answer of a teacher, or ends the process the moment a checkpoint is on the disk; <c>student-halts=30:FILE</c> keeps a student that
/// has trained 30 steps of a stage from the next one until FILE is there. Without the variable nothing happens.
/// </summary>
internal static class FaultPoints
{
    /// <summary>Before a teacher computes.</summary>
    public const string TeacherAnswers = "teacher-answers";

    /// <summary>Before a student trains a step.</summary>
    public const string StudentSteps = "student-steps";

    /// <summary>Where a student stands still until a test lets it go on.</summary>
    public const string StudentHalts = "student-halts";

    /// <summary>After a checkpoint was written, before anybody was told.</summary>
    public const string CheckpointWritten = "checkpoint-written";

    /// <summary>Milliseconds after which a file that is waited for is looked for again.</summary>
    private const int LookAgainAfter = 20;

    private static readonly Dictionary<string, string> Armed = (Environment.GetEnvironmentVariable("ACTORTRAIN_FAULTS") ?? "")
        .Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
        .Select(fault => fault.Split('=', 2))
        .Where(fault => fault.Length == 2)
        .ToDictionary(fault => fault[0], fault => fault[1]);

    /// <summary>Does what is armed at a place.</summary>
    public static void Reach(string place)
    {
        if (!Armed.TryGetValue(place, out string? what))
            return;
        if (what == "exit")
            System.Diagnostics.Process.GetCurrentProcess().Kill();
        if (what.EndsWith("ms", StringComparison.Ordinal) && int.TryParse(what.AsSpan(0, what.Length - 2), out int milliseconds))
            Pause(milliseconds);
    }

    /// <summary>Stands still where <see cref="StudentHalts"/> is armed for this step or an earlier one, as long as its file is not there.</summary>
    /// <param name="stepsDone">Steps of the stage before the next one.</param>
    public static void Halt(long stepsDone)
    {
        if (!Armed.TryGetValue(StudentHalts, out string? what) || what.Split(':', 2) is not [var step, var file])
            return;
        while (stepsDone >= long.Parse(step, CultureInfo.InvariantCulture) && !File.Exists(file))
            Pause(LookAgainAfter);
    }

    private static void Pause(int milliseconds)
    {
        using var never = new ManualResetEventSlim();
        never.Wait(milliseconds);
    }
}
