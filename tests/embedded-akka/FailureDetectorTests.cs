using Akka.Cluster;
using Akka.Configuration;
using Akka.Remote;
using FsCheck;
using FsCheck.Fluent;

namespace ActorTrain.Embedded.Akka.Tests;

public sealed class FailureDetectorTests
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly ManualTime _time = new();

    [Fact]
    public void Silence_is_a_failure_once_it_is_longer_than_the_acceptable_pause()
    {
        PhiAccrualFailureDetector detector = Detector();
        Assert.True(detector.IsAvailable);
        Assert.False(detector.IsMonitoring);
        Beat(detector, 20);
        _time.Pass(TimeSpan.FromSeconds(3.5));
        Assert.True(detector.IsAvailable);
        _time.Pass(TimeSpan.FromSeconds(1.5));
        Assert.False(detector.IsAvailable);
        detector.Heartbeat();
        Assert.True(detector.IsAvailable);
    }

    [Fact]
    public void Phi_never_falls_while_there_is_silence() =>
        Check.QuickThrowOnFailure(Prop.ForAll(Gen.Choose(1, 2000).ListOf().Select(pauses => pauses.ToList()).ToArbitrary(), pauses =>
        {
            PhiAccrualFailureDetector detector = Detector();
            Beat(detector, 5);
            double last = detector.Phi;
            foreach (int pause in pauses)
            {
                _time.Pass(TimeSpan.FromMilliseconds(pause));
                if (detector.Phi < last)
                    return false;
                last = detector.Phi;
            }
            return true;
        }));

    [Fact]
    public void The_pause_of_an_outage_does_not_make_the_detector_patient()
    {
        PhiAccrualFailureDetector detector = Detector();
        Beat(detector, 20);
        _time.Pass(TimeSpan.FromMinutes(5));
        Beat(detector, 2);
        _time.Pass(TimeSpan.FromSeconds(5));
        Assert.False(detector.IsAvailable);
    }

    [Fact]
    public void Who_does_not_answer_is_unreachable_until_it_does()
    {
        HeartbeatMonitor monitor = Monitor();
        UniqueAddress[] others = [SimulatedCluster.Node(1), SimulatedCluster.Node(2)];
        for (int beat = 0; beat < 10; beat++)
        {
            Assert.Equal(others, monitor.Tick(others).Order());
            _time.Pass(Interval);
            monitor.Answered(others[0], monitor.Sequence);
        }
        Assert.Equal([others[1]], monitor.Unreachable);
        Assert.True(monitor.Answered(others[1], monitor.Sequence));
        monitor.Tick(others);
        Assert.Empty(monitor.Unreachable);
    }

    [Fact]
    public void A_process_that_was_stopped_itself_does_not_blame_the_others()
    {
        HeartbeatMonitor monitor = Monitor();
        UniqueAddress[] others = [SimulatedCluster.Node(1)];
        monitor.Tick(others);
        monitor.Answered(others[0], monitor.Sequence);
        _time.Pass(TimeSpan.FromMinutes(1));
        monitor.Tick(others);
        Assert.Empty(monitor.Unreachable);
    }

    [Fact]
    public void A_suspect_is_cleared_only_by_an_answer_to_what_was_sent_after_the_suspicion()
    {
        HeartbeatMonitor monitor = Monitor();
        UniqueAddress suspect = SimulatedCluster.Node(1);
        monitor.Tick([suspect]);
        long before = monitor.Sequence;
        Assert.True(monitor.StartProbe(suspect));
        Assert.False(monitor.StartProbe(suspect));
        monitor.Answered(suspect, before);
        Assert.True(monitor.IsProbed(suspect));
        monitor.Answered(suspect, monitor.Sequence);
        Assert.False(monitor.IsProbed(suspect));

        monitor.StartProbe(suspect);
        monitor.Lost(suspect);
        Assert.Equal([suspect], monitor.Unreachable);
        Assert.True(monitor.Answered(suspect, monitor.Sequence));
        Assert.Empty(monitor.Unreachable);
    }

    [Fact]
    public void Every_member_of_a_large_cluster_is_monitored_by_as_many_others_as_configured()
    {
        UniqueAddress[] members = [.. Enumerable.Range(0, 30).Select(SimulatedCluster.Node)];
        var monitored = members.SelectMany(self => new HeartbeatMonitor(Settings(), self, _time).Tick([.. members.Where(other => other != self)]));
        Assert.All(monitored.CountBy(node => node), entry => Assert.Equal(Settings().MonitoredByNrOfMembers, entry.Value));
    }

    private static ClusterSettings Settings() => new(ConfigurationFactory.Default(), "test");

    private HeartbeatMonitor Monitor() => new(Settings(), SimulatedCluster.Node(0), _time);

    private PhiAccrualFailureDetector Detector() => new(Settings().FailureDetectorConfig, _time);

    private void Beat(PhiAccrualFailureDetector detector, int times)
    {
        for (int beat = 0; beat < times; beat++)
        {
            detector.Heartbeat();
            _time.Pass(Interval);
        }
        detector.Heartbeat();
    }

    private sealed class ManualTime : TimeProvider
    {
        private long _ticks;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => _ticks;

        public void Pass(TimeSpan time) => _ticks += time.Ticks;
    }
}
