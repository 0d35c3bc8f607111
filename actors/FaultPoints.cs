namespace ActorTrain.Actors;

/// <summary>
/// Named places at which tests make a real process fail: <c>ACTORTRAIN_FAULTS="teacher-answers=500ms,checkpoint-written=exit"</c> delays
/// each answer of a teacher, or ends the process the moment a checkpoint is on the disk. Without the variable nothing happens.
/// </summary>
internal static class FaultPoints
{
    /// <summary>Before a teacher computes.</summary>
    public const string TeacherAnswers = "teacher-answers";

    /// <summary>Before a student trains a step.</summary>
    public const string StudentSteps = "student-steps";

    /// <summary>After a checkpoint was written, before anybody was told.</summary>
    public const string CheckpointWritten = "checkpoint-written";

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
            new ManualResetEventSlim().Wait(milliseconds);
    }
}
