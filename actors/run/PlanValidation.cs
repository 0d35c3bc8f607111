using ActorTrain.DataPipeline;
using ActorTrain.Model;

namespace ActorTrain.Actors;

/// <summary>Refuses plans that cannot be carried out, and resolves what a plan leaves open.</summary>
internal static class PlanValidation
{
    /// <exception cref="RunException">Something in the plan is out of range or refers to nothing.</exception>
    public static void Check(RunPlan plan)
    {
        if (plan.Stages.Length == 0)
            throw new RunException($"Run '{plan.Name}' has no stage; plan at least one.");
        for (int i = 0; i < plan.Stages.Length; i++)
        {
            var stage = plan.Stages[i];
            CheckName(stage, plan.Stages.AsSpan(0, i));
            CheckNumbers(stage);
            CheckData(stage);
            CheckTechniques(stage);
            foreach (string model in stage.Models())
            {
                if (ModelLocation.StageOf(model) is { } name && !plan.Stages.Take(i).Any(earlier => earlier.Name == name))
                    throw Wrong(stage, $"refers to '{model}', but no earlier stage is called '{name}'");
            }
        }
    }

    /// <summary>The plan with every <see cref="TargetMode.Auto"/> decided, and a sentence for each decision.</summary>
    public static (RunPlan Plan, IReadOnlyList<string> Decisions) Resolve(RunPlan plan)
    {
        List<string> decisions = [];
        return (plan with { Stages = [.. plan.Stages.Select(Resolved)] }, decisions);

        StagePlan Resolved(StagePlan stage)
        {
            if (stage.Kind != StageKind.Distill || stage.Targets != TargetMode.Auto)
                return stage;
            string? reason = LiveBecause(stage);
            decisions.Add(reason is null
                ? $"Stage '{stage.Name}': the teacher's targets are computed once and cached, because {stage.Train!.Key} is not augmented."
                : $"Stage '{stage.Name}': the teacher's targets are computed live, because {reason}.");
            return stage with { Targets = reason is null ? TargetMode.Cached : TargetMode.Live };
        }
    }

    /// <summary>Why targets cannot be cached; null where they can.</summary>
    private static string? LiveBecause(StagePlan stage) => stage.Train switch
    {
        _ when stage.TeacherSeesMasks => "predictions depend on what is masked, which is new in every epoch",
        { } train when stage.Mix is not null => $"{train.Key} is mixed and a sample looks different every time",
        { } train when stage.ReplayRatio > 0 => $"samples of another data set are replayed among those of {train.Key}",
        { Augments: true } train => $"{train.Key} is augmented and a sample looks different every time",
        { Text: not null } when stage.DistillTarget == DistillTarget.Tokens => "a text has as many targets as it has tokens, and the cache has room for one a sample",
        _ => null,
    };

    private static void CheckName(StagePlan stage, ReadOnlySpan<StagePlan> earlier)
    {
        if (stage.Name.Length == 0 || stage.Name.Split('/').Any(part => part is "" or "." or "..") || stage.Name.AsSpan().IndexOfAny('\\', '\0', ':') >= 0)
            throw Wrong(stage, "needs a name that can be a folder's");
        foreach (var other in earlier)
        {
            if ((stage.Name + "/").StartsWith(other.Name + "/", StringComparison.Ordinal) || (other.Name + "/").StartsWith(stage.Name + "/", StringComparison.Ordinal))
                throw Wrong(stage, $"would share its folder with stage '{other.Name}'; give it another name");
        }
    }

