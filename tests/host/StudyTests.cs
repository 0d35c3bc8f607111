using ActorTrain.Actors;
using ActorTrain.Host.Configuration;
using ActorTrain.Host.Planning;
using ActorTrain.Host.Results;
using ActorTrain.Host.Study;

namespace ActorTrain.Host.Tests;

/// <summary>What a study carries out, and what it does not carry out again; stages come to something without training.</summary>
public sealed class StudyTests : IDisposable
{
    private const string Sweep = """
        run { seeds = [0, 1], methods = [fine-tuning, further-pretraining, self-distillation] }
        study.sweep { pretrain.steps = [2, 3] }
        """;

    private readonly StudyWorkspace _study = new();
    private readonly MadeUpStages _stages = new();

    public void Dispose() => _study.Dispose();

    [Fact]
    public async Task What_is_the_same_is_carried_out_once_and_the_first_seed_first()
    {
        StudyPlan plan = await _study.PlanAsync(Sweep);
        Assert.Equal(12, plan.Cells.Count);
        await _study.RunAsync(plan, _stages.ExecuteAsync);

        // θ_init; for each seed fine-tuning once, and for each number of steps a teacher, its classifier, a student and its classifier.
        Assert.Equal(1 + 2 * (1 + 2 * 4), _stages.CarriedOut.Count);
        Assert.Equal(_stages.CarriedOut.Count, _stages.CarriedOut.DistinctBy(stage => stage.Folder).Count());
        Assert.Equal([.. Enumerable.Repeat(0ul, 9), .. Enumerable.Repeat(1ul, 9)], _stages.CarriedOut.Skip(1).Select(stage => stage.Plan.Seed));
        HashSet<string> made = ["preset:tiny-32"];
        foreach ((string folder, StagePlan stage) in _stages.CarriedOut)
        {
            Assert.Subset(made, new[] { stage.Initial, stage.Teacher, stage.Reference }.OfType<string>().ToHashSet());
            made.Add(Path.Combine(folder, "stages", stage.Name, "model"));
        }
        Assert.Equal("data_2_fine-tuning_seed-0.json", _study.CellFiles[0]);
        Assert.Equal(12, _study.CellFiles.Count);
    }

    [Fact]
    public async Task A_cell_says_what_it_is_and_how_it_is_made_alone()
    {
        StudyPlan plan = await _study.PlanAsync(Sweep + "\nstudy.datasets.small.data.limit = 12", "finetune.steps=5");
        await _study.RunAsync(plan, _stages.ExecuteAsync);
        CellResult cell = StudyFiles.ReadCell(Path.Combine(_study.Cells, "small_3_self-distillation_seed-1.json"), out _)!;
        Assert.Equal(("my-study", "small", "self-distillation", 1ul), (cell.Study, cell.Dataset, cell.Method, cell.Seed));
        Assert.Equal([KeyValuePair.Create("pretrain.steps", "3")], cell.Sweep);
        Assert.Equal(["data.limit=12", "pretrain.steps=3", "finetune.steps=5", "run.methods=[self-distillation]", "run.seeds=[1]"], cell.Configuration.Assignments);
        Assert.StartsWith("./actortrain run ", cell.Command);
        Assert.EndsWith(" --set data.limit=12 --set pretrain.steps=3 --set finetune.steps=5 --set 'run.methods=[self-distillation]' --set 'run.seeds=[1]' --folder runs/my-study/small_3_self-distillation_seed-1", cell.Command);
        Assert.Equal([StageKind.Pretrain, StageKind.Pretrain, StageKind.Distill, StageKind.Finetune], cell.Stages.Select(stage => stage.Kind));
        Assert.Equal([3, 3, 4, 5], cell.Stages.Select(stage => stage.Steps));
        Assert.Equal((0.75, 0.75, MadeUpStages.Machine), (cell.TestAccuracy, cell.MacroF1, cell.Machine));
        Assert.Equal(6, cell.Classes.Count);
        Assert.False(cell.IsText || cell.Validation);
    }

