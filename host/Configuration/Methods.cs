namespace ActorTrain.Host.Configuration;

/// <summary>Names of methods. What each does, and which there are, is said by section <c>methods</c> of the configuration.</summary>
public static class Methods
{
    /// <summary>Fine-tuning of θ_init, without any adaptation: what the others are compared with.</summary>
    public const string FineTuning = "fine-tuning";

    /// <summary>Further pre-training on the target domain, then fine-tuning. Its model is the teacher of other methods.</summary>
    public const string FurtherPretraining = "further-pretraining";

    /// <summary>Self-distillation from the further pre-trained teacher, then fine-tuning.</summary>
    public const string SelfDistillation = "self-distillation";

    /// <summary>The name as it stands in tables: <c>further pre-training</c>. A user's own method stands as it is named.</summary>
    public static string Display(string method) => method switch
    {
        FurtherPretraining => "further pre-training",
        "further-pretraining-x2" => "further pre-training ×2",
        "recadam" => "RecAdam",
        "mars" => "MARS",
        "r3f" => "R3F",
        "supcon" => "SupCon",
        "without-mae" => "without L_MAE",
        "without-distillation" => "without L_Distill",
        "prediction-matching" => "prediction matching",
        "weight-matching-l2" => "weight matching ℓ2",
        "weight-matching-mars" => "weight matching MARS",
        "replay-mixing" => "replay + mixing",
        _ => method,
    };
}
