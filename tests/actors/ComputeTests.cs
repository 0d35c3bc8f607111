using ActorTrain.Actors.Compute;
using ActorTrain.Actors.Messages;

namespace ActorTrain.Actors.Tests;

public class ComputeTests
{
    [Fact]
    public void A_request_is_repeated_after_a_multiple_of_the_usual_time()
    {
        var time = new ManualTime();
        var requests = new HedgedRequests<int>(time);
        for (int i = 0; i < 5; i++)
        {
            requests.Sent(i);
            time.Advance(TimeSpan.FromMilliseconds(100));
            Assert.True(requests.Answered(i));
        }
        requests.Sent(9);
        time.Advance(TimeSpan.FromMilliseconds(390));
        Assert.Empty(requests.Overdue());
        time.Advance(TimeSpan.FromMilliseconds(20));
        Assert.Equal([9], requests.Overdue());
        Assert.Empty(requests.Overdue());
        time.Advance(TimeSpan.FromMilliseconds(790));
        Assert.Empty(requests.Overdue());
        time.Advance(TimeSpan.FromMilliseconds(20));
        Assert.Equal([9], requests.Overdue());
    }

    [Fact]
    public void A_second_answer_is_dropped()
    {
        var requests = new HedgedRequests<int>(new ManualTime());
        requests.Sent(1);
        Assert.False(requests.Answered(2));
        Assert.True(requests.Answered(1));
        Assert.False(requests.Answered(1));
        Assert.Equal(0, requests.Count);
    }

    [Fact]
    public async Task A_compute_thread_runs_its_work_in_order_on_one_thread_and_ends_after_it()
    {
        var thread = new ComputeThread("test");
        var ids = Enumerable.Range(0, 20).Select(i => thread.Run(() => (i, Environment.CurrentManagedThreadId))).ToList();
        var failing = thread.Run<int>(() => throw new InvalidOperationException("no"));
        var after = thread.Run(() => Environment.CurrentManagedThreadId);
        thread.Dispose();
        var results = await Task.WhenAll(ids);
        Assert.Equal(Enumerable.Range(0, 20), results.Select(result => result.i));
        Assert.Single(results.Select(result => result.CurrentManagedThreadId).Append(await after).Distinct());
        Assert.Equal("no", (await Assert.ThrowsAsync<InvalidOperationException>(() => failing)).Message);
        await thread.Ended;
        Assert.ThrowsAny<InvalidOperationException>(() => { _ = thread.Run(() => 0); });
    }

    [Fact]
    public async Task A_step_queue_is_bounded_keeps_order_and_ends_its_reader_when_closed()
    {
        var queue = new StepQueue(2);
        Assert.True(queue.TryPut(Step(0)));
        Assert.True(queue.TryPut(Step(1)));
        Assert.False(queue.TryPut(Step(2)));
        using var thread = new ComputeThread("reader");
        var first = thread.Run(() => queue.TryTake(out var step) ? step.Step : -1);
        var second = thread.Run(() => queue.TryTake(out var step) ? step.Step : -1);
        var end = thread.Run(() => queue.TryTake(out _));
        Assert.Equal((0, 1), (await first, await second));
        queue.Close();
        Assert.False(await end);

        static TrainingStep Step(long number) => new(number, [], [], 0, 0);
    }

    [Fact]
    public void Each_start_takes_a_higher_epoch_and_a_cut_line_does_no_harm()
    {
        string file = Path.Combine(Directory.CreateTempSubdirectory("actortrain-journal-").FullName, "journal.jsonl");
        Assert.Equal(1, new Journal(file, TimeProvider.System).Epoch);
        Assert.Equal(2, new Journal(file, TimeProvider.System).Epoch);
        File.WriteAllText(file, File.ReadAllText(file)[..^10]);
        var journal = new Journal(file, TimeProvider.System);
        Assert.Equal(2, journal.Epoch);
        journal.Append("stage-started", "source");
        Assert.Equal(3, new Journal(file, TimeProvider.System).Epoch);
        Assert.Equal(5, File.ReadAllLines(file).Length);
        Directory.Delete(Path.GetDirectoryName(file)!, recursive: true);
    }

    [Fact]
    public async Task An_answer_in_parts_is_put_together_in_whatever_order_they_come()
    {
        var system = Akka.Actor.ActorSystem.Create("chunks", MessageSerializer.Configuration);
        var answer = new TargetBatch(new BatchKey("plan", 3, 1), [.. Enumerable.Range(0, 3 * Chunks.Size + 7).Select(i => (byte)(i * 31))]);
        var serializer = (MessageSerializer)((Akka.Actor.ExtendedActorSystem)system).Serialization.FindSerializerFor(answer);
        var assembly = new ChunkAssembly(system);
        // What is set up at the first answer does not count below.
        Assert.NotNull(assembly.Add(Chunks.Split(answer with { Values = [1] }, serializer).Single()));
        long before = GC.GetAllocatedBytesForCurrentThread();
        MessageChunk[] parts = [.. Chunks.Split(answer, serializer)];
        // One buffer for the whole and one array for each part; in the end only the answer's own array.
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 2 * answer.Values.Length, 2.1 * answer.Values.Length);
        object? whole = null;
        foreach (int number in new[] { 2, 0, 2, 3, 1 })
        {
            Assert.Null(whole);
            before = GC.GetAllocatedBytesForCurrentThread();
            whole = assembly.Add(parts[number]);
        }
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, answer.Values.Length, 1.1 * answer.Values.Length);
        var back = Assert.IsType<TargetBatch>(whole);
        Assert.Equal(answer.Key, back.Key);
        Assert.Equal(answer.Values, back.Values);
        Assert.Null(assembly.Add(new MessageChunk(6, 4, 4, "target-batch", [])));
        await system.Terminate();
    }
}
