using ActorTrain.Actors;
using ActorTrain.Host.Study;

namespace ActorTrain.Host.Tests;

/// <summary>The files of a study's results.</summary>
public sealed class StudyFilesTests : IDisposable
{
    private readonly Workspace _workspace = new();

    public void Dispose() => _workspace.Dispose();

    /// <summary>A cell of eight stages, as many as four rounds of self-distillation have, each with a full curve.</summary>
    internal static CellResult Cell { get; } = new()
    {
        Study = "rounds",
        Dataset = "xray",
        Sweep = new Dictionary<string, string> { ["distill.rounds"] = "4" },
        Method = "self-distillation",
        Seed = 3,
        Identity = new string('a', 64),
        Command = "./actortrain run x.conf",
        Configuration = new CellConfiguration("x.conf", ["distill.rounds=4", "run.seeds=[3]"]),
        Machine = new TrainingMachine("some processor", "cpu", 1),
        Finished = DateTimeOffset.UnixEpoch,
        IsText = false,
        Classes = ["a", "b"],
        TestAccuracy = 2.0 / 3,
        Confusion = [[1, 2], [3, 4]],
        Stages = [.. Enumerable.Range(0, 8).Select(stage => new CellStage
        {
            Name = $"stage-{stage}",
            Identity = new string('b', 64),
            Kind = StageKind.Distill,
            Steps = 10_000,
            Seconds = 1.5,
            ModelSha256 = new string('c', 64),
            Curve = [.. Enumerable.Range(0, LossCurve.Points).Select(point => new CurvePoint(12_345.5 + point, 1.23456789, 0.000123456789, null))],
        })],
    };

    [Fact]
    public void A_cell_is_read_as_it_was_written_and_stays_small()
    {
        string file = _workspace.File("results", "cells", "a.json");
        StudyFiles.WriteCell(file, Cell);
        Assert.InRange(new FileInfo(file).Length, 1, 20_000);
        CellResult read = StudyFiles.ReadCell(file, out string? fault)!;
        Assert.Null(fault);
        Assert.Equal(Cell.Sweep, read.Sweep);
        Assert.Equal(Cell.Confusion, read.Confusion);
        Assert.Equal(Cell.TestAccuracy, read.TestAccuracy);
        Assert.Equal(Cell.Configuration.Assignments, read.Configuration.Assignments);
        Assert.Equal((Cell.Machine, Cell.Finished, Cell.Seed), (read.Machine, read.Finished, read.Seed));
        Assert.Equal(new CurvePoint(12_345.5, 1.2346, 0.00012346, null), read.Stages[7].Curve[0]);
        Assert.Equal(StageKind.Distill, read.Stages[0].Kind);
        Assert.Equal([file], Directory.GetFiles(Path.GetDirectoryName(file)!));
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("{ \"study\": \"x\"")]
    [InlineData("{ \"study\": \"x\" }")]
    [InlineData("{ \"stages\": [ { \"curve\": [[1]] } ] }")]
    public void A_damaged_cell_is_told_by_its_name(string text)
    {
        string file = _workspace.Write("results/cells/a.json", text);
        Assert.Null(StudyFiles.ReadCell(file, out string? fault));
        Assert.NotNull(fault);
        StudyFiles.WriteCell(_workspace.File("results", "cells", "b.json"), Cell);
        Assert.Equal(Cell.Identity, Assert.Single(StudyFiles.ReadCells(_workspace.File("results"), out IReadOnlyList<string> damaged)).Identity);
        Assert.StartsWith($"{file} is damaged ({fault})", Assert.Single(damaged));
    }

    [Fact]
    public void A_folder_without_a_study_is_told()
    {
        Assert.Contains("holds no results of a study", Assert.Throws<RunException>(() => StudyFiles.ReadRecord(_workspace.Folder)).Message);
        Assert.Empty(StudyFiles.ReadCells(_workspace.Folder, out _));
    }
}
