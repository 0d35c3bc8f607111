using System.Collections.Concurrent;
using System.Threading.Channels;
using Akka.Actor;
using Akka.Configuration;
using Akka.Event;

namespace ActorTrain.Embedded.Akka.Tests;

public sealed class SystemTests : ActorTest
{
    [Fact]
    public async Task Terminate_stops_the_whole_tree()
    {
        var stopped = new ConcurrentQueue<string>();
        var system = Quiet("tree");
        system.ActorOf(Script(self =>
        {
            self.Around.ActorOf(Script(child => child.Stopped = () => stopped.Enqueue("child")));
            self.Stopped = () => stopped.Enqueue("parent");
        }));
        var called = false;
        system.RegisterOnTermination(() => called = true);
        await system.Terminate().WaitAsync(Limit);
        Assert.True(system.WhenTerminated.IsCompletedSuccessfully);
        Assert.True(called);
        Assert.Equal(["child", "parent"], stopped);
        Assert.Throws<InvalidOperationException>(() => system.ActorOf(Script(_ => { })));
        system.Dispose();
    }

    [Fact]
    public void A_system_needs_a_name_of_word_characters() =>
        Assert.Throws<ArgumentException>(() => ActorSystem.Create("a b"));

    [Fact]
    public async Task The_event_stream_delivers_by_type_and_its_bases()
    {
        var probe = NewProbe();
        Assert.True(System.EventStream.Subscribe(probe.Ref, typeof(Exception)));
        Assert.False(System.EventStream.Subscribe(probe.Ref, typeof(Exception)));
        System.EventStream.Publish(new InvalidDataException());
        System.EventStream.Publish("text");
        Assert.IsType<InvalidDataException>(await probe.Next());
        Assert.True(System.EventStream.Unsubscribe(probe.Ref, typeof(Exception)));
        System.EventStream.Publish(new InvalidDataException());
        Assert.Empty(await probe.Flush());
    }

    [Fact]
    public async Task Loggers_of_the_configuration_get_what_is_at_their_level()
    {
        var system = ActorSystem.Create("logging", ConfigurationFactory.ParseString(
            $"akka {{ loglevel = WARNING, stdout-loglevel = OFF, loggers = [\"{typeof(Collector).AssemblyQualifiedName}\"] }}"));
        var outside = Logging.GetLogger(system, "outside");
        Assert.True(outside.IsWarningEnabled);
        Assert.False(outside.IsInfoEnabled);
        var actor = system.ActorOf(
            Script(self => self.OnAny(_ =>
            {
                var log = self.Around.GetLogger();
                log.Info("not {0}", "seen");
                log.Warning("{0} of {1}", 1, 2);
                log.Error(new InvalidDataException(), "broken");
                self.From.Tell("logged");
            })),
            "talker");
        await actor.Ask<string>("x", Limit);
        var first = await Collector.Next().WaitAsync(Limit);
        var second = await Collector.Next().WaitAsync(Limit);
        Assert.Equal((LogLevel.WarningLevel, "1 of 2", "akka://logging/user/talker"), (first.LogLevel(), first.Message.ToString(), first.LogSource));
        Assert.Equal((LogLevel.ErrorLevel, "broken"), (second.LogLevel(), second.Message.ToString()));
        Assert.IsType<InvalidDataException>(second.Cause);
        await system.Terminate().WaitAsync(Limit);
    }

    [Fact]
    public async Task Dispatchers_come_from_the_configuration()
    {
        var system = Quiet("dispatchers", "patient { type = Dispatcher, throughput = 1 }");
        var actor = system.ActorOf(Script(self => self.OnAny(_ => self.From.Tell(self.Around.Dispatcher.Throughput))).WithDispatcher("patient"));
        Assert.Equal(1, await actor.Ask<int>("x", Limit));
        Assert.Throws<ConfigurationException>(() => system.ActorOf(Script(_ => { }).WithDispatcher("no-such-dispatcher")));
        await system.Terminate().WaitAsync(Limit);
    }

    private static ActorSystem Quiet(string name, string configuration = "") =>
        ActorSystem.Create(name, ConfigurationFactory.ParseString("akka.loglevel = OFF, akka.stdout-loglevel = OFF\n" + configuration));

    /// <summary>A logger that keeps what it gets.</summary>
    public sealed class Collector : UntypedActor
    {
        private static readonly Channel<LogEvent> Events = Channel.CreateUnbounded<LogEvent>();

        public static Task<LogEvent> Next() => Events.Reader.ReadAsync().AsTask();

        protected override void OnReceive(object message)
        {
            if (message is InitializeLogger)
                Sender.Tell(new LoggerInitialized());
            else if (message is LogEvent { LogSource: "akka://logging/user/talker" } logEvent)
                Events.Writer.TryWrite(logEvent);
        }
    }
}