    [Fact]
    public async Task Cells_that_are_done_need_nothing_but_their_files()
    {
        StudyPlan plan = await _study.PlanAsync(Sweep);
        await _study.RunAsync(plan, _stages.ExecuteAsync);
        int before = _stages.CarriedOut.Count;
        await _study.RunAsync(plan, _stages.ExecuteAsync);
        Assert.Equal(before, _stages.CarriedOut.Count);

        File.Delete(Path.Combine(_study.Cells, "data_2_self-distillation_seed-0.json"));
        await _study.RunAsync(plan, _stages.ExecuteAsync);
        Assert.Equal([StageKind.Pretrain, StageKind.Pretrain, StageKind.Distill, StageKind.Finetune], _stages.CarriedOut.Skip(before).Select(stage => stage.Plan.Kind));
        Assert.Equal(12, _study.CellFiles.Count);
    }

    [Fact]
    public async Task Only_what_a_change_concerns_is_done_again()
    {
        await _study.RunAsync(await _study.PlanAsync(Sweep), _stages.ExecuteAsync);
        int before = _stages.CarriedOut.Count;
        string said = await _study.RunAsync(await _study.PlanAsync(Sweep + "\ndistill.steps = 5"), _stages.ExecuteAsync);
        // The stages were never on the disk here, so that the students' teachers are carried out again too.
        Assert.Equal(4, _stages.CarriedOut.Skip(before).Count(stage => stage.Plan.Kind == StageKind.Distill));
        Assert.Equal(4, _stages.CarriedOut.Skip(before).Count(stage => stage.Plan.Kind == StageKind.Finetune));
        Assert.Equal(4, said.Split("was made with another configuration").Length - 1);
        Assert.DoesNotContain("fine-tuning_seed-0.json was", said.Replace("self-distillation", ""));
    }

    [Fact]
    public async Task A_damaged_cell_is_told_and_done_again()
    {
        StudyPlan plan = await _study.PlanAsync("run { seeds = [0], methods = [fine-tuning] }");
        await _study.RunAsync(plan, _stages.ExecuteAsync);
        string file = Path.Combine(_study.Cells, Assert.Single(_study.CellFiles));
        await File.WriteAllTextAsync(file, (await File.ReadAllTextAsync(file))[..100]);
        Assert.Contains($"{file} is damaged", await _study.RunAsync(plan, _stages.ExecuteAsync));
        Assert.Equal(4, _stages.CarriedOut.Count);
        Assert.NotNull(StudyFiles.ReadCell(file, out _));
    }

    [Fact]
    public async Task What_needs_a_stage_that_fails_is_left_out_and_all_else_finished()
    {
        StudyPlan plan = await _study.PlanAsync(Sweep);
        _stages.Meanwhile = (stage, _) => stage is { Kind: StageKind.Distill, Seed: 0, Teacher: not null } ? throw new RunException("The disk is full.") : Task.CompletedTask;
        string said = await _study.RunAsync(plan, _stages.ExecuteAsync, parallel: 2);
        Assert.Equal(2, _study.Failures.Count);
        Assert.Contains("data 2 self-distillation seed 0: self-distillation-1: The disk is full.", _study.Failures);
        Assert.Contains(_study.Failures[0], said);
        Assert.Equal(10, _study.CellFiles.Count);
        // Of the 19 stages two failed, and two were needed by nothing but what they should have become.
        Assert.Equal("10 of 12 cells, 15 of 15 stages", _study.View!.Summary);

        _stages.Meanwhile = (_, _) => Task.CompletedTask;
        await _study.RunAsync(plan, _stages.ExecuteAsync);
        Assert.Empty(_study.Failures);
        Assert.Equal(12, _study.CellFiles.Count);
    }

