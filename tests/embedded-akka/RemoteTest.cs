using System.Buffers;
using System.Runtime.Serialization;
using Akka.Actor;
using Akka.Configuration;
using Akka.Event;
using Akka.Remote;
using Akka.Serialization;

namespace ActorTrain.Embedded.Akka.Tests;

/// <summary>Actor systems in this process that reach each other over the loopback interface.</summary>
public abstract class RemoteTest : IAsyncLifetime
{
    protected static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    private readonly List<ActorSystem> _systems = [];

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync() => Task.WhenAll(_systems.Select(system => system.Terminate()));

    /// <summary>A system on a free port, patient with a machine that is busy with something else. Warnings go to the event stream and nowhere else.</summary>
    protected ActorSystem Begin(string name, string settings = "")
    {
        var system = ActorSystem.Create(name, ConfigurationFactory.ParseString(settings).WithFallback(ConfigurationFactory.ParseString($$"""
            akka {
              loggers = [], loglevel = WARNING, stdout-loglevel = OFF
              actor {
                provider = remote
                serializers { blob = "{{typeof(BlobSerializer).AssemblyQualifiedName}}" }
                serialization-bindings { "{{typeof(Blob).AssemblyQualifiedName}}" = blob, "{{typeof(Urgent).AssemblyQualifiedName}}" = blob }
              }
              remote {
                dot-netty.tcp { hostname = 127.0.0.1, port = 0 }
                handshake-timeout = 1m
                watch-failure-detector { heartbeat-interval = 50ms, acceptable-heartbeat-pause = 1m }
              }
            }
            """)));
        _systems.Add(system);
        return system;
    }

    private protected static Remoting RemotingOf(ActorSystem system) => ((RemoteActorRefProvider)((ExtendedActorSystem)system).Provider).Remoting;

    protected static Address AddressOf(ActorSystem system) => ((ExtendedActorSystem)system).Provider.DefaultAddress;

    protected static ActorSelection Select(ActorSystem from, ActorSystem to, string path) => from.ActorSelection(AddressOf(to) + path);

    protected static Task<IActorRef> Find(ActorSystem from, ActorSystem to, string path) => Select(from, to, path).ResolveOne(Limit);

    protected static IActorRef Make(ActorSystem system, string name, Action<ActorTest.Scripted> configure) =>
        system.ActorOf(Props.Create(() => new ActorTest.Scripted(configure)), name);

    /// <summary>Answers each text with the same text and an exclamation mark.</summary>
    protected static IActorRef MakeEcho(ActorSystem system) => Make(system, "echo", self =>
    {
        self.On<string>(text => self.From.Tell(text + "!"));
        self.On<Urgent>(urgent => self.From.Tell(urgent));
    });

    /// <summary>A probe that gets what a system publishes of one kind.</summary>
    protected static ActorTest.Probe Listen<T>(ActorSystem system)
    {
        var probe = new ActorTest.Probe(system);
        system.EventStream.Subscribe(probe.Ref, typeof(T));
        return probe;
    }

    /// <summary>Waits for a warning or an error with that text.</summary>
    protected static async Task<string> NextWith(ActorTest.Probe log, string text)
    {
        while (true)
        {
            string line = ((LogEvent)await log.Next()).Message.ToString()!;
            if (line.Contains(text, StringComparison.Ordinal))
                return line;
        }
    }

    /// <summary>Tells again and again, as whoever may lose a message must, until the answer comes.</summary>
    protected static async Task<T> AskUntilAnswered<T>(ICanTell target, object message)
    {
        for (DateTime end = DateTime.UtcNow + Limit; ;)
        {
            try
            {
                return await target.Ask<T>(message, TimeSpan.FromSeconds(1));
            }
            catch (AskTimeoutException) when (DateTime.UtcNow < end)
            {
                // Lost; again.
            }
        }
    }

    /// <summary>Waits until the other system, which has an echo, has handled what was sent to it on the control lane.</summary>
    protected static Task Settle(ActorSystem from, ActorSystem to) => Select(from, to, "/user/echo").Ask<Urgent>(new Urgent(), Limit);

    protected sealed record Blob(byte[] Bytes);

    protected sealed record Urgent : IControlMessage;

    /// <summary>Cannot read an empty blob.</summary>
    protected sealed class BlobSerializer(ExtendedActorSystem system) : SerializerWithStringManifest(system)
    {
        public override int Identifier => 200;

        public override string Manifest(object o) => o is Blob ? "blob" : "urgent";

        public override byte[] ToBinary(object obj) => throw new InvalidOperationException("There is a shorter way.");

        public override object FromBinary(byte[] bytes, string manifest) => throw new InvalidOperationException("There is a shorter way.");

        public void Write(object message, IBufferWriter<byte> output)
        {
            if (message is Blob blob)
                output.Write(blob.Bytes);
        }

        public object Read(ReadOnlySequence<byte> bytes, string manifest) => manifest switch
        {
            "urgent" => new Urgent(),
            _ when bytes.IsEmpty => throw new SerializationException("A blob is empty."),
            _ => new Blob(bytes.ToArray()),
        };
    }
}
