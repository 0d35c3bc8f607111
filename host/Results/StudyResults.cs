using System.Globalization;
using ActorTrain.Host.Study;

namespace ActorTrain.Host.Results;

/// <summary>Where methods are compared with each other: a data set, and a value of each swept key but the pooled ones.</summary>
/// <param name="Dataset">The data set's name.</param>
/// <param name="Values">The value of each of <see cref="StudyResults.Axes"/>, in their order.</param>
/// <param name="Name">What it is called.</param>
public sealed record Setting(string Dataset, IReadOnlyList<string> Values, string Name);

/// <summary>A cell and what of its place makes it a pair with another method's: the seed, and the values of pooled keys.</summary>
/// <param name="Seed">The run's seed.</param>
/// <param name="Draw">The pooled keys' values, as <c>data.limit-seed = 1</c>; empty without such a key.</param>
/// <param name="Cell">The cell.</param>
public sealed record PairedCell(ulong Seed, string Draw, CellResult Cell)
{
    /// <summary>Names the pair, as <c>seed 0, data.limit-seed = 1</c>.</summary>
    public string Pair => Draw.Length == 0 ? $"seed {Seed}" : $"seed {Seed}, {Draw}";
}

/// <summary>The cells of a study, in their places.</summary>
public sealed class StudyResults
{
    private readonly Dictionary<string, CellResult> _cells = [];
    private readonly Dictionary<string, string> _identities = [];

    /// <summary>
    /// Puts cells into the places that a study has for them. Where pooled keys change nothing (another data.limit-seed draws the same from
    /// all samples), places of a setting and method have one identity: that is one computation, so it counts once, in the first of them.
    /// </summary>
    /// <param name="study">What is compared.</param>
    /// <param name="cells">The cells that are done. Of several in one place, the last one counts.</param>
    public StudyResults(StudyRecord study, IReadOnlyList<CellResult> cells)
    {
        Study = study;
        SweepAxis[] varied = [.. study.Sweep.Where(axis => axis.Values.Count > 1)];
        Axes = [.. varied.Where(axis => !IsPooled(axis))];
        PooledAxes = [.. varied.Where(IsPooled)];
        NumericAxes = [.. Axes.Where(axis => axis.Values.All(value => double.TryParse(value, CultureInfo.InvariantCulture, out _)))];
        Settings = [.. from dataset in study.Datasets
                       from values in Combinations(Axes)
                       select new Setting(dataset, values, NameOf(dataset, values))];
        Pairs = Combinations(PooledAxes).Count() * study.Seeds.Count;

        foreach ((string place, string identity) in PlannedPlaces().Zip(study.Identities))
            _identities[place] = identity;
        ILookup<string, CellResult> found = cells.Where(cell => _identities.GetValueOrDefault(PlaceOf(cell)) == cell.Identity).ToLookup(PlaceOf);
        Strangers = cells.Count - found.Sum(place => place.Count());
        foreach (IEnumerable<string> same in from setting in Settings from method in study.Methods from places in Computations(setting, method) select places)
        {
            if (same.SelectMany(place => found[place]).MaxBy(cell => cell.Finished) is { } cell)
                _cells.Add(same.First(), cell);
        }
    }

    /// <summary>What is compared.</summary>
    public StudyRecord Study { get; }

    /// <summary>The swept keys with more than one value by which results are told apart.</summary>
    public IReadOnlyList<SweepAxis> Axes { get; }

    /// <summary>The others with more than one value: what they draw at random is a repetition, as a seed's numbers are.</summary>
    public IReadOnlyList<SweepAxis> PooledAxes { get; }

    /// <summary>Those of <see cref="Axes"/> whose values are numbers: scores are drawn against them.</summary>
    public IReadOnlyList<SweepAxis> NumericAxes { get; }

    /// <summary>Everywhere that methods are compared.</summary>
    public IReadOnlyList<Setting> Settings { get; }

    /// <summary>The cells that are done, in the study's order.</summary>
    public IReadOnlyCollection<CellResult> Cells => _cells.Values;

    /// <summary>How many cells the study has, each computation counted once.</summary>
    public int Expected => Settings.Sum(setting => Study.Methods.Sum(method => ExpectedOf(setting, method)));

    /// <summary>How many cells a method has in a setting; fewer where pooled keys change nothing.</summary>
    public int Pairs { get; }

    /// <summary>Cells in the folder that have no place in the study, or were made when it was configured otherwise.</summary>
    public int Strangers { get; }

    /// <summary>A sentence for each file in the folder that holds no cell because it is damaged.</summary>
    public IReadOnlyList<string> Damaged { get; private init; } = [];

    /// <summary>Reads the results of a study.</summary>
    /// <param name="folder">The results folder.</param>
    /// <exception cref="Actors.RunException">It holds none, or its record is damaged.</exception>
    public static StudyResults Read(string folder)
    {
        StudyRecord study = StudyFiles.ReadRecord(folder);
        return new StudyResults(study, StudyFiles.ReadCells(folder, out IReadOnlyList<string> damaged)) { Damaged = damaged };
    }

