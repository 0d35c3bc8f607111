using System.Globalization;
using System.Text.RegularExpressions;
using Akka.Actor;
using Akka.Event;
using Akka.Remote;

namespace ActorTrain.Embedded.Akka.Tests;

public sealed class RemoteTests : RemoteTest
{
    [Fact]
    public async Task An_actor_elsewhere_is_selected_asked_and_resolved()
    {
        ActorSystem here = Begin("here"), there = Begin("there");
        IActorRef echo = MakeEcho(there);
        Assert.Equal("hello!", await Select(here, there, "/user/echo").Ask<string>("hello", Limit));
        IActorRef found = await Find(here, there, "/user/echo");
        Assert.Equal($"{AddressOf(there)}/user/echo#{echo.Path.Uid}", found.Path.ToSerializationFormat());
        Assert.Equal("again!", await found.Ask<string>("again", Limit));
    }

    [Fact]
    public async Task Nobody_at_a_path_elsewhere_is_reported()
    {
        ActorSystem here = Begin("here"), there = Begin("there");
        await Assert.ThrowsAsync<ActorNotFoundException>(() => Find(here, there, "/user/nobody"));
        ActorTest.Probe letters = Listen<DeadLetter>(there);
        Select(here, there, "/user/nobody").Tell("lost");
        Assert.Equal("lost", (await letters.Next<DeadLetter>()).Message);
    }

    [Fact]
    public async Task References_in_messages_lead_back_to_their_actors()
    {
        ActorSystem here = Begin("here"), there = Begin("there");
        var probe = new ActorTest.Probe(here);
        Make(there, "mirror", self => self.On<Status.Success>(success => ((ActorIdentity)success.Status).Subject.Tell(success, self.Me)));
        Select(here, there, "/user/mirror").Tell(new Status.Success(new ActorIdentity(null, probe.Ref)), ActorRefs.NoSender);
        Assert.Same(probe.Ref, ((ActorIdentity)(await probe.Next<Status.Success>()).Status).Subject);
        Assert.Equal(await Find(here, there, "/user/mirror"), probe.LastSender);
    }

    [Fact]
    public async Task Messages_keep_their_order()
    {
        ActorSystem here = Begin("here"), there = Begin("there");
        var probe = new ActorTest.Probe(there);
        IActorRef remote = ((ExtendedActorSystem)here).Provider.ResolveActorRef(probe.Ref.Path.ToSerializationFormatWithAddress(AddressOf(there)));
        for (int number = 0; number < 20_000; number++)
            remote.Tell(number, ActorRefs.NoSender);
        remote.Tell("end", ActorRefs.NoSender);
        Assert.Equal([.. Enumerable.Range(0, 20_000).Cast<object>(), "end"], await probe.Next(20_001));
    }

    [Fact]
    public async Task A_message_of_many_segments_arrives_as_it_was()
    {
        const string LargeFrames = "akka.remote.dot-netty.tcp.maximum-frame-size = 8MiB";
        ActorSystem here = Begin("here", LargeFrames), there = Begin("there", LargeFrames);
        Make(there, "mirror", self => self.On<Blob>(blob => self.From.Tell(blob)));
        var bytes = new byte[5_000_000];
        new Random(1).NextBytes(bytes);
        Assert.Equal(bytes, (await Select(here, there, "/user/mirror").Ask<Blob>(new Blob(bytes), Limit)).Bytes);
    }

    [Fact]
    public async Task A_message_above_the_frame_limit_is_an_error_that_names_type_and_size()
    {
        ActorSystem here = Begin("here"), there = Begin("there");
        MakeEcho(there);
        ActorTest.Probe errors = Listen<Error>(here), letters = Listen<DeadLetter>(here);
        ActorSelection echo = Select(here, there, "/user/echo");
        foreach (int size in new[] { 200_000, 3_000_000 })
        {
            echo.Tell(new Blob(new byte[size]), ActorRefs.NoSender);
            string error = await NextWith(errors, "Blob");
            Assert.InRange(int.Parse(Regex.Match(error, "it takes ([0-9,]+) bytes").Groups[1].Value, NumberStyles.AllowThousands), size, size + 200);
            Assert.IsType<Blob>(Assert.IsType<ActorSelectionMessage>((await letters.Next<DeadLetter>()).Message).Message);
        }
        Assert.Equal("next!", await echo.Ask<string>("next", Limit));
    }

