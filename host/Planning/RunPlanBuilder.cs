using ActorTrain.Actors;
using ActorTrain.Host.Configuration;

namespace ActorTrain.Host.Planning;

/// <summary>The stages that one method goes through with one seed; the last one is the classifier that is compared.</summary>
/// <param name="Method">The method's name, as section <c>methods</c> has it.</param>
/// <param name="Seed">The seed.</param>
/// <param name="Stages">Names of its stages, without the one that makes θ_init.</param>
public sealed record MethodRun(string Method, ulong Seed, IReadOnlyList<string> Stages);

/// <summary>A run's plan and what its stages are for.</summary>
/// <param name="Plan">The stages, in order.</param>
/// <param name="Initial">θ_init, in the forms of <see cref="StagePlan.Initial"/>.</param>
/// <param name="Runs">Every method with every seed.</param>
public sealed record PlannedRun(RunPlan Plan, string Initial, IReadOnlyList<MethodRun> Runs)
{
    /// <summary>Whether the samples are text.</summary>
    public bool IsText => TakesText(Plan);

    /// <summary>Whether a plan's samples are text.</summary>
    public static bool TakesText(RunPlan plan) => plan.Stages.Any(stage => (stage.Train ?? stage.Test)?.Text is not null);
}

/// <summary>Turns settings into the plan of a comparison: θ_init once, then every method for every seed, sharing what can be shared.</summary>
public sealed class RunPlanBuilder
{
    /// <summary>Name of the stage that makes θ_init.</summary>
    public const string SourceStage = "source";

    private readonly Settings _settings;
    private readonly InitialModel _model;
    private readonly string[]? _classNames;

    /// <summary>A builder for the settings.</summary>
    /// <param name="settings">The settings.</param>
    /// <param name="model">The model to begin with.</param>
    /// <param name="classNames">The classes of the labelled data in label order; null where nothing is classified.</param>
    public RunPlanBuilder(Settings settings, InitialModel model, string[]? classNames) =>
        (_settings, _model, _classNames) = (settings, model, classNames);

    /// <summary>Looks at the model and the data of a comparison and plans it.</summary>
    /// <inheritdoc cref="InitialModel.OpenAsync" path="/exception"/>
    public static async Task<PlannedRun> CheckAndBuildComparisonAsync(RunConfiguration configuration, Settings settings, CancellationToken cancel)
    {
        InitialModel model = await InitialModel.OpenAsync(configuration, settings, settings.Source.Seed, cancel);
        string[] classNames = await new DataCheck(configuration, settings, model).ForComparisonAsync(cancel);
        return new RunPlanBuilder(settings, model, classNames).BuildComparison();
    }

    /// <summary>Looks at the model and the data of a single stage and plans it.</summary>
    /// <inheritdoc cref="InitialModel.OpenAsync" path="/exception"/>
    public static async Task<PlannedRun> CheckAndBuildSingleAsync(StageKind kind, RunConfiguration configuration, Settings settings, CancellationToken cancel)
    {
        InitialModel model = await InitialModel.OpenAsync(configuration, settings, settings.Run.Seeds[0], cancel);
        string[]? classNames = await new DataCheck(configuration, settings, model).ForStageAsync(kind, cancel);
        return new RunPlanBuilder(settings, model, classNames).BuildSingle(kind);
    }

    /// <summary>The whole comparison that <c>run</c> carries out.</summary>
    public PlannedRun BuildComparison()
    {
        var stages = new SharedStages(_settings.Run.Name);
        string initial = _settings.Model.Preset is null ? _model.Location : stages.Add(Planner(_settings).Source(SourceStage));
        List<MethodRun> runs = [];
        foreach (ulong seed in _settings.Run.Seeds)
        {
            foreach (string method in _settings.Run.Methods)
                runs.Add(AddMethod(stages, method, seed, initial));
        }
        return new PlannedRun(stages.Plan, initial, runs);
    }

    /// <summary>One stage by itself, which <c>pretrain</c>, <c>distill</c>, <c>finetune</c> and <c>evaluate</c> carry out with the first seed.</summary>
    public PlannedRun BuildSingle(StageKind kind)
    {
        ulong seed = _settings.Run.Seeds[0];
        string initial = _model.Location;
        string? reference = _settings.Model.Preset is null ? initial : null;
        string name = kind.ToString().ToLowerInvariant();
        StagePlanner planner = Planner(_settings);
        StagePlan stage = kind switch
        {
            StageKind.Pretrain => planner.Pretrain(name, seed, initial, reference),
            StageKind.Distill => planner.Distill(name, seed, initial, _settings.Distill.Teacher, reference),
            StageKind.Finetune => planner.Finetune(name, seed, initial, reference),
            _ => planner.Evaluate(name, seed, initial),
        };
        return new PlannedRun(new RunPlan { Name = _settings.Run.Name, Stages = [stage] }, initial, []);
    }

    /// <summary>Whether a stage adapts θ_init to the target domain, without its labels.</summary>
    /// <param name="name">The stage's name.</param>
    /// <param name="kind">What it does.</param>
    public static bool IsAdaptation(string name, StageKind kind) => kind is StageKind.Pretrain or StageKind.Distill && name != SourceStage;

    private StagePlanner Planner(Settings settings) => new(settings, _model, _classNames);

    private MethodRun AddMethod(SharedStages stages, string method, ulong seed, string initial)
    {
        Settings settings = _settings.ByMethod[method];
        StagePlanner planner = Planner(settings);
        string name = $"seed-{seed}/{method}";
        List<string> chain = [];
        switch (settings.Adapt)
        {
            case Adaptation.None:
                Add(planner.Finetune(name, seed, initial, initial));
                break;
            case Adaptation.Pretrain:
                string further = Add(planner.Pretrain(name, seed, initial, initial));
                Add(planner.Finetune($"{name}-{Methods.FineTuning}", seed, further, initial));
                break;
            default:
                string? teacher = !settings.Distill.HasTeacher ? null
                    : settings.Distill.Teacher.Length > 0 ? settings.Distill.Teacher
                    : Add(Teacher(planner, name, seed, initial));
                string student = initial;
                for (int round = 1; round <= (settings.Distill.HasTeacher ? settings.Distill.Rounds : 1); round++)
                    teacher = student = Add(planner.Distill($"{name}-{round}", seed, initial, teacher, initial));
                Add(planner.Finetune($"{name}-{Methods.FineTuning}", seed, student, initial));
                break;
        }
        return new MethodRun(method, seed, chain);

        string Add(StagePlan stage)
        {
            string model = stages.Add(stage);
            chain.Add(ModelLocation.StageOf(model)!);
            return model;
        }
    }

    /// <summary>The teacher of a first round. Where it is what the method further-pretraining makes, it is called like that, whether this is compared or not.</summary>
    private StagePlan Teacher(StagePlanner planner, string name, ulong seed, string initial)
    {
        string usualName = $"seed-{seed}/{Methods.FurtherPretraining}";
        StagePlan teacher = planner.Pretrain(usualName, seed, initial, initial);
        StagePlan usual = Planner(_settings.ByMethod[Methods.FurtherPretraining]).Pretrain(usualName, seed, initial, initial);
        return teacher.Fingerprint() == usual.Fingerprint() ? teacher : teacher with { Name = $"{name}-teacher" };
    }
}