    /// <summary>Whether a data set's samples are text; false as long as none of its cells is done.</summary>
    public bool IsText(string dataset) => Cells.Any(cell => cell.Dataset == dataset && cell.IsText);

    /// <summary>How many cells a method has in a setting, each computation counted once.</summary>
    public int ExpectedOf(Setting setting, string method) => Computations(setting, method).Count();

    /// <summary>A method's cells in a setting that are done, by pair; each computation once.</summary>
    public IReadOnlyList<PairedCell> Of(Setting setting, string method) => [.. from place in Places(setting, method)
                                                                              let cell = _cells.GetValueOrDefault(place.Name)
                                                                              where cell is not null
                                                                              select new PairedCell(place.Seed, place.Draw, cell)];

    /// <summary>What a method's cells in a setting come to.</summary>
    public SeedStatistics Statistics(Setting setting, string method, Measure measure) =>
        SeedStatistics.Of(Of(setting, method).Select(paired => measure.Of(paired.Cell)));

    /// <summary>Tests a method against another one over the pairs that both have.</summary>
    public PairedTest Compare(Setting setting, string method, string baseline, Measure measure) =>
        PairedTest.Of([.. Paired(setting, method, baseline, measure).Select(pair => (pair.Value, pair.Baseline))]);

    /// <summary>
    /// The same with one observation for each draw of the pooled keys, the mean over its seeds: cells of one subset share their samples, so
    /// they are no independent pairs, and only the draws tell what to expect of another one. Null where no key is pooled.
    /// </summary>
    public PairedTest? CompareDraws(Setting setting, string method, string baseline, Measure measure) => PooledAxes.Count == 0
        ? null
        : PairedTest.Of([.. Paired(setting, method, baseline, measure).GroupBy(pair => pair.Draw)
            .Select(draw => (draw.Average(pair => pair.Value), draw.Average(pair => pair.Baseline)))]);

    private IEnumerable<(string Draw, double Value, double Baseline)> Paired(Setting setting, string method, string baseline, Measure measure) =>
        from mine in Of(setting, method)
        join other in Of(setting, baseline) on mine.Pair equals other.Pair
        let value = measure.Of(mine.Cell)
        let reference = measure.Of(other.Cell)
        where value is not null && reference is not null
        select (mine.Draw, value.Value, reference.Value);

    /// <summary>Values of keys that draw samples or numbers at random are repetitions, as seeds are.</summary>
    private static bool IsPooled(SweepAxis axis) => axis.Key.EndsWith("seed", StringComparison.Ordinal);

    /// <summary>The places of a method's cells in a setting.</summary>
    private IEnumerable<(string Name, ulong Seed, string Draw)> Places(Setting setting, string method) =>
        from values in SweepValues(setting)
        from seed in Study.Seeds
        select (Place(setting.Dataset, values, method, seed), seed, DrawName(values));

    /// <summary>The same, those together that have one identity.</summary>
    private IEnumerable<IEnumerable<string>> Computations(Setting setting, string method) =>
        Places(setting, method).Select(place => place.Name).GroupBy(place => _identities.GetValueOrDefault(place, place));

    /// <summary>All places in the order of <see cref="StudyRecord.Identities"/>.</summary>
    private IEnumerable<string> PlannedPlaces() => from seed in Study.Seeds
                                                   from dataset in Study.Datasets
                                                   from values in Combinations(Study.Sweep)
                                                   from method in Study.Methods
                                                   select Place(dataset, values, method, seed);

    private string PlaceOf(CellResult cell) => Place(cell.Dataset, Study.Sweep.Select(axis => cell.Sweep.GetValueOrDefault(axis.Key, "")), cell.Method, cell.Seed);

    /// <summary>The values of all swept keys that occur in a setting.</summary>
    private IEnumerable<IReadOnlyList<string>> SweepValues(Setting setting) => Combinations([.. Study.Sweep.Select(axis =>
        Axes.ToList().FindIndex(known => known.Key == axis.Key) is >= 0 and int index ? axis with { Values = [setting.Values[index]] } : axis)]);

    private static IEnumerable<IReadOnlyList<string>> Combinations(IReadOnlyList<SweepAxis> axes) => axes.Aggregate(
        (IEnumerable<IReadOnlyList<string>>)[[]],
        (combinations, axis) => combinations.SelectMany(combination => axis.Values.Select(value => (IReadOnlyList<string>)[.. combination, value])));

    private string NameOf(string dataset, IReadOnlyList<string> values) => string.Join(", ",
        Axes.Zip(values, (axis, value) => $"{axis.Key} = {value}").Prepend(dataset));

    private string DrawName(IReadOnlyList<string> values) => string.Join(", ",
        Study.Sweep.Zip(values).Where(swept => PooledAxes.Contains(swept.First)).Select(swept => $"{swept.First.Key} = {swept.Second}"));

    private static string Place(string dataset, IEnumerable<string> values, string method, ulong seed) => string.Join('\n', [dataset, .. values, method, $"{seed}"]);
}
