using ActorTrain.Model;

namespace ActorTrain.Actors.Tests;

public sealed class LedgerTests : IDisposable
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("actortrain-ledger-");

    public void Dispose() => _root.Delete(recursive: true);

    [Fact]
    public void A_run_without_a_restore_has_each_key_once()
    {
        Train("a", 0, null, 0, 5, finished: true);
        var report = LedgerReport.Read(Ledger("a"));
        Assert.Empty(report.Faults);
        Assert.Equal((5, 2, 1), (report.Steps, report.MicroBatches, report.Students));
        Assert.Empty(report.Repeated);
    }

    [Fact]
    public void Repeated_steps_are_listed_and_the_line_to_the_result_holds_each_key_once()
    {
        string first = Train("a", 0, null, 0, 7);
        string second = Train("a", 4, first, 4, 6);
        string third = Train("a", 4, first, 4, 10, finished: true);
        var report = LedgerReport.Read(Ledger("a"));
        Assert.Empty(report.Faults);
        Assert.Equal([(first, 0), (third, 4)], report.Line);
        Assert.Equal(3, report.Students);
        Assert.Equal(3, report.RepeatedSteps);
        Assert.Equal([(4, 3), (4, 3), (5, 3), (5, 3), (6, 2), (6, 2)], report.Repeated.Select(key => (key.Step, key.Times)));
        Assert.DoesNotContain(second, report.Line.Select(student => student.Student));
    }

    [Fact]
    public void Ledgers_of_several_nodes_are_put_together_in_any_order()
    {
        string first = Train("a", 0, null, 0, 7);
        string second = Train("b", 5, first, 5, 9, epoch: 2);
        Train("c", 8, second, 8, 12, epoch: 3, finished: true);
        // The first node slept through it, goes on and even finishes: it has an older epoch.
        Train("a", 6, first, 6, 12, finished: true);
        File.Copy(Ledger("b"), Ledger("copy of b"));
        var report = LedgerReport.Read(Ledger("c"), Ledger("a"), Ledger("copy of b"), Ledger("b"));
        Assert.Empty(report.Faults);
        Assert.Equal([0, 5, 8], report.Line.Select(student => student.FirstStep));
        Assert.Equal((12, 4), (report.Steps, report.Students));
        Assert.True(report.Repeated.All(key => key.SameBatch));
    }

    [Fact]
    public void A_ledger_that_comes_with_a_checkpoint_completes_the_one_that_is_here()
    {
        string first = Train("a", 0, null, 0, 4);
        File.Copy(Ledger("a"), Ledger("checkpoint-4"));
        string second = Train("b", 4, first, 4, 7, carried: Ledger("checkpoint-4"));
        File.Copy(Ledger("b"), Ledger("checkpoint-6"));
        // The first node has what the second one took over, and nothing is doubled.
        Train("a", 6, second, 6, 9, carried: Ledger("checkpoint-6"), finished: true);
        var report = LedgerReport.Read(Ledger("a"));
        Assert.Empty(report.Faults);
        Assert.Equal([0, 4, 6], report.Line.Select(student => student.FirstStep));
        Assert.Equal((3, 1), (report.Students, report.RepeatedSteps));
    }

    [Fact]
    public void A_line_that_a_kill_cut_short_does_no_harm()
    {
        string first = Train("a", 0, null, 0, 5);
        string text = File.ReadAllText(Ledger("a"));
        File.WriteAllText(Ledger("a"), text[..^20]);
        Train("a", 4, first, 4, 6, finished: true);
        var report = LedgerReport.Read(Ledger("a"));
        Assert.Empty(report.Faults);
        Assert.Equal(1, report.RepeatedSteps);
    }

    [Fact]
    public void What_is_missing_doubled_or_different_is_a_fault()
    {
        string first = Train("a", 0, null, 0, 3);
        Train("a", 4, first, 4, 6, finished: true, other: 5);
        using (var ledger = TrainingLedger.Open(Folder("a"), 1, 0, null))
            ledger.Append(5, [Hash(5, 0), Hash(5, 1)]);
        var report = LedgerReport.Read(Ledger("a"));
        Assert.False(report.Sound);
        Assert.Equal(
        [
            "Micro-batch 0 of step 3 was trained 0 times in the line that led to the result.",
            "Micro-batch 1 of step 3 was trained 0 times in the line that led to the result.",
            "Micro-batch 0 of step 5 was trained 2 times, and not on the same bytes.",
            "Micro-batch 1 of step 5 was trained 2 times, and not on the same bytes.",
        ], report.Faults);

        using (var ledger = TrainingLedger.Open(Folder("b"), 1, 0, null))
        {
            ledger.Append(0, [Hash(0, 0)]);
            ledger.Append(0, [Hash(0, 0)]);
            ledger.Finish(1);
        }
        Assert.Equal(["Micro-batch 0 of step 0 was trained 2 times in the line that led to the result."], LedgerReport.Read(Ledger("b")).Faults);

        Train("c", 2, "0123456789abcdef", 2, 4, finished: true);
        Assert.Contains("of which the ledgers tell nothing", Assert.Single(LedgerReport.Read(Ledger("c")).Faults));
    }

    [Fact]
    public void A_ledger_that_cannot_be_read_or_does_not_end_is_an_error()
    {
        Assert.Contains("cannot be read", Assert.Throws<RunException>(() => LedgerReport.Read(Ledger("none"))).Message);
        Train("a", 0, null, 0, 3);
        Assert.Contains("tells of a student that finished", Assert.Throws<RunException>(() => LedgerReport.Read(Ledger("a"))).Message);
    }

    [Fact]
    public void The_hash_tells_every_part_of_a_batch_apart()
    {
        var images = new ImageInput([1, 2, 3, 4, 5, 6], 2, 1, [0]);
        var texts = new TextInput([0, 7, 2, 0, 8, 2], [3, 3], [1], [4]);
        var batch = new StudentBatch(images, [1, 2], [0.5f]);
        StudentBatch[] others =
        [
            batch,
            batch with { Input = images with { Pixels = [1, 2, 3, 4, 5, 7] } },
            batch with { Input = images with { KeptPatches = [1] } },
            batch with { Input = images with { KeptPatches = [0, 1] }, Labels = [2] },
            batch with { Labels = [1, 3] },
            batch with { Targets = [0.25f] },
            batch with { Targets = null },
            batch with { Input = texts },
            batch with { Input = texts with { Tokens = [0, 7, 2, 0, 9, 2] } },
            batch with { Input = texts with { Lengths = [2, 4] } },
            batch with { Input = texts with { MaskedPositions = [4] } },
            batch with { Input = texts with { MaskedTokens = [7] } },
        ];
        Assert.Equal(others.Length, others.Select(TrainingLedger.HashOf).Distinct().Count());
        Assert.Equal(TrainingLedger.HashOf(batch), TrainingLedger.HashOf(batch with { Input = images with { Pixels = [1, 2, 3, 4, 5, 6] } }));
        // What a ledger of an earlier version holds for this batch.
        Assert.Equal("fddabd77bc0c88745eef619e26e8c6ea", TrainingLedger.HashOf(batch));
    }

    private string Folder(string node) => Directory.CreateDirectory(Path.Combine(_root.FullName, node)).FullName;

    private string Ledger(string node) => Path.Combine(Folder(node), TrainingLedger.Name);

    /// <summary>A student that trains the steps from one to another.</summary>
    private string Train(string node, long restoredTo, string? restoredFrom, long from, long to, long epoch = 1, bool finished = false, long other = -1,
        string? carried = null)
    {
        using var ledger = TrainingLedger.Open(Folder(node), epoch, restoredTo, restoredFrom, carried);
        for (long step = from; step < to; step++)
            ledger.Append(step, [Hash(step, 0, step == other), Hash(step, 1, step == other)]);
        if (finished)
            ledger.Finish(to);
        return ledger.Student;
    }

    private static string Hash(long step, int micro, bool other = false) =>
        TrainingLedger.HashOf(new StudentBatch(new ImageInput([(byte)step, (byte)micro, other ? (byte)1 : (byte)0], 1, 1), null, null));
}