    private static void CheckNumbers(StagePlan stage)
    {
        if (stage.Kind != StageKind.Evaluate)
        {
            Require(stage.Steps >= 1, $"has {stage.Steps} steps but needs at least 1");
            Require(stage.BatchSize >= 1, $"has a batch size of {stage.BatchSize} but needs at least 1");
            Require(stage.MicroBatches >= 1 && stage.BatchSize % stage.MicroBatches == 0,
                $"cannot compute a batch of {stage.BatchSize} in {stage.MicroBatches} equal micro-batches");
            Require(stage.LearningRate > 0 && double.IsFinite(stage.LearningRate), $"has a learning rate of {stage.LearningRate} but needs a positive one");
            Require(stage.Beta1 is >= 0 and < 1 && stage.Beta2 is >= 0 and < 1, $"has AdamW's betas at {stage.Beta1} and {stage.Beta2} but they must lie in [0, 1)");
            Require(stage.Epsilon > 0, $"has an epsilon of {stage.Epsilon} but needs a positive one");
            Require(stage.WeightDecay >= 0, $"has a weight decay of {stage.WeightDecay} but it cannot be negative");
            Require(stage.MaxGradientNorm >= 0, $"has a largest gradient norm of {stage.MaxGradientNorm} but it cannot be negative (0 turns clipping off)");
            Require(stage.WarmUpSteps >= 0, $"has {stage.WarmUpSteps} warm-up steps but they cannot be negative");
            Require(stage.Dropout is >= 0 and < 1, $"has a dropout of {stage.Dropout} but it must lie in [0, 1)");
            Require(stage.CheckpointEvery >= 1, $"checkpoints every {stage.CheckpointEvery} steps but needs at least 1");
            Require(stage.Keep >= 1, $"keeps {stage.Keep} checkpoints but needs at least 1");
            Require(stage.PrefetchWindow >= 1, $"prefetches {stage.PrefetchWindow} steps but needs at least 1");
        }
        if (stage.Kind is StageKind.Pretrain or StageKind.Distill)
            Require(stage.MaskRatio is > 0 and < 1, $"has a mask ratio of {stage.MaskRatio} but it must lie between 0 and 1");
        if (stage.Kind == StageKind.Distill)
        {
            Require(stage.Teacher is not null, "distils without a teacher; name one");
            Require(ModelLocation.PresetOf(stage.Teacher!) is null, $"distils from '{stage.Teacher}', which is untrained; name an adapted model");
            Require(stage.MaeWeight >= 0 && double.IsFinite(stage.MaeWeight), $"weighs the masked loss by {stage.MaeWeight} but it cannot be negative");
            Require(stage.TargetBlock >= 1, $"computes cached targets in blocks of {stage.TargetBlock} samples but needs at least 1");
        }
        if (stage.Kind is StageKind.Finetune or StageKind.Evaluate)
            Require(stage.EvaluationBatch >= 1, $"evaluates in batches of {stage.EvaluationBatch} but needs at least 1");
        Require(stage.Threads >= 1, $"computes on {stage.Threads} threads but needs at least 1");
        Require(stage.PixelMean.Length == 3 && stage.PixelStd.Length == 3, "needs a pixel mean and standard deviation for each of 3 channels");
        Require(stage.PixelStd.All(std => std > 0), "needs positive pixel standard deviations");

        void Require(bool holds, string fault)
        {
            if (!holds)
                throw Wrong(stage, fault);
        }
    }

    private static void CheckTechniques(StagePlan stage)
    {
        List<string> faults =
        [
            .. stage.Regulariser?.ToOptions(null).Faults(stage.LearningRate) ?? [],
            .. stage.Consistency?.ToOptions().Faults() ?? [],
            .. stage.Contrast?.ToOptions().Faults() ?? [],
        ];
        if (faults.Count > 0)
            throw Wrong(stage, $"cannot be trained: {string.Join("; ", faults)}");
        if (stage.Kind == StageKind.Evaluate && stage.Regulariser is not null)
            throw Wrong(stage, "regularises weights that it does not train; leave the regulariser out");
        if (stage.Kind != StageKind.Finetune && (stage.Consistency is not null || stage.Contrast is not null))
            throw Wrong(stage, "asks for R3F or SupCon, which need labels; fine-tune with them");
        if (stage is { Consistency: not null, Contrast: not null })
            throw Wrong(stage, "asks for R3F and SupCon at once, which exclude each other; choose one");
    }

