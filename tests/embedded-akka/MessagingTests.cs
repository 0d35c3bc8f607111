using Akka.Actor;

namespace ActorTrain.Embedded.Akka.Tests;

public sealed class MessagingTests : ActorTest
{
    [Fact]
    public async Task An_actor_answers_its_sender()
    {
        var echo = Make(actor => actor.On<string>(text => actor.From.Tell(text + "!")));
        Assert.Equal("hello!", await echo.Ask<string>("hello", Limit));
    }
}
