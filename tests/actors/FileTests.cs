using ActorTrain.Actors.Messages;
using Akka.Actor;

namespace ActorTrain.Actors.Tests;

public class FileTests : FileFixture
{
    private const int Large = 3_000_001;

    [Fact]
    public async Task A_folder_arrives_as_it_is_and_is_offered_in_turn()
    {
        var (first, second, third) = (NewNode(), NewNode(), NewNode());
        var set = await first.WriteAsync("model", ("model.safetensors", Large), ("config.json", 200), ("empty", 0), ("one-chunk", 65536));
        await FetchAsync(second, set, "model", first.Server);
        await first.Server.GracefulStop(TimeSpan.FromSeconds(30));
        await FetchAsync(third, set, "a/b/model", second.Server);
        AssertSame(first.At("model"), third.At("a/b/model"));
        Assert.False(Directory.Exists(third.At("a/b/model.tmp")));
    }

    [Fact]
    public async Task A_folder_that_is_there_is_not_fetched_again_and_another_one_is_replaced()
    {
        var (from, to) = (NewNode(), NewNode());
        var set = await from.WriteAsync("model", ("weights", 1000));
        await to.WriteAsync("model", ("weights", 2000), ("old", 10));
        await FetchAsync(to, set, "model", from.Server);
        AssertSame(from.At("model"), to.At("model"));
        await FetchAsync(to, set, "model");
    }

    [Fact]
    public async Task What_the_node_has_elsewhere_comes_from_its_own_disk()
    {
        var node = NewNode();
        var set = await node.WriteAsync("checkpoint-1", ("weights", Large));
        await FetchAsync(node, set, "model");
        AssertSame(node.At("checkpoint-1"), node.At("model"));
    }

    [Fact]
    public async Task A_node_that_starts_again_offers_what_its_disk_holds()
    {
        var (before, to) = (NewNode(), NewNode());
        var set = await before.WriteAsync("stages/a/checkpoint-1", ("weights", 1000));
        await before.WriteAsync("stages/a/checkpoint-2.tmp", ("weights", 2000));
        var files = new Files.NodeFiles();
        await files.AddTreeAsync(before.At("stages"), Limit.Token);
        await files.AddTreeAsync(before.At("models"), Limit.Token);
        await FetchAsync(to with { Files = files }, set, "copy");
        FileTests.AssertSame(before.At("stages/a/checkpoint-1"), to.At("copy"));
        Assert.False(files.TryFind((await before.Files.AddAsync(before.At("stages/a/checkpoint-2.tmp"))).Files[0].Sha256, out _));
    }

