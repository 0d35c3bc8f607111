using System.Buffers;
using System.Runtime.Serialization;
using System.Text;
using Akka.Actor;
using Akka.Configuration;
using Akka.Serialization;

namespace ActorTrain.Embedded.Akka.Tests;

public sealed class SerializationTests : ActorTest
{
    private Serialization Serialization => ((ExtendedActorSystem)System).Serialization;

    [Fact]
    public void The_librarys_own_messages_come_back()
    {
        Assert.Equal("Straße", Again("Straße"));
        Assert.Equal(-5, Again(-5));
        Assert.Equal(long.MinValue, Again(long.MinValue));
        Assert.Same(PoisonPill.Instance, Again(PoisonPill.Instance));
        Assert.Same(Kill.Instance, Again(Kill.Instance));
        Assert.Equal(7, Assert.IsType<Identify>(Again(new Identify(7))).MessageId);
        Assert.Null(Assert.IsType<Identify>(Again(new Identify(null))).MessageId);
        Assert.Equal("x", Assert.IsType<Status.Success>(Again(new Status.Success("x"))).Status);
    }

    [Fact]
    public void A_reference_finds_its_actor_again()
    {
        IActorRef actor = Make(_ => { }, "here");
        var identity = Assert.IsType<ActorIdentity>(Again(new ActorIdentity("id", actor)));
        Assert.Equal("id", identity.MessageId);
        Assert.Same(actor, identity.Subject);
        Assert.Null(Assert.IsType<ActorIdentity>(Again(new ActorIdentity(null, null))).Subject);
        Assert.Equal($"akka://test/user/here#{actor.Path.Uid}", Serialization.SerializedActorPath(actor));
        Assert.Equal("", Serialization.SerializedActorPath(ActorRefs.NoSender));
    }

    [Fact]
    public void A_path_without_a_host_takes_its_systems_address()
    {
        var address = new Address("akka.tcp", "test", "host", 1);
        IActorRef actor = Make(_ => { }, "here");
        Assert.Equal($"akka.tcp://test@host:1/user/here#{actor.Path.Uid}", actor.Path.ToSerializationFormatWithAddress(address));
        Assert.Equal("akka.tcp://test@host:1/user/a", ActorPath.Parse("akka.tcp://test@host:1/user/a").ToSerializationFormatWithAddress(new Address("akka", "b")));
    }

    [Fact]
    public void A_failure_keeps_its_sentence()
    {
        var failure = Assert.IsType<Status.Failure>(Again(new Status.Failure(new InvalidOperationException("The disk is full."))));
        Assert.Equal("The disk is full.", failure.Cause.Message);
        Assert.Contains("System.InvalidOperationException", failure.Cause.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_selections_message_still_finds_its_way()
    {
        Make(actor => actor.On<string>(text => actor.From.Tell(text + "!")), "here");
        SelectionPathElement[] way = System.ActorSelection("/user/away/../here").Path;
        var selection = (ActorSelectionMessage)Again(new ActorSelectionMessage("hello", way));
        Assert.Equal("hello!", await new ActorSelection(((ExtendedActorSystem)System).Guardian, selection.Elements[3..]).Ask<string>(selection.Message, Limit));
        Assert.Equal("user/away/../here", string.Join('/', selection.Elements.Select(element => element.ToString())));
    }

    [Fact]
    public void A_type_that_nothing_is_bound_to_is_refused() => Assert.Contains(
        "System.Version", Assert.Throws<SerializationException>(() => Serialization.FindSerializerFor(new Version(1, 0))).Message, StringComparison.Ordinal);

    [Fact]
    public void An_unknown_serializer_or_manifest_is_refused()
    {
        Assert.Contains("[99]", Assert.Throws<SerializationException>(() => Serialization.Deserialize([], 99, "x")).Message, StringComparison.Ordinal);
        Assert.Contains("[nothing]", Assert.Throws<SerializationException>(() => Serialization.Deserialize([], 16, "nothing")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Nesting_is_bounded()
    {
        object message = "core";
        for (int level = 0; level < 4; level++)
            message = new Status.Success(message);
        Assert.IsType<Status.Success>(Again(message));
        Assert.Throws<SerializationException>(() => Again(new Status.Success(message)));
    }

    [Theory]
    [InlineData(typeof(Plain))]
    [InlineData(typeof(Direct))]
    public async Task A_configured_serializer_is_used_and_one_for_the_type_goes_before_one_for_all(Type serializer)
    {
        Config config = ConfigurationFactory.ParseString($$"""
            akka.actor {
              serializers { chosen = "{{serializer.AssemblyQualifiedName}}", other = "{{typeof(Other).AssemblyQualifiedName}}" }
              serialization-bindings { "System.Object" = other, "{{typeof(Shape).AssemblyQualifiedName}}" = chosen }
            }
            """);
        using var system = ActorSystem.Create("configured", config);
        Serialization serialization = ((ExtendedActorSystem)system).Serialization;
        Assert.IsType(serializer, serialization.FindSerializerFor(new Circle("big")));
        Assert.IsType<Other>(serialization.FindSerializerFor(new Version(1, 0)));
        byte[] bytes = serialization.FindSerializerFor(new Circle("big")).ToBinary(new Circle("big"));
        Assert.Equal(new Circle("big"), serialization.Deserialize(bytes, 101, "circle"));
        await system.Terminate();
    }

    private object Again(object message)
    {
        var serializer = (SerializerWithStringManifest)Serialization.FindSerializerFor(message);
        byte[] bytes = serializer.ToBinary(message);
        for (int length = 0; length < bytes.Length; length++)
            Assert.Throws<SerializationException>(() => serializer.FromBinary(bytes[..length], serializer.Manifest(message)));
        return Serialization.Deserialize(bytes, serializer.Identifier, serializer.Manifest(message));
    }

    private abstract record Shape;

    private sealed record Circle(string Size) : Shape;

    private class Plain(ExtendedActorSystem system) : SerializerWithStringManifest(system)
    {
        public override int Identifier => 101;

        public override string Manifest(object o) => "circle";

        public override byte[] ToBinary(object obj) => Encoding.UTF8.GetBytes(((Circle)obj).Size);

        public override object FromBinary(byte[] bytes, string manifest) => new Circle(Encoding.UTF8.GetString(bytes));
    }

    private sealed class Direct(ExtendedActorSystem system) : Plain(system)
    {
        public override object FromBinary(byte[] bytes, string manifest) => throw new InvalidOperationException("There is a shorter way.");

        public void Write(object message, IBufferWriter<byte> output) => output.Write(ToBinary(message));

        public object Read(ReadOnlySequence<byte> bytes, string manifest) => base.FromBinary(bytes.ToArray(), manifest);
    }

    private sealed class Other(ExtendedActorSystem system) : Plain(system)
    {
        public override int Identifier => 102;
    }
}
