using System.CommandLine;
using ActorTrain.Model;

namespace ActorTrain.Host.Commands;

/// <summary><c>model inspect</c>.</summary>
internal static class ModelCommands
{
    public static Command Inspect()
    {
        var folder = new Argument<string>("folder") { Description = "A Hugging Face folder: config.json and model.safetensors." };
        var command = new Command("inspect", "Say what a model is: its shape, and every tensor.") { folder };
        command.SetAction(parsed => Show(parsed.GetRequiredValue(folder)));
        return command;
    }

    private static void Show(string folder)
    {
        VitConfiguration shape = ModelFolder.ReadConfiguration(folder);
        IReadOnlyList<SafetensorsEntry> tensors = ModelFolder.Inspect(folder);
        Console.WriteLine($"kind         {(shape.IsClassifier ? "ViT classifier" : "ViT-MAE")}");
        Console.WriteLine($"images       {shape.ImageSize} × {shape.ImageSize} pixels, patches of {shape.PatchSize} × {shape.PatchSize}");
        Console.WriteLine($"encoder      {shape.Layers} layers, {shape.Width} wide, {shape.Heads} heads");
        if (shape.DecoderLayers > 0)
            Console.WriteLine($"decoder      {shape.DecoderLayers} layers, {shape.DecoderWidth} wide, {shape.DecoderHeads} heads");
        if (shape.IsClassifier)
            Console.WriteLine($"classes      {string.Join(", ", shape.ClassNames)}");
        Console.WriteLine($"parameters   {tensors.Sum(tensor => tensor.Count):N0}");
        Console.WriteLine($"sha-256      {ModelFolder.Fingerprint(folder)}");
        foreach (SafetensorsEntry tensor in tensors)
            Console.WriteLine($"{tensor.Dtype,-5} {$"[{string.Join(", ", tensor.Shape)}]",-20} {tensor.Name}");
    }
}
