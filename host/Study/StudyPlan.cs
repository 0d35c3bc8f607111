using ActorTrain.Actors;
using ActorTrain.Host.Configuration;
using ActorTrain.Host.Planning;

namespace ActorTrain.Host.Study;

/// <summary>A study's cells, and the stages that they share.</summary>
/// <param name="Name">The study's name.</param>
/// <param name="Sweep">The swept keys.</param>
/// <param name="Cells">The cells, in the order in which they are to be finished: every method and value with the first seed, then with the next.</param>
/// <param name="Stages">All stages that lead to them, by identity.</param>
internal sealed record StudyPlan(string Name, IReadOnlyList<SweptKey> Sweep, IReadOnlyList<StudyCell> Cells, IReadOnlyDictionary<string, StudyStage> Stages)
{
    /// <summary>Looks at the data and plans the study.</summary>
    /// <param name="file">The study's file, from which the cells' configurations are told.</param>
    /// <param name="configuration">What it says, and what the command line adds.</param>
    /// <param name="settings">The same, typed.</param>
    /// <param name="cancel">Gives up.</param>
    /// <inheritdoc cref="InitialModel.OpenAsync" path="/exception"/>
    public static async Task<StudyPlan> BuildAsync(ConfigurationText file, RunConfiguration configuration, Settings settings, CancellationToken cancel)
    {
        RunConfiguration alone = RunConfiguration.Load([file], []);
        StudyDefinition study = configuration.Study;
        Dictionary<string, StudyStage> stages = [];
        List<StudyCell> cells = [];
        foreach (StudyDataSet dataSet in study.DataSets)
        {
            foreach (IReadOnlyList<KeyValuePair<string, string>> point in Points(study.Sweep))
            {
                RunConfiguration swept = point.Zip(study.Sweep).Aggregate(dataSet.Configuration,
                    (so, next) => so.With([$"{next.First.Key}={next.First.Value}"], next.Second.Origin));
                Settings read = Settings.Read(swept, settings.Run.Name);
                PlannedRun planned = await RunPlanBuilder.CheckAndBuildComparisonAsync(swept, read, cancel);
                foreach (MethodRun run in planned.Runs)
                {
                    cells.Add(new StudyCell
                    {
                        Study = settings.Run.Name,
                        DataSet = dataSet.Name,
                        Sweep = point,
                        Method = run.Method,
                        Seed = run.Seed,
                        Stages = [.. StudyStage.ChainOf(planned.Plan, run.Stages[^1]).Select(stage => new NamedStage(stage.Name, Shared(planned.Plan, stage)))],
                        Identity = StageIdentity.OfResult(planned.Plan, planned.Plan.Stages.Single(stage => stage.Name == run.Stages[^1])),
                        IsText = planned.IsText,
                        Classes = planned.Plan.Stages.Single(stage => stage.Name == run.Stages[^1]).Train!.ClassNames!,
                        Configuration = new CellConfiguration(file.Name, [.. Differences(alone, swept, run.Method), $"run.methods=[{run.Method}]", $"run.seeds=[{run.Seed}]"]),
                    });
                }
            }
        }
        if (cells.GroupBy(cell => cell.FileName).FirstOrDefault(same => same.Count() > 1) is { } twice)
            throw new ConfigurationException($"{file.Name}: two cells, {string.Join(" and ", twice.Take(2).Select(cell => $"'{cell.Title}'"))}, would share the file {twice.Key}; give a data set or a value another name.");
        IReadOnlyList<ulong> seeds = settings.Run.Seeds;
        return new StudyPlan(settings.Run.Name, study.Sweep, [.. cells.OrderBy(cell => seeds.ToList().IndexOf(cell.Seed))], stages);

        StudyStage Shared(RunPlan plan, StagePlan stage)
        {
            StudyStage found = StudyStage.Of(plan, stage);
            stages.TryAdd(found.Identity, found);
            return stages[found.Identity];
        }
    }

    /// <summary>The product of the sweep's values.</summary>
    internal static IEnumerable<IReadOnlyList<KeyValuePair<string, string>>> Points(IReadOnlyList<SweptKey> sweep)
    {
        IEnumerable<IReadOnlyList<KeyValuePair<string, string>>> points = [[]];
        foreach (SweptKey key in sweep)
            points = points.SelectMany(point => key.Values.Select(value => (IReadOnlyList<KeyValuePair<string, string>>)[.. point, KeyValuePair.Create(key.Key, value)]));
        return points;
    }

    /// <summary>What turns one configuration into another, as <c>--set</c> takes it. Where results are put makes no difference to them.</summary>
    private static IEnumerable<string> Differences(RunConfiguration from, RunConfiguration to, string method)
    {
        HashSet<string> known = [.. from.Scoped.Select(found => found.Path)];
        IEnumerable<string> usual = ConfigurationKeys.All.Select(key => key.Path)
            .Where(path => path is not ("run.name" or "run.folder" or "run.methods" or "run.seeds" or "cache.dir") && !path.StartsWith("study.", StringComparison.Ordinal))
            .Where(path => !from.List(path).SequenceEqual(to.List(path)));
        IEnumerable<string> ofMethod = to.Scoped.Where(found => found.Scope.Kind == KeyScopeKind.Method && found.Scope.Name == method).Select(found => found.Path)
            .Where(path => !known.Contains(path) || !from.List(path).SequenceEqual(to.List(path)));
        return usual.Concat(ofMethod).Select(path => $"{path}={(ConfigurationKeys.Find(path)!.IsList ? $"[{string.Join(", ", to.List(path))}]" : to.Text(path))}");
    }
}
