using Akka.Actor;
using Akka.Remote;

namespace ActorTrain.Embedded.Akka.Tests;

public sealed class RemoteDeathWatchTests : RemoteTest
{
    [Fact]
    public async Task The_news_of_a_death_comes_behind_the_last_words()
    {
        ActorSystem here = Begin("here"), there = Begin("there");
        var probe = new ActorTest.Probe(here);
        Make(there, "subject", self => self.On<string>(_ =>
        {
            for (int number = 0; number < 1000; number++)
                self.From.Tell(number);
            self.Around.Stop(self.Me);
        }));
        IActorRef subject = await Find(here, there, "/user/subject");
        await probe.Watch(subject);
        MakeEcho(there);
        await Settle(here, there);
        subject.Tell("speak and die", probe.Ref);
        Assert.Equal(Enumerable.Range(0, 1000).Cast<object>(), await probe.Next(1000));
        Terminated terminated = await probe.Next<Terminated>();
        Assert.Equal((subject, true, false), (terminated.ActorRef, terminated.ExistenceConfirmed, terminated.AddressTerminated));
    }

    [Fact]
    public async Task Watching_the_dead_gives_a_Terminated_without_confirmed_existence()
    {
        ActorSystem here = Begin("here"), there = Begin("there");
        IActorRef echo = MakeEcho(there), remote = await Find(here, there, "/user/echo");
        Assert.True(await echo.GracefulStop(Limit));
        var probe = new ActorTest.Probe(here);
        await probe.Watch(remote);
        Assert.False((await probe.Next<Terminated>()).ExistenceConfirmed);
    }

    [Fact]
    public async Task A_place_is_watched_whoever_is_there()
    {
        ActorSystem here = Begin("here"), there = Begin("there");
        IActorRef echo = MakeEcho(there), place = ((ExtendedActorSystem)here).Provider.ResolveActorRef($"{AddressOf(there)}/user/echo");
        var probe = new ActorTest.Probe(here);
        await probe.Watch(place);
        await Settle(here, there);
        echo.Tell(PoisonPill.Instance, ActorRefs.NoSender);
        Assert.Equal(place, (await probe.Next<Terminated>()).ActorRef);
    }

    [Fact]
    public async Task A_graceful_stop_works_from_afar()
    {
        ActorSystem here = Begin("here"), there = Begin("there");
        IActorRef echo = MakeEcho(there), remote = await Find(here, there, "/user/echo");
        Assert.True(await remote.GracefulStop(Limit));
        Assert.True(((IInternalActorRef)echo).IsTerminated);
    }

    [Fact]
    public async Task An_unwatched_death_is_no_news()
    {
        ActorSystem here = Begin("here"), there = Begin("there");
        MakeEcho(there);
        IActorRef remote = await Find(here, there, "/user/echo");
        ActorTest.Probe former = new(here), watching = new(here);
        await former.Watch(remote);
        await former.Unwatch(remote);
        await watching.Watch(remote);
        remote.Tell(PoisonPill.Instance, ActorRefs.NoSender);
        await watching.Next<Terminated>();
        Assert.Empty(await former.Flush());
    }

    [Fact]
    public async Task A_death_while_there_is_no_connection_is_reported_afterwards()
    {
        using var proxy = new TcpProxy();
        ActorSystem here = Begin("here", $"akka.remote.dot-netty.tcp.public-port = {proxy.Port}"), there = Begin("there");
        proxy.Start(RemotingOf(here).BoundPort);
        IActorRef echo = MakeEcho(there), remote = await Find(here, there, "/user/echo");
        var probe = new ActorTest.Probe(here);
        await probe.Watch(remote);
        await Settle(here, there);
        ActorTest.Probe lost = Listen<ConnectionLost>(here);
        proxy.Cut(refuse: true);
        await lost.Next();
        Assert.True(await echo.GracefulStop(Limit));
        proxy.Accept();
        Assert.Equal(remote, (await probe.Next<Terminated>()).ActorRef);
    }

    [Fact]
    public async Task A_system_that_does_not_answer_any_more_is_dead_with_all_its_actors()
    {
        using var proxy = new TcpProxy();
        ActorSystem here = Begin("here", "akka.remote.watch-failure-detector.acceptable-heartbeat-pause = 2s");
        ActorSystem there = Begin("there", $"akka.remote.dot-netty.tcp.public-port = {proxy.Port}");
        proxy.Start(RemotingOf(there).BoundPort);
        MakeEcho(there);
        Make(there, "second", _ => { });
        IActorRef first = await Find(here, there, "/user/echo"), second = await Find(here, there, "/user/second");
        ActorTest.Probe probe = new(here), learnt = Listen<ThisActorSystemQuarantinedEvent>(there);
        await probe.Watch(first);
        await probe.Watch(second);
        proxy.Cut(refuse: true);
        var deaths = (await probe.Next(2)).Cast<Terminated>().ToList();
        Assert.Equal(new[] { first, second }.ToHashSet(), deaths.Select(death => death.ActorRef).ToHashSet());
        Assert.All(deaths, death => Assert.True(death.AddressTerminated));
        proxy.Accept();
        Select(there, here, "/user/anybody").Tell("hello", ActorRefs.NoSender);
        await learnt.Next<ThisActorSystemQuarantinedEvent>();
    }

    [Fact]
    public async Task A_member_is_dead_only_when_the_cluster_says_so()
    {
        ActorSystem here = Begin("here"), there = Begin("there");
        RemotingOf(here).IsMember = address => address == AddressOf(there);
        MakeEcho(there);
        IActorRef remote = await Find(here, there, "/user/echo");
        var probe = new ActorTest.Probe(here);
        await probe.Watch(remote);
        RemotingOf(here).AddressTerminated(AddressOf(there), RemotingOf(there).Uid + 1);
        Assert.Empty(await probe.Flush());
        RemotingOf(here).AddressTerminated(AddressOf(there), RemotingOf(there).Uid);
        Assert.True((await probe.Next<Terminated>()).AddressTerminated);
    }
}
