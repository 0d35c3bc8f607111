using System.Globalization;
using System.Text.Json;
using ActorTrain.Actors.Messages;
using Akka.Actor;
using Akka.Configuration;

namespace ActorTrain.Benchmarks;

/// <summary>The two processes of <see cref="TransportComparison"/>: each answers a line with a line.</summary>
internal static class TransportSides
{
    private const int SmallMessages = 1_000_000;

    public static async Task ReceiveAsync(TextReader input, TextWriter output)
    {
        ActorSystem system = NewSystem("receiver");
        system.ActorOf(Props.Create(() => new PayloadSink()), "sink");
        using var raw = new RawReceiver();
        Address address = ((ExtendedActorSystem)system).Provider.DefaultAddress;
        output.WriteLine($"{address.Port} {raw.Port}");
        await AnswerAsync(input, output, _ => throw new InvalidOperationException("The receiver only receives."));
        await system.Terminate();
    }

    public static async Task SendAsync(int actorPort, int rawPort, TextReader input, TextWriter output)
    {
        ActorSystem system = NewSystem("sender");
        IActorRef sink = await system.ActorSelection($"akka.tcp://receiver@127.0.0.1:{actorPort}/user/sink").ResolveOne(TimeSpan.FromSeconds(30));
        using var raw = new RawSender(rawPort);
        await AnswerAsync(input, output, async question => question.Split(' ') switch
        {
            ["raw", var payload, var messages] => raw.Send(Number(payload), Number(messages)),
            ["actors", var payload, var messages] => await ActorMeasurements.SendAsync(system, sink, Number(payload), Number(messages)),
            ["remote-tell"] => await ActorMeasurements.TellRateAsync(system, sink, SmallMessages),
            ["local-tell"] => await ActorMeasurements.LocalTellRateAsync(system, 4 * SmallMessages),
            ["local-ask"] => await ActorMeasurements.LocalAskRateAsync(system, SmallMessages / 2),
            _ => throw new InvalidOperationException($"'{question}' is no question."),
        });
        await system.Terminate();
    }

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);

    private static async Task AnswerAsync(TextReader input, TextWriter output, Func<string, Task<object>> answer)
    {
        var (cpu, allocated) = (TimeSpan.Zero, 0L);
        while (input.ReadLine() is { } question)
        {
            output.WriteLine(JsonSerializer.Serialize(question == "usage" ? SinceLast() : await answer(question)));
            output.Flush();
        }

        Usage SinceLast()
        {
            var (cpuNow, allocatedNow) = (Environment.CpuUsage.TotalTime, GC.GetTotalAllocatedBytes());
            var usage = new Usage((cpuNow - cpu).TotalSeconds, allocatedNow - allocated);
            (cpu, allocated) = (cpuNow, allocatedNow);
            return usage;
        }
    }

    private static ActorSystem NewSystem(string name) => ActorSystem.Create(name, ConfigurationFactory.ParseString("""
        akka {
          loglevel = WARNING
          actor.provider = remote
          remote {
            require-cookie = on
            secure-cookie = benchmark
            dot-netty.tcp { hostname = "127.0.0.1", port = 0, maximum-frame-size = 8 MiB }
          }
        }
        """).WithFallback(MessageSerializer.Configuration));
}