    [Fact]
    public async Task A_message_that_cannot_be_serialised_is_an_error_and_a_dead_letter()
    {
        ActorSystem here = Begin("here"), there = Begin("there");
        MakeEcho(there);
        IActorRef echo = await Find(here, there, "/user/echo");
        ActorTest.Probe errors = Listen<Error>(here), letters = Listen<DeadLetter>(here);
        echo.Tell(new Version(1, 2), ActorRefs.NoSender);
        Assert.Contains("System.Version", await NextWith(errors, "was not sent"), StringComparison.Ordinal);
        Assert.Equal(new Version(1, 2), (await letters.Next<DeadLetter>()).Message);
        Assert.Equal("next!", await echo.Ask<string>("next", Limit));
    }

    [Fact]
    public async Task A_message_that_cannot_be_read_is_an_error_there_and_nothing_else_is_lost()
    {
        ActorSystem here = Begin("here"), there = Begin("there");
        MakeEcho(there);
        ActorTest.Probe errors = Listen<Error>(there);
        Select(here, there, "/user/echo").Tell(new Blob([]), ActorRefs.NoSender);
        Assert.Contains("A blob is empty.", await NextWith(errors, "was dropped"), StringComparison.Ordinal);
        Assert.Equal("next!", await Select(here, there, "/user/echo").Ask<string>("next", Limit));
    }

    [Fact]
    public async Task Where_nobody_listens_messages_become_dead_letters()
    {
        ActorSystem here = Begin("here"), there = Begin("there");
        string address = AddressOf(there).ToString();
        await there.Terminate();
        ActorTest.Probe letters = Listen<DeadLetter>(here), warnings = Listen<Warning>(here);
        here.ActorSelection(address + "/user/echo").Tell("lost", ActorRefs.NoSender);
        Assert.Equal("lost", Assert.IsType<ActorSelectionMessage>((await letters.Next<DeadLetter>()).Message).Message);
        await NextWith(warnings, $"No connection to {address}");
    }

    [Fact]
    public async Task A_queue_that_grows_too_long_gives_dead_letters_and_a_warning()
    {
        using var proxy = new TcpProxy();
        const string SmallQueue = "akka.remote.dot-netty.tcp.write-buffer-high-water-mark = 256KiB";
        ActorSystem here = Begin("here", SmallQueue), there = BeginBehind(proxy);
        var probe = new ActorTest.Probe(there);
        IActorRef remote = ((ExtendedActorSystem)here).Provider.ResolveActorRef(probe.Ref.Path.ToSerializationFormatWithAddress(AddressOf(there)));
        remote.Tell("first", ActorRefs.NoSender);
        Assert.Equal("first", await probe.Next());
        ActorTest.Probe letters = Listen<DeadLetter>(here), warnings = Listen<Warning>(here);
        proxy.Passing = new TaskCompletionSource();
        for (int number = 0; number < 2000; number++)
            remote.Tell(new Blob(new byte[100_000]), ActorRefs.NoSender);
        Assert.IsType<Blob>((await letters.Next<DeadLetter>()).Message);
        await NextWith(warnings, "too much is waiting");
        proxy.Passing.SetResult();
        Assert.IsType<Blob>(await probe.Next());
    }

    [Fact]
    public async Task A_system_ends_in_time_though_nobody_reads_what_it_sends()
    {
        using var proxy = new TcpProxy();
        ActorSystem here = Begin("here", "akka.remote.flush-wait-on-shutdown = 200ms"), there = BeginBehind(proxy);
        MakeEcho(there);
        IActorRef echo = await Find(here, there, "/user/echo");
        proxy.Passing = new TaskCompletionSource();
        for (int number = 0; number < 500; number++)
            echo.Tell(new Blob(new byte[100_000]), ActorRefs.NoSender);
        await here.Terminate().WaitAsync(Limit);
        proxy.Passing.SetResult();
    }

