namespace ActorTrain.Host.Configuration;

/// <summary>The ways of adapting a model that a run compares.</summary>
public static class Methods
{
    /// <summary>Fine-tuning of θ_init, without any adaptation.</summary>
    public const string FineTuning = "fine-tuning";

    /// <summary>Further pre-training on the target domain, then fine-tuning.</summary>
    public const string FurtherPretraining = "further-pretraining";

    /// <summary>Self-distillation from the further pre-trained teacher, then fine-tuning.</summary>
    public const string SelfDistillation = "self-distillation";

    /// <summary>Every method, in the order of tables and plots.</summary>
    public static IReadOnlyList<string> Names { get; } = [FineTuning, FurtherPretraining, SelfDistillation];

    /// <summary>The name as it stands in tables: <c>further pre-training</c>.</summary>
    public static string Display(string method) => method == FurtherPretraining ? "further pre-training" : method;
}