    [Fact]
    public async Task A_cell_is_the_same_on_another_machine_and_in_a_later_version()
    {
        StudyPlan plan = await _study.PlanAsync(Sweep);
        StudyPlan elsewhere = await _study.PlanAsync(Sweep, "run.threads=7", "run.device=cuda:1");
        Assert.Equal(plan.Cells.Select(cell => cell.Identity), elsewhere.Cells.Select(cell => cell.Identity));
        Assert.Empty(plan.Stages.Keys.Intersect(elsewhere.Stages.Keys));

        // The value of a plan of today; a change that moves it makes every result that was kept count for nothing.
        RunPlan example = Examples.Planned.Plan;
        Assert.Equal("9d81b1db5f61bf971d98ac1de3a78fb00799353d498ea3dd0b1638a817a40020", StageIdentity.OfResult(example, example.Stages.Single(stage => stage.Name == "seed-1/further-pretraining-fine-tuning")));
    }

    [Fact]
    public async Task A_stage_that_another_process_carries_out_is_waited_for()
    {
        StudyPlan plan = await _study.PlanAsync("run { seeds = [0], methods = [fine-tuning] }");
        int refused = 0;
        _stages.Meanwhile = (_, _) => refused++ < 2 ? throw new FolderInUseException("Another process is running there.", new IOException()) : Task.CompletedTask;
        string said = await _study.RunAsync(plan, _stages.ExecuteAsync, time: new JumpingTime(TimeSpan.FromMinutes(1)));
        Assert.Equal(2, _stages.CarriedOut.Count);
        Assert.Single(said.Split('\n'), line => line.Contains("another process carries this stage out"));
    }

    [Fact]
    public async Task Two_cells_that_would_share_a_file_are_refused()
    {
        string images = _study.File("source");
        var error = await Assert.ThrowsAsync<ConfigurationException>(() => _study.PlanAsync($$"""
            run { seeds = [0], methods = [fine-tuning] }
            study.sweep { data.unlabelled = ["{{images}}/a/", "{{images}}/a;"] }
            """));
        Assert.Contains("would share the file", error.Message);
    }

    [Fact]
    public async Task A_cell_of_a_study_with_an_include_is_told_as_one_of_a_study_without()
    {
        StudyPlan alone = await _study.PlanAsync($"{Sweep}\nmethods.mine.distill.rounds = 2", "run.methods=[fine-tuning, mine]", "run.threads=1");
        _study.Write("common.conf", $"{Sweep}\nmethods.mine.distill.rounds = 2");
        StudyPlan including = await _study.PlanAsync("include \"common.conf\"", "run.methods=[fine-tuning, mine]", "run.threads=1");
        Assert.Equal(8, including.Cells.Count);
        Assert.Equal(alone.Cells.Select(cell => cell.Identity), including.Cells.Select(cell => cell.Identity));
        Assert.Equal(alone.Cells.SelectMany(cell => cell.Configuration.Assignments), including.Cells.SelectMany(cell => cell.Configuration.Assignments));
    }

    [Fact]
    public async Task The_results_know_each_cells_place_and_what_is_the_same_computation()
    {
        StudyPlan plan = await _study.PlanAsync("""
            run { seeds = [0, 1], methods = [fine-tuning, further-pretraining] }
            study.datasets { small.pretrain.steps = 2, large.pretrain.steps = 3 }
            study.sweep { data.limit = [12, 0], data.limit-seed = [0, 1, 2] }
            """);
        await _study.RunAsync(plan, _stages.ExecuteAsync);
        StudyRecord record = ExampleStudy.Record(["small", "large"], [new("data.limit", ["12", "0"]), new("data.limit-seed", ["0", "1", "2"])], ["fine-tuning", "further-pretraining"], 2);
        var results = new StudyResults(record with { Identities = [.. plan.Cells.Select(cell => cell.Identity)] }, StudyFiles.ReadCells(_study.File("results"), out _));
        Assert.Equal((48, 0), (_study.CellFiles.Count, results.Strangers));
        Assert.Equal(2 * 2 * (6 + 2), results.Expected);
        Assert.Empty(StudyTexts.Missing(results));
    }

