using System.Globalization;
using System.Runtime.InteropServices;
using ActorTrain.Actors;
using ActorTrain.Benchmarks;
using ActorTrain.Model;

(bool transport, bool actors, bool tokenizer) = (args is ["transport", ..], args is ["actors", ..], args is ["tokenizer", ..]);
bool text = args is ["text", ..];
int[] threads = [1, 2];
(int rounds, int steps, bool againstPlain) = (actors ? 3 : 5, actors ? 40 : text ? 8 : 5, false);
try
{
    if (args is ["worker", string workerThreads])
    {
        Worker.Run(int.Parse(workerThreads, CultureInfo.InvariantCulture), Console.In, Console.Out);
        return 0;
    }
    if (args is ["parts", string partThreads, string repetitions])
    {
        KernelComparison.RunParts(int.Parse(partThreads, CultureInfo.InvariantCulture), int.Parse(repetitions, CultureInfo.InvariantCulture));
        return 0;
    }
    if (args is ["transport-receiver"])
    {
        await TransportSides.ReceiveAsync(Console.In, Console.Out);
        return 0;
    }
    if (args is ["transport-sender", string actorPort, string rawPort])
    {
        await TransportSides.SendAsync(Positive(actorPort), Positive(rawPort), Console.In, Console.Out);
        return 0;
    }
    if (args is ["node", string roles, string nodeFolder, .. string[] join])
    {
        await NodeStart.RunNodeAsync(roles, nodeFolder, join, Console.In, Console.Out);
        return 0;
    }
    if (args is ["run", string kind, string data, string runFolder, string runSteps])
    {
        await RunComparison.RunAsync(Enum.Parse<StageKind>(kind), data, runFolder, Positive(runSteps), Console.Out);
        return 0;
    }
    for (int index = transport || actors || tokenizer || text ? 1 : 0; index < args.Length; index += 2)
    {
        string value = index + 1 < args.Length ? args[index + 1] : "";
        switch (args[index])
        {
            case "--threads":
                threads = [.. value.Split(',').Select(Positive)];
                break;
            case "--against":
                againstPlain = value switch
                {
                    "pytorch" => false,
                    "plain" => true,
                    _ => throw new FormatException($"'{value}' is neither pytorch nor plain"),
                };
                break;
            case "--rounds":
                rounds = Positive(value);
                break;
            case "--steps":
                steps = Positive(value);
                break;
            default:
                throw new FormatException($"there is no option '{args[index]}'");
        }
    }
}
catch (Exception exception) when (exception is DllNotFoundException or TypeInitializationException or ExternalException or ModelException)
{
    Console.Error.WriteLine($"error: {exception.GetBaseException().Message}");
    return 1;
}
catch (FormatException exception)
{
    Console.Error.WriteLine($"error: {exception.Message}; use --against pytorch|plain --threads 1,2 --rounds 5 --steps 5, or transport --rounds 5, or actors --rounds 3 --steps 40, or tokenizer --rounds 5, or text --threads 1,2 --rounds 5 --steps 8.");
    return 2;
}
try
{
    if (transport)
    {
        TransportComparison.Run(rounds);
        return 0;
    }
    if (actors)
    {
        await RunComparison.CompareAsync(rounds, steps);
        return 0;
    }
    if (tokenizer)
    {
        await TokenizerThroughput.RunAsync(rounds);
        return 0;
    }
    foreach (int count in threads)
    {
        if (text)
            TextComparison.Run(count, rounds, steps);
        else if (againstPlain)
            KernelComparison.Run(count, rounds, steps);
        else
            PyTorchComparison.Run(count, rounds, steps);
    }
    return 0;
}
catch (SideEndedException exception)
{
    Console.Error.WriteLine($"error: {exception.Message}.");
    return 1;
}

static int Positive(string text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number > 0
    ? number
    : throw new FormatException($"'{text}' is not a whole number above 0");
