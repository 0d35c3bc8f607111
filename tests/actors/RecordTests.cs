using System.Threading.Channels;
using ActorTrain.Actors.Cluster;
using ActorTrain.Actors.Messages;
using Akka.Actor;
using Akka.Configuration;

namespace ActorTrain.Actors.Tests;

/// <summary>What several nodes' records of one run add up to.</summary>
public class RecordTests
{
    private static readonly DataSetInfo Data = new(10, "data", []);

    [Fact]
    public void Nothing_that_another_record_counts_is_lost()
    {
        var newest = Record(9, Trained("a"), new StageRecord { Train = Data, Checkpoint = Checkpoint(10) });
        var further = Record(5, Trained("a"), new StageRecord { Train = Data, Checkpoint = Checkpoint(30) });
        var merged = newest.With(further);
        Assert.Equal((9, 30), (merged.Epoch, merged.Stages[1].Checkpoint!.Step));

        var finished = Record(3, Trained("a"), Trained("b") with { Result = Result() });
        Assert.NotNull(merged.With(finished).Stages[1].Result);
    }

    [Fact]
    public void Evaluations_of_two_halves_add_up()
    {
        var (one, other) = (Trained("a") with { Evaluations = [Evaluation(DataSplit.Test)] }, Trained("a") with { Evaluations = [Evaluation(DataSplit.Test), Evaluation(DataSplit.Train)] });
        Assert.Equal([DataSplit.Test, DataSplit.Train], Record(9, one, new()).With(Record(5, other, new())).Stages[0].Evaluations.Select(done => done.Split));
    }

    [Fact]
    public void A_record_that_has_all_stays_the_same_object()
    {
        var newest = Record(9, Trained("a"), new StageRecord { Train = Data, Checkpoint = Checkpoint(10) });
        Assert.Same(newest, newest.With(newest with { Epoch = 5 }));
        Assert.Same(newest, newest.With(Record(5, new StageRecord { Train = Data, Checkpoint = Checkpoint(20) }, new())));
    }

    [Fact]
    public void What_follows_a_difference_is_not_taken()
    {
        var newest = Record(9, Trained("a"), new StageRecord { Checkpoint = Checkpoint(10) });
        var further = Record(5, Trained("a"), new StageRecord { Checkpoint = Checkpoint(30) });
        Assert.Same(newest, newest.With(Record(5, Trained("other weights"), further.Stages[1])));
        Assert.Same(newest, newest.With(further with { RunId = "another run" }));
        Assert.Same(newest, newest.With(further with { Submitted = 7 }));
        Assert.Same(newest, newest.With(further with { Machine = "another machine" }));
        var otherData = Record(5, further.Stages[0] with { Train = Data with { Fingerprint = "other data" } }, further.Stages[1]);
        Assert.Same(newest, newest.With(otherData));
    }

    [Fact]
    public async Task A_node_that_comes_over_tells_what_the_coordinator_does_not_know()
    {
        var further = Record(5, Trained("a"), new StageRecord { Checkpoint = Checkpoint(30) });
        var newest = Record(9, Trained("a"), new StageRecord { Checkpoint = Checkpoint(10) });
        var told = Channel.CreateUnbounded<object>();
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        var system = ActorSystem.Create("records", ConfigurationFactory.ParseString("akka.loglevel = OFF, akka.stdout-loglevel = OFF"));
        try
        {
            var coordinator = system.ActorOf(Props.Create(() => new Listener(told.Writer)));
            var node = system.ActorOf(Props.Create(() => new NodeActor(NodeIdentity.Local, further, new NoRuns(), null, null, null)));
            node.Tell(new RunOrder { RunId = "run", Epoch = 9, Number = 1, Record = newest }, coordinator);

            var answer = Assert.IsType<RecordAnswer>(await told.Reader.ReadAsync(limit.Token));

            Assert.Same(further, answer.Record);
            Assert.Equal(9, Assert.IsType<NodeReport>(await told.Reader.ReadAsync(limit.Token)).RecordEpoch);

            // Of a run that was submitted before the one that the node has.
            node.Tell(new RunOrder { RunId = "earlier", Epoch = 10, Number = 1, Record = newest with { RunId = "earlier", Submitted = -1 } }, coordinator);
            Assert.Equal("run", Assert.IsType<RecordAnswer>(await told.Reader.ReadAsync(limit.Token)).Record!.RunId);
        }
        finally
        {
            await system.Terminate();
        }
    }