    [Fact]
    public async Task What_a_cell_that_is_given_up_needs_alone_is_not_waited_for()
    {
        StudyPlan plan = await _study.PlanAsync(Sweep);
        (StudyProgress progress, StudyStage initial) = AfterInitial(plan, parallel: 1);
        foreach (StudyCell cell in plan.Cells.Where(cell => cell.Method == "self-distillation" && cell.Seed == 1))
            progress.LeaveOut(cell);
        StudyView view = progress.View();
        // Their teachers are further pre-training's, too.
        Assert.Equal((1, 19 - 4), (view.StagesDone, view.StagesCount));
        double before = view.Left!.Value.TotalSeconds;
        foreach (StudyCell cell in plan.Cells)
            progress.LeaveOut(cell);
        Assert.Equal("0 of 12 cells, 1 of 1 stages", progress.View().Summary);
        Assert.Equal(before, plan.Stages.Values.Where(stage => stage.Identity != initial.Identity && !(stage.Plan.Seed == 1 && IsOfStudents(stage))).Sum(stage => stage.Plan.Steps * stage.Plan.BatchSize * 2.0), 6);

        bool IsOfStudents(StudyStage stage) => plan.Cells.Where(cell => cell.Stages.Any(named => named.Stage.Identity == stage.Identity)).All(cell => cell.Method == "self-distillation");
    }

    [Fact]
    public async Task The_ready_made_studies_share_one_initial_model_and_say_their_threads()
    {
        string[] studies = ["main", "labels", "steps", "rounds", "ablations", "replay", "baselines", "validation", "validation-baselines", "confirmation", "overfitting"];
        Assert.Equal(studies.Select(name => $"study-{name}.conf").Order(StringComparer.Ordinal), ReadyMade.Names.Where(name => name.StartsWith("study-", StringComparison.Ordinal)));
        HashSet<string> shared = [];
        foreach (string name in studies)
        {
            RunConfiguration configuration = RunConfiguration.Load([ReadyMade.Open($"study-{name}.conf")], []);
            Assert.Equal($"docs/results/{name}", configuration.Study.Results);
            HashSet<string> initials = [];
            foreach (StudyDataSet dataSet in configuration.Study.DataSets)
            {
                foreach (IReadOnlyList<KeyValuePair<string, string>> point in StudyPlan.Points(configuration.Study.Sweep))
                {
                    RunConfiguration swept = dataSet.Configuration.With(point.Select(value => $"{value.Key}={value.Value}"));
                    Settings settings = Settings.Read(swept, "");
                    Assert.Equal((name, 1), (settings.Run.Name, settings.Run.Threads));
                    InitialModel model = await InitialModel.OpenAsync(swept, settings, settings.Source.Seed, CancellationToken.None);
                    RunPlan plan = new RunPlanBuilder(settings, model, ["a", "b"]).BuildComparison().Plan;
                    initials.Add(StageIdentity.Of(plan, plan.Stages.Single(stage => stage.Name == RunPlanBuilder.SourceStage)));
                }
            }
            shared = shared.Count == 0 ? initials : shared;
            // Validation goes through other trainings of θ_init, too.
            Assert.Subset(initials, shared);
            Assert.True(name == "validation" || initials.Count == 1, name);
        }
    }