    [Fact]
    public async Task Two_fetches_of_one_folder_at_a_time_do_not_get_in_each_others_way()
    {
        var (from, to) = (NewNode(), NewNode());
        var set = await from.WriteAsync("model", ("weights", Large));
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => FetchAsync(to, set, "model", from.Server)));
        AssertSame(from.At("model"), to.At("model"));
    }

    [Fact]
    public async Task A_partial_file_is_taken_up_again()
    {
        var (from, to) = (NewNode(), NewNode());
        var set = await from.WriteAsync("model", ("weights", Large));
        const int There = 2_000_003;
        Directory.CreateDirectory(to.At("model.tmp"));
        await File.WriteAllBytesAsync(to.At("model.tmp", "weights"), (await File.ReadAllBytesAsync(from.At("model", "weights")))[..There]);
        long lowest = long.MaxValue;
        var server = Server((request, sender) =>
        {
            lowest = Math.Min(lowest, request.Offset);
            from.Server.Tell(request, sender);
        });
        await FetchAsync(to, set, "model", server);
        Assert.Equal(There, lowest);
        AssertSame(from.At("model"), to.At("model"));
    }

    [Fact]
    public async Task A_partial_file_with_other_bytes_is_fetched_anew_and_nobody_is_blamed()
    {
        var (from, to) = (NewNode(), NewNode());
        var set = await from.WriteAsync("model", ("weights", Large));
        Directory.CreateDirectory(to.At("model.tmp"));
        await File.WriteAllBytesAsync(to.At("model.tmp", "weights"), new byte[Large]);
        await File.WriteAllBytesAsync(to.At("model.tmp", "stranger"), new byte[5]);
        await FetchAsync(to, set, "model", from.Server);
        AssertSame(from.At("model"), to.At("model"));
        Assert.DoesNotContain(Notices(), notice => notice.Contains("other bytes"));
    }

    [Fact]
    public async Task A_holder_that_dies_midway_is_replaced_by_another()
    {
        var (first, second, to) = (NewNode(), NewNode(), NewNode());
        var set = await first.WriteAsync("model", ("weights", Large));
        await FetchAsync(second, set, "model", first.Server);
        int served = 0;
        var dying = Server((request, sender) =>
        {
            if (served++ < 20)
                first.Server.Tell(request, sender);
        });
        await FetchAsync(to, set, "model", () => Volatile.Read(ref served) > 20 ? [dying, second.Server] : [dying], Limit.Token);
        Assert.True(served > 20);
        AssertSame(first.At("model"), to.At("model"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Wrong_bytes_are_refused_with_a_sentence_and_come_from_another_holder(bool everywhere)
    {
        var (good, to) = (NewNode(), NewNode());
        var set = await good.WriteAsync("model", ("weights", Large));
        int served = 0;
        var liar = Server((request, sender) =>
        {
            // Sends right parts and wrong ones, or leaves every third to another holder: then it takes a second attempt to tell who lied.
            if (everywhere || served++ % 3 > 0)
                sender.Tell(new FileChunk(request.Sha256, request.Offset, new byte[request.Count]));
        });
        IReadOnlyList<ICanTell> holders = everywhere ? [liar] : [liar, good.Server];
        var fetch = FetchAsync(to, set, "model", () => Volatile.Read(ref holders), Limit.Token);
        if (everywhere)
            await NoticeAsync($"{liar.Path} sent other bytes than weights");
        Volatile.Write(ref holders, [liar, good.Server]);
        await fetch;
        AssertSame(good.At("model"), to.At("model"));
    }

    [Fact]
    public async Task Parts_that_were_not_asked_for_are_ignored()
    {
        var (good, to) = (NewNode(), NewNode());
        var set = await good.WriteAsync("model", ("weights", 200_000));
        var odd = Server((request, sender) => sender.Tell(request.Offset == 0
            ? new FileChunk(request.Sha256, request.Offset, null!)
            : new FileChunk(request.Sha256, 0, new byte[request.Count + 1])));
        await FetchAsync(to, set, "model", odd, good.Server);
        AssertSame(good.At("model"), to.At("model"));
    }

    [Fact]
    public async Task Without_a_holder_it_waits_says_so_and_goes_on_when_one_appears()
    {
        var (empty, from, to) = (NewNode(), NewNode(), NewNode());
        var set = await from.WriteAsync("model", ("weights", Large));
        IReadOnlyList<ICanTell> holders = [empty.Server];
        var fetch = FetchAsync(to, set, "model", () => Volatile.Read(ref holders), Limit.Token);
        await NoticeAsync("Waiting for a node that has weights");
        Assert.False(fetch.IsCompleted);
        Volatile.Write(ref holders, [empty.Server, from.Server]);
        await fetch;
        AssertSame(from.At("model"), to.At("model"));
    }

    [Fact]
    public async Task A_cancelled_fetch_ends_at_once_and_the_next_one_goes_on()
    {
        var (from, to) = (NewNode(), NewNode());
        var set = await from.WriteAsync("model", ("weights", Large));
        using var cancel = new CancellationTokenSource();
        int served = 0;
        var server = Server((request, sender) =>
        {
            if (served++ == 30)
                cancel.Cancel();
            from.Server.Tell(request, sender);
        });
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => FetchAsync(to, set, "model", () => [server], cancel.Token));
        Assert.False(Directory.Exists(to.At("model")));
        await FetchAsync(to, set, "model", from.Server);
        AssertSame(from.At("model"), to.At("model"));
    }

    [Theory]
    [InlineData("../escaped")]
    [InlineData("/etc/escaped")]
    [InlineData("a/b")]
    [InlineData("a\\b")]
    [InlineData("..")]
    [InlineData("")]
    [InlineData(null)]
    [InlineData("a\0b")]
    [InlineData("a\u001b[2J")]
    public async Task A_name_that_leads_elsewhere_is_refused(string? name)
    {
        var (from, to) = (NewNode(), NewNode());
        var set = await from.WriteAsync("model", ("weights", 10));
        var error = await Assert.ThrowsAsync<RunException>(() => FetchAsync(to, new FileSet([set.Files[0] with { Name = name! }]), "model", from.Server));
        Assert.Contains("cannot be the name of a file", error.Message);
        Assert.DoesNotContain('\u001b', error.Message);
    }

    public static TheoryData<string, FileSet> UnsoundSets()
    {
        var file = new FileEntry("weights", 10, new string('a', 64));
        return new()
        {
            { "1 to 256 files", new FileSet(null!) },
            { "1 to 256 files", new FileSet([]) },
            { "1 to 256 files", new FileSet([.. Enumerable.Range(0, 257).Select(i => file with { Name = $"{i}" })]) },
            { "cannot be the name", new FileSet([null!]) },
            { "twice", new FileSet([file, file]) },
            { "-1 bytes", new FileSet([file with { Length = -1 }]) },
            { "bytes", new FileSet([file with { Length = long.MaxValue }]) },
            { "SHA-256", new FileSet([file with { Sha256 = "a" }]) },
            { "SHA-256", new FileSet([file with { Sha256 = new string('G', 64) }]) },
            { "SHA-256", new FileSet([file with { Sha256 = null! }]) },
            { "SHA-256", new FileSet([file with { Length = 0 }]) },
        };
    }

    [Theory]
    [MemberData(nameof(UnsoundSets))]
    public async Task An_unsound_set_is_refused(string reason, FileSet set)
    {
        var error = await Assert.ThrowsAsync<RunException>(() => FetchAsync(NewNode(), set, "model"));
        Assert.Contains(reason, error.Message);
    }

    [Fact]
    public async Task A_disk_without_room_ends_in_a_sentence_before_anything_is_fetched()
    {
        var set = new FileSet([new FileEntry("weights", 1L << 40, new string('a', 64))]);
        var error = await Assert.ThrowsAsync<RunException>(() => FetchAsync(NewNode(), set, "model"));
        Assert.Contains("model cannot be written (it needs 1099511627776 bytes and its disk has", error.Message);
    }

    [Fact]
    public async Task A_folder_that_cannot_be_written_ends_in_a_sentence()
    {
        var (from, to) = (NewNode(), NewNode());
        var set = await from.WriteAsync("model", ("weights", 10));
        await File.WriteAllTextAsync(to.At("file"), "");
        var error = await Assert.ThrowsAsync<RunException>(() => FetchAsync(to, set, "file/model", from.Server));
        Assert.Contains($"{to.At("file/model")} cannot be written", error.Message);
    }

    [Fact]
    public async Task A_fetch_that_the_disk_ended_leaves_nothing_behind_that_fills_it()
    {
        var (from, to) = (NewNode(), NewNode());
        var set = await from.WriteAsync("model", ("config.json", 100), ("weights", Large));
        Directory.CreateDirectory(to.At("model.tmp", "weights"));
        Assert.Contains("cannot be written", (await Assert.ThrowsAsync<RunException>(() => FetchAsync(to, set, "model", from.Server))).Message);
        Assert.False(Directory.Exists(to.At("model.tmp")));
        await FetchAsync(to, set, "model", from.Server);
        AssertSame(from.At("model"), to.At("model"));
    }

    [Fact]
    public async Task A_file_that_changed_or_was_forgotten_is_not_served()
    {
        var node = NewNode();
        var set = await node.WriteAsync("model", ("weights", 10), ("config", 20), ("rest", 30));
        await File.WriteAllTextAsync(node.At("model", "weights"), "longer than it was");
        File.Delete(node.At("model", "config"));
        foreach (var file in set.Files)
            Assert.Equal(file.Name == "rest", node.Files.TryFind(file.Sha256, out _));
        node.Files.Forget(node.At("mod"));
        Assert.True(node.Files.TryFind(set.Files[1].Sha256, out string? path));
        Assert.Equal(node.At("model", "rest"), path);
        node.Files.Forget(node.At("model"));
        Assert.False(node.Files.TryFind(set.Files[1].Sha256, out _));
        Assert.NotEqual(set.Files, (await node.Files.AddAsync(node.At("model"))).Files);
    }

    [Theory]
    [InlineData(-1, 10)]
    [InlineData(10, 10)]
    [InlineData(0, 0)]
    [InlineData(0, -5)]
    [InlineData(long.MaxValue, int.MaxValue)]
    public async Task A_part_that_does_not_exist_is_missing(long offset, int count)
    {
        var node = NewNode();
        var set = await node.WriteAsync("model", ("weights", 10));
        Assert.IsType<FileMissing>(await node.Server.Ask<object>(new FileRequest(set.Files[0].Sha256, offset, count), Limit.Token));
        Assert.IsType<FileMissing>(await node.Server.Ask<object>(new FileRequest(null!, 0, 1), Limit.Token));
    }

    [Fact]
    public async Task A_part_is_bounded()
    {
        var node = NewNode();
        var set = await node.WriteAsync("model", ("weights", Large));
        var chunk = await node.Server.Ask<FileChunk>(new FileRequest(set.Files[0].Sha256, 5, int.MaxValue), Limit.Token);
        Assert.Equal(1 << 20, chunk.Bytes.Length);
    }

    internal static void AssertSame(string expected, string actual)
    {
        Assert.Equal(Names(expected), Names(actual));
        foreach (string name in Names(expected).OfType<string>())
            Assert.True(File.ReadAllBytes(Path.Combine(expected, name)).AsSpan().SequenceEqual(File.ReadAllBytes(Path.Combine(actual, name))), $"{name} differs.");

        static List<string?> Names(string folder) => [.. Directory.EnumerateFiles(folder).Select(Path.GetFileName).Order()];
    }
}