    [Fact]
    public async Task A_cut_connection_is_reported_at_once_and_made_again()
    {
        using var proxy = new TcpProxy();
        ActorSystem here = Begin("here"), there = BeginBehind(proxy);
        MakeEcho(there);
        IActorRef echo = await Find(here, there, "/user/echo");
        ActorTest.Probe lost = Listen<ConnectionLost>(here);
        proxy.Cut(refuse: false);
        Assert.Equal(new ConnectionLost(AddressOf(there), RemotingOf(there).Uid), await lost.Next());
        Assert.Equal("hello!", await AskUntilAnswered<string>(echo, "hello"));
    }

    [Fact]
    public async Task A_system_that_ends_says_goodbye_after_its_last_words()
    {
        ActorSystem here = Begin("here"), there = Begin("there", "akka.remote.flush-wait-on-shutdown = 1m");
        var probe = new ActorTest.Probe(here);
        IActorRef target = ((ExtendedActorSystem)there).Provider.ResolveActorRef(probe.Ref.Path.ToSerializationFormatWithAddress(AddressOf(here)));
        Make(there, "subject", self => self.Stopped = () => target.Tell("farewell", ActorRefs.NoSender));
        IActorRef subject = await Find(here, there, "/user/subject");
        await probe.Watch(subject);
        MakeEcho(there);
        await Settle(here, there);
        ActorTest.Probe lost = Listen<ConnectionLost>(here);
        await there.Terminate();
        Assert.Equal("farewell", await probe.Next());
        Terminated terminated = await probe.Next<Terminated>();
        Assert.Equal((subject, true, false), (terminated.ActorRef, terminated.ExistenceConfirmed, terminated.AddressTerminated));
        Assert.Empty(await lost.Flush());
    }

    [Fact]
    public void A_port_in_use_is_one_sentence()
    {
        ActorSystem here = Begin("here");
        var failure = Assert.Throws<RemoteTransportException>(() => Begin("there", $"akka.remote.dot-netty.tcp.port = {AddressOf(here).Port}"));
        Assert.StartsWith($"Cannot listen on 127.0.0.1:{AddressOf(here).Port}:", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_quarantined_incarnation_is_refused_and_learns_it_and_the_next_one_is_welcome()
    {
        ActorSystem here = Begin("here"), there = Begin("there");
        MakeEcho(here);
        MakeEcho(there);
        Assert.Equal("a!", await Select(here, there, "/user/echo").Ask<string>("a", Limit));
        Assert.Equal("b!", await Select(there, here, "/user/echo").Ask<string>("b", Limit));
        ActorTest.Probe learnt = Listen<ThisActorSystemQuarantinedEvent>(there), letters = Listen<DeadLetter>(here), lost = Listen<ConnectionLost>(there);
        RemotingOf(here).Quarantine(AddressOf(there), RemotingOf(there).Uid);
        Assert.Equal(AddressOf(here), (await learnt.Next<ThisActorSystemQuarantinedEvent>()).RemoteAddress);
        Select(here, there, "/user/echo").Tell("c", ActorRefs.NoSender);
        Assert.IsType<ActorSelectionMessage>((await letters.Next<DeadLetter>()).Message);
        Assert.Empty(await lost.Flush());
        int port = AddressOf(there).Port!.Value;
        await there.Terminate();
        ActorSystem again = Begin("there", $"akka.remote.dot-netty.tcp.port = {port}");
        MakeEcho(again);
        Assert.Equal("d!", await Select(again, here, "/user/echo").Ask<string>("d", Limit));
        Assert.Equal("e!", await AskUntilAnswered<string>(Select(here, again, "/user/echo"), "e"));
    }

    /// <summary>A system to whose listener the way leads through a proxy.</summary>
    private ActorSystem BeginBehind(TcpProxy proxy)
    {
        ActorSystem system = Begin("there", $"akka.remote.dot-netty.tcp.public-port = {proxy.Port}");
        proxy.Start(RemotingOf(system).BoundPort);
        return system;
    }
}