    [Fact]
    public async Task The_table_and_the_line_tell_how_far_it_is()
    {
        StudyPlan plan = await _study.PlanAsync(Sweep);
        var progress = new StudyProgress(plan, parallel: 2);
        foreach (StudyCell cell in plan.Cells.Skip(1))
            progress.Need(cell);
        progress.Done(plan.Cells[0], StudyFilesTests.Cell with { TestAccuracy = 0.5 });
        StudyView view = progress.View();
        Assert.Equal("1 of 12 cells, 0 of 19 stages", view.Summary);
        Assert.Null(view.Left);
        Assert.Equal(("data", "fine-tuning", 1, 2, false), (view.Rows[0].DataSet, view.Rows[0].Method, view.Rows[0].Done, view.Rows[0].Count, view.Rows[0].Running));
        Assert.Equal("0.500", view.Rows[0].Score.Format("0.000"));

        StudyCell next = plan.Cells[1];
        progress.Begin(next, next.Stages[0].Stage, "some title");
        RunningStage running = Assert.Single(progress.View().Running);
        Assert.Equal(("some title", "preparing"), (running.Title, running.Status));
        Assert.True(progress.View().Rows.Single(row => row.Running).Method == next.Method);

        // θ_init's three steps of four samples in 24 s: 2 s a sample.
        progress.End(next.Stages[0].Stage, Examples.Results[0] with { Seconds = 24 });
        view = progress.View();
        double samples = plan.Stages.Values.Where(stage => stage.Identity != next.Stages[0].Stage.Identity).Sum(stage => stage.Plan.Steps * stage.Plan.BatchSize);
        Assert.Equal((1, 19), (view.StagesDone, view.StagesCount));
        Assert.Equal(samples * 2 / 2, view.Left!.Value.TotalSeconds, 6);
    }

    [Fact]
    public async Task The_time_left_is_no_shorter_than_one_cells_stages_one_after_another()
    {
        StudyPlan plan = await _study.PlanAsync(Sweep);
        (StudyProgress progress, StudyStage initial) = AfterInitial(plan, parallel: 64);
        double longest = plan.Cells.Max(cell => cell.Stages.Where(named => named.Stage.Identity != initial.Identity).Sum(named => named.Stage.Plan.Steps * named.Stage.Plan.BatchSize));
        Assert.Equal(longest * 2, progress.View().Left!.Value.TotalSeconds, 6);
    }

    /// <summary>Every cell is needed, and θ_init's stage has ended after 2 s a sample.</summary>
    private static (StudyProgress Progress, StudyStage Initial) AfterInitial(StudyPlan plan, int parallel)
    {
        var progress = new StudyProgress(plan, parallel);
        foreach (StudyCell cell in plan.Cells)
            progress.Need(cell);
        StudyStage initial = plan.Cells[0].Stages[0].Stage;
        progress.End(initial, Examples.Results[0] with { Seconds = 24 });
        return (progress, initial);
    }

    [Fact]
    public async Task Without_a_terminal_a_line_comes_only_while_a_stage_runs_here()
    {
        StudyPlan plan = await _study.PlanAsync(Sweep);
        var progress = new StudyProgress(plan, parallel: 1);
        var (time, output) = (new ManualTime(), new LineWriter());
        await using var display = new StudyDisplay(plan, progress, terminal: null, output, time);
        progress.Need(plan.Cells[0]);
        time.Tick();
        progress.Begin(plan.Cells[0], plan.Cells[0].Stages[0].Stage, "some title");
        time.Tick();
        Assert.Equal("0 of 12 cells, 0 of 2 stages; some title: preparing", await output.NextAsync());
    }

    [Fact]
    public void A_stage_takes_as_long_as_its_like_or_by_the_sample()
    {
        StagePlan further = Examples.Planned.Plan.Stages.Single(stage => stage.Name == "seed-0/further-pretraining");
        StagePlan classifier = Examples.Planned.Plan.Stages.Single(stage => stage.Name == "seed-0/fine-tuning");
        var none = new Dictionary<StageKind, double>();
        var times = new StageTimes();
        Assert.Null(times.Expected(further, none));
        Assert.Equal(further.Steps * further.BatchSize * 0.5, times.Expected(further, new Dictionary<StageKind, double> { [StageKind.Pretrain] = 0.5 })!.Value, 6);
        times.Add(further, 100);
        times.Add(further, 300);
        Assert.Equal(200, times.Expected(further, none));
        Assert.Equal(400, times.Expected(further with { Steps = 2 * further.Steps }, none)!.Value, 6);
        Assert.Equal(200.0 * classifier.Steps * classifier.BatchSize / (further.Steps * further.BatchSize), times.Expected(classifier, none)!.Value, 6);
    }
}
