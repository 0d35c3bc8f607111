namespace ActorTrain.Model;

/// <summary>Ranges of <see cref="StudentOptions"/>.</summary>
internal static class StudentOptionsCheck
{
    /// <summary>Complains about every option out of range at once.</summary>
    /// <exception cref="ModelException">Names them.</exception>
    public static void Check(StudentOptions options)
    {
        List<string> faults = [];
        Require(options.LearningRate >= 0, nameof(options.LearningRate), options.LearningRate, "at least 0");
        Require(options.Beta1 is >= 0 and < 1, nameof(options.Beta1), options.Beta1, "at least 0 and below 1");
        Require(options.Beta2 is >= 0 and < 1, nameof(options.Beta2), options.Beta2, "at least 0 and below 1");
        Require(options.Epsilon > 0, nameof(options.Epsilon), options.Epsilon, "above 0");
        Require(options.WeightDecay >= 0, nameof(options.WeightDecay), options.WeightDecay, "at least 0");
        Require(options.MaxGradientNorm >= 0, nameof(options.MaxGradientNorm), options.MaxGradientNorm, "at least 0");
        Require(options.MaeWeight >= 0, nameof(options.MaeWeight), options.MaeWeight, "at least 0");
        Require(options.Dropout is >= 0 and < 1, nameof(options.Dropout), options.Dropout, "at least 0 and below 1");
        Require(options.TotalSteps >= 1, nameof(options.TotalSteps), options.TotalSteps, "at least 1");
        Require(options.WarmUpSteps >= 0, nameof(options.WarmUpSteps), options.WarmUpSteps, "at least 0");
        if (options.Objective == Objective.Classification)
            Require(options.Classes >= 2, nameof(options.Classes), options.Classes, "at least 2");
        faults.AddRange(options.Regulariser?.Faults(options.LearningRate) ?? []);
        faults.AddRange(options.Consistency?.Faults() ?? []);
        faults.AddRange(options.Contrast?.Faults() ?? []);
        if (options.Objective != Objective.Classification && (options.Consistency is not null || options.Contrast is not null))
            faults.Add("R3F and SupCon are for classification");
        if (options is { Consistency: not null, Contrast: not null })
            faults.Add("R3F and SupCon exclude each other, for SupCon's encoder learns nothing from the classes' scores");
        if (faults.Count > 0)
            throw new ModelException($"The student's options are out of range: {string.Join("; ", faults)}.");

        void Require(bool holds, string name, double value, string range)
        {
            if (!holds || !double.IsFinite(value))
                faults.Add($"{name} is {value} but must be {range}");
        }
    }
}