    [Fact]
    public async Task A_coordinator_takes_in_what_a_node_that_comes_over_tells()
    {
        var plan = Plans.Run(Plans.Pretrain(Plans.Data("none"), "none"), Plans.Pretrain(Plans.Data("none"), "none") with { Name = "second" });
        var newest = Record(9, new StageRecord { Train = Data }, new()) with { Plan = plan };
        var folder = Directory.CreateTempSubdirectory("actortrain-records-");
        var system = ActorSystem.Create("records", ConfigurationFactory.ParseString("akka.loglevel = OFF, akka.stdout-loglevel = OFF"));
        try
        {
            using var run = RunFolder.Open(folder.FullName, plan);
            var options = new CoordinatorOptions(new NodeMap(), run, new Journal(run.Journal, TimeProvider.System), null, TimeProvider.System);
            var coordinator = system.ActorOf(Props.Create(() => new CoordinatorActor(options, newest, null)));
            coordinator.Tell(new RecordAnswer("node", 9, Record(5, Trained("a") with { Result = Result() }, new()) with { Plan = plan }));

            var progress = await coordinator.Ask<RunProgress>(new FollowRun("run", 0, 0, 0), TimeSpan.FromSeconds(30));

            Assert.Equal("a", Assert.Single(progress.Finished).Model!.Files[0].Sha256);
        }
        finally
        {
            await system.Terminate();
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task A_coordinator_that_heard_of_no_run_goes_on_with_one_that_a_node_tells_of_late()
    {
        var plan = Plans.Run(Plans.Pretrain(Plans.Data("none"), "no such model"));
        var record = Record(9, new StageRecord { Train = Data }) with { Plan = plan };
        await using var cluster = new KeeperCluster();
        var keeper = cluster.StartKeeper();
        // It takes submissions, and refuses this one, only after it gave up waiting for the node.
        Assert.IsType<RunRefused>(await keeper.Ask<object>(new SubmitRun(plan with { Name = "other" }), cluster.Limit));

        cluster.StartNode(record, record);

        var order = await cluster.NextOrder();
        Assert.Equal(record.RunId, order.RunId);
        Assert.True(order.Epoch > record.Epoch);
    }

    [Fact]
    public async Task A_coordinator_that_goes_on_with_an_earlier_run_changes_to_the_later_one_that_a_node_tells_of()
    {
        var earlier = Record(9, new StageRecord { Train = Data }) with { Plan = Plans.Run(Plans.Pretrain(Plans.Data("none"), "none")), Submitted = 1 };
        var later = earlier with { RunId = "later", Epoch = 3, Submitted = 2 };
        await using var cluster = new KeeperCluster();
        cluster.StartNode(earlier, later);
        cluster.StartKeeper();

        var order = await cluster.NextOrder();
        Assert.Equal(earlier.RunId, order.RunId);
        while (order.RunId == earlier.RunId)
        {
            var next = await cluster.NextOrder();
            Assert.True(next.Epoch >= order.Epoch);
            order = next;
        }
        Assert.Equal(later.RunId, order.RunId);
    }

    private static RunRecord Record(long epoch, params StageRecord[] stages) => new()
    {
        RunId = "run",
        Epoch = epoch,
        Sequence = 1,
        Machine = "machine",
        Plan = new RunPlan { Name = "run", Stages = [] },
        Inputs = [],
        Stages = stages,
    };

    private static StageRecord Trained(string weights) => new()
    {
        Train = Data,
        Trained = new TrainedModel(Files(weights), new TrainingTotals(0, 0, 0, 0, 0, 0), null, null, null),
    };

    private static CountedCheckpoint Checkpoint(long step) => new(step, Files($"checkpoint {step}"));

    private static FileSet Files(string sha256) => new([new FileEntry("model.safetensors", 1, sha256)]);

    private static EvaluationDone Evaluation(DataSplit split) => new("plan", split, 0, 0, [], 0);

    private static StageResult Result() => new() { Stage = "stage", Kind = StageKind.Pretrain, PlanFingerprint = "plan", Steps = 1, Seconds = 0, ModelFolder = "", ModelSha256 = "" };

    private sealed class Listener : ReceiveActor
    {
        public Listener(ChannelWriter<object> told) => ReceiveAny(message => told.TryWrite(message));
    }

    /// <summary>A keeper of runs, and a node that only tells of records and hears orders.</summary>
    private sealed class KeeperCluster : IAsyncDisposable
    {
        private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("actortrain-records-");
        private readonly ActorSystem _system = ActorSystem.Create("records", ConfigurationFactory.ParseString("akka.loglevel = OFF, akka.stdout-loglevel = OFF"));
        private readonly Channel<RunOrder> _orders = Channel.CreateUnbounded<RunOrder>();
        private readonly CancellationTokenSource _limit = new(TimeSpan.FromMinutes(1));
        private readonly NodeDisk _disk;

        public KeeperCluster() => _disk = NodeDisk.Open(_folder.FullName);

        public CancellationToken Limit => _limit.Token;

        public IActorRef StartKeeper()
        {
            var options = new NodeOptions { Roles = [], Host = "", Port = 0, Join = [], Secret = "", Folder = "" };
            return _system.ActorOf(Props.Create(() => new RunKeeperActor(NodeMap.Local(), _disk, options)));
        }

        public void StartNode(RunRecord first, RunRecord then) =>
            _system.ActorOf(Props.Create(() => new OtherNode(first, then, _orders.Writer)), NodeActor.Name);

        public async Task<RunOrder> NextOrder() => await _orders.Reader.ReadAsync(Limit);

        public async ValueTask DisposeAsync()
        {
            await _system.Terminate();
            _disk.Dispose();
            _folder.Delete(recursive: true);
            _limit.Dispose();
        }
    }

    /// <summary>A node that has one record when a coordinator takes over, and another one when that gives orders.</summary>
    private sealed class OtherNode : ReceiveActor
    {
        public OtherNode(RunRecord first, RunRecord then, ChannelWriter<RunOrder> orders)
        {
            var record = first;
            Receive<RecordRequest>(_ => Sender.Tell(new RecordAnswer(NodeIdentity.Local.Name, 9, record)));
            Receive<RunOrder>(order =>
            {
                record = then;
                orders.TryWrite(order);
                if (order.RunId != then.RunId)
                    Sender.Tell(new RecordAnswer(NodeIdentity.Local.Name, order.Epoch, then));
            });
        }
    }

    /// <summary>A disk that cannot be used for anything but records.</summary>
    private sealed class NoRuns : INodeRuns
    {
        public long HighestEpoch => 0;

        public RunContext Open(RunRecord record) => throw new RunException("No run is opened.");

        public void Keep(RunRecord record)
        {
        }
    }
}
