using ActorTrain.Actors;

namespace ActorTrain.Host.Study;

/// <summary>
/// The folder of the stages that studies carry out: a run folder for each, named by the stage's identity, so that studies share what is
/// the same and find again what they began.
/// </summary>
/// <param name="root">The folder.</param>
/// <param name="stages">The stages that are spoken of, by identity.</param>
internal sealed class StageStore(string root, IReadOnlyDictionary<string, StudyStage> stages)
{
    /// <summary>Digits of a stage's identity that name its folder.</summary>
    private const int FolderDigits = 16;

    /// <summary>The name of a stage's run folder.</summary>
    /// <param name="identity">The stage's identity.</param>
    public static string NameOf(string identity) => identity[..Math.Min(FolderDigits, identity.Length)];

    /// <summary>A stage's run folder.</summary>
    public string FolderOf(StudyStage stage) => Path.Combine(root, NameOf(stage.Identity));

    /// <summary>The log of a stage's steps.</summary>
    public string MetricsOf(StudyStage stage) => Path.Combine(FolderOf(stage), "metrics.jsonl");

    /// <summary>The plan that carries a stage out.</summary>
    public RunPlan PlanOf(StudyStage stage) => stage.Alone(identity => Path.Combine(StageFolderOf(stages[identity]), "model"));

    /// <summary>What a finished stage measured; null where it is not finished.</summary>
    /// <exception cref="RunException">Its result is damaged.</exception>
    public StageResult? ResultOf(StudyStage stage) => TrainingRun.ResultOf(FolderOf(stage), stage.Plan.Name);

    /// <summary>Removes what only an unfinished stage needs: checkpoints and the teacher's targets.</summary>
    public void RemoveRemains(StudyStage stage)
    {
        Remove(Path.Combine(FolderOf(stage), "cache"));
        string folder = StageFolderOf(stage);
        if (Directory.Exists(folder))
        {
            foreach (string checkpoint in Directory.GetDirectories(folder, "checkpoint-*"))
                Remove(checkpoint);
        }
    }

    private string StageFolderOf(StudyStage stage) => Path.Combine(FolderOf(stage), "stages", stage.Plan.Name);

    private static void Remove(string folder)
    {
        try
        {
            if (Directory.Exists(folder))
                Directory.Delete(folder, recursive: true);
        }
        catch (DirectoryNotFoundException)
        {
            // Another study was faster.
        }
    }
}