    private static void CheckData(StagePlan stage)
    {
        if (stage.Kind != StageKind.Evaluate && stage.Train is null)
            throw Wrong(stage, "trains without a training set; name one");
        if (stage.Kind == StageKind.Evaluate && stage.Test is null)
            throw Wrong(stage, "evaluates without a test set; name one");
        if (stage.Kind == StageKind.Distill && stage.Targets == TargetMode.Cached && LiveBecause(stage) is { } reason)
            throw Wrong(stage, $"caches the teacher's targets although {reason}; use live targets");
        CheckSource(stage);
        foreach (var data in new[] { stage.Train, stage.Test, stage.Source })
        {
            if (data is null)
                continue;
            if (data.Text is { } text)
                CheckText(stage, data, text);
            else if (data.ImageSize < 1)
                throw Wrong(stage, $"resizes {data.Key} to {data.ImageSize} pixels but needs at least 1");
            if (data.Limit < 0)
                throw Wrong(stage, $"limits {data.Key} to {data.Limit} samples but the limit cannot be negative (0 takes all)");
            if (data.HoldOut is not (>= 0 and < 1))
                throw Wrong(stage, $"holds a share of {data.HoldOut} of {data.Key} out but it must lie in [0, 1)");
            if (data.HeldOut && data.HoldOut == 0)
                throw Wrong(stage, $"wants the held-out part of {data.Key}, of which nothing is held out; hold a share out");
            if (data.CropPadding < 0)
                throw Wrong(stage, $"pads {data.Key} by {data.CropPadding} pixels but the padding cannot be negative");
            if (data.OrderBlock < 0 || data.DecodedCacheBytes < 0)
                throw Wrong(stage, $"has a negative shuffle block or cache size for {data.Key}; 0 turns each off");
        }
    }

    /// <summary>Checks what is replayed and mixed.</summary>
    private static void CheckSource(StagePlan stage)
    {
        if (stage.ReplayRatio is not (>= 0 and < 1))
            throw Wrong(stage, $"replays a share of {stage.ReplayRatio} of each batch but it must lie in [0, 1)");
        if (stage is { ReplayRatio: 0, Mix: null, Source: null })
            return;
        if (stage.Kind is not (StageKind.Pretrain or StageKind.Distill))
            throw Wrong(stage, "replays or mixes samples, whose labels it would need; do that in further pre-training or distillation only");
        bool replays = stage.ReplayRatio > 0, mixesSource = stage.Mix?.Scope == MixScope.Source;
        if (stage.Source is null && (replays || mixesSource))
            throw Wrong(stage, $"{(replays ? "replays" : "mixes in")} samples of a source without naming one; name a data set");
        if (stage.Source is { } source && !replays && !mixesSource)
            throw Wrong(stage, $"names {source.Key} as a source but neither replays its samples nor mixes them in; leave it out, or use it");
        if (replays && stage.ReplayedSamples is 0)
            throw Wrong(stage, $"replays a share of {stage.ReplayRatio} of {stage.BatchSize} samples, which is less than half a sample; raise one of the two");
        if (replays && stage.ReplayedSamples == stage.BatchSize)
            throw Wrong(stage, $"replays a share of {stage.ReplayRatio} of {stage.BatchSize} samples, which leaves none to {stage.Train?.Key}; lower it");
        if (stage.Mix is not { } mix)
            return;
        if (stage.Train?.Text is not null)
            throw Wrong(stage, $"mixes {stage.Train.Key}, which is text; only images can be mixed");
        if (mix.Alpha is not (>= ImageMixing.LeastAlpha and <= ImageMixing.MostAlpha))
            throw Wrong(stage, $"mixes with an alpha of {mix.Alpha} but it must lie in [{ImageMixing.LeastAlpha}, {ImageMixing.MostAlpha}]");
    }

    private static void CheckText(StagePlan stage, DataPlan data, TextPlan text)
    {
        if (ModelLocation.PresetOf(stage.Initial) is { } preset)
            throw Wrong(stage, $"starts from preset '{preset}', which has no tokenizer for {data.Key}; name a model's folder");
        if (data.Augments)
            throw Wrong(stage, $"crops or flips {data.Key}, which is text; turn both off");
        if (text.BucketBatches < 1)
            throw Wrong(stage, $"sorts {data.Key} by length in windows of {text.BucketBatches} batches but needs at least 1 (1 leaves the order as it is)");
        if (text.Pack && stage.Kind is StageKind.Finetune or StageKind.Evaluate)
            throw Wrong(stage, $"packs {data.Key}, which leaves its labels out; make a sequence of each document");
    }

    private static RunException Wrong(StagePlan stage, string fault) => new($"Stage '{stage.Name}' {fault}.");
}
